"""Predicted failure horizons equal the observed ones to the step."""
import numpy as np
import pytest

import quadmeta as qm


def random_case(seed, dtype):
    """A task and a step size with |log2 rho| >= 0.05, above and below the edge of stability alike."""
    rng = np.random.default_rng([seed, len(dtype)])
    scale, spread = 10 ** rng.uniform(-1, 1), rng.uniform(0.2, 1.5)
    lam = scale * np.sort(10 ** rng.uniform(-spread, 0, int(rng.integers(2, 7))))
    p = qm.Quadratic.from_spectrum(lam, error=rng.standard_normal(len(lam)) * 10 ** rng.uniform(-2, 2))
    # float64 fails eight times later: keep its runs short
    slowest = 0.05 if dtype == "float32" else 0.3
    while True:
        eta = rng.uniform(0, 2 if rng.random() < 0.5 else 5) / lam[-1]
        if abs(np.log2(np.abs(1 - eta * lam).max())) >= slowest:
            return p, eta


def observed(p, eta, dtype, T):
    return qm.hypergradient(qm.LogObjective(p, qm.GradientDescent(T)), eta, qm.Reverse(dtype=dtype)).status


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predicted_horizons_are_the_observed_ones_to_the_step(dtype):
    regimes = {True: 0, False: 0}
    for seed in range(60):
        p, eta = random_case(seed, dtype)
        nonfinite, silent = qm.failure_horizon(p, eta, dtype)
        regimes[silent is None] += 1
        last = "ok" if silent is None else "silent zero"
        expected = {nonfinite: ("nan", "inf"), nonfinite + 2: ("nan", "inf"), nonfinite - 1: (last,),
                    (silent or nonfinite) - 1: ("ok",), (silent or nonfinite) // 2: ("ok",)}
        if silent is not None:
            expected[silent] = ("silent zero",)
        for T, want in expected.items():
            if T >= 1:
                assert observed(p, eta, dtype, T) in want, (seed, T, nonfinite, silent)
    assert min(regimes.values()) >= 10  # both regimes are reached


def test_half_precision_is_predicted_within_its_rounding_drift():
    for seed in range(20):
        p, eta = random_case(seed, "float32")
        h = qm.failure_horizon(p, eta, "float16")
        first = h.silent_zero or h.nonfinite
        late = observed(p, eta, "float16", first + max(4, first // 2))
        assert late != "ok"


def test_laws_of_the_horizon():
    """(E + log2 T + log2 omega) / (2 log2 1/rho) steps below the edge, (E - 1 - log2 omega) / (2 log2 rho) above."""
    p = qm.Quadratic.from_spectrum([1.0, 10.0], error=[1.0, 1.0])
    T = qm.failure_horizon(p, 0.05, "float32").nonfinite
    assert T == pytest.approx((128 + np.log2(T) + np.log2(0.5)) / (2 * np.log2(1 / 0.95)), rel=0.01)
    assert qm.failure_horizon(p, 0.3, "float32").silent_zero == pytest.approx((127 - np.log2(5)) / 2, abs=1)


def test_no_failure_up_to_the_limit_and_bad_input():
    p = qm.Quadratic.from_spectrum([1.0, 10.0], error=[1.0, 1.0])
    assert qm.failure_horizon(p, 0.2, "float64", limit=1000) == (None, None)  # eta = 2/L: |a_L| = 1
    assert qm.failure_horizon(p, 0.0, limit=1000) == (None, None)
    for arguments, message in (((0.1, "bfloat"), "unknown dtype"), ((-1.0,), "negative"),
                               ((0.1, "float32", 0), "limit")):
        with pytest.raises(ValueError, match=message):
            qm.failure_horizon(p, *arguments)
    with pytest.raises(ValueError, match="one at a time"):
        qm.failure_horizon(qm.Quadratic.random(3, 0, 2), 0.1)
