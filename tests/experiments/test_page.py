"""The page of the ledger and the figures: well-formed, complete, self-contained, the same bytes
for the same inputs.
"""

import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from experiments.page.ledger import badge, filters, table
from experiments.page.mathml import formula, prose
from experiments.page.page import page
from experiments.shared.places import PROJECT
from quadmeta.harness.results import BrokenFile
from quadmeta.verification.certificate import certificate
from quadmeta.verification.claim import FORMS as FORM_KINDS
from quadmeta.verification.ledger import VERDICTS, Row, check, claim, ledger

VOID = {"meta", "link", "br", "img", "input", "wbr"}
FORMS = [(row.claim, row.form) for row in ledger()]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1350).to_bytes(4, "big") + (480).to_bytes(4, "big")


class Read(HTMLParser):
    """What a page holds; raises where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.words = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        assert len(found) == len(attrs), f"an attribute of {tag} stands there twice"
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)


@pytest.fixture
def site(tmp_path):
    """Two figures with difficult characters, a table of statements, a certificate."""
    figures = tmp_path / "figures"
    statements = tmp_path / "docs" / "statements"
    (figures / "certificates").mkdir(parents=True)
    statements.mkdir(parents=True)
    for name, title in (("second", 'Is "a < b" & c?'), ("first", r"Risk at $\sigma\le1$")):
        record = {
            "title": title,
            "caption": r"Bias $\|\hat g-g\|<1$ & more, 1 < 2.",
            "rows": 3,
            "seed": 1,
            "settings": {"grid": list(range(9)), "kappa": 10.0, "name": "<b>"},
        }
        (figures / f"{name}.json").write_text(json.dumps(record))
        (figures / f"{name}.png").write_bytes(PNG)
        for ending in ("csv", "svg"):
            (figures / f"{name}.{ending}").write_text("")
    (figures / "alone.json").write_text(
        json.dumps({"title": "no picture", "caption": "", "settings": {}})
    )
    path = figures / "certificates" / "derived_log_convexity.conjectured.json"
    path.write_text(json.dumps(certificate(check("derived_log_convexity"))))
    (statements / "somebody2020.md").write_text(
        "# Somebody 2020\n\n| statement | rows | verdict |\n|---|---|---|\n| G is convex for "
        "\\|x\\| < 1. | "
        "`derived_log_convexity`, `not_yet_there` | Refuted. |\n",
        encoding="utf-8",
    )
    return figures


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("first.png", b"", "first.png is no PNG: `python -m experiments run first` draws it again"),
        ("first.png", PNG[:20], "first.png is no PNG"),
        ("first.png", b"GIF89a" + PNG, "first.png is no PNG"),
        ("second.json", b"{", "second.json is no record of a figure"),
        (
            "certificates/derived_log_convexity.conjectured.json",
            b"[]",
            r"no certificate \(.*run counterexamples` writes it",
        ),
    ],
)
def test_what_a_page_cannot_be_made_of_is_named(site, name, data, message):
    (site / name).write_bytes(data)
    with pytest.raises(BrokenFile, match=message) as caught:
        page(site)
    assert str(caught.value).startswith(str(site)) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_every_statement_becomes_a_formula(name, form):
    found = Read(formula(claim(name).forms[form].statement, display=True))
    assert "\\" not in found.text, f"{name}, {form}: not LaTeX that is known"
    assert found.text.strip() and {"math", "mrow"} <= {tag for tag, _ in found.tags}


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"F'_T(\eta)\le\tfrac12G''", "F′T(η)≤12G″"),
        (r"\mathcal R\in\mathbb R,\ \mathbf1^\top\mathsf A", "ℛ∈ℝ,\xa0𝟏⊤𝖠"),
        (r"E_{\rm TbV}\Big\{\|x\|\Big\}", "ETbV{‖x‖}"),
        (r"\arg\min_\phi\#\mathrm{JVP}", "argminϕ#JVP"),
        (r"\text{Young's } \lceil a\rceil\quad\Big\|b\Big\|", "Young's\xa0⌈a⌉‖b‖"),
        (r"\text{words alone}", "words\xa0alone"),
    ],
)
def test_letters_are_the_ones_that_are_meant(latex, text):
    assert Read(formula(latex)).text == text


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (r"abc\le de+f", ["abc", "≤de", "+f"]),
        (r"a\le b", ["a≤b"]),
        (r"f(abc-d)-|abc-d|", ["f(abc−d)", "−|abc−d|"]),
        (r"abc=-d", ["abc", "=−d"]),
        (r"abc\big(def-g\big)", ["abc(def−g)"]),
        (r"abc\Big(def-g\Big)", ["abc(def", "−g)"]),
        (r"abc\Big(def-g\Big)^2", ["abc(def−g)2"]),
        (r"a\quad b", ["a", "b"]),
    ],
)
def test_lines_may_end_before_operators_that_stand_outside(latex, parts):
    assert [Read(part).text for part in formula(latex).split("<wbr>")] == parts


def test_signs_and_function_names_are_spaced_as_in_print():
    assert 'form="prefix"' in formula("=-x") and 'form="infix"' in formula("a-x")
    assert '<mo lspace=".17em" rspace="0">max</mo>' in formula(r"a\max(b)")
    assert '<mo lspace="0" rspace=".17em">log</mo>' in formula(r"\log b")
    assert "<munder><mo" in formula(r"\max_x y", display=True) and "<msub><mo" in formula(
        r"\max_x y"
    )


def test_prose_is_escaped_and_has_formulas_and_code():
    assert prose('1 < 2 & "x"') == "1 &lt; 2 &amp; &quot;x&quot;"
    assert prose("``a<b`` and `c`, $5") == "<code>a&lt;b</code> and <code>c</code>, $5"
    assert Read(prose(r"so $\eta<1$.")).text == "so η<1."


def test_the_page_is_well_formed_and_every_link_leads_somewhere(site):
    found = Read(page(site).decode())
    assert len(found.ids) == len(set(found.ids))
    for link in found.links:
        parts = urlsplit(link)
        assert parts.scheme in ("", "data") and not parts.netloc, link
        inside = (
            (site / parts.path).exists() if parts.path else unquote(parts.fragment) in found.ids
        )
        assert inside or parts.scheme == "data", link
    styles = [
        data for tag, data in re.findall(r"<(style|script)>(.*?)</\1>", page(site).decode(), re.S)
    ]
    assert styles and not re.search(r"https?:|@import|url\(|fetch|XMLHttp", "".join(styles))


def test_all_claims_statements_and_figures_are_there(site):
    found = Read(page(site).decode())
    rows = [(tag["data-form"], tag["data-verdict"]) for _, tag in found.tags if "data-form" in tag]
    assert sorted(rows) == sorted((row.form, row.verdict) for row in ledger())
    assert {row.claim for row in ledger()} <= set(found.ids)
    assert {"ledger", "statements", "figures"} <= set(found.ids)
    assert {"statements-somebody2020", "figure-first", "figure-second"} <= set(found.ids)
    assert "figure-alone" not in found.ids
    pictures = [tag for kind, tag in found.tags if kind == "img"]
    assert [(tag["src"], tag["width"], tag["height"], tag["alt"]) for tag in pictures] == [
        ("first.png", "1350", "480", r"Risk at $\sigma\le1$"),
        ("second.png", "1350", "480", 'Is "a < b" & c?'),
    ]
    assert (
        "kappa = 10.0" in found.text
        and "grid = 0 ... 8 (9 values)" in found.text
        and 'name = "<b>"' in found.text
    )
    assert "G is convex for |x| < 1." in found.text and "not_yet_there" in found.text
    assert "#derived_log_convexity" in found.links and "#not_yet_there" not in found.links
    assert {"first.csv", "first.svg", "first.json"} <= set(found.links)
    assert "certificates/derived_log_convexity.conjectured.json" in found.links


def test_a_refuted_statement_shows_its_counterexample(site):
    path = site / "certificates" / "derived_log_convexity.conjectured.json"
    found = json.loads(path.read_text())
    line = f"Stated is {found['lhs'][0]} ≤ {found['rhs'][0]}, which is false."
    assert line in Read(page(site).decode()).text
    path.unlink()
    text = Read(page(site).decode()).text
    assert line not in text and "Counterexample" not in text


def test_proof_and_setting_stand_beside_the_forms(site):
    text = " ".join(Read(page(site).decode()).text.split())
    for name in ("derived_log_convexity", "wang2021_naive_strictly_convex"):
        assert (
            " ".join(claim(name).proof.split()) in text
            and claim(name).forms[claim(name).first].reason in text
        )
    assert text.count("Proof.") + text.count("Proof (") >= sum(
        bool(claim(name).proof) for name, form in FORMS if form == claim(name).first
    )


def test_counts_are_those_of_the_ledger():
    rows = tuple(ledger())
    text = Read(filters(rows)).text
    parts = re.split("|".join(FORM_KINDS), text)[1:]
    for kind, part in zip(FORM_KINDS, parts, strict=True):
        verdicts = [row.verdict for row in rows if row.form == kind]
        counts = [(verdicts.count(verdict), verdict) for verdict in VERDICTS if verdict in verdicts]
        assert [
            (int(count), verdict) for count, verdict in re.findall(r"(\d+) ([a-z ]+\b)", part)
        ] == counts
    assert f"all {len({row.claim for row in rows})}" in text and all(
        verdict in badge(verdict) for verdict in VERDICTS
    )


def test_markup_in_a_row_is_text(tmp_path):
    row = Row(
        "wang2021_large_sample",
        "printed",
        "consistent",
        "-",
        "exact",
        "-",
        "<i>2</i> & 3",
        "1 < 2",
        "W",
    )
    found = Read(table([row], tmp_path))
    assert (
        "<i>2</i> & 3" in found.text
        and "1 < 2" in found.text
        and "i" not in {tag for tag, _ in found.tags}
    )


def test_the_same_inputs_give_the_same_bytes_and_others_do_not(site):
    first = page(site)
    formula.cache_clear()
    assert page(site) == first
    assert not re.search(rb"20\d\d-\d\d-\d\d|" + str(site).encode(), first)
    (site / "first.json").write_text((site / "first.json").read_text().replace("10.0", "11.0"))
    assert page(site) != first


def test_the_published_figures_make_a_page():
    found = Read(page(PROJECT.root / "figures").decode())
    figures = [
        path.stem
        for path in (PROJECT.root / "figures").glob("*.json")
        if path.with_suffix(".png").exists()
    ]
    assert {f"figure-{name}" for name in figures} <= set(found.ids) and figures
    for path in (PROJECT.root / "docs" / "statements").glob("*.md"):
        named = set(
            re.findall(r"`((?:derived|[a-z]+\d{4})_\w+)`", path.read_text(encoding="utf-8"))
        )
        assert {f"#{name}" for name in named & {row.claim for row in ledger()}} <= set(found.links)
