"""The figures on meta-descent and on back-propagation in floating point: smoke settings, controls,
what is drawn.
"""

import numpy as np
import pytest

from experiments import backprop_numerics, meta_descent
from quadmeta import plotting
from quadmeta.harness.experiment import compute
from quadmeta.harness.results import from_csv, to_csv


@pytest.fixture(scope="module")
def descent():
    return from_csv(to_csv(compute(meta_descent, meta_descent.SMOKE)))


@pytest.fixture(scope="module")
def numerics():
    return from_csv(to_csv(compute(backprop_numerics, backprop_numerics.SMOKE)))


def tampered(rows, change, **where):
    """The table with ``change`` applied to its rows at these values, of which there is at least
    one.
    """
    hit = [all(row[column] == value for column, value in where.items()) for row in rows]
    assert any(hit)
    return [row | change(row) if there else row for row, there in zip(rows, hit)]


def test_claims_hold_on_smoke_tables(descent, numerics):
    meta_descent.check(descent)
    backprop_numerics.check(numerics)


@pytest.mark.parametrize(
    ("where", "change", "message"),
    [
        ({"kind": "arrival"}, lambda row: {"measured": row["theory"] + 1}, "bound on k fails"),
        ({"kind": "arrival"}, lambda row: {"theory": 10**6 * row["theory"]}, "is vacuous"),
        (
            {"kind": "share", "method": "G, as printed"},
            lambda row: {"measured": 0.1},
            "printed step",
        ),
        (
            {"kind": "share", "method": "F, as in the figure"},
            lambda row: {"measured": 0.1},
            "or on F",
        ),
        (
            {"kind": "share", "method": "G, covariant"},
            lambda row: {"measured": row["measured"] / 2},
            "does not arrive",
        ),
        ({"kind": "share", "method": "Newton"}, lambda row: {"measured": 0.9}, "Newton"),
        ({"kind": "scan", "method": "F"}, lambda row: {"measured": 1.0}, "as many meta-steps"),
        ({"kind": "far right"}, lambda row: {"theory": 1.3 * row["theory"]}, "law far right"),
        ({"kind": "tail"}, lambda row: {"theory": row["theory"] / 10}, "law tail"),
        ({"kind": "kink", "T": 10**5}, lambda row: {"theory": 1.3 * row["theory"]}, "envelope"),
        ({"kind": "kink", "T": 10**5}, lambda row: {"theory": 0.9 * row["theory"]}, "envelope"),
        ({"kind": "k_c"}, lambda row: {"x": row["x"] / 4}, "k_c"),
        ({"kind": "last"}, lambda row: {"theory": 1}, "bound on k fails"),
        ({"kind": "last"}, lambda row: {"theory": 10 * row["theory"]}, "vacuous"),
    ],
)
def test_a_false_descent_is_noticed(descent, where, change, message):
    with pytest.raises(AssertionError, match=message):
        meta_descent.check(tampered(descent, change, **where))


@pytest.mark.parametrize(
    ("where", "change", "message"),
    [
        (
            {"kind": "step", "measured": "silent zero"},
            lambda row: {"measured": "right"},
            "first failing step",
        ),
        (
            {"kind": "step", "measured": "right"},
            lambda row: {"theory": "silent zero"},
            "first failing step",
        ),
        (
            {"kind": "map", "dtype": "float64", "measured": "silent zero"},
            lambda row: {"theory": "finite"},
            "float64: ",
        ),
        (
            {"kind": "map", "dtype": "float16", "measured": "not finite"},
            lambda row: {"theory": "finite"},
            "float16: ",
        ),
        (
            {"kind": "map", "dtype": "float32"},
            lambda row: {"measured": "right", "theory": "finite"},
            "shows only",
        ),
        (
            {"kind": "renormalised", "T": 4},
            lambda row: {"measured": "inaccurate"},
            "wrong somewhere",
        ),
        (
            {"kind": "renormalised", "T": 4},
            lambda row: {"error_bar": row["error"] / 2 - 1e-30},
            "crossed",
        ),
        (
            {"kind": "renormalised"},
            lambda row: {"error_bar": 100 * row["error_bar"]},
            "never approached",
        ),
    ],
)
def test_a_false_prediction_is_noticed(numerics, where, change, message):
    with pytest.raises(AssertionError, match=message):
        backprop_numerics.check(tampered(numerics, change, **where))


def test_a_horizon_one_step_late_is_noticed(numerics):
    first = next(row for row in numerics if row["kind"] == "step" and row["nonfinite"] == row["T"])
    late = tampered(
        numerics, lambda row: {"theory": "finite"}, kind="step", T=first["T"], measured="not finite"
    )
    with pytest.raises(AssertionError, match="first failing step"):
        backprop_numerics.check(late)


@pytest.mark.parametrize("module", [meta_descent, backprop_numerics])
def test_the_picture(module, descent, numerics):
    """Markers for what was measured, lines for theory, everything finite, no text on another."""
    with plotting.style():
        fig = module.draw(descent if module is meta_descent else numerics)
    assert plotting.overlapping_text(fig) == []
    for ax in fig.axes:
        assert ax.get_xlabel() and ax.has_data()
        for line in ax.get_lines():
            assert np.isfinite(np.asarray(line.get_xydata(), dtype=float)).all() and len(
                line.get_xydata()
            )
    assert fig.axes[0].get_ylabel() and len(fig.axes) == (3 if module is meta_descent else 4)
    if module is meta_descent:
        kinds = {
            line.get_marker() == "None" or line.get_marker() == "none"
            for line in fig.axes[2].get_lines()
        }
        assert kinds == {True, False}
