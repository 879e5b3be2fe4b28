"""The speed figure: a smoke run without peers, results that disagree, what is never asserted."""

import numpy as np
import pytest

from experiments.speed import __main__ as large
from experiments.speed.bars import TARGETS
from experiments.speed.best import best, excess
from experiments.speed.cases import cases
from experiments.speed.clock import Clock
from experiments.speed.inputs import inputs
from experiments.speed.limits import counted, least, limited, routes
from experiments.speed.machine import BLOCK, Operation
from experiments.speed.run import installed, prepare, processes, sample
from experiments.speed.targets import SECOND, Pair, Target, target_rows
from experiments.speed.words import duration, words
from quadmeta.harness import from_csv
from tests.helpers import altered, drawn


def test_it_runs_without_peers_and_says_so(figure, table):
    fig = drawn(figure, table)
    text = [part.get_text() for ax in fig.axes for part in (ax.title, *ax.texts)]
    assert any("jax and torch not installed" in words for words in text)
    rows = from_csv(table)
    assert {row["name"]: row["met"] for row in rows if row["part"] == "peer"} == {
        "jax": False,
        "torch": False,
    }
    slow = [row for row in rows if row["part"] == "target" and row["loop"] is not None]
    assert all(row["value"] is None and row["met"] is None for row in slow) and len(slow) == 22


ALTERED = {
    "a closed form off": (
        {"error": lambda x: 1e-9},
        {"workload": "W1", "route": "closed form", "slot": "T2"},
        "results differ",
    ),
    "full accuracy lost": (
        {"error": lambda x: 2e-13},
        {"route": "closed form, full accuracy", "workload": "W2"},
        "results differ",
    ),
    "a loop off": (
        {"error": lambda x: 1e-3},
        {"workload": "W3", "route": "numpy"},
        "results differ",
    ),
    "unchecked": (
        {"error": lambda x: None},
        {"workload": "W4", "route": "reverse", "slot": "T1"},
        "unchecked",
    ),
    "a route missing": (
        {"route": lambda x: "other"},
        {"workload": "W5", "route": "closed form"},
        "closed form: 26",
    ),
    "one run": ({"repeats": lambda x: 1}, {"workload": "W2", "route": "numpy"}, "a median of 1"),
    "no time": ({"seconds": lambda x: 0.0}, {"workload": "W4", "route": "CG"}, "no time"),
    "a minimiser off": (
        {"error": lambda x: 1e-6},
        {"workload": "W6", "route": "population, minimizer", "slot": "many"},
        "results differ",
    ),
    "another minimum with momentum": (
        {"error": lambda x: 1e-3},
        {"route": "minimizer, heavy ball"},
        "results differ",
    ),
    "a descent off": (
        {"error": lambda x: 1e-9},
        {"workload": "W7", "route": "exact", "slot": "T2"},
        "results differ",
    ),
    "an operation without time": (
        {"seconds": lambda x: 0.0},
        {"part": "rate", "workload": "W2"},
        "no time",
    ),
    "another least time": (
        {"needed": lambda x: 2 * x},
        {"part": "time", "workload": "W3", "slot": "large", "route": "closed form, one thread"},
        "not the sum of its parts",
    ),
    "an operation counted twice": (
        {"value": lambda x: 2 * x},
        {"part": "least", "workload": "W4", "slot": "T3", "route": "implicit"},
        "implicit: not the sum of its parts",
    ),
    "another requirement": (
        {"required": lambda x: 1e-9, "met": lambda x: True},
        {"name": "descent over its products"},
        "required is 1e-09",
    ),
    "called met": (
        {"met": lambda x: not x},
        {"name": "gradient, T = 10^5 over 100"},
        "met is False, from the times True",
    ),
    "another ratio": (
        {"seconds": lambda x: 2 * x},
        {"workload": "W1", "route": "closed form", "slot": "T4"},
        "loop is .*, from the times",
    ),
    "a peer not measured": (
        {"met": lambda x: True},
        {"part": "peer", "name": "jax"},
        "jax: 0 rows",
    ),
    "another target": ({"name": lambda x: "x"}, {"name": TARGETS[0].name}, "a target is missing"),
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_table_fails(figure, table, case):
    change, where, message = ALTERED[case]
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_no_time_is_asserted(figure, table):
    """All times and memory a thousand times larger, and what is called met follows: the claim of
    the figure stands.
    """
    rows = from_csv(table)
    for row in rows:
        for column in ("seconds", "memory", "needed"):
            row[column] = row[column] and 1000 * row[column]
    again = {row["name"]: row for row in target_rows(TARGETS, rows)}
    figure.check([row | again.get(row["name"], {}) for row in rows])
    assert not again["minimum of log f, d = 20 (s)"]["met"]


def test_targets_compare_the_times_they_name(table):
    rows = from_csv(table)
    own = [row for row in rows if row["part"] == "time" and row["route"] == "closed form"]
    names = (
        "jax",
        "jax, forward",
        "torch",
        "jax, in modes",
        "jax, Gram first",
        "jax, implicit",
        "jax, implicit by hand",
    )

    def beside(seconds):
        peers = [row | {"route": name, "seconds": seconds} for row in own for name in names]
        found = target_rows(TARGETS, rows + peers)
        return [row for row in found if row["loop"] is not None]

    assert len(beside(1e6)) == 22 and all(row["met"] for row in beside(1e6))
    assert not any(row["met"] for row in beside(1e-9))


def _timed(**seconds):
    """Rows of a table: {route: seconds} of one case."""
    case = {"part": "time", "workload": "W1", "slot": "small", "needed": None}
    return [case | {"route": name, "seconds": x} for name, x in seconds.items()]


def test_met_follows_from_the_numbers():
    key = lambda name: ("W1", "small", name)  # noqa: E731
    pair = Pair((key("jax"), key("jit")), key("own"))
    most = Pair((key("own"),), SECOND)
    instead = (Pair((key("least"),), key("own")),)
    targets = [
        Target("faster", (pair,), 3),
        Target("slower", (most,), 3, most=True),
        Target("either", (most,), 3, most=True, instead=instead, enough=0.7),
        Target("both", (pair, Pair((key("jax"),), key("own"))), 3),
    ]

    def met(**seconds):
        return [row["met"] for row in target_rows(targets, _timed(**seconds))]

    # of two peers the faster one counts; of two quotients the worse one
    assert met(jax=9, jit=8, own=2, least=1) == [True, True, True, True]
    assert met(jax=9, jit=5, own=2, least=1) == [False, True, True, False]
    assert met(jax=90, own=4, least=2.9) == [True, False, True, True]
    assert met(jax=90, own=4, least=2.7) == [True, False, False, True]
    assert met(own=2, least=1) == [None, True, True, None]


def test_a_wrong_route_is_noticed(figure, table, monkeypatch):
    """The log objective's minimiser, a millionth off."""
    from experiments.speed import closed, run

    case = cases("smoke")[0]

    def off(*given):
        return lambda: (1 + 1e-6) * best(case, inputs(case, 0), "minimum")

    monkeypatch.setattr(closed, "minimizer", off)
    monkeypatch.setattr(closed, "momentum_minimisers", lambda case, given: {})
    measured = run.rows(case, {"package": run._here}, 0)
    wrong = next(row for row in measured if row["route"] == "minimizer")
    rows = altered(table, {"error": lambda x: wrong["error"]}, {"route": "minimizer"})
    with pytest.raises(AssertionError, match="minimizer: results differ by 1e-06"):
        figure.check(rows)


def test_peers_that_are_not_there_are_left_out():
    assert installed(["numpy", "no_such_package"]) == ["numpy"]
    with processes(["numpy"], apart=True) as families:
        found = families["numpy"](prepare, "numpy", cases("smoke")[0], 0)
        times = [families["numpy"](sample, "numpy", k)[0] for k in (0, 1, 2)]
    assert [row["route"] for row in found] == ["numpy"] and np.isfinite(found[0]["value"])
    assert times[0] > 0 and times[1] > 0 and times[2] is None


def test_every_route_gets_the_same_inputs():
    for case in cases("smoke") + cases("full")[:2]:
        one, two = inputs(case, 0), inputs(case, 0)
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_the_clock_counts_memory_and_rounds():
    kept = []
    clock = Clock(lambda: kept.append(np.ones(2**20)) or 7)
    assert clock.value == 7 and clock.rounds == 5 and clock.sample() > 0 and clock.memory > 6


def _least(case, **rates):
    """{route: least seconds} where each operation takes a second, but those given."""
    given = inputs(case, 0)
    head = {"part": None, "workload": case["workload"], "slot": case["slot"], "needed": None}
    own = [head | {"family": "package", "route": name} for name in least(case, given)]
    operations = [
        head | {"family": "machine", "route": name, "seconds": rates.get(name.split()[0], 1.0)}
        for name in routes(case, given)
    ]
    found = limited(case, given, own + operations)
    return {row["route"]: row["needed"] for row in found if row["part"] == "time"}


def test_the_least_time_counts_the_work():
    by_name = {(case["workload"], case["slot"]): case for case in cases("smoke")}
    grid = by_name["W2", "grid"] | {"T": 5}
    given = inputs(grid, 0)
    lam, Q = np.linalg.eigh(given["H"])
    w = np.einsum("mij,mi->mj", Q, given["w"])
    whole = counted(lam, lam * w * w, given["eta"], 9) / (5 * 20)
    # b^9 is 3 squares and a product, or a log and an exp; b itself a pass; two sums a task; logs
    assert whole * 5 * 20 < BLOCK
    found = _least(grid)
    assert found["closed form without eigh"] == pytest.approx(3 + whole)
    assert found["closed form, one thread"] == pytest.approx(4 + whole)
    found = _least(grid, square=0.1, multiply=0.1)
    assert found["closed form without eigh"] == pytest.approx(2.4 + whole)
    weights = by_name["W4", "T3"]
    # rows scaled, the cheaper of two products, sigmoids, the outer gradient, two solves, rows
    assert _least(weights)["implicit"] == pytest.approx(7)
    assert _least(weights, gram=0.01, product=0.3)["implicit"] == pytest.approx(4.9)
    assert _least(by_name["W1", "T1"]) == {}


@pytest.mark.parametrize("name", ["heavy ball", "Nesterov"])
def test_a_pair_is_compared_by_its_loss(name):
    case = cases("smoke")[0]
    given = inputs(case, 0)
    found = best(case, given, name)
    assert excess(case, given, name, found, found) == 0
    # at a minimum a shift of one part in a thousand changes log F in second order
    off = excess(case, given, name, found * 1.001, found)
    assert 1e-6 < off < 1e-2 and excess(case, given, name, found, found * 1.001) == 0


def test_terms_count_above_rounding():
    lam = np.array([0.1, 0.5, 0.9])
    weights = np.array([1.0, 1.0, 1e-20])
    # |1 - eta lambda|: 0.9, 0.5, 0.1 and 0.82, 0.1, 0.62
    eta = np.array([1.0, 1.8])
    assert counted(lam, weights, eta, 1) == 4
    assert counted(lam, weights, eta, 30) == 3
    assert counted(lam, weights, eta, 300) == 2
    assert counted(lam, np.array([1e-20, 1.0, 1.0]), eta, 1) == 4
    assert counted(np.stack([lam, lam]), np.stack([weights, weights]), eta, 30) == 6


def test_operations_do_what_they_are_called():
    for case in cases("smoke"):
        for route in routes(case, inputs(case, 0)).values():
            route.call()
    factor = Operation("two solves", (4, 2)).call()()
    assert [x.shape for x in (factor[0], factor[1][0])] == [(4, 2), (4, 2)]
    product = Operation("product", (2, 3, 4)).call()()
    vectors = [Operation("product", shape).call()() for shape in ((1, 3, 4), (2, 3, 1))]
    assert [x.shape for x in vectors] == [(4,), (2,)]
    assert product.shape == (2, 4) and Operation("gram", (2, 3)).call()().shape == (2, 2)
    powers = Operation("square", (BLOCK,)).call()
    powers()
    assert (powers() == 1).all()


def test_large_problems_have_targets_of_their_own():
    rows = [{"workload": "L1", "route": "Lanczos", "seconds": 9.0, "memory": 1024.0}]
    for workers, seconds in ((1, 10.0), (2, 5.0)):
        one = {"workload": "L2", "route": "processes", "workers": workers, "seconds": seconds}
        rows.append(one)
    found = large.table(rows)
    assert [(row["value"], row["met"]) for row in found if row["part"] == "target"] == [
        (1.0, True),
        (2.0, True),
    ]
    rows[0]["memory"] = 1024.0 * 17
    rows[2]["seconds"] = 6.0
    assert [row["met"] for row in large.targets(rows)] == [False, False]
    assert len({tuple(row) for row in found}) == 1


def test_the_words_say_what_the_table_says(table, capsys):
    rows = from_csv(table)
    lines = words(rows).splitlines()
    said = sum(line.endswith(("| yes |", "| no |", "| not measured |")) for line in lines)
    assert said == len(TARGETS) and sum("not measured" in line for line in lines) == 22
    assert sum("step sizes |" in line for line in lines) == 12
    row = next(row for row in rows if row["name"] == "minimum of log f, d = 20 (s)")
    verdict = "yes" if row["met"] else "no"
    assert f"| minimum of log f, d = 20 (s) | {row['value']:.3g} | 0.003 | {verdict} |" in lines
    assert [duration(x) for x in (2.0, 0.0123, 1.5e-6, 2e-8)] == [
        "2 s",
        "12.3 ms",
        "1.5 us",
        "20 ns",
    ]
    assert large.main("other") == 2 and "none of full" in capsys.readouterr().err
