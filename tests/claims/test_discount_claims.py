"""Statements about the discounted hypergradient: counterexamples of each reading, mutants, what is
needed.
"""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.claims.derived.discount.discount_bound import DerivedDiscountBound
from quadmeta.claims.derived.discount.discount_collinearity import DerivedDiscountCollinearity
from quadmeta.claims.derived.discount.matrix_discount import DerivedMatrixDiscount
from quadmeta.claims.derived.discount.minimax_discount import DerivedMinimaxDiscount
from quadmeta.claims.derived.discount.scalar_discount_no_go import DerivedScalarDiscountNoGo
from quadmeta.claims.families.discount import Bent, bent, direction
from quadmeta.claims.families.ramps import Ramps
from quadmeta.claims.yakovlev2023.asymptotic import Yakovlev2023Asymptotic
from quadmeta.claims.yakovlev2023.bias_bound import (
    BEND,
    FAR,
    Yakovlev2023BiasBound,
    index_put_right,
)
from quadmeta.claims.yakovlev2023.bias_bound_cross import Yakovlev2023BiasBoundCross
from quadmeta.claims.yakovlev2023.bias_bound_step_size import Yakovlev2023BiasBoundStepSize
from quadmeta.claims.yakovlev2023.equal_curvature import Yakovlev2023EqualCurvature
from quadmeta.claims.yakovlev2023.product_counts import Yakovlev2023ProductCounts
from quadmeta.theory.discount import bias_bound_as_printed, printed_bracket
from quadmeta.verification.finding import arrays
from quadmeta.verification.needed import drop
from tests.helpers import case, mutant, status

PERCENT = F(99, 100)
# class, form, what is changed, how
MUTANTS = [
    (Yakovlev2023BiasBound, "stated", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    (Yakovlev2023BiasBound, "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (Yakovlev2023BiasBound, "repaired", "6 % too small", lambda x, l, r: (l, r * F(94, 100))),
    (Yakovlev2023BiasBoundStepSize, "repaired", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    (Yakovlev2023BiasBoundStepSize, "repaired", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (Yakovlev2023BiasBoundCross, "repaired", "halved", lambda x, l, r: (l, r / 4)),
    (Yakovlev2023Asymptotic, "repaired", "H for eta H", lambda x, l, r: (l * x["eta"], r)),
    (
        Yakovlev2023EqualCurvature,
        "stated",
        "T - 2",
        lambda x, l, r: (l, r * F(x["steps"] - 1, x["steps"] + 1)),
    ),
    (Yakovlev2023EqualCurvature, "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (
        Yakovlev2023ProductCounts,
        "printed",
        "2T for 2T - 1",
        lambda x, l, r: (l + np.array([0, 1, 0, 0, 0]), r),
    ),
    (DerivedDiscountBound, "stated", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    (DerivedDiscountBound, "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (
        DerivedDiscountCollinearity,
        "stated",
        "T + 1",
        lambda x, l, r: (l, r + x["gamma"] ** x["steps"]),
    ),
    (DerivedMatrixDiscount, "stated", "quartered", lambda x, l, r: (l, r / 16)),
    (DerivedMinimaxDiscount, "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (DerivedMinimaxDiscount, "stated", "tightened", lambda x, l, r: (l, r * PERCENT)),
    (DerivedScalarDiscountNoGo, "stated", "not halved", lambda x, l, r: (l, r * 2)),
    (DerivedScalarDiscountNoGo, "stated", "loosened", lambda x, l, r: (l, r * PERCENT)),
]


@pytest.mark.parametrize(
    "cls, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(cls, form, what, change):
    expected = "undecided" if what == "loosened" else "refuted"
    assert status(mutant(cls, change), form) == expected


FLAT = {name: value for name, value in BEND.items() if name != "cross"}


@pytest.mark.parametrize(
    "G, steps, bias, bound",
    [
        (11 - 1 + F(1, 256), 1, F(0), F(-71197, 3072)),
        (F(6553631, 65536), 2, F(6557231, 8388608), F(-109838863, 3145728)),
    ],
)
def test_the_literal_index_makes_it_negative(G, steps, bias, bound):
    """One bend around w_*: the printed bound with its own index, and with that of the row."""
    claim = qm.claim("yakovlev2023_bias_bound")
    x = claim.read({**BEND, "G": G, "steps": steps})
    run = Ramps(arrays(x))
    known = replace(run.scales, L2=run.scales.L)
    assert run.bias() @ run.bias() == bias**2
    assert bias_bound_as_printed(known) == bound
    assert index_put_right(known) >= max(bias, bound) and case(claim.name, **x).holds


def test_no_index_mends_the_printed_bound(decided):
    """The recorded instance violates the literal bound and the mended one, whose brackets are
    positive; with half the length, in the same unit, it does not.
    """
    verdict = decided("yakovlev2023_bias_bound")
    x = verdict.evidence["instance"]
    assert verdict.status == "refuted" and x["steps"] == 33 and x["R"] > 0
    run = Ramps(arrays(x))
    known = replace(run.scales, L2=run.scales.L)
    literal = bias_bound_as_printed(known)
    square = run.bias() @ run.bias()
    assert 0 < printed_bracket(known.q, known.steps) and 0 < literal < index_put_right(known)
    assert square > F(104, 100) * index_put_right(known) ** 2
    # the constants are the best: both bends overlap, and one of them is straight
    assert (known.mu, known.L, known.H_w) == (F(19, 100), F(99, 100), F(1, 10000))
    # lengths shorter by 10^6, the same ratio of g_T to them
    near = arrays(
        {
            **x,
            "slopes": tuple(10**6 * s for s in x["slopes"]),
            "R": x["R"] / 10**6,
            "G": x["G"] / 10**6,
        }
    )
    short = Ramps(near)
    assert short.bias() @ short.bias() == square / 10**12
    assert case(
        "yakovlev2023_bias_bound", **{**x, **{k: near[k] for k in ("slopes", "R", "G")}}
    ).holds


def test_ramps_are_differentiated():
    """J that changes and bends away from w_*: reverse mode against a difference in alpha."""
    x = {**FAR, "slopes": (1, 1), "levels": (2, -1), "R": 4, "G": 3, "cross": "1/2", "steps": 4}
    run = Ramps(arrays(qm.claim("yakovlev2023_bias_bound").read(x)))
    small = F(1, 10**6)

    def outer(alpha):
        w = run.states[0]
        for _ in range(run.T):
            w = w - run.eta * (run.mu * w + run.bends(w) - alpha * run.mixed(w))
        target = run.states[-1] - run.gradients[-1] / F(19, 100)
        return F(19, 200) * ((w - target) @ (w - target))

    slope = [
        float((outer(small * e) - outer(-small * e)) / (2 * small)) for e in np.eye(2, dtype=int)
    ]
    assert slope == pytest.approx(run.exact().astype(float), rel=1e-6)


def test_ramps_know_the_longest_step():
    """L = mu + h for one bend: with h = a_mu/eta the step is 1/L, with more it is longer."""
    claim = qm.claim("yakovlev2023_bias_bound")
    flat = {**FAR, "angles": ("0",), "slopes": (1,), "levels": (1,), "heights": ("1",)}
    x = {**flat, "eta": 2, "q": F(1, 2), "L2": "3/8", "gamma": 0, "steps": 2}
    for height, margin in (("1/8", 0), ("1/4", F(-1, 4)), ("1/16", F(1, 8))):
        read = arrays(claim.read({**x, "heights": (height,)}))
        assert claim.assumptions(read, "printed")["eta <= 1/L"] == margin


@pytest.mark.parametrize(
    "name",
    [
        "yakovlev2023_bias_bound_cross",
        "yakovlev2023_bias_bound_step_size",
        "yakovlev2023_asymptotic",
        "derived_descent_direction",
    ],
)
def test_counterexamples_are_small_and_admitted(name, decided):
    verdict = decided(name)
    assert verdict.status == "refuted"
    assert qm.recheck(qm.certificate(verdict))
    numbers = [
        F(v)
        for value in verdict.evidence["instance"].values()
        for v in (value if isinstance(value, tuple) else (value,))
    ]
    assert max(max(abs(v.numerator), v.denominator) for v in numbers) <= 12


def test_cross_reading_needs_a_long_step():
    """eta = 4, L = 2 mu = 1/4, gamma = a_mu: bias 2, right side 5/4; with B = eta ||J|| it is 5."""
    x = {
        **FLAT,
        "eta": 4,
        "q": F(1, 2),
        "heights": ("1/16",),
        "levels": ("1/16",),
        "slopes": (0,),
        "R": 0,
        "G": 1,
        "L2": "1/4",
        "gamma": "1/4",
        "steps": 2,
    }
    literal, step = (
        case("yakovlev2023_bias_bound_cross", form, **x) for form in ("reading", "repaired")
    )
    assert not literal.holds and step.holds and step.rhs[0] == 16 * literal.rhs[0]
    short = case(
        "yakovlev2023_bias_bound_cross",
        **{**x, "eta": 1, "heights": ("1/4",), "levels": ("1/4",), "L2": 1},
    )
    assert short.holds


@pytest.mark.parametrize(
    "name, assumption, form, needed",
    [
        ("derived_descent_direction", "theta_J + theta_S < 90", "repaired", True),
        ("derived_descent_direction", "R = 0", "repaired", True),
    ],
)
def test_which_assumptions_are_needed(name, assumption, form, needed):
    verdict = drop(qm.claim(name), assumption, form)
    assert verdict.status == ("refuted" if needed else "consistent"), verdict


def test_warm_start_is_no_descent_either():
    """T = 2, w_0 = w_*: J'J and I + A are positive, their product is not."""
    x = next(iter(qm.claim("derived_descent_direction").without("theta")))
    found = case("derived_descent_direction", **x)
    assert not found.holds and x["R"] == 0


def test_refuted_limit_is_the_one_of_the_loop(decided):
    verdict = decided("yakovlev2023_asymptotic", "reading")
    x = arrays(verdict.evidence["instance"])
    lam, C, g = (
        np.array(v, dtype=float) for v in (x["eigenvalues"], x["cross"], direction(x["gradient"]))
    )
    problem = qm.Coupled(np.diag(lam), np.diag(C), 0 * lam, np.eye(len(lam)), -float(x["G"]) * g)
    loss = qm.OuterLoss(problem, qm.GradientDescent(200, float(x["eta"])))
    gamma = max(float(x["gamma"]), 1e-300)
    bias = qm.hypergradient(loss, 0 * lam, qm.Discounted(gamma)).value - loss.gradient(0 * lam)
    assert bias == pytest.approx([float(v) for v in verdict.evidence["lhs"]], rel=1e-12, abs=1e-12)


def test_bent_problem_is_differentiated():
    """The exact part against a central difference of the outer loss in alpha, J = -I."""
    x = bent(
        {
            "q": F(4, 5),
            "eta": F(1),
            "heights": (F(1, 4), F(1, 3)),
            "levels": (F(0), F(1, 8)),
            "slopes": (F(1), F(1)),
            "angles": (F(0), F(1, 2)),
            "start": F(1, 3),
            "R": F(1),
            "G": F(2),
            "L2": F(1, 2),
            "gradient": F(1, 4),
            "gamma": F(1, 2),
            "steps": 4,
        }
    )
    run = Bent(arrays(x))
    eta, small = float(run.eta), 1e-5

    def outer(alpha):
        w = run.states[0].astype(float)
        for _ in range(run.T):
            force = sum(
                _force(float(c), float(s), float(h), u.astype(float) @ w) * u.astype(float)
                for u, c, s, h in run.parts
            )
            w = w - eta * (float(run.mu) * w + force - alpha)
        target = run.states[-1].astype(float) - run.gradients[-1].astype(float) / float(x["L2"])
        return float(x["L2"]) * ((w - target) ** 2).sum() / 2

    slope = [(outer(small * e) - outer(-small * e)) / (2 * small) for e in np.eye(2)]
    assert slope == pytest.approx(run.exact().astype(float), rel=1e-8)


def _force(c, s, h, x):
    from scipy.integrate import quad

    return quad(
        lambda y: min(max(c + s * y, 0), h),
        0,
        x,
        points=sorted((-c / s, (h - c) / s)),
        epsabs=1e-14,
    )[0]


def test_published_rows():
    rows = {
        (case.lhs, case.rhs)
        for case in (
            case("yakovlev2023_product_counts", steps=50, products=N, estimates=K)
            for N, K in ((9, 5), (4, 10))
        )
    }
    assert rows == {((1, 99, 50, 50, 50), (1, 99, 50, 50, 50))}
