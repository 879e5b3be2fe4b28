"""Predicted failure horizons equal the observed ones to the step."""

import numpy as np
import pytest

import quadmeta as qm


def random_case(seed, dtype):
    """A task and a step size with |log2 rho| >= 0.05, above and below the edge of stability alike."""
    rng = np.random.default_rng([seed, len(dtype)])
    scale, spread = 10 ** rng.uniform(-1, 1), rng.uniform(0.2, 1.5)
    lam = scale * np.sort(10 ** rng.uniform(-spread, 0, int(rng.integers(2, 7))))
    p = qm.Quadratic.from_spectrum(
        lam, error=rng.standard_normal(len(lam)) * 10 ** rng.uniform(-2, 2)
    )
    # float64 fails eight times later: keep its runs short
    slowest = 0.05 if dtype == "float32" else 0.3
    while True:
        eta = rng.uniform(0, 2 if rng.random() < 0.5 else 5) / lam[-1]
        if abs(np.log2(np.abs(1 - eta * lam).max())) >= slowest:
            return p, eta


def observed(p, eta, dtype, T):
    return qm.hypergradient(
        qm.LogObjective(p, qm.GradientDescent(T)), eta, qm.Reverse(dtype=dtype)
    ).status


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predicted_horizons_are_the_observed_ones_to_the_step(dtype):
    regimes = {True: 0, False: 0}
    for seed in range(36):
        p, eta = random_case(seed, dtype)
        nonfinite, silent = qm.failure_horizon(p, eta, dtype)
        regimes[silent is None] += 1
        last = "ok" if silent is None else "silent zero"
        expected = {
            nonfinite: ("nan", "inf"),
            nonfinite + 2: ("nan", "inf"),
            nonfinite - 1: (last,),
            (silent or nonfinite) - 1: ("ok",),
            (silent or nonfinite) // 2: ("ok",),
        }
        if silent is not None:
            expected[silent] = ("silent zero",)
        for T, want in expected.items():
            if T >= 1:
                assert observed(p, eta, dtype, T) in want, (seed, T, nonfinite, silent)
    assert min(regimes.values()) >= 10  # both regimes are reached


RANGE = {"float16": (2.5, 1), "float32": (10, 10), "float64": (10, 10)}
"""Decades of the eigenvalues and of the error on either side of 1."""


@pytest.mark.parametrize("dtype", RANGE)
def test_predictions_are_exact_at_every_scale(dtype):
    """Eigenvalues from 1e-10 to 1e10: where w*w flushes to zero, or lam*w overflows, long before F
    does.
    """
    rng = np.random.default_rng([5, len(dtype), ord(dtype[-1])])
    scale, size = RANGE[dtype]
    seen = {True: 0, False: 0}
    while min(seen.values()) < 10:
        lam = 10 ** rng.uniform(-scale, scale) * np.sort(
            10 ** rng.uniform(-1.5, 0, int(rng.integers(2, 6)))
        )
        p = qm.Quadratic.from_spectrum(
            lam, error=rng.standard_normal(len(lam)) * 10 ** rng.uniform(-size, size)
        )
        eta = rng.choice(
            [2 / (lam[0] + lam[-1]), rng.uniform(0, 2) / lam[-1], rng.uniform(2, 5) / lam[-1]]
        )
        rate = abs(np.log2(np.abs(1 - eta * lam).max()))
        if rate < (0.3 if dtype == "float64" else 0.05):
            continue
        nonfinite, silent = qm.failure_horizon(p, eta, dtype, limit=4000)
        if nonfinite is None:
            continue
        seen[silent is None] += 1
        expected = {
            nonfinite: ("nan", "inf"),
            (silent or nonfinite) - 1: ("ok",),
            (silent or nonfinite) // 2: ("ok",),
        }
        if silent is not None:
            expected[silent] = ("silent zero",)
        for T, want in expected.items():
            if T >= 1:
                assert observed(p, eta, dtype, T) in want, (lam, p.error, eta, T, nonfinite, silent)


@pytest.mark.parametrize(
    ("spectrum", "first"),
    [((1e6, 2e6), 48), ((1e10, 2e10), 48), ((1e6, 1e7), 258), ((1, 1000), 25820)],
)
def test_large_eigenvalues_fail_where_the_square_of_the_error_flushes_to_zero(spectrum, first):
    p = qm.Quadratic.from_spectrum(spectrum, error=[2**-0.5, 2**-0.5])
    eta = 2 / sum(spectrum)
    assert qm.failure_horizon(p, eta, "float32") == (first, None)
    if first < 1000:
        assert (
            observed(p, eta, "float32", first) in ("nan", "inf")
            and observed(p, eta, "float32", first - 1) == "ok"
        )


@pytest.mark.parametrize(("eta", "dtype"), [(1e39, "float32"), (1e5, "float16")])
def test_a_step_size_beyond_the_format_fails_at_once(eta, dtype):
    p = qm.Quadratic.from_spectrum([1.0, 10.0], error=[1.0, 1.0])
    assert qm.failure_horizon(p, eta, dtype) == (1, None) and observed(p, eta, dtype, 1) == "nan"
    # eigenvalues that float16 rounds to 0
    tiny = qm.Quadratic.from_spectrum([1e-9, 1e-8], error=[1.0, 1.0])
    assert (
        qm.failure_horizon(tiny, 0.1, "float16") == (1, None)
        and observed(tiny, 0.1, "float16", 1) == "nan"
    )


def test_a_loss_that_overflows_at_first_is_a_silent_zero_at_once():
    p = qm.Quadratic.from_spectrum([1.0, 2.0], error=[1000.0, 1000.0])
    first = qm.failure_horizon(p, 0.4, "float16")
    assert first.silent_zero == 1 and observed(p, 0.4, "float16", 1) == "silent zero"
    assert observed(p, 0.4, "float16", first.nonfinite) in ("nan", "inf")


def test_laws_of_the_horizon():
    """(E + log2 T + log2 omega) / (2 log2 1/rho) steps below the edge, (E - 1 - log2 omega) / (2
    log2 rho) above.
    """
    p = qm.Quadratic.from_spectrum([1.0, 10.0], error=[1.0, 1.0])
    T = qm.failure_horizon(p, 0.05, "float32").nonfinite
    assert T == pytest.approx((128 + np.log2(T) + np.log2(0.5)) / (2 * np.log2(1 / 0.95)), rel=0.01)
    assert qm.failure_horizon(p, 0.3, "float32").silent_zero == pytest.approx(
        (127 - np.log2(5)) / 2, abs=1
    )


def test_no_failure_up_to_the_limit_and_bad_input():
    p = qm.Quadratic.from_spectrum([1.0, 10.0], error=[1.0, 1.0])
    # eta = 2/L: |a_L| = 1
    assert qm.failure_horizon(p, 0.2, "float64", limit=1000) == (None, None)
    assert qm.failure_horizon(p, 0.0, limit=1000) == (None, None)
    for arguments, message in (
        ((0.1, "bfloat"), "dtype = 'bfloat'"),
        ((-1.0,), "step_size = -1.0"),
        ((0.1, "float32", 0), "limit"),
        ((0.1, np.float32), "did you mean 'float32'"),
        (([0.1, 0.2],), "step_size .* one number"),
        ((np.inf,), "step_size"),
    ):
        with pytest.raises(ValueError, match=message):
            qm.failure_horizon(p, *arguments)
    with pytest.raises(ValueError, match="problem is the class Quadratic"):
        qm.failure_horizon(qm.Quadratic, 0.1)
    with pytest.raises(ValueError, match="one at a time"):
        qm.failure_horizon(qm.Quadratic.random(3, 0, 2), 0.1)
