"""Statements about the step size: property tests on rationals, tightness as T grows, and links to
the library.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from scipy.optimize import brentq

import quadmeta as qm
from quadmeta.verification.finding import arrays, examine
from quadmeta.verification.instances import strategy

EXACT = [
    (name, form)
    for name in qm.members("claims")
    for form, record in qm.claim(name).forms.items()
    if qm.claim(name).exact and record.recorded == "holds"
]


@pytest.mark.parametrize("name, form", EXACT)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_sides_hold_on_any_rational_instance(name, form, data):
    # a few, by the strategy: the verdict itself rests on 200 draws of the same generator
    claim = qm.claim(name)
    assert examine(claim, form, data.draw(strategy(claim, form))).holds


OTHER_UNITS = {
    "derived_nystrom_shift": "a shift, whose unit is lambda",
    "navon2021_trivial_solution": "a step in the weights, whose unit is not 1/lambda",
    "talk2021_meta_steps_converge": "a meta-step, whose unit is 1/lambda^2",
    "talk2021_open_complex_optimizers": "steps that are functions of the parameters, with units of their own",
    "yakovlev2023_assumption_smooth_convex": "L_2 and B scale as well",
    "wang2021_meta_descent": "meta-steps 1/sqrt(k), whose unit is 1/lambda^2",
}


@pytest.mark.parametrize("name, form", [pair for pair in EXACT if pair[0] not in OTHER_UNITS])
def test_both_sides_scale_alike(name, form):
    # lambda -> c lambda, eta -> eta / c, F fixed: a missing factor of L or T / L would show
    c, claim = Fraction(7, 3), qm.claim(name)
    for case in claim.cases(form):
        x = claim.read(case)
        scaled = {
            key: tuple(c * v for v in value)
            if key.startswith("eigenvalues")
            else value / c
            if claim.domain[key].step_size
            else value * c
            if key in "mM"
            else value
            for key, value in x.items()
        }
        one, other = examine(claim, form, x), examine(claim, form, scaled)
        for l, r, k, s in zip(one.lhs, one.rhs, other.lhs, other.rhs, strict=True):
            assert l * s == r * k


STEPWISE = {
    "wang2021_backprop_intermediates",
    "derived_gradient_sign",
    "derived_neumann_stability",
    "derived_sign_certificate",
}
"""Claims with signs or counts for sides: on a border rounding decides them."""


@pytest.mark.parametrize("name, form", [pair for pair in EXACT if pair[0] not in STEPWISE])
def test_the_same_sides_in_float64(name, form):
    claim = qm.claim(name)
    for case in claim.cases(form):
        x = claim.read(case)
        if x.get("steps", 1) > 20 or "2, 5, 14" in str(case):  # cancels to noise in float64
            continue
        floats = {
            key: v
            if isinstance(v, int)
            else float(v)
            if isinstance(v, Fraction)
            else np.array(v, dtype=float)
            for key, v in x.items()
        }
        for side, exact in zip(
            claim.sides(floats, form), claim.sides(arrays(x), form), strict=True
        ):
            np.testing.assert_allclose(
                np.asarray(side, dtype=float), np.asarray(exact, dtype=float), 1e-9, 1e-9
            )


def ratio(name, form, component=0, **x):
    """lhs/rhs with the power undone."""
    claim = qm.claim(name)
    return examine(claim, form, claim.read(x)).ratios[component]


def test_log_gradient_bounds_are_sharp_as_steps_grow():
    pair = {"eigenvalues": (1, 3), "energy": ("1/2", "1/2")}
    previous = 0.0
    for T in (25, 100, 300):
        # just right of 2/(L + mu), where |G'| peaks
        eta = Fraction(1, 2) + Fraction(1, T)
        now = ratio("wang2021_log_gradient_bound", "stated", **pair, eta=eta, steps=T)
        assert previous < now < 1
        previous = now
    assert previous > 0.97
    assert ratio("wang2021_log_gradient_bound", "printed", **pair, eta=eta, steps=300) < 0.4
    pair = {"eigenvalues": (1, 3), "weights": (1, 1)}
    assert ratio("derived_log_gradient_bound", "stated", 0, **pair, eta=eta, steps=300) > 0.98


def test_uniform_log_gradient_bounds_are_ordered():
    rng = np.random.default_rng(0)
    for _ in range(20):
        lam, omega = np.sort(rng.uniform(0.1, 10, 4)), 10.0 ** rng.uniform(-4, 1, 4)
        T = int(rng.integers(1, 40))
        objective = qm.LogObjective(
            qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(T)
        )
        mu, L, q = lam[0], lam[-1], 2 * T / (2 * T - 1)
        norm = np.sum(omega * lam ** (2.0 * T)) ** (0.5 / T)
        B1 = objective.gradient_bound()
        B2 = (
            2
            * norm
            / (L - mu)
            * (L**q * omega[0] ** (-q / (2 * T)) + mu**q * omega[-1] ** (-q / (2 * T))) ** (1 / q)
        )
        B3 = 2 * L * (L + mu) / (L - mu) * (omega.sum() / min(omega[0], omega[-1])) ** (0.5 / T)
        peak = np.abs(objective.gradient(np.linspace(0, 3 * objective.minimizer(), 2001))).max()
        slack = 1 + 1e-12  # B_1 = B_2 at d = 2: a few roundings of each
        assert peak <= B1 * slack and B1 <= B2 * slack and B2 <= B3 * slack


@pytest.mark.parametrize("T", [5, 50, 500])
def test_band_of_moderate_gradients_is_as_narrow_as_claimed(T):
    lam, omega, m, M = np.array([1.0, 3.0]), np.array([1.0, 1.0]), 0.5, 2.0
    best = qm.LogObjective(
        qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(T)
    ).minimizer()

    def where(level, low, high):
        return brentq(
            lambda eta: -2 * T * np.sum(omega * lam * (1 - eta * lam) ** (2 * T - 1)) - level,
            low,
            high,
        )

    right, left = (
        (where(m, best, 0.9), where(M, best, 0.9)),
        (where(-M, 0, best), where(-m, 0, best)),
    )
    measure = right[1] - right[0] + left[1] - left[0]
    assert (
        0.7 / (1 + 10 / T)
        < measure / ((1 + right[1] - 1 / 3) * ((M / m) ** (1 / (2 * T - 1)) - 1))
        <= 1
    )
    assert measure / (np.log(M / m) / (2 * T) * (1 + 1 / 3)) == pytest.approx(1, abs=2 / T**0.5)


def test_naive_lower_bound_as_printed_says_nothing_next_to_the_edge():
    claim = qm.claim("wang2021_naive_lower_bound")
    top, T = Fraction(1, 64), 2
    # 2/L < eta <= (1 + c_L^(-2/(2T-1))) / L = 5 for c_L^2 = 1/64, T = 2, L = 1
    for eta, empty in ((Fraction(9, 4), True), (Fraction(5), True), (Fraction(501, 100), False)):
        x = {"eigenvalues": ("1/2", 1), "energy": (1 - top, top), "eta": eta, "steps": T}
        printed, repaired = (examine(claim, form, claim.read(x)) for form in ("printed", "stated"))
        assert (printed.rhs[0] <= 0) == empty
        assert repaired.rhs[0] > printed.rhs[0]


def test_growth_at_the_exceptional_point():
    # rho = 3/4 cancels exactly, the next modulus is 3/8; next to it rho rules again
    claim = qm.claim("derived_naive_growth")
    x = claim.read({"eigenvalues": (2, 5, 14), "weights": (7, 1, 1), "eta": "1/8", "steps": 6})
    found = examine(claim, "stated", x)
    assert found.rhs[1] == 0 and found.lhs[0] == 2 * 6 * Fraction(3, 8) ** 11 * 5
    near = examine(claim, "stated", {**x, "eta": Fraction(1, 8) + Fraction(1, 10**9)})
    assert near.rhs[1] == 14


def test_stop_gradient_claim_is_the_estimator():
    claim = qm.claim("derived_stop_gradient_parity")
    objective = qm.LogObjective(
        qm.Quadratic.from_spectrum([1, 3], weights=[1, 1]), qm.GradientDescent(2)
    )
    found = examine(
        claim,
        "stated",
        claim.read({"eigenvalues": (1, 3), "weights": (1, 1), "eta": "1/2", "steps": 2}),
    )
    assert found.lhs[0] == -6
    assert qm.hypergradient(objective, 0.5, qm.StopGradient()).value == pytest.approx(-6, rel=1e-14)
    assert objective.gradient(0.5) == pytest.approx(4, rel=1e-14)


def test_mean_of_logs_has_the_two_minima_of_the_counterexample(decided):
    x = decided("derived_mean_log_unimodal").evidence["instance"]
    tasks = [
        qm.Quadratic.from_spectrum(
            np.array(x[f"eigenvalues_{k}"], dtype=float),
            weights=np.array(x[f"weights_{k}"], dtype=float),
        )
        for k in "AB"
    ]
    objective = qm.MeanLogObjective(qm.Quadratic.stack(tasks), qm.GradientDescent(x["steps"]))
    minima = objective.minima().step_size
    assert len(minima) == 2 and minima[0] < x["left"] < x["right"] < minima[1]


def test_backprop_sizes_follow_rho():
    claim = qm.claim("wang2021_backprop_intermediates")
    for eta, rate in (("1/2", Fraction(1, 2)), ("3/4", Fraction(5, 4))):
        sizes = {}
        for T in (10, 20):
            x = claim.read({"eigenvalues": (1, 3), "error": (1, 1), "eta": eta, "steps": T})
            sizes[T] = examine(claim, "printed", x).rhs[0]
            tame = examine(claim, "stated", x)
            assert tame.holds and set(tame.lhs[2 * T :]) == {Fraction(4, T**2)}
        assert float(sizes[20] / sizes[10]) == pytest.approx(float(rate) ** 20, rel=0.01)


def adjoints(T, **x):
    """Squares of |b_t| |e_t| over its bound, of |b_t|/2 over the same, t = T, ..., 1."""
    claim = qm.claim("wang2021_backprop_intermediates")
    found = examine(claim, "stated", claim.read({**x, "steps": T}))
    assert found.holds
    shares = [l / r for l, r in zip(found.lhs, found.rhs, strict=True)]
    return shares[:T], shares[T : 2 * T]


def test_adjoints_are_bounded_uniformly_in_time():
    # the largest lambda_i a_i^(2(T-t)) at t = T is that of a mode that is 0 from the first step on
    products, halves = adjoints(40, eigenvalues=(1, 3), error=(1, 1), eta="1/3")
    assert max(products) < 1 and max(halves) > Fraction(1, 8)
    # at 2/(L + mu), attained at every t for any kappa; |b_t| itself as kappa grows
    for k in (2, 8, 32):
        pair = {"eigenvalues": (1, k**2), "error": (k, 1), "eta": Fraction(2, k**2 + 1)}
        products, halves = adjoints(7, **pair)
        assert set(products) == {1}
        assert max(halves) <= Fraction(k**2, k**2 + 1)
    # a start near the least that max |e_t| >= 1/2 allows
    k = 1024
    top = Fraction(k**2 + 1, k**2 - 1) / 2
    pair = {"eigenvalues": (1, k**2), "error": (top, top / k), "eta": Fraction(2, k**2 + 1)}
    assert adjoints(1, **pair)[1] == [Fraction(k**2, k**2 + 1)]


def without_kappa(kappa, share):
    return 1 / share


def without_share(kappa, share):
    return (kappa + 1) ** 2 / (4 * kappa)


def slightly_less(kappa, share):
    return Fraction(999, 1000) * (kappa + 1) ** 2 / (4 * kappa * share)


@pytest.mark.parametrize("least", [without_kappa, without_share, slightly_less])
def test_a_smaller_bound_of_adjoints_is_caught(least):
    class Smaller(type(qm.claim("wang2021_backprop_intermediates"))):
        """Another bound of |b_t| |e_t| T/2. Proof: none."""

        def sides(self, x, form):
            lhs, _ = super().sides(x, form)
            lam, energy, T = x["eigenvalues"], x["error"] ** 2, x["steps"]
            a = abs(1 - x["eta"] * lam)
            kappa, share = lam.max() / lam.min(), energy[a == max(a)].sum() / energy.sum()
            return lhs[:T], np.array([4 * least(kappa, share) / T**2] * T)

    claim = Smaller()
    assert any(
        not examine(claim, "stated", claim.read(case)).holds for case in claim.cases("stated")
    )


@pytest.mark.parametrize(
    "error, eta",
    [
        (1 - Fraction(1, 2**60), 0),
        (Fraction(1, 10**400), 0),
        (10**400, 0),
        (1, 1 - Fraction(1, 10**400)),
    ],
)
def test_scales_beyond_float64_are_exact(error, eta):
    claim = qm.claim("wang2021_backprop_intermediates")
    x = claim.read({"eigenvalues": (1,), "error": (error,), "eta": eta, "steps": 1})
    found = examine(claim, "stated", x)
    assert found.admitted and found.holds


def test_meta_descent_counts_cover_the_library_and_growth_is_attained():
    claim = qm.claim("wang2021_meta_descent")
    equal, *_ = (claim.read(case) for case in claim.cases("repaired"))
    found = examine(claim, "repaired", equal)
    assert found.lhs[0] == found.rhs[0]
    for case in claim.cases("repaired"):
        x = arrays(claim.read(case))
        lam = x["eigenvalues"].astype(float)
        weights = lam * x["energy"].astype(float) / 2
        log = qm.LogObjective(
            qm.Quadratic.from_spectrum(lam, weights=weights), qm.GradientDescent(x["steps"])
        )
        bound = qm.iteration_bound(log, float(x["start"]), 1.0, float(x["epsilon"]))
        found = examine(claim, "repaired", claim.read(case))
        assert log.minimizer() == pytest.approx(float(x["best"]))
        # sqrt(k') of the library, at most the one of the claim, at most the explicit polynomial
        assert bound**0.5 <= float(found.lhs[2]) * (1 + 1e-9) <= float(found.rhs[2])


@pytest.mark.parametrize("factor", [(Fraction(101, 100), 1, 1), (1, 1, 10**6)])
def test_a_sharper_meta_descent_is_caught(factor):
    class Sharper(type(qm.claim("wang2021_meta_descent"))):
        """Another u_0, or a far smaller polynomial. Proof: none."""

        def sides(self, x, form):
            lhs, rhs = super().sides(x, form)
            return lhs * np.array(factor, dtype=object), rhs

    claim = Sharper()
    assert any(
        not examine(claim, "repaired", claim.read(case)).holds for case in claim.cases("repaired")
    )
