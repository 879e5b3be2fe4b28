"""Conjugate gradients as inner optimizer: the best of all polynomials of degree T, found on the
way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import natural
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.optimizers.parts.conjugate_step import ConjugateStep, has_ended, require_positive

_CLEAR = 2.0**100


@dataclass(frozen=True, repr=False)
class ConjugateGradientSolver(Optimizer):
    """T = ``steps`` steps of conjugate gradients on a quadratic inner loss, which has no parameter.

    With r = grad f(w) and p = -r at the start, each step is

        a = r'r / p'Hp,   w <- w + a p,   r <- r + a H p,   p <- -r + (r'r / before) p.

    The residual polynomial depends on the problem, so that w_T is not linear in the data, and the
    derivative of w_T is more than implicit differentiation: also the space moves in which w_T is
    the best. Three things follow for hypergradients:

    - after its own end (r = 0 before step T) w_T is the minimum, but has directional derivatives
      only, which do not add up: refused;
    - just at its end w_T is the minimum, and its derivative is that of the minimum only if T = P;
    - close to its end the derivative depends on the last digits of H.

    ``OuterLoss.gradient`` takes 2T + 1 products with H in float64. Where reverse mode through the
    steps does not confirm twelve digits of it, it is computed in as many digits as it takes, from H
    and b as they are, in half a second at T = P = 40 and some seconds at P = 650 and T = 20: its
    error is below 1e-12 of the largest entry. ``OuterLoss.definition`` is reverse mode in float64,
    which loses what the steps lose, and ``trained`` keeps all directions orthogonal.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1; when it runs, p'Hp <= 0.

    References
    ----------
    Hestenes and Stiefel 1952.

    Examples
    --------
    Two steps on two eigenvalues end at the minimum, H^-1 b:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> H = np.diag([1.0, 4.0])
    >>> *_, last = qm.ConjugateGradientSolver(steps=2).run(lambda w: H @ w - 1, np.zeros(2), ())
    >>> last.round(12)
    array([1.  , 0.25])

    As the inner optimizer of a bilevel problem:

    >>> problem = qm.Coupled.random([0.2, 0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(steps=3))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Reverse())
    >>> bool(abs(found.value - loss.gradient([0.1, -0.2])).max() < 1e-12)
    True
    """

    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))

    @property
    def free(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def transition(self) -> ConjugateStep:
        """A step on (w, r, p)."""
        return ConjugateStep()

    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any = ()) -> Iterator[Any]:
        """The iterates from ``start`` (d,), in any arithmetic of arrays with ``+ - * /`` and a sum.

        ``gradient`` is that of a quadratic: products with H are its differences, H p = grad f(p) -
        grad f(0), so that it is called once a step and twice before. After its own end w stays.

        Raises
        ------
        ValueError
            p'Hp <= 0 before the end: H is singular or indefinite.
        """
        w = start
        yield w
        zero = gradient(0 * start)
        r = gradient(w)
        p = -r
        square = _dot(r, r)
        for t in range(self.steps):
            if has_ended(_plain(square)):
                yield w
                continue
            image = _image(gradient, zero, p)
            curvature = _dot(p, image)
            require_positive(t, _plain(curvature))
            a = square / curvature
            w = w + a * p
            r = r + a * image
            before = square
            square = _dot(r, r)
            p = square / before * p - r
            yield w


def _image(gradient: Callable[[Any], Any], zero: Any, p: Any) -> Any:
    """H p as a difference of gradients; in float64 that of a large multiple of p, in which the
    linear term, ``zero``, does not drown a small H p.
    """
    if not isinstance(p, np.ndarray) or p.dtype == object:
        return gradient(p) - zero
    factor = _CLEAR * np.abs(zero).max() / np.abs(p).max() or 1.0
    return (gradient(factor * p) - zero) / factor


def _dot(x: Any, y: Any) -> Any:
    """x'y; of jets with an axis of length 1, so that it multiplies vectors and their rows alike."""
    product = x * y
    if isinstance(product, Jet):
        return product.map(lambda part: part.sum(axis=-1, keepdims=True))
    return product.sum()


def _plain(x: Any) -> Any:
    """The value of a number that may carry derivatives."""
    if isinstance(x, Jet):
        return np.asarray(x.value).item()
    return x
