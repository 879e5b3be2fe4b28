"""The figure on inverse Hessians: its claim, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn

pytest.importorskip("sklearn")


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 4
    assert all(ax.get_lines() and ax.get_xlabel() and ax.get_title() for ax in fig.axes)


def estimate(alter):
    """A change of the estimates that are there."""
    return {"measured": lambda x: None if x is None else alter(x)}


def both(alter):
    """The same change of estimate and closed form."""
    return estimate(alter) | {"theory": alter}


CASES = {
    "an estimate": (
        estimate(lambda x: x + 1e-8),
        {"part": "seen", "name": "Neumann"},
        "off its filter",
    ),
    "no overshoot": (both(lambda x: x / 10), {"part": "seen", "name": "Nystrom"}, "overshoot"),
    "a polynomial overshoots": (
        both(lambda x: x + 0.1),
        {"part": "seen", "name": "one step"},
        "a polynomial overshoots",
    ),
    "Chebyshev is not best": (
        both(lambda x: x + 0.7),
        {"part": "seen", "name": "Chebyshev"},
        "another method",
    ),
    "below the bound": (
        both(lambda x: 0.9 * x),
        {"part": "worst", "name": "Chebyshev"},
        "below the bound",
    ),
    "off the bound": (
        both(lambda x: 1.1 * x),
        {"part": "worst", "name": "conjugate gradients"},
        "not on the bound",
    ),
    "another closed form": (
        estimate(lambda x: 1.01 * x),
        {"part": "worst", "name": "heavy ball"},
        "off its closed form",
    ),
    "a sketch is better than one step": (
        both(lambda x: 0.99 * x),
        {"part": "worst", "name": "Nystrom", "size": 1},
        "below the bound|no longer one step",
    ),
    "the cost": ({"spent": lambda x: x + 1}, {"part": "real", "name": "Chebyshev"}, "too many"),
    "the filters on digits": (
        estimate(lambda x: x + 1e-8),
        {"part": "real", "name": "Chebyshev"},
        "off its closed form",
    ),
    "no gap is used": (
        both(lambda x: 20 * x),
        {"part": "real", "name": "conjugate gradients", "size": 8},
        "no gap",
    ),
    "a good sketch": (
        both(lambda x: x / 1e4),
        {"part": "real", "name": "Nystrom"},
        "the sketch alone",
    ),
    "a dear surrogate": (
        {"measured": lambda x: 1.3 * x},
        {"part": "steps", "name": "surrogate", "size": 300},
        "the surrogate takes",
    ),
    "a short truncation": (
        {"measured": lambda x: 0.8 * x},
        {"part": "steps", "name": "truncated"},
        "a truncated run is enough",
    ),
    "another law": (
        {"measured": lambda x: 0.4 * x},
        {"part": "steps", "name": "surrogate", "size": 300},
        "grow like",
    ),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))
