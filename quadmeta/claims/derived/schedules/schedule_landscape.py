"""A schedule of T step sizes has no bad local minimum: a critical point is the global minimum or a
strict saddle.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.schedules import SCHEDULE, Loss, distinct, enriched
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, WEIGHTS, Instance, Values


class DerivedScheduleLandscape(Claim):
    """Critical points of F(eta_1, ..., eta_T) = sum_i omega_i p(lambda_i)^2,
    p = prod_t (1 - eta_t lambda).

    Those with distinct entries are the global minimum, unique up to permutation; wherever two
    entries coincide, at critical points or not, F curves down along e_a - e_b. Sides: F at another
    schedule eta', and F(eta) + sum_i omega_i (p' - p)^2 + sum_t k_t dF/d eta_t, where
    p' - p = sum_t k_t dp/d eta_t; whether that square is positive, and whether eta' is no
    permutation of eta; with a step eta_T+1 = eta_T more the curvature along their difference, and
    -4 sum_i omega_i lambda_i^2 p(lambda_i)^2; its sign; that of each d^2F/d eta_t^2.

    Proof. Distinct entries: dp/d eta_t = -lambda prod_{s != t} (1 - eta_s lambda) are a basis of
    the polynomials lambda r, deg r < T, so k exists; expand F in p' - p. At a critical point
    F(eta') - F(eta) is the square, which is 0 for p' = p on more than T points only: then their
    roots agree. eta_a, eta_b = eta +- s: with q the other factors the product is
    q ((1 - eta lambda)^2 - s^2 lambda^2), so d^2F/ds^2 = -4 sum omega lambda^2
    (q (1 - eta lambda))^2, where q (1 - eta lambda), of degree T at T + 1 steps, is not 0 on more
    than T points. d^2F/d eta_t^2 = 2 sum omega (dp/d eta_t)^2.
    """

    reference = "derived"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"\nabla F(\eta)=0,\ \eta_t\text{ distinct}\implies F(\eta)=\min F;\quad\eta_a=\eta_b"
            r"\implies(\partial_a-\partial_b)^2F=-4F\,E_\pi[U_a^2]<0",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "schedule": SCHEDULE,
        "other": SCHEDULE,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More eigenvalues than steps; distinct entries of the first schedule."""
        T = len(x["schedule"])
        return {
            "distinct eigenvalues > T": distinct(x["eigenvalues"]) - T,
            "distinct eta_t = T": T - distinct(x["schedule"]),
        }

    def prepare(self, x: Instance) -> Instance:
        """Equal entries are moved apart, eigenvalues are added."""
        schedule: tuple[Any, ...] = ()
        for value in x["schedule"]:
            schedule += (max(schedule) + 1 if value in schedule else value,)
        return enriched({**x, "schedule": schedule}, len(schedule) + 1, "weights")

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F', a square, the curvature and signs; the same by their formulas."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        etas = x["schedule"] / lam.max()
        other = x["other"] / lam.max()
        nodes = [int(np.argmax(lam == value)) for value in sorted(set(lam))[: len(etas)]]
        at = Loss.at(lam, omega, etas)
        to = Loss.at(lam, omega, other)
        step = to.residual - at.residual
        k = solve(at.tangents.T[nodes], step[nodes])
        square = (omega * step**2).sum()
        H = Loss.at(lam, omega, np.append(etas, etas[-1])).hessian
        bend = H[-1, -1] + H[-2, -2] - 2 * H[-1, -2]
        down = -4 * (omega * lam**2 * at.residual**2).sum()
        return (
            np.array(
                [to.value, int(square > 0), bend, int(bend < 0), *map(int, H.diagonal() > 0)],
                dtype=object,
            ),
            np.array(
                [
                    at.value + square + k @ at.gradient,
                    int(sorted(other) != sorted(etas)),
                    down,
                    1,
                    *[1] * len(H),
                ],
                dtype=object,
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The global minimum (1, 1/2); a step 1/lambda_i; a permutation; a step 0."""
        yield {
            "eigenvalues": ("1/2", "3/2", 3),
            "weights": ("16/5", "16/3", "2/15"),
            "schedule": (3, "3/2"),
            "other": (1, 2),
        }
        yield {
            "eigenvalues": (1, 2, 4, 5),
            "weights": (1, 1, 2, 1),
            "schedule": (5, "5/2"),
            "other": ("5/2", 5),
        }
        yield {"eigenvalues": (1, 2, 3), "weights": (1, 1, 1), "schedule": (0,), "other": (-1,)}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """As many eigenvalues as steps: F = 0 in a valley."""
        yield {"eigenvalues": (1, 2), "weights": (1, 1), "schedule": (2, 1), "other": (1, 2)}
        yield {"eigenvalues": (1,), "weights": (1,), "schedule": (1,), "other": (2,)}
