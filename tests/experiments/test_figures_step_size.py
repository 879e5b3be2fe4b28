"""The figures of the step-size theory: claims hold on small settings and fail on altered tables;
no text collides.
"""

import numpy as np
import pytest

from experiments import log_objective, naive_explosion
from tests.helpers import altered, drawn, smoke_tables

MODULES = {"naive_explosion": naive_explosion, "log_objective": log_objective}


@pytest.fixture(scope="module")
def tables():
    """The tables of the smoke settings, as they read back from their files."""
    return smoke_tables(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_claim_holds_and_the_figure_draws_cleanly(tables, name):
    fig = drawn(MODULES[name], tables[name])
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


BEYOND = {"part": "bounds", "step": 2.4}
NAIVE = {
    "another F'": ({"measured": lambda x: x + 1e-6}, {"part": "curve", "T": 10}),
    "sign": ({"sign": lambda x: -x}, {"part": "curve", "T": 100, "step": 1.0}),
    "another leading term": ({"leading": lambda x: x + 1e-3}, {"part": "curve", "T": 1000}),
    "a remainder that is loose": ({"remainder": lambda x: 100 * x}, {"part": "curve"}),
    "a remainder that is too small": ({"remainder": lambda x: x / 2}, {"part": "curve"}),
    "rate log rho": ({"rate": lambda x: x / 2}, {"part": "curve", "T": 1000}),
    "a third exceptional point": ({"rate": lambda x: 0.0}, {"part": "curve", "T": 10, "step": 1.0}),
    "length of the band": ({"measured": lambda x: x - 0.1}, {"part": "band", "T": 10**9}),
    "law of the band": ({"theory": lambda x: x + np.log10(2)}, {"part": "band"}),
    "sharpened above F'": ({"sharpened": lambda x: x + 0.1}, BEYOND),
    "sharpened is vacuous": ({"sharpened": lambda x: None}, BEYOND),
    "sharpened is loose": ({"sharpened": lambda x: x - 0.05}, {"part": "bounds", "step": 2.5}),
    "printed speaks in its vacuous zone": (
        {"printed": lambda x: -3.0},
        {"part": "bounds", "step": 2.1},
    ),
    "printed above sharpened": ({"printed": lambda x: x + 1}, BEYOND),
}
LOG = {
    "another G": ({"value": lambda x: x + 1e-9}, {"data": "digits", "T": 10, "part": "curve"}),
    "another G'": ({"slope": lambda x: x + 1e-6}, {"data": "diabetes", "T": 100, "part": "curve"}),
    "bound too small": (
        {"bound": lambda x: 0.9 * x},
        {"data": "digits", "T": 10**4, "part": "largest"},
    ),
    "bound loose": (
        {"bound": lambda x: 1.01 * x},
        {"data": "synthetic", "T": 10**4, "part": "largest"},
    ),
    "bound not twice the largest slope at T = 1": (
        {"bound": lambda x: 1.001 * x},
        {"T": 1, "part": "largest"},
    ),
    "repaired loose": (
        {"repaired": lambda x: 1.01 * x},
        {"data": "synthetic", "T": 10**4, "part": "largest"},
    ),
    "printed sharp": ({"printed": lambda x: 100.0}, {"data": "diabetes"}),
    "limit": ({"limit": lambda x: 1.01 * x}, {"data": "digits", "T": 10**4, "part": "largest"}),
    "G'' below its bound": (
        {"curvature": lambda x: -3.0},
        {"data": "digits", "T": 10, "part": "curve"},
    ),
    "convex": ({"curvature": abs}, {"data": "synthetic", "T": 10, "part": "curve"}),
    "minimiser": (
        {"minimizer": lambda x: x * (1 + 1e-6)},
        {"data": "diabetes", "T": 100, "part": "largest"},
    ),
    "law of the minimiser": (
        {"minimizer_law": lambda x: 1.01 * x},
        {"data": "digits", "T": 10**4, "part": "largest"},
    ),
    "a tame naive meta-gradient": (
        {"naive": lambda x: x / 10},
        {"data": "synthetic", "T": 100, "part": "curve"},
    ),
}


@pytest.mark.parametrize(
    "name, change, where",
    [
        pytest.param(name, *case, id=f"{name}: {label}")
        for name, cases in (("naive_explosion", NAIVE), ("log_objective", LOG))
        for label, case in cases.items()
    ],
)
def test_an_altered_table_fails(tables, name, change, where):
    with pytest.raises(AssertionError):
        MODULES[name].check(altered(tables[name], change, where))
