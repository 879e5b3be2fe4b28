"""For which step sizes streaming SGD on Gaussian features is stable in mean square."""
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims._base import Claim, Form
from quadmeta.claims._domain import EIGENVALUES, Instance, Parameter, STEP_SIZE, STEPS
from quadmeta.claims._sgd import definite, expectation, strain, streamed, times, transition
from quadmeta.problems.streaming_gaussian import StreamingGaussian

Array = Any


class DerivedStreamingMeanSquareLimit(Claim):
    """e' = (I - eta xx') e, x ~ N(0, S): v_i = E e_i^2 obeys v' = A v, A = diag(1 - 2x + 2x^2) + x x', x = eta lambda.

    Its spectral radius is < 1 iff eta lambda_max < 1 and B(eta) = sum_i x_i / (2 (1 - x_i)) < 1, and the limit eta_ms
    lies between 2/(tr S + 2 lambda_max) and 2/(tr S + 2 tr S^2/tr S), which are equal for S = lambda I.

    Sides: whether 0 < A < I, and it is not, next to the condition; B at the lower bound and 1, 1 and B at the upper
    one; sum E e_i'^2 by Gaussian moments over sum (A v)_i and E f(w_T) over lambda'A^T v/2, and their inverses.

    Proof. A is positive definite, since 1 - 2x + 2x^2 = (1 - x)^2 + x^2, so the radius is < 1 iff I - A = diag(2x (1 -
    x)) - x x' > 0. A negative or zero 2x_i (1 - x_i) excludes that; otherwise 1 > sum x_i^2 / (2x_i (1 - x_i)) decides.
    B increases. Low: 1 - x_i >= 1 - x_max. High: Jensen for t/(1 - t) with weights lambda; there x_max < 1, as 2/(u +
    2/u) <= 1/sqrt(2) with u = tr S/lambda_max.
    """

    reference = "derived"
    strength = "tight"
    draws = 100
    forms = {"printed": Form(r"\rho(\mathsf A)<1\iff\eta\lambda_{\max}<1,\ \mathcal B(\eta)<1;\quad\tfrac2{"
                             r"\mathrm{tr}S+2\lambda_{\max}}\le\eta_{\rm ms}\le\tfrac2{\mathrm{tr}S+2\mathrm{tr}S^2/"
                             r"\mathrm{tr}S}",
                             "holds", "proof + exact", proved=True, attained=True)}
    domain = {"eigenvalues": EIGENVALUES, "error": Parameter("e_i", open=True, axis="d"), "eta": STEP_SIZE,
              "steps": STEPS}

    def assumptions(self, x: Any, form: str) -> Mapping[str, Array]:
        """A step."""
        return {"eta > 0": x["eta"]}

    def prepare(self, x: Instance) -> Instance:
        """Every third instance at the limit: x_i = 2y_i/(1 + 2y_i) for y = lambda / sum lambda, so that B = 1."""
        lam, eta = x["eigenvalues"], x["eta"]
        if x["steps"] % 3 or eta == 0 or (eta * max(lam) < 1 and strain(np.array(lam, dtype=object), eta) == 1):
            return x
        shares = [v / sum(lam) for v in lam]
        return {**x, "eigenvalues": tuple(2 * y / (1 + 2 * y) / eta for y in shares)}

    def sides(self, x: Any, form: str) -> tuple[Array, Array]:
        """Definiteness, the bracket, moments; the condition, 1, the recursion."""
        lam, e, eta, T = x["eigenvalues"], x["error"], x["eta"], x["steps"]
        A, v, one = transition(lam, eta), e * e, lam[0] / lam[0]
        stable = definite(A)[0] and definite(np.diag(one + 0 * lam) - A)[0]
        allowed = bool(eta * lam.max() < 1 and strain(lam, eta) < 1)
        trace = lam.sum()
        low, high = (strain(lam, 2 / (trace + 2 * extra)) for extra in (lam.max(), (lam**2).sum() / trace))
        drawn = sum(expectation(times(f, f), [*lam, one]) for f in streamed(e, eta, 0 * eta)) / (A @ v).sum()
        run = StreamingGaussian.from_spectrum(lam, e).recursion(T, eta)
        for _ in range(T):
            v = A @ v
        run = 2 * run / (lam @ v)
        return (np.array([int(stable), int(not stable), low, one, drawn, 1 / drawn, run, 1 / run], dtype=object),
                np.array([int(allowed), int(not allowed), one, high, one, one, one, one], dtype=object))

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Around the limit 1/(2 lambda) of two equal eigenvalues; between the bounds; beyond 1/lambda_max."""
        for eta in ("49/100", "51/100"):
            yield {"eigenvalues": (1, 1), "error": (1, 2), "eta": eta, "steps": 3}
        for eta in ("1/3", "2/5", "3/2"):
            yield {"eigenvalues": (1, 2), "error": (1, 1), "eta": eta, "steps": 2}
