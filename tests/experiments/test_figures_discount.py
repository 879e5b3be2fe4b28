"""The figures on the discounted hypergradient: claims, controls, what is drawn."""

import pytest

from experiments import discount_choice, discounted_bias
from quadmeta.theory.discount import minimax_gamma
from tests.helpers import altered, drawn, smoke_tables

MODULES = {"discounted_bias": discounted_bias, "discount_choice": discount_choice}


@pytest.fixture(scope="module")
def tables():
    """The tables of the smoke settings, as they read back from their files."""
    return smoke_tables(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_claim_holds_and_the_figure_draws_cleanly(tables, name):
    fig = drawn(MODULES[name], tables[name])
    assert len(fig.axes) == 4
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


BIAS = {
    "bias above A": ({"measured": lambda x: 9.0}, {"part": "random", "T": 64}, "a repaired bound"),
    "bias above B'": (
        {"measured": lambda x: 99.0},
        {"part": "smooth", "T": 16},
        "a repaired bound",
    ),
    "matrix discount above E": ({"matrix": lambda x: 1.0}, {"part": "limit", "T": 256}, "bound E"),
    "another closed form": (
        {"theory": lambda x: x + 1e-9},
        {"part": "random", "T": 8},
        "closed form",
    ),
    "A above the printed bound": (
        {"printed": lambda x: 1.0},
        {"part": "random", "T": 16},
        "not the smallest",
    ),
    "A is loose": ({"A": lambda x: 1.05 * x}, {"part": "worst", "T": 1000}, "not attained"),
    "A is never near": ({"A": lambda x: 1.2 * x}, {"part": "worst", "T": 2}, "A is loose"),
    "no limit": ({"limit": lambda x: x + 1e-9}, {"part": "limit"}, "limit of the bias"),
    "asymptotically exact": (
        {"size": lambda x: 1e3 * x},
        {"part": "limit", "T": 1000},
        "matrix discount exact",
    ),
    "printed bound holds": (
        {"printed": lambda x: 9.0},
        {"part": "mark", "T": 1},
        "printed bound against",
    ),
    "bracket of the other sign": (
        {"bracket": lambda x: -x},
        {"part": "mark", "T": 128},
        "printed bound against",
    ),
    "border": ({"T": lambda T: T + 3}, {"part": "border", "mu": 0.5}, "border"),
}
MIDDLE = minimax_gamma(1.0, 0.1, 1.0, relative=True)
CHOICE = {
    "absolute, elsewhere": (
        {"measured": lambda x: 0.4, "theory": lambda x: 0.4},
        {"part": "worst", "x": 0.74},
        "abso",
    ),
    "relative, elsewhere": (
        {"relative": lambda x: 0.8, "relative_theory": lambda x: 0.8},
        {"part": "worst", "x": 0.5},
        "relative: best",
    ),
    "relative value": (
        {"relative": lambda x: x - 0.01, "relative_theory": lambda x: x - 0.01},
        {"part": "worst", "x": MIDDLE},
        "least worst",
    ),
    "below the floor": ({"floor": lambda x: x + 1e-6}, {"part": "worst"}, "floor missed"),
    "floor not met": ({"floor": lambda x: x - 1e-6}, {"part": "worst"}, "floor missed"),
    "matrix discount with a bias": (
        {"matrix": lambda x: 0.1},
        {"part": "worst"},
        "matrix discount at",
    ),
    "no angle left": ({"floor": lambda x: x / 2}, {"part": "problem"}, "leaves the angle"),
    "matrix discount no better": (
        {"matrix": lambda x: 0.1},
        {"part": "problem", "T": 80},
        "matrix discount",
    ),
    "closed form": (
        {"theory": lambda x: x * (1 + 1e-7)},
        {"part": "problem", "kind": "cold"},
        "closed form",
    ),
    "not a squared": (
        {"measured": lambda x: 0.641, "theory": lambda x: 0.641},
        {"part": "exact", "x": 0.0},
        "exact",
    ),
    "not a": (
        {"measured": lambda x: 0.79, "theory": lambda x: 0.79},
        {"part": "exact", "x": 1.0},
        "exact discount",
    ),
    "moves back": (
        {"measured": lambda x: 0.65, "theory": lambda x: 0.65},
        {"part": "exact", "x": 0.1, "T": 12},
        "exact discount",
    ),
    "an angle at the minimiser": (
        {"measured": lambda x: 1e-20},
        {"part": "angle", "kind": "log-cosh", "x": 0.0},
        "not S_T",
    ),
    "another length": (
        {"relative": lambda x: 1.001 * x},
        {"part": "angle", "x": 0.0, "T": 5},
        "not S_T",
    ),
    "linear in the distance": (
        {"measured": lambda x: 1e-15},
        {"part": "angle", "kind": "log-cosh", "x": 1e-6},
        "not quadratic",
    ),
}


@pytest.mark.parametrize(
    "name, change, where, message",
    [
        pytest.param(name, *case, id=f"{name}: {label}")
        for name, cases in (("discounted_bias", BIAS), ("discount_choice", CHOICE))
        for label, case in cases.items()
    ],
)
def test_an_altered_table_fails(tables, name, change, where, message):
    with pytest.raises(AssertionError, match=message):
        MODULES[name].check(altered(tables[name], change, where))
