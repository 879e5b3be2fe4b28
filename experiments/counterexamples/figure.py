"""Each refuted statement at a minimal rational counterexample, and the certificate of every
verdict.

A printed statement is refuted by one rational instance that meets its assumptions. Each is drawn
with both of its sides while one parameter moves through the counterexample, so that one sees where
the statement fails and where it holds. Every verdict, refuted or not, is written as a certificate
that the standard library alone re-checks.

Source: Wang, Yuan, Wu, Ge 2021; Ge's talk 2021; Navon et al. 2021; Yakovlev, Bakhteev, Strijov
2023; the rest derived.
"""

import json
from typing import Any

from matplotlib.figure import Figure

import quadmeta as qm
from experiments.counterexamples.instances import cell, certificate, curve, read, value, written
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta.certificates.program import RELATIONS
from quadmeta.verification.finding import examine
from quadmeta.verification.parameters import size
from quadmeta.verification.record import numbers

SMALL = 120  # sum of all numerators and denominators of a counterexample

# settings
CAPTION = (
    r"Every refuted printed statement at a minimal rational counterexample (star, with its exact "
    r"values). Markers: left side, exact; dashed: right side as printed; solid: right side as "
    r"repaired, where the left side is the same. One parameter moves through the counterexample, "
    r"over instances that meet all assumptions; where the statement is violated the gap is shaded. "
    r"Far values leave a panel; long fractions are rounded here and exact in the certificates."
)
SEED = 0
FULL: dict[str, Any] = {"names": None}
SMOKE: dict[str, Any] = {
    "names": [
        "wang2021_optimal_risk",
        "navon2021_two_stage",
        "navon2021_neumann_series",
        "yakovlev2023_bound_floor",
        "yakovlev2023_bias_bound",
        "derived_log_convexity",
        "wang2021_naive_lower_bound",
        "yakovlev2023_validation_accuracy",
    ]
}
EMPTY: dict[str, Any] = dict.fromkeys(
    (
        "kind",
        "claim",
        "form",
        "verdict",
        "how",
        "agrees",
        "instances",
        "ratio",
        "coverage",
        "lhs",
        "rhs",
        "instance",
        "source",
        "strength",
        "relation",
        "statement",
        "parameter",
        "component",
        "x",
        "left",
        "right",
        "repaired",
        "violated",
    )
)


def points(names: list[str] | None) -> list[dict[str, Any]]:
    """One for each claim."""
    return [{"name": name} for name in names or qm.members("claims")]


# compute
def measure(name: str) -> Rows:
    """The verdict on each form, recomputed; then, of a refuted statement, its sides through the
    counterexample.
    """
    claim = qm.claim(name)
    verdict = qm.check(name)
    out = []
    for found in (verdict, *verdict.others):
        record = claim.forms[found.form]
        evidence = found.evidence
        row = {
            "kind": "verdict",
            "claim": name,
            "form": found.form,
            "source": claim.reference,
            "strength": claim.strength,
            "relation": claim.relation,
            "statement": record.statement,
            "verdict": found.status,
            "how": found.how,
            "agrees": (found.status, found.how) == (record.recorded, record.how),
        }
        counted = {
            key: entry for key, entry in numbers(found, claim.relation).items() if key in EMPTY
        }
        if "instance" in evidence:
            row |= {
                "instance": written(evidence["instance"]),
                "lhs": cell(evidence["lhs"]),
                "rhs": cell(evidence["rhs"]),
            }
        out.append(EMPTY | row | counted)
    refuted = next(
        (
            found
            for found in (verdict, *verdict.others)
            if found.status == "refuted" and "instance" in found.evidence
        ),
        None,
    )
    if refuted is not None:
        same = {"kind": "curve", "claim": name, "form": refuted.form, "relation": claim.relation}
        out += [EMPTY | same | row for row in curve(claim, refuted)]
    return out


def check(rows: Rows) -> None:
    """Verdicts as recorded; certificates that hold; small exact counterexamples; no violation of
    what holds.
    """
    for row in rows:
        where = f"{row['claim']}, {row['form']}"
        if row["kind"] == "verdict":
            _verdict(row, where)
        else:
            _point(row, where)
    for row in rows:
        if (row["kind"], row["verdict"]) == ("verdict", "refuted") and "box" not in row["how"]:
            own = [
                point
                for point in rows
                if (point["kind"], point["claim"], point["form"])
                == ("curve", row["claim"], row["form"])
            ]
            stars = [point for point in own if point["lhs"] is not None]
            assert len(stars) == 1 and stars[0]["violated"], (
                f"{row['claim']}: its curve misses the counterexample"
            )
            claim = qm.claim(row["claim"])
            star = stars[0]
            start = read(claim, row["instance"])
            found = examine(claim, row["form"], start)
            k = star["component"]
            assert (star["lhs"], star["rhs"]) == (cell(found.lhs[k]), cell(found.rhs[k])), (
                f"{row['claim']}: the marked values are not those of the counterexample"
            )
            assert star["x"] == float(value(start, star["parameter"])), (
                f"{row['claim']}: the mark stands elsewhere"
            )


def _verdict(row: dict[str, Any], where: str) -> None:
    record = qm.claim(row["claim"]).forms[row["form"]]
    assert row["agrees"] and (row["verdict"], row["how"]) == (record.recorded, record.how), (
        f"{where}: {row['verdict']} ({row['how']}), on record {record.recorded} ({record.how})"
    )
    try:
        certificate(row)
    except (ValueError, ZeroDivisionError) as error:
        raise AssertionError(f"{where}: {error}") from None
    if row["instance"] is not None:
        claim = qm.claim(row["claim"])
        found = examine(claim, row["form"], read(claim, row["instance"]))
        assert found.admitted, f"{where}: the instance breaks {', '.join(found.broken)}"
        assert found.holds == (row["verdict"] != "refuted"), (
            f"{where}: {row['verdict']}, but the instance says no"
        )
        assert (row["lhs"], row["rhs"]) == (cell(found.lhs), cell(found.rhs)), (
            f"{where}: other sides than stated"
        )
        short = size(found.instance) <= SMALL or not claim.shrinks
        assert row["verdict"] != "refuted" or short, f"{where}: a long counterexample"
    else:
        assert row["verdict"] != "refuted" or "box" in row["how"], (
            f"{where}: refuted without an instance"
        )
    covered = "box" not in row["how"] or row["verdict"] == "refuted" or row["coverage"] == 100
    assert covered, f"{where}: a box is not covered"
    if row["verdict"] in ("holds", "consistent") and row["ratio"] is not None:
        if row["relation"] in ("<=", "<"):
            tight = row["ratio"] <= 1
        else:
            tight = row["ratio"] >= 1
        assert tight, f"{where}: {row['verdict']}, with lhs/rhs = {row['ratio']}"


def _point(row: dict[str, Any], where: str) -> None:
    slack = 1e-12 * (abs(row["left"]) + abs(row["right"]))
    near = abs(row["left"] - row["right"]) <= slack
    assert near or row["violated"] != RELATIONS[row["relation"]](row["left"], row["right"]), (
        f"{where}, {row['parameter']} = {row['x']}: violated is not what the sides say"
    )
    right = row["repaired"]
    holds = (
        right is None
        or abs(row["left"] - right) <= 1e-12 * (abs(row["left"]) + abs(right))
        or RELATIONS[row["relation"]](row["left"], right)
    )
    assert holds, f"{where}, {row['parameter']} = {row['x']}: repaired is violated"


def files(rows: Rows) -> dict[str, bytes]:
    """The certificate of each verdict, re-checked; the order of its keys counts."""
    return {
        f"certificates/{row['claim']}.{row['form']}.json": (
            json.dumps(certificate(row), allow_nan=False, indent=1, ensure_ascii=False) + "\n"
        ).encode()
        for row in rows
        if row["kind"] == "verdict"
    }


# draw
def draw(rows: Rows) -> Figure:
    """A panel for each refuted statement, by source."""
    from experiments.counterexamples import panels

    curves: dict[str, Rows] = {}
    for row in rows:
        if row["kind"] == "curve":
            curves.setdefault(row["claim"], []).append(row)
    names = sorted(curves, key=lambda name: list(panels.SOURCES).index(name.partition("_")[0]))
    lines = -(-len(names) // panels.COLUMNS)
    fig, axes = p.figure(
        height=0.45 + 1.25 * lines, rows=lines, columns=panels.COLUMNS, squeeze=False
    )
    for ax in axes.flat[len(names) :]:
        ax.remove()
    for ax, name in zip(axes.flat, names, strict=False):
        panels.panel(ax, name, curves[name])
    panels.legend(fig)
    engine: Any = fig.get_layout_engine()
    engine.set(rect=(0.02, 0, 0.98, 1))  # titles begin left of their panels
    return fig
