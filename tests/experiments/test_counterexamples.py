"""The figure of counterexamples: verdicts, controls, certificates that stand for themselves, what
is drawn.
"""

import json
from fractions import Fraction as F

import pytest

import quadmeta as qm
from experiments.counterexamples.instances import MOVES, cell, chosen, curve, read, written
from experiments.counterexamples.panels import SOURCES, WORDS, corner, values
from quadmeta.certificates.recheck import Wrong
from quadmeta.harness import from_csv, to_csv
from quadmeta.verification.certificate import compare
from quadmeta.verification.finding import RELATIONS, examine
from quadmeta.verification.verdict import Verdict
from tests.helpers import altered, drawn

REFUTED = [
    name
    for name in qm.members("claims")
    if any(form.recorded == "refuted" for form in qm.claim(name).forms.values())
]


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    shown = [name for name in figure.SMOKE["names"] if name in REFUTED]
    assert len(fig.axes) == len(shown) > 4
    titles = [ax.get_title(loc="left") for ax in fig.axes]
    assert all(sum(WORDS[name][0] in title for title in titles) == 1 for name in shown)
    assert all(ax.get_xlabel() and ax.get_lines() and len(ax.texts) == 1 for ax in fig.axes)


FIRST = {"claim": "wang2021_optimal_risk", "form": "reading", "kind": "verdict"}
REPAIRED = FIRST | {"form": "repaired"}
CURVE = {"claim": "derived_log_convexity", "kind": "curve"}
ALTERED = {
    "another verdict": (
        {"verdict": lambda x: "holds"},
        FIRST,
        "reading: holds .exact., on record refuted",
    ),
    "not as recorded": ({"agrees": lambda x: False}, FIRST, "on record"),
    "an instance that satisfies it": (
        {"instance": lambda x: "dimension=1; samples=2; noise=1/2"},
        FIRST,
        "status 'refuted', but",
    ),
    "an instance outside the domain": (
        {"instance": lambda x: "dimension=2; samples=1; noise=9"},
        FIRST,
        "breaks the assumption",
    ),
    "no instance": ({"instance": lambda x: None}, FIRST, "needs an instance"),
    "a long counterexample": (
        {
            "instance": lambda x: "dimension=1; samples=2; noise=200/99",
            "lhs": lambda x: "199/298",
            "rhs": lambda x: "100/99",
        },
        FIRST,
        "a long counterexample",
    ),
    "a damaged instance": ({"instance": lambda x: "dimension=1; samples=2"}, FIRST, "lacks noise"),
    "another left side": ({"lhs": lambda x: "3/5"}, FIRST, "other sides"),
    "another right side": ({"rhs": lambda x: "2/3"}, FIRST, "other sides"),
    "a ratio beyond 1": (
        {"ratio": lambda x: 1.0001},
        {"claim": "yakovlev2023_bias_bound", "form": "repaired"},
        "lhs/rhs",
    ),
    "a box with a gap": (
        {"coverage": lambda x: 99.9},
        {"claim": "wang2021_naive_lower_bound", "how": "proof + box"},
        "not covered",
    ),
    "no counterexample on the curve": ({"lhs": lambda x: None}, CURVE, "misses the counterexample"),
    "violation denied": ({"violated": lambda x: not x}, CURVE, "violated is not what"),
    "a curve of another side": ({"left": lambda x: -x - 1}, CURVE, "violated is not what"),
    "a repaired bound that is violated": (
        {"repaired": lambda x: None if x is None else -abs(x) - 1},
        {"claim": "yakovlev2023_bias_bound", "kind": "curve"},
        "repaired is violated",
    ),
}


@pytest.mark.parametrize("change, where, message", ALTERED.values(), ids=ALTERED)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda star: star.update(x=star["x"] + 1e-6), "the mark stands elsewhere"),
        (lambda star: star.update(lhs="1/3"), "the marked values are not those"),
        (lambda star: star.update(violated=False, left=star["right"]), "misses the counterexample"),
    ],
)
def test_the_mark_is_the_counterexample(figure, table, change, message):
    rows = from_csv(table)
    change(next(row for row in rows if row["kind"] == "curve" and row["lhs"] is not None))
    with pytest.raises(AssertionError, match=message):
        figure.check(rows)


# certificates


def test_certificates_recheck_and_are_those_of_the_claims(figure, table):
    rows = from_csv(table)
    files = figure.files(rows)
    assert set(files) == {
        f"certificates/{row['claim']}.{row['form']}.json"
        for row in rows
        if row["kind"] == "verdict"
    }
    for data in files.values():
        found = json.loads(data)
        assert qm.recheck(found)
        if "program" in found or "boxes" in found:
            compare(found)
    assert files == figure.files(rows)


@pytest.mark.parametrize(
    "key, value",
    [("verdict", "holds"), ("instance", "dimension=1; samples=3; noise=1"), ("instance", None)],
)
def test_a_falsified_certificate_is_refused(figure, table, key, value):
    with pytest.raises(Wrong):
        figure.files(altered(table, {key: lambda _: value}, FIRST))


@pytest.mark.parametrize(
    "name", ["navon2021_trivial_solution", "derived_gradient_sign", "yakovlev2023_bias_bound"]
)
def test_instances_read_back(name):
    claim = qm.claim(name)
    for case in claim.cases(claim.first):
        assert read(claim, written(claim.read(case))) == claim.read(case)


@pytest.mark.parametrize(
    "side, shown",
    [
        ((F(1, 36),), "1/36"),
        ((F(4),), 4),
        ((F(1, 4), F(0)), "(1/4, 0)"),
        ((F(10**14 + 1, 10**14),), 1.0),
        ((F(10**400 + 1, 7),), "1.428571 * 10^399"),
        ((F(-7, 10**400 + 1),), "-7.000000 * 10^-400"),
    ],
)
def test_sides_as_cells(side, shown):
    assert cell(side) == shown and type(cell(side)) is type(shown)
    assert from_csv(to_csv([{"side": cell(side)}])) == [{"side": cell(side)}]


# curves


def test_every_refuted_statement_has_its_words():
    assert set(WORDS) == set(MOVES) == set(REFUTED)
    assert {name.partition("_")[0] for name in REFUTED} == set(SOURCES)


def start(name, **x):
    claim = qm.claim(name)
    instance = claim.read(x)
    return (
        claim,
        instance,
        Verdict(name, claim.first, "refuted", "exact", examine(claim, "", instance).evidence()),
    )


def test_the_curve_passes_the_counterexample_exactly():
    claim, _, verdict = start("wang2021_optimal_risk", dimension=2, samples=6, noise=2)
    rows = curve(claim, verdict)
    star = next(row for row in rows if row["lhs"] is not None)
    assert (star["x"], star["lhs"], star["rhs"], star["violated"]) == (2.0, "7/13", "2/3", True)
    for row in rows:
        # the border of 2 s (3 + 2 s) = 18
        assert row["violated"] == (row["x"] > 1.5) and row["left"] == pytest.approx(
            (3 + 2 * row["x"]) / (9 + 2 * row["x"])
        )


def test_a_parameter_is_chosen_where_none_is_named(monkeypatch):
    claim, instance, verdict = start(
        "derived_log_convexity", eigenvalues=(1, "1/2"), weights=(1, 1), left=0, right=1, steps=1
    )
    monkeypatch.delitem(MOVES, claim.name)
    assert chosen(claim, claim.first, instance) == "left"
    rows = curve(claim, verdict)
    assert {row["parameter"] for row in rows} == {"left"} and sum(
        row["lhs"] is not None for row in rows
    ) == 1


def test_a_narrow_violation_is_magnified():
    claim, _, verdict = start(
        "derived_risk_monotone_in_steps", aspect="1/26", noise="1/40", eta="17/18", steps=6
    )
    rows = curve(claim, verdict)
    assert (
        sum(row["violated"] for row in rows) >= len(rows) / 6 and rows[-1]["x"] - rows[0]["x"] < 0.1
    )


@pytest.mark.parametrize(
    "lhs, rhs, relation, logical, text",
    [
        ("1/36", 0, "<=", False, "$1/36>0$"),
        (0, 1, "==", True, r"$\mathrm{no}\neq\mathrm{yes}$"),
        ("16/15", "3/2", ">", False, r"$16/15\leq3/2$"),
        (0.17643, "1721344/9765625", "<=", False, "$0.1764>0.1763$"),
        ("4000/62749349", 0, "<=", False, r"$6.37\times10^{-5}>0$"),
        (1455.14, 552.9, "<=", False, "$1455>553$"),
    ],
)
def test_values_beside_the_mark(lhs, rhs, relation, logical, text):
    assert values({"lhs": lhs, "rhs": rhs, "relation": relation}, logical) == text
    assert set(RELATIONS) >= {"<=", ">=", "<", ">", "=="}


def test_the_text_avoids_the_curve(figure):
    from quadmeta import plotting

    for x, y, place in ((1, 1, (0.04, 0.96)), (0, 1, (0.97, 0.96))):
        _, ax = plotting.figure()
        ax.set(xlim=(0, 1), ylim=(0, 1))
        corner(ax, [(x, y)], "$1>0$")
        assert ax.texts[0].get_position() == pytest.approx(place)
