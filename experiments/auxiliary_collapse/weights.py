"""Learned weights of auxiliary tasks in closed form: one task by a matrix pencil, any number by a
spectral filter.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import brentq

import quadmeta as qm
from quadmeta.theory.filters import neumann
from quadmeta.training.bilevel import Gradient, State, bilevel_descent


class Pencil:
    """One task: A_1 Psi = A_0 Psi diag(omega), Psi'A_0 Psi = I, w_* = Psi z.

    z = z0 + phi omega / (1 + phi omega) (z1 - z0) between the solutions z0, z1 of both tasks; zA
    is that of L_A.
    """

    def __init__(self, problem: qm.AuxiliaryTasks) -> None:
        A0, A1 = problem.grams
        r0, r1 = problem.moments[..., 0]
        self.omega, psi = eigh(A1, A0)
        self.z0 = np.linalg.solve(psi, np.linalg.solve(A0, r0))
        self.z1 = np.linalg.solve(psi, np.linalg.solve(A1, r1))
        self.outer = psi.T @ problem.outer_hessian @ psi
        self.zA = np.linalg.solve(
            psi, np.linalg.solve(problem.outer_hessian, problem.outer_linear[:, 0])
        )
        self.c = float(problem.constants[1] - (self.omega * self.z1**2).sum() / 2)

    def z(self, phi: float) -> Any:
        """Coordinates of w_*."""
        return self.z0 + phi * self.omega / (1 + phi * self.omega) * (self.z1 - self.z0)

    def loss(self, phi: float) -> float:
        """l_1(w_*), the slope of min L_T."""
        return float((self.omega * (self.z(phi) - self.z1) ** 2).sum() / 2 + self.c)

    def excess(self, phi: float) -> float:
        """F - c_A."""
        away = self.z(phi) - self.zA
        return float(away @ self.outer @ away / 2)

    def slope(self, phi: float) -> float:
        """F'."""
        turn = self.omega * (self.z1 - self.z0) / (1 + phi * self.omega) ** 2
        return float((self.z(phi) - self.zA) @ self.outer @ turn)

    def chi(self, phi: float) -> float:
        """F' = phi chi(phi) where the training set is the auxiliary set."""
        return float((self.omega**2 * (self.z0 - self.z1) ** 2 / (1 + phi * self.omega) ** 3).sum())


def filtered(problem: qm.AuxiliaryTasks, phi: Any, nu: float, J: int) -> Any:
    """-u_k'f_J(H) v at w_*(phi) in the eigenbasis of H."""
    bound = problem.at(np.atleast_1d(phi))
    lam, Q = bound.spectrum
    W = bound.minimizer
    v = Q.T @ problem.outer_gradient(W.ravel())
    return -(problem.rows(bound.alpha, W)[..., 0] @ Q) @ (neumann(lam, nu, J) * v)


def two_stage(
    problem: qm.AuxiliaryTasks, start: Any, estimator: Any, beta: float, nu: float
) -> Iterator[State]:
    """States of hypergradient descent, every inner problem solved."""
    loss = qm.OuterLoss(problem, qm.GradientDescent(1, nu))
    return bilevel_descent(loss, start, estimator, Gradient(beta), lower=0.0, exact=True)


def root(problem: qm.AuxiliaryTasks, nu: float, J: int) -> float:
    """The smallest weight where the filtered gradient changes sign from - to +."""
    grid = np.geomspace(1e-3, 4.0, 60)
    values = [filtered(problem, x, nu, J)[0] for x in grid]
    at = next(i for i in range(59) if values[i] < 0 <= values[i + 1])
    return float(
        brentq(
            lambda x: filtered(problem, x, nu, J)[0], grid[at], grid[at + 1], xtol=1e-14, rtol=1e-14
        )
    )
