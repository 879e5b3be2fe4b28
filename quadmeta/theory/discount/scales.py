"""What a bound of the discounted hypergradient may know of an instance."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

from quadmeta._types import Scalar
from quadmeta._validate import instance, natural, quantity, show

_NORMS = ("L2", "R", "G", "B", "H_w", "M_b")


@dataclass(frozen=True)
class Scales:
    """Curvature, step size and norms of one instance, in floats or fractions.

    Parameters
    ----------
    mu, L
        curvature of the inner loss, 0 < mu <= H <= L.
    eta, gamma, steps
        step size > 0, discount in [0, 1), number T >= 1 of inner steps.
    L2
        smoothness of the outer loss.
    R
        ||w_0 - w_*||.
    G
        ||g_T||, gradient of the outer loss at w_T.
    B
        largest ||J(w_t)||, t < T.
    H_w
        Lipschitz constant of H, only for ``bias_bound_lipschitz_hessian``,
        ``bias_bound_minimal_repair``, ``bias_bound_matrix_discount`` and
        ``bias_bound_as_printed``.
    M_b
        Lipschitz constant of J, only for ``bias_bound_matrix_discount``.
    q
        sqrt(1 - eta mu), only for ``bias_bound_minimal_repair`` and ``bias_bound_as_printed``: give
        it with fractions, default by ``math.sqrt``.

    Raises
    ------
    ValueError
        a value outside these ranges, or another q.

    Examples
    --------
    >>> from quadmeta.theory.discount import Scales, bias_bound_quadratic
    >>> x = Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=50)
    >>> round(float(bias_bound_quadratic(x)), 4)
    9.1549
    """

    mu: Any
    L: Any
    eta: Any
    gamma: Any
    steps: int
    L2: Any = 1
    R: Any = 1
    G: Any = 1
    B: Any = 1
    H_w: Any = 0
    M_b: Any = 0
    q: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        for name in ("mu", "L", "eta", "gamma", *_NORMS):
            object.__setattr__(self, name, quantity(name, getattr(self, name)))
        if not (0 < self.mu <= self.L and self.eta > 0):
            raise ValueError(
                f"mu = {show(self.mu)}, L = {show(self.L)}, eta = {show(self.eta)} must meet "
                "0 < mu <= L and eta > 0: pass eigenvalue bounds and a step size"
            )
        if not 0 <= self.gamma < 1:
            raise ValueError(f"gamma = {show(self.gamma)} must lie in [0, 1): pass a discount")
        for name in _NORMS:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {show(getattr(self, name))} must be >= 0: pass a norm")
        if self.q is not None:
            object.__setattr__(self, "q", quantity("q", self.q))
            if not (self.q > 0 and abs(self.q**2 - self.a_mu) <= 1e-12):
                raise ValueError(
                    f"q = {show(self.q)} must be sqrt(1 - eta mu): pass None, or its exact value"
                )

    @property
    def a_mu(self) -> Any:
        """1 - eta mu, the slowest factor of a step."""
        return 1 - self.eta * self.mu

    @property
    def a_L(self) -> Any:
        """1 - eta L, the fastest one."""
        return 1 - self.eta * self.L

    def root(self) -> Any:
        """q = sqrt(1 - eta mu).

        Raises
        ------
        ValueError
            eta mu >= 1.
        """
        if not self.a_mu > 0:
            raise ValueError(f"eta mu = {show(self.eta * self.mu)} must be < 1: pass a smaller eta")
        if self.q is None:
            return sqrt(self.a_mu)
        return self.q

    def require_step(self, curvature: Scalar, limit: str) -> None:
        """Refuse a step size beyond 1 / curvature, which a message calls ``limit``."""
        # a few ulp: 1/L is rounded in floats
        if self.eta * curvature > 1 + 4e-16:
            raise ValueError(
                f"eta = {show(self.eta)} must be at most {limit}: this bound says nothing beyond"
            )

    def require_discount_between(self) -> None:
        """Refuse a discount outside [1 - eta L, 1 - eta mu]."""
        # no sum with a float: the numbers may be traced ones
        if not min(self.gamma - self.a_L, self.a_mu - self.gamma) >= -1e-15:
            raise ValueError(
                f"gamma = {show(self.gamma)} must lie in [1 - eta L, 1 - eta mu]: or use "
                "bias_bound_quadratic"
            )


def require_scales(x: Scales) -> None:
    """Refuse what is no instance of ``Scales``."""
    instance("x", x, Scales, "Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=10)")
