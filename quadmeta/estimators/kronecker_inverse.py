"""Implicit differentiation with Kronecker factors of the Hessian of several outputs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import choice, natural, number, seeded
from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.parts.inner_system import InnerSystem
from quadmeta.objectives.parts.tape import Derivative, Tape

DAMPINGS = ("exact", "factored")


@dataclass(frozen=True)
class KroneckerInverse(Estimator):
    """Implicit differentiation for weights W (p, m) whose Hessian is V -> A V C + rho V.

    A (p, p) and C (m, m) are read off p + m products with matrices of rank one, instead of the p m
    of a full Hessian. The inverse is exact in the two eigenbases, in O(p^3 + m^3), or that of
    (A + sqrt(rho) / tau) V (C + tau sqrt(rho)), which needs no eigenvectors: the usual damping of
    Kronecker factors, which loses everything where one factor is large and the other 0 (filter
    ``filters.kronecker``).

    Where all outputs share one Hessian, as in every quadratic problem of this package, C is the
    identity and ridge = 0 is exact. On a Hessian of another form it is an approximation, and
    ``notes["misfit"]`` of the result says how far the p products are from those of the factors.

    Parameters
    ----------
    outputs
        m >= 1, the columns of W; P must be a multiple.
    ridge
        rho >= 0, the part of the Hessian that is a multiple of the identity, in its units.
    damping
        "exact" or "factored".
    tau
        > 0, how the factored damping is split between factors that are scaled to equal mean
        eigenvalues; 1 is the usual split.
    seed
        of the two random vectors.

    Raises
    ------
    ValueError
        arguments outside their domain, P no multiple of ``outputs``, factors that are not positive
        (semi)definite, an inner run that diverged, or the step size as parameter.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> X = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 0.0]])
    >>> problem = qm.Ridge(train=(X, X @ np.eye(2)), validation=(X, X @ np.ones((2, 2))))
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=500, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1], qm.KroneckerInverse(outputs=2))
    >>> bool(abs(found.value - loss.implicit([0.1])).max() < 1e-10)
    True
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (4, 1, 1, 1)
    """

    outputs: int
    ridge: float = 0.0
    damping: str = "exact"
    tau: float = 1.0
    seed: int = 0
    steps_matter = False
    reference = "Martens, Grosse 2015 (factored damping); exact in the eigenbases: derived"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "outputs", natural("outputs", self.outputs))
        object.__setattr__(self, "ridge", number("ridge", self.ridge, least=0))
        choice("damping", self.damping, DAMPINGS)
        object.__setattr__(self, "tau", number("tau", self.tau, above=0))
        object.__setattr__(self, "seed", seeded("seed", self.seed))

    def estimate(self, tape: Tape) -> Derivative:
        """B vec(X) with A X C + rho X = G."""
        system = InnerSystem(tape)
        m = self.outputs
        P = len(system.g)
        if P % m:
            raise ValueError(
                f"outputs = {m} do not divide the P = {P} weights: pass the number of columns of W"
            )
        G = system.g.reshape(-1, m)
        rho = system.step_size * self.ridge
        A, C = self._factors(system, rho)
        a, U = np.linalg.eigh(A)
        c, V = np.linalg.eigh(C)
        if self.damping == "exact":
            curvature = a[:, None] * c + rho
        else:
            curvature = (a[:, None] + rho**0.5 / self.tau) * (c + rho**0.5 * self.tau)
        if not curvature.min() > 1e-14 * curvature.max():
            raise ValueError(
                f"ridge = {self.ridge:.6g} leaves the eigenvalue {curvature.min():.3g} next to "
                f"{curvature.max():.3g} in the product of the factors: pass the ridge that the "
                "inner loss has, or a larger one"
            )
        X = U @ (U.T @ G @ V / curvature) @ V.T
        return system.estimate_of_solution(X.ravel())

    def _factors(self, system: InnerSystem, rho: float) -> tuple[Array, Array]:
        """A and C with M - rho = (V -> A V C), from (M - rho)(e_i u') = A e_i (C u)' and
        (M - rho)(x e_j') = A x (C e_j)' for two unit vectors u and x.
        """
        m = self.outputs
        p = len(system.g) // m
        rng = np.random.default_rng(self.seed)
        u, x = (_unit(rng, size) for size in (m, p))
        rows = np.eye(p)[:, :, None] * u
        columns = x[:, None] * np.eye(m)[:, None, :]
        images = []
        for probes in (rows, columns):
            flat = probes.reshape(len(probes), -1)
            images.append((system.times(flat) - rho * flat).reshape(probes.shape))
        # (u'C u) A and (x'A x) C
        A = (images[0] @ u).T
        C = np.einsum("jkl,k->lj", images[1], x)
        scale = float(x @ A @ x)
        means = np.trace(A) / p, np.trace(C) / m
        if not (scale > 0 and min(means) > 0):
            raise ValueError(
                f"ridge = {self.ridge:.6g} leaves no positive factors of the inner Hessian: pass "
                "the ridge that the inner loss has"
            )
        # what is no product of the two factors
        misfit = images[0] - A.T[:, :, None] * (C @ u / scale)
        size = np.linalg.norm(images[0])
        system.tape.notes["misfit"] = float(np.linalg.norm(misfit) / size)
        # of all factors with this product those of equal mean eigenvalues
        balance = (means[1] / (scale * means[0])) ** 0.5
        return balance * (A + A.T) / 2, (C + C.T) / (2 * scale * balance)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """p + m Hessian products, which serve every right-hand side, and one mixed product."""
        hvps = P // self.outputs + self.outputs
        return {"hvps": hvps, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}


def _unit(rng: np.random.Generator, size: int) -> Array:
    """A random vector of length 1."""
    v = rng.standard_normal(size)
    found: Array = v / np.linalg.norm(v)
    return found
