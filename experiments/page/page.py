"""``figures/index.html``: ledger, statements of the sources and all figures, without network."""

import json
import re
import struct
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from experiments.page.ledger import KINDS, MARKS, MEANING, badge, filters, slug, table
from experiments.page.mathml import prose
from quadmeta.harness.results import BrokenFile, content, drawn, read_record
from quadmeta.verification.ledger import Row, ledger

TITLE = "quadmeta: exact meta-gradients and hypergradients"
LEAD = (
    "Theorems about tuning an optimiser, an auxiliary loss or a hyperparameter by gradient "
    "descent, taken at their word on quadratic and least-squares inner problems, where everything "
    "has a closed form. Each printed statement has a verdict that can be re-checked, and a "
    "repaired wording where it fails or says too little."
)


def page(figures: Path) -> bytes:
    """The page for a folder of figures, its certificates, and ``docs/statements`` beside it."""
    rows = tuple(ledger())
    verdicts = {row.claim: row for row in rows if row.first}
    style, script = (
        Path(__file__).with_name(f"page.{kind}").read_text(encoding="utf-8")
        for kind in ("css", "js")
    )
    sources = [
        _source(path, verdicts)
        for path in sorted((figures.parent / "docs" / "statements").glob("*.md"))
    ]
    pictures = [_figure(path) for path in drawn(figures)]
    words = "".join(f"<dt>{badge(verdict)}</dt><dd>{MEANING[verdict]}</dd>" for verdict in MARKS)
    kinds = "".join(f"<dt>{kind}</dt><dd>{meaning}.</dd>" for kind, meaning in KINDS.items())
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{TITLE}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<style>\n{style}</style>\n</head>\n<body>\n<header>',
        f"<h1>{TITLE}</h1>",
        f'<p class="lead">{LEAD}</p>',
        '<nav><ul><li><a href="#ledger">The ledger</a></li>'
        '<li><a href="#statements">Statements of the sources</a></li>'
        f'<li><a href="#figures">{len(pictures)} figures</a></li></ul></nav>',
        "</header>\n<main>",
        '<section id="ledger"><h2>The ledger</h2>',
        filters(rows),
        f'<details><summary>What the verdicts mean</summary><dl class="words">{words}</dl>'
        f"<p>What a form is, and what is wrong with one that is refuted:</p><dl>{kinds}</dl>"
        "<p>lhs/rhs: the most extreme ratio of the two sides that was found, 1 is equality. "
        "Re-check a statement with <code>python -m quadmeta show NAME</code>, a certificate with "
        "the standard library alone by <code>python -m quadmeta recheck FILE</code>.</p></details>",
        table(rows, figures),
        "</section>",
        '<section id="statements"><h2>Statements of the sources</h2>'
        "<p>Every statement in order of appearance, the rows of the ledger that decide it, and the "
        f"outcome.</p>{''.join(sources)}</section>",
        f'<section id="figures"><h2>Figures</h2>{_contents(figures)}{"".join(pictures)}</section>',
        f"</main>\n<script>\n{script}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(parts).encode()


def _source(path: Path, verdicts: Mapping[str, Row]) -> str:
    """One page of ``docs/statements``: its heading and its table."""
    lines = path.read_text(encoding="utf-8").splitlines()
    title = next((line.lstrip("# ") for line in lines if line.startswith("# ")), "")
    cells = [re.split(r"(?<!\\)\|", line.strip()[1:-1]) for line in lines if line.startswith("|")]
    head, _, *body = [[cell.strip().replace(r"\|", "|") for cell in row] for row in cells]
    shown = ""
    for row in body:
        shown += "<tr>"
        for name, cell in zip(head, row, strict=True):
            if name == "rows":
                shown += f'<td class="rows">{_links(cell, verdicts)}</td>'
            else:
                shown += f"<td>{prose(cell)}</td>"
        shown += "</tr>\n"
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    return (
        f'<h3 id="statements-{path.stem}">{escape(title or path.stem)}</h3>'
        f'<div class="scroll"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>\n{shown}</tbody></table></div>"
    )


def _links(cell: str, verdicts: Mapping[str, Row]) -> str:
    out = []
    for name in re.findall(r"`([^`]+)`", cell):
        row = verdicts.get(name)
        if row is None:
            out.append(f"<div><code>{escape(name)}</code></div>")
            continue
        word = row.verdict
        mark = f'<span class="mark {slug(word)}" title="{row.form}: {word}">{MARKS[word]}</span>'
        out.append(f'<div>{mark} <a href="#{name}"><code>{name}</code></a></div>')
    return "".join(out) or prose(cell)


def _contents(figures: Path) -> str:
    found = {path.stem: read_record(path, "title")["title"] for path in drawn(figures)}
    entries = [
        f'<li><a href="#figure-{name}">{prose(title)}</a></li>' for name, title in found.items()
    ]
    return f"<ul>{''.join(entries)}</ul>"


def _figure(path: Path) -> str:
    name = path.stem
    record = read_record(path, "title", "caption", "settings", "rows", "seed")
    width, height = _size(path.with_suffix(".png"))
    settings = ", ".join(f"{key} = {_short(value)}" for key, value in record["settings"].items())
    more = [
        f'<a href="{escape(file)}">{escape(Path(file).name)}</a>'
        for file in record.get("files", ())
        if (path.parent / file).exists()
    ]
    links = [
        f'<a href="{name}.{ending}">{words}</a>'
        for ending, words in (
            ("csv", f"table, {record['rows']} rows"),
            ("svg", "vector graphic"),
            ("json", "provenance"),
        )
    ]
    title = record["title"]
    return (
        f'<article id="figure-{name}"><h3>{prose(title)}</h3><figure><a href="{name}.svg">'
        f'<img src="{name}.png" width="{width}" height="{height}" loading="lazy" '
        f'alt="{escape(title)}"></a>'
        f"<figcaption>{prose(record['caption'])}<small><code>{name}</code>: "
        f"{', '.join([*links, *more[:3]])}"
        f"{f', {len(more) - 3} more files' * (len(more) > 3)}<br>settings: {escape(settings)}, "
        f"seed = {escape(str(record['seed']))}</small></figcaption></figure></article>\n"
    )


def _size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG in pixels. Raises BrokenFile where it is none."""
    head = b""
    if picture.is_file():
        head = content(picture)[:24]
    if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n":
        raise BrokenFile(
            f"{picture} is no PNG: `python -m experiments run {picture.stem}` draws it again"
        )
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _short(value: Any) -> str:
    """A setting; of a long list its ends and its length."""
    if isinstance(value, list) and len(value) > 4:
        return f"{value[0]} ... {value[-1]} ({len(value)} values)"
    return json.dumps(value)
