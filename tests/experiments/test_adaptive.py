"""The figure on adaptive methods: its claims, controls, and the automatic differentiation that it
imitates.
"""

import numpy as np
import pytest

from experiments.adaptive.autodiff import Number, forward, reverse, sqrt, where
from experiments.adaptive.golden import NAMES, Setting, automatic, exact
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 3
    words = [text.get_text() for text in fig.axes[1].texts]
    assert (words.count("nan"), words.count("✓")) == (21, 26)
    assert "autodiff 100 %, right rule 0 %" in fig.axes[0].get_xlabel()


CASES = {
    "a number where nan is predicted": (
        {"returned": lambda x: "right"},
        {"part": "table", "setting": "plain", "mode": "reverse", "name": "alpha"},
        "right, predicted nan",
    ),
    "nan where a number is predicted": (
        {"returned": lambda x: "nan"},
        {"part": "table", "setting": "guarded", "mode": "forward", "name": "beta2"},
        "nan, predicted right",
    ),
    "no nan": (
        {"measured": lambda x: 0.0},
        {"part": "share", "setting": "zero", "mode": "automatic"},
        "a share 0.0 of nan",
    ),
    "an error": (
        {"measured": lambda x: 1e-9},
        {"part": "error", "setting": "random", "mode": "right"},
        "1e-09",
    ),
    "another spike": (
        {"measured": lambda x: 1.001 * x},
        {"part": "spike", "setting": "inside", "mode": "exact", "x": 1e-3},
        "F' = ",
    ),
    "another pixel": (
        {"measured": lambda x: x - 1},
        {"part": "pixel", "x": 0},
        "pixel 0",
    ),
}


@pytest.mark.parametrize("name_of_case", CASES)
def test_a_wrong_table_is_refused(figure, table, name_of_case):
    change, where_, message = CASES[name_of_case]
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where_))


def test_rules_of_automatic_differentiation():
    x = Number(np.array(3.0))
    y = Number(np.array(4.0))
    # f = sqrt(x / y) + x^3 - y: f_x = 1 / (2 sqrt(x y)) + 3 x^2, f_y = -sqrt(x) / (2 y^(3/2)) - 1
    found = sqrt(x / y) + x**3 - y
    expected = [1 / (2 * np.sqrt(12)) + 27, -np.sqrt(3) / 16 - 1]
    np.testing.assert_allclose(reverse(found, [x, y]), expected, rtol=1e-14)
    np.testing.assert_allclose(forward(found, [x, y]), expected, rtol=1e-14)
    # where: forward mode chooses a tangent, reverse mode multiplies 0 by an infinity
    zero = Number(np.array(0.0))
    with np.errstate(all="ignore"):
        chosen = where(zero.value > 0, sqrt(zero**2), 7.0)
        assert forward(chosen, [zero]) == [0.0]
        assert np.isnan(reverse(chosen, [zero])).all()


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_automatic_differentiation_is_right_where_nothing_is_0(mode):
    setting = Setting("", 0.3, 1e-3, 1e-5)
    found = automatic(setting, 4, mode)
    truth = exact(setting, 4)
    for name in NAMES:
        assert found[name] == pytest.approx(truth[name], rel=1e-12)
