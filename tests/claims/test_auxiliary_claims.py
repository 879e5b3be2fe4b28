"""Statements about implicit differentiation for auxiliary tasks: golden numbers, borders, mutants,
what is needed.
"""

from fractions import Fraction as F
from random import Random
from sys import modules

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.claims.families import auxiliary as aux
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import arrays, examine
from quadmeta.verification.needed import drop
from quadmeta.verification.parameters import draw
from tests.helpers import case, mutant, status

PERCENT = F(99, 100)
NAMES = (
    "navon2021_implicit_hypergradient",
    "navon2021_neumann_series",
    "derived_neumann_truncation",
    "derived_neumann_stability",
    "derived_fixed_point_filters",
    "navon2021_sign_condition",
    "navon2021_newton_prop",
    "derived_newton_step",
    "derived_sign_certificate",
    "derived_gradient_sign",
)
GOLDEN = {
    "rho": F(0),
    "s0": (F(1), F(1, 4)),
    "p0": (F(0), F(0)),
    "b0": (F(0), F(0)),
    "s1": (F(1, 2), F(1)),
    "p1": (F(0), F(0)),
    "b1": (F(1), F(2)),
    "sA": (F(1), F(1)),
    "pA": (F(0), F(0)),
    "bA": (F(1, 2), F(1)),
    "phi1": F(1),
}


def randomly(domain, count, seed=0):
    """Random instances as arrays."""
    random = Random(seed)
    return [arrays(draw(domain, random)) for _ in range(count)]


def number(x):
    return mp.mpf(x.numerator) / x.denominator


def test_golden_instance():
    f = aux.Family.of(arrays(GOLDEN))
    w, H = f.minimiser(f.phi), f.hessian(f.phi)
    v, u = f.outer.gradient(w), f.tasks[1].gradient(w)
    assert tuple(w) == (F(1, 3), F(8, 5)) and f.value(f.phi) == F(349, 1800)
    assert aux.slope(f.value, f.phi, 0) == F(523, 3375) and aux.bend(f.value, f.phi, 0, 0) == F(
        -2206, 16875
    )
    assert [-u @ aux.neumann(H, v, F(1, 2), J) for J in (0, 1, 3)] == [
        F(83, 900),
        F(469, 3600),
        F(17431, 115200),
    ]


def test_dual_numbers_against_numerical_derivatives():
    """F solved by mpmath in 60 digits and differentiated by finite differences."""
    for x in randomly(aux.family(2), 6, seed=5):
        f = aux.Family.of({**x, "s0": x["s0"] + 1})
        A, r = (
            [np.vectorize(number, otypes=[object])(part) for part in parts]
            for parts in zip(*((task.A, task.r) for task in (*f.tasks, f.outer)), strict=True)
        )
        b, rho = np.vectorize(number, otypes=[object])(f.outer.b), number(f.rho)

        def loss(one, two):
            H = A[0] + one * A[1] + two * A[2] + rho * np.eye(len(b), dtype=int)
            w = mp.lu_solve(
                mp.matrix(H.tolist()), mp.matrix((r[0] + one * r[1] + two * r[2]).tolist())
            )
            error = np.array(list(w), dtype=object) - b
            return error @ A[3] @ error / 2

        with mp.workdps(60):
            at = tuple(map(number, f.phi))
            for order, exact in (
                ((1, 0), aux.slope(f.value, f.phi, 0)),
                ((0, 1), aux.slope(f.value, f.phi, 1)),
                ((1, 1), aux.bend(f.value, f.phi, 0, 1)),
                ((0, 2), aux.bend(f.value, f.phi, 1, 1)),
            ):
                assert mp.almosteq(mp.diff(loss, at, order), number(exact), 1e-12, 1e-15)


def test_linear_algebra_against_float64():
    random = Random(2)
    for size in (1, 2, 3, 4) * 5:
        A = np.array(
            [
                [F(random.randint(-3, 3), random.randint(1, 3)) for _ in range(size)]
                for _ in range(size)
            ],
            dtype=object,
        )
        S = A + A.T
        least = np.linalg.eigvalsh(S.astype(float))[0]
        assert abs(least) < 1e-12 or (min(aux.pivots(S)) > 0) == (least > 0)
        assert min(aux.pivots(S @ S + aux.reflection(0 * A[0]))) > 0
        if np.linalg.matrix_rank(A.astype(float)) == size:
            assert (A @ aux.solve(A, A[0]) == A[0]).all() and (A @ aux.solve(A, S) == S).all()
        lam = np.array([F(k + 1, 2) for k in range(size)])
        assert np.linalg.eigvalsh(aux.turned(lam, A[0]).astype(float)) == pytest.approx(
            lam.astype(float)
        )
    with pytest.raises(ZeroDivisionError):
        aux.solve(np.array([[F(1), F(2)], [F(2), F(4)]]), np.array([F(1), F(1)]))
    assert aux.pivots(np.array([[F(1), F(2)], [F(2), F(4)]])) == [1, 0]


# claim, form, what is changed, how; "loosened" bounds are not refuted, but never attained
MUTANTS = [
    ("navon2021_implicit_hypergradient", "printed", "sign", lambda x, l, r: (l, -r)),
    (
        "navon2021_implicit_hypergradient",
        "stated",
        "half the second derivative",
        lambda x, l, r: (l, r / 2),
    ),
    (
        "navon2021_neumann_series",
        "repaired",
        "converges at 2",
        lambda x, l, r: (l, np.array([*r[:-1], int(x["nu"] * max(x["eigenvalues"]) <= 2)])),
    ),
    (
        "derived_neumann_truncation",
        "stated",
        "1 % too small",
        lambda x, l, r: (l, r * np.array([1, 1, PERCENT])),
    ),
    (
        "derived_neumann_truncation",
        "stated",
        "loosened",
        lambda x, l, r: (l, r / np.array([1, 1, PERCENT])),
    ),
    (
        "derived_neumann_truncation",
        "stated",
        "sum 1 % too large",
        lambda x, l, r: (l, r * [1 / PERCENT] * 3),
    ),
    (
        "derived_neumann_stability",
        "stated",
        "critical weight 1 % too large",
        lambda x, l, r: (l, np.array([int(x["phi"] * max(x["thetas"]) < 1 / PERCENT), *r[1:]])),
    ),
    (
        "derived_neumann_stability",
        "stated",
        "no flip",
        lambda x, l, r: (l, np.array([r[0], 1, *r[2:]])),
    ),
    (
        "derived_fixed_point_filters",
        "stated",
        "T + 1 in the discount",
        lambda x, l, r: (l, r * np.array([1, 1, 1, 1, 1 + x["gamma"] ** x["steps"]])),
    ),
    (
        "derived_fixed_point_filters",
        "stated",
        "one step for T'",
        lambda x, l, r: (l, r[[0, 1, 3, 3, 4]]),
    ),
    ("navon2021_sign_condition", "reading", "sign", lambda x, l, r: (l, -r)),
    ("navon2021_sign_condition", "reading", "no clipping", lambda x, l, r: (l, r - (r == 0))),
    ("navon2021_newton_prop", "repaired", "sign", lambda x, l, r: (l, -r)),
    ("derived_newton_step", "stated", "phi^3", lambda x, l, r: (l, r * x["phi1"])),
    ("derived_sign_certificate", "stated", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    (
        "derived_sign_certificate",
        "stated",
        "first metric 1 % too small",
        lambda x, l, r: (l, r * np.array([PERCENT, 1])),
    ),
    (
        "derived_sign_certificate",
        "stated",
        "loosened",
        lambda x, l, r: (l, r / np.array([1, PERCENT])),
    ),
    ("derived_gradient_sign", "stated", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    ("derived_gradient_sign", "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
]


@pytest.mark.parametrize(
    "name, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(name, form, what, change):
    expected = "undecided" if what == "loosened" else "refuted"
    assert status(mutant(type(qm.claim(name)), change), form) == expected


LOOPS = {
    "J + 2 terms": lambda H, v, nu, J: aux.neumann(H, v, nu, J + 1),
    "as released, without nu": lambda H, v, nu, J: aux.neumann(H, v, nu, J) / (nu or 1),
    "ascent": lambda H, v, nu, J: -aux.neumann(H, v, -nu, J),
}


@pytest.mark.parametrize("what", LOOPS)
@pytest.mark.parametrize(
    "name",
    [
        "navon2021_neumann_series",
        "derived_neumann_truncation",
        "derived_neumann_stability",
        "derived_fixed_point_filters",
        "derived_sign_certificate",
    ],
)
def test_another_loop_is_noticed(name, what, monkeypatch):
    claim = qm.claim(name)
    monkeypatch.setattr(modules[type(claim).__module__], "neumann", LOOPS[what])
    monkeypatch.setattr(type(claim), "draws", 40)
    verdict = decide(claim, "repaired" if "repaired" in claim.forms else "stated")
    # a cosine does not see the scale
    scale_free = name == "derived_sign_certificate" and "without nu" in what
    assert verdict.status == ("holds" if scale_free else "refuted")


def signs(x):
    """(ghat, g, squared cosines in both metrics, squared threshold) of an instance of the
    certificate.
    """
    lam, v, u, nu, J = (x[key] for key in ("eigenvalues", "outer", "task", "nu", "products"))
    R = aux.reflection(x["turn"])
    v, u, f = R @ v, R @ u, (1 - (1 - nu * lam) ** (J + 1)) / lam
    k = max(f * lam) / min(f * lam)
    cosines = [
        (v * p * u).sum() ** 2 / ((v * p * v).sum() * (u * p * u).sum()) for p in (1 / lam, f)
    ]
    return -(v * f * u).sum(), -(v * u / lam).sum(), cosines, ((k - 1) / (k + 1)) ** 2


def test_borders_of_the_sign_certificate():
    claim = qm.claim("derived_sign_certificate")
    first, inner, second, last = (signs(arrays(claim.read(x))) for x in claim.cases("stated"))
    for estimate, exact, cosines, threshold in (first, inner):
        assert estimate == 0 != exact and cosines[0] == threshold
    estimate, exact, cosines, threshold = second
    assert exact == 0 != estimate and cosines[1] == threshold
    estimate, exact, cosines, threshold = last
    assert estimate * exact > 0 and min(cosines) > threshold


def test_borders_of_the_gradient_sign():
    """v'u = 3 on the border while v' H^-1 u = 0: with >= in place of > the test would be wrong."""
    claim = qm.claim("derived_gradient_sign")
    *borders, last = (examine(claim, "stated", claim.read(x)) for x in claim.cases("stated"))
    for found in borders:
        x = arrays(found.instance)
        assert found.lhs == found.rhs > (0,) and x["outer"] @ x["task"] != 0
        assert x["outer"] @ aux.solve(aux.turned(x["eigenvalues"], x["turn"]), x["task"]) == 0
    assert len(borders) == 3 and last.lhs[0] < -last.rhs[0]


def test_certified_signs_agree_and_others_need_not():
    claim, outcomes = qm.claim("derived_sign_certificate"), set()
    random = Random(4)
    for _ in range(300):
        x = claim.prepare(draw(claim.domain, random))
        if len(x["turn"]) == 1 or not any(x["outer"]) or not any(x["task"]) or not x["nu"]:
            continue
        estimate, exact, cosines, threshold = signs(arrays(x))
        certified, agree = max(cosines) > threshold, estimate * exact > 0
        found = examine(claim, "stated", x)
        assert certified == any(l < -r for l, r in zip(found.lhs, found.rhs, strict=True))
        outcomes.add((certified, agree))
    assert outcomes == {(True, True), (False, True), (False, False)}


def test_threshold_of_one_term_is_that_of_the_gradients():
    """J = 0: m_i = nu lambda_i, so k = kappa and the second cosine is the plain one."""
    x = {"eigenvalues": (1, 4), "turn": (2, 1), "outer": (1, 1), "task": (0, 1)}
    plain = case("derived_gradient_sign", **x)
    filtered = case("derived_sign_certificate", **x, nu="1/4", products=0)
    assert filtered.lhs[1] / filtered.rhs[1] == plain.lhs[0] / plain.rhs[0]


@pytest.mark.parametrize("name", ["navon2021_neumann_series", "navon2021_newton_prop"])
def test_counterexamples_are_small_and_admitted(name, decided):
    verdict = decided(name)
    assert verdict.status == "refuted" and qm.recheck(qm.certificate(verdict))
    numbers = [
        F(v)
        for value in verdict.evidence["instance"].values()
        for v in (value if isinstance(value, tuple) else (value,))
    ]
    assert max(max(abs(v.numerator), v.denominator) for v in numbers) <= 2


def test_series_fails_from_two_on(decided):
    assert decided("navon2021_neumann_series").evidence["instance"]["eigenvalues"] == (2,)
    for top, converges in (("199/100", True), (2, False), ("201/100", False)):
        found = case(
            "navon2021_neumann_series",
            eigenvalues=(1, top),
            turn=(1, 2),
            outer=(1, 1),
            nu=1,
            products=2,
        )
        assert found.holds is converges
    x = arrays(
        qm.claim("navon2021_neumann_series").read(
            {"eigenvalues": (2,), "turn": (0,), "outer": (1,), "nu": 1, "products": 0}
        )
    )
    assert [
        aux.neumann(aux.turned(x["eigenvalues"], x["turn"]), x["outer"], 1, J)[0] for J in range(4)
    ] == [1, 0, 1, 0]


def test_second_reading_needs_the_hessian_at_zero():
    """One dimension: the derivative is -1; the gradient of L_T(., 1) with its own Hessian gives
    -1/2.
    """
    x = next(iter(qm.claim("navon2021_newton_prop").cases("repaired")))
    f = aux.Family.of({**arrays(qm.claim("navon2021_newton_prop").read(x)), "phi1": F(0)})
    w = f.minimiser((0,))
    by = [-f.outer.gradient(w) @ aux.solve(f.hessian((at,)), f.gradient(w, (1,))) for at in (0, 1)]
    assert aux.slope(f.value, f.phi, 0) == -1 and by == [-1, F(-1, 2)]


def test_discount_is_right_at_one_curvature():
    """eta (1 - gamma^T)/(1 - gamma) = 3/4: exact at H = 4/3, not beside it."""
    x = {
        "rho": 0,
        "p0": (0,),
        "b0": (0,),
        "s1": (1,),
        "p1": (0,),
        "b1": (1,),
        "sA": (1,),
        "pA": (0,),
        "bA": (1,),
        "phi1": "1/3",
        "shift": (0,),
        "eta": "1/2",
        "gamma": "1/2",
        "steps": 2,
        "last": 1,
    }
    for s0, right in ((1, True), ("9/10", False), ("11/10", False)):
        found = case("derived_fixed_point_filters", **x, s0=(s0,))
        f = aux.Family.of(arrays(found.instance))
        assert found.holds and (found.lhs[4] == aux.slope(f.value, f.phi, 0)) is right


def test_a_larger_step_may_raise_the_outer_loss():
    """The weight grows as the condition says, and F with it: the condition is about the step
    alone.
    """
    x = {
        "rho": 0,
        "s0": (1,),
        "p0": (0,),
        "b0": (0,),
        "s1": (1,),
        "p1": (0,),
        "b1": (1,),
        "s2": (0,),
        "p2": (0,),
        "b2": (0,),
        "sA": (1,),
        "pA": (0,),
        "bA": ("1/10",),
        "phi1": 0,
        "phi2": 0,
        "beta": 100,
    }
    found = case("navon2021_sign_condition", **x)
    f = aux.Family.of(arrays(found.instance))
    after = -found.instance["beta"] * aux.slope(f.value, f.phi, 0)
    assert found.lhs == (1, 0) and after > 0 and f.value((after, F(0))) > f.value(f.phi)


@pytest.mark.parametrize(
    "name, assumption, form, status",
    [
        ("navon2021_neumann_series", "nu > 0", "repaired", "refuted"),
        ("derived_neumann_stability", "A_0 > 0", "stated", "refuted"),
        ("derived_fixed_point_filters", "w_0 - w_* = 0", "stated", "refuted"),
        ("derived_fixed_point_filters", "T' <= T", "stated", "refuted"),
        ("navon2021_sign_condition", "beta > 0", "reading", "refuted"),
        ("derived_sign_certificate", "m_- > 0", "stated", "refuted"),
        # there is no critical weight
        ("derived_neumann_stability", "A_1 != 0", "stated", "undecided"),
        # nor a minimiser, here and below
        ("navon2021_implicit_hypergradient", "H(phi) > 0", "printed", "undecided"),
        ("navon2021_newton_prop", "H(0) > 0", "repaired", "undecided"),
        ("derived_newton_step", "H(0) > 0", "stated", "undecided"),
    ],
)
def test_which_assumptions_are_needed(name, assumption, form, status):
    assert drop(qm.claim(name), assumption, form).status == status


@pytest.mark.parametrize("name", NAMES)
def test_instances_do_not_commute_and_reach_each_regime(name):
    claim, random, turned, sizes = qm.claim(name), Random(6), 0, set()
    for _ in range(60):
        x = arrays(claim.prepare(draw(claim.domain, random)))
        sizes.add(len(next(v for v in x.values() if isinstance(v, np.ndarray))))
        if "s1" in x:
            f = aux.Family.of({"phi1": 0, **x})
            turned += bool((f.tasks[0].A @ f.tasks[1].A != f.tasks[1].A @ f.tasks[0].A).any())
        else:
            turned += not (aux.reflection(x["turn" if "turn" in x else "left"])[0, 1:] == 0).all()
    assert turned > 20 and {1, 2, 3} <= sizes
