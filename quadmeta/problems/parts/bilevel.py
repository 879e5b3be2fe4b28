"""Bilevel problems: an inner loss L_1(w, alpha) that is trained, an outer loss L_2(w, alpha) of
what was trained, and hyperparameters alpha that are chosen for it.

w is a flat vector of length P, alpha one of length h. ``BilevelProblem.at(alpha)`` is the inner
loss at fixed hyperparameters, an ``InnerLoss``: it gives gradients and products and nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, shaped, show
from quadmeta.problems.parts.check_table import Checks
from quadmeta.problems.parts.keep import keep

OWN = "quadmeta.problems.parts.own"
"""Where the modules are that build on this one, and that it imports when they are asked for."""


class InnerLoss(ABC):
    """The inner loss L_1(., alpha) at fixed hyperparameters: what training and estimators need of
    it.

    A subclass gives ``gradient``, ``hvp`` and ``mixed``. J(w) = d^2 L_1 / d alpha d w' is the
    mixed derivative, an h x P matrix.
    """

    @abstractmethod
    def gradient(self, w: Array) -> Array:
        """d L_1 / d w at w, shape (P,)."""

    @abstractmethod
    def hvp(self, w: Array, v: Array) -> Array:
        """Hessian at w times v, for v of shape (P,) or several of them as rows, (n, P)."""

    @abstractmethod
    def mixed(self, w: Array, v: Array) -> Array:
        """J(w) v for v (P,), shape (h,)."""

    def jacobian(self, w: Array) -> Array:
        """J(w) itself, shape (h, P), which forward mode needs: by default from P mixed products."""
        return np.stack([self.mixed(w, unit) for unit in np.eye(len(w))], axis=-1)

    def value(self, w: Array) -> float | None:
        """L_1 at w, where it is known: no estimator needs it, and ``BilevelProblem.check``
        compares the gradient with its differences.
        """
        return None

    def batch(self, index: Array) -> "InnerLoss":
        """The inner loss of the rows ``index`` (k,) of the data alone, for ``Minibatches``.

        Raises
        ------
        ValueError
            an inner loss that does not define it.
        """
        raise ValueError(f"{type(self).__name__} has no batches: define batch(index)")

    def largest_step_size(self) -> float:
        """2 / L, beyond which gradient descent diverges; infinity where it is not known."""
        return np.inf

    def curvatures(self) -> tuple[float, float] | None:
        """The least and the largest eigenvalue of the Hessian; None where they are not known."""
        return None

    def null_share(self, v: Array) -> tuple[float, float] | None:
        """(share of the norm of v that lies in the null space of the Hessian, what rounding makes
        of 0); None where it is not known.
        """
        return None


class BilevelProblem(ABC):
    """min over alpha of L_2(w(alpha), alpha), where w(alpha) comes from training on L_1(., alpha).

    A subclass gives ``hyperparameters`` (h), ``start`` (w_0), the inner loss at fixed
    hyperparameters (``bind``) and the outer loss (``outer``, ``outer_gradient``). Two things are
    optional:

    - an outer loss that depends on alpha also directly, not only through w: ``outer`` and
      ``outer_gradient`` then use their argument ``alpha``, and ``direct`` gives d L_2 / d alpha;
    - a start that depends on alpha (a learned initialisation): ``start_of`` and its derivative
      ``start_jacobian`` then replace ``start``.

    Examples
    --------
    One weight trained on cosh(w - alpha) and scored by w^2 / 2:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> class Shifted(qm.InnerLoss):
    ...     def __init__(self, alpha):
    ...         self.alpha = alpha
    ...     def gradient(self, w):
    ...         return np.sinh(w - self.alpha)
    ...     def hvp(self, w, v):
    ...         return np.cosh(w - self.alpha) * v
    ...     def mixed(self, w, v):
    ...         return -np.cosh(w - self.alpha) * v
    >>> class Shift(qm.BilevelProblem):
    ...     hyperparameters = 1
    ...     start = np.array([1.0])
    ...     def bind(self, alpha):
    ...         return Shifted(alpha)
    ...     def outer(self, w, alpha=None):
    ...         return w @ w / 2
    ...     def outer_gradient(self, w, alpha=None):
    ...         return w
    >>> loss = qm.OuterLoss(Shift(), qm.GradientDescent(steps=20, step_size=0.5))
    >>> qm.hypergradient(loss, [0.3], qm.Reverse()).value.round(6)
    array([0.3])
    """

    start: Array
    """w_0, shape (P,), where it does not depend on alpha."""
    hyperparameters: int
    """h."""

    @staticmethod
    def from_operators(
        *,
        gradient: Callable[[Array, Array], Any],
        hvp: Callable[[Array, Array, Array], Any],
        mixed: Callable[[Array, Array, Array], Any],
        outer: Callable[[Array, Array], Any],
        outer_gradient: Callable[[Array, Array], Any],
        start: Numbers | Callable[[Array], Any],
        hyperparameters: int,
        direct: Callable[[Array, Array], Any] | None = None,
        inner: Callable[[Array, Array], Any] | None = None,
        jacobian: Callable[[Array, Array], Any] | None = None,
        start_jacobian: Callable[[Array], Any] | None = None,
    ) -> "BilevelProblem":
        """A problem by functions of flat float64 vectors w (P,) and alpha (h,), without a class.

        Parameters
        ----------
        gradient
            (w, alpha) -> d L_1 / d w, shape (P,).
        hvp
            (w, alpha, v) -> the Hessian of L_1 in w times v, shape (P,).
        mixed
            (w, alpha, v) -> J(w) v, the derivative of <grad_w L_1, v> in alpha, shape (h,).
        outer, outer_gradient
            (w, alpha) -> L_2, and its derivative in w, shape (P,).
        start
            w_0 (P,), or a function of alpha that gives it; then with ``start_jacobian``.
        hyperparameters
            h.
        direct
            (w, alpha) -> d L_2 / d alpha at fixed w, shape (h,), where L_2 depends on alpha.
        inner
            (w, alpha) -> L_1, for ``check`` alone.
        jacobian
            (w, alpha) -> J(w), shape (h, P), for forward mode; by default P mixed products.
        start_jacobian
            alpha -> rows d w_0 / d alpha_k, shape (h, P).

        Raises
        ------
        ValueError
            what is no function, no vector, or a start that moves without its derivative; when it
            is used, a function that returns another shape or type.

        Examples
        --------
        One weight trained on (w - alpha)^2 / 2 and scored by w^2 / 2:

        >>> import quadmeta as qm
        >>> problem = qm.BilevelProblem.from_operators(
        ...     gradient=lambda w, alpha: w - alpha,
        ...     hvp=lambda w, alpha, v: v,
        ...     mixed=lambda w, alpha, v: -v,
        ...     outer=lambda w, alpha: w @ w / 2,
        ...     outer_gradient=lambda w, alpha: w,
        ...     start=[1.0],
        ...     hyperparameters=1,
        ... )
        >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.5))
        >>> qm.hypergradient(loss, [0.3], qm.Reverse()).value.round(6)
        array([0.3])
        """
        module = import_module(f"{OWN}.operations")
        operations = module.Operations(
            gradient,
            hvp,
            mixed,
            outer,
            outer_gradient,
            direct=direct,
            inner=inner,
            jacobian=jacobian,
            start_jacobian=start_jacobian,
        )
        found: BilevelProblem = module.OperatorsProblem(operations, start, hyperparameters)
        return found

    @staticmethod
    def from_functions(
        inner: Callable[[Any, Any], Any],
        outer: Callable[[Any, Any], Any],
        start: object,
        alpha: object,
        *,
        library: str,
    ) -> "BilevelProblem":
        """A problem by its two losses, which JAX or PyTorch differentiates.

        Estimators see flat float64 vectors; the losses see weights and hyperparameters in the
        shapes of ``start`` and ``alpha``: arrays, or dictionaries, lists and tuples of them (in JAX
        any pytree). The result, a ``FunctionProblem``, has ``alpha`` as a vector, ``vector`` and
        ``settings`` to turn hyperparameters into one and back, and ``weights``.

        Parameters
        ----------
        inner, outer
            L_1 and L_2, functions of (weights, hyperparameters) that return a scalar.
        start
            the weights w_0, or a function of the hyperparameters that gives them; what comes from
            it is then part of the derivative.
        alpha
            hyperparameters: their shapes, and values at which the losses are tried.
        library
            "jax", with ``jax_enable_x64``, or "torch", on the CPU.

        Raises
        ------
        ValueError
            a loss that is no finite float64 scalar, that is random, or that the library does not
            differentiate; JAX in 32 bits.
        ModuleNotFoundError
            the library is not installed.
        """
        module = import_module(f"{OWN}.functions")
        found: BilevelProblem = module.FunctionProblem(inner, outer, start, alpha, library)
        return found

    def check(self, alpha: Numbers, w: Numbers | None = None, *, seed: int = 0) -> Checks:
        """Are the derivatives right? Each against differences, with value, bound and meaning.

        For problems of one's own, whether by class, operators or functions, once before use.

        Parameters
        ----------
        alpha
            hyperparameters (h,) inside the domain.
        w
            where to check, (P,); by default the start.
        seed
            of the random directions.

        Returns
        -------
        A table with ``passes``, ``failing`` and ``facts``: whether L_1 is quadratic, L, 2 / L.

        Raises
        ------
        ValueError
            hyperparameters outside the domain, or a function that returns another shape.

        Examples
        --------
        >>> import quadmeta as qm
        >>> checks = qm.LogCosh.random(P=4, h=2, seed=0).check([0.1, -0.2])
        >>> checks.passes, checks.facts["quadratic in w"]
        (True, False)
        """
        found: Checks = import_module(f"{OWN}.checks").checked(self, alpha, w, seed)
        return found

    def _keep(self, **values: Any) -> None:
        """Set attributes of a frozen dataclass; arrays become read-only, those in tuples too."""
        keep(self, **values)

    @abstractmethod
    def bind(self, alpha: Array) -> InnerLoss:
        """L_1(., alpha) for hyperparameters (h,) that ``at`` has checked."""

    def bound(self, alpha: Array) -> InnerLoss:
        """What ``bind`` gives for checked hyperparameters.

        Raises
        ------
        ValueError
            no inner loss.
        """
        found = self.bind(alpha)
        if not isinstance(found, InnerLoss):
            raise ValueError(
                f"{type(self).__name__}.bind returns {show(found)}, it must be an InnerLoss: "
                "derive one with gradient, hvp and mixed"
            )
        return found

    @abstractmethod
    def outer(self, w: Array, alpha: Array | None = None) -> float:
        """L_2(w, alpha)."""

    @abstractmethod
    def outer_gradient(self, w: Array, alpha: Array | None = None) -> Array:
        """d L_2 / d w, shape (P,)."""

    def direct(self, w: Array, alpha: Array) -> Array:
        """d L_2 / d alpha at fixed w, shape (h,): 0, unless the outer loss depends on alpha."""
        return np.zeros(self.hyperparameters)

    def start_of(self, alpha: Array) -> Array:
        """w_0 at these hyperparameters, shape (P,): ``start``, unless the start depends on alpha.

        Raises
        ------
        ValueError
            a problem with neither.
        """
        start = getattr(self, "start", None)
        if start is None:
            raise ValueError(
                f"{type(self).__name__} has no start: set start, shape (P,), or define "
                "start_of(alpha) and start_jacobian(alpha)"
            )
        return np.asarray(start)

    def start_jacobian(self, alpha: Array) -> Array:
        """Rows d w_0 / d alpha_k, shape (h, P): 0, unless the start depends on alpha."""
        return np.zeros((self.hyperparameters, len(self.start_of(alpha))))

    @property
    def has_direct(self) -> bool:
        """Whether the outer loss depends on alpha also directly."""
        return type(self).direct is not BilevelProblem.direct

    @property
    def start_moves(self) -> bool:
        """Whether the start depends on alpha."""
        return type(self).start_of is not BilevelProblem.start_of

    def require_complete(self) -> None:
        """Refuse a problem whose parts do not belong together.

        Raises
        ------
        ValueError
            a number of hyperparameters or the derivative of the start is missing.
        """
        name = type(self).__name__
        if getattr(self, "hyperparameters", None) is None:
            raise ValueError(f"{name} has no hyperparameters: set hyperparameters to their number")
        with_jacobian = type(self).start_jacobian is not BilevelProblem.start_jacobian
        if self.start_moves and not with_jacobian:
            raise ValueError(
                f"{name} defines start_of without its derivative: define start_jacobian(alpha), "
                "shape (h, P)"
            )
        if with_jacobian and not self.start_moves:
            raise ValueError(
                f"{name} defines start_jacobian without the start: define start_of(alpha), "
                "shape (P,)"
            )

    def read(self, alpha: Numbers) -> Array:
        """Hyperparameters as an array (h,), checked.

        Raises
        ------
        ValueError
            wrong length, NaN or infinity.
        """
        found = finite("alpha", alpha)
        if found.shape != (self.hyperparameters,):
            raise ValueError(
                f"alpha has shape {found.shape}: pass a vector of {self.hyperparameters} "
                "hyperparameters"
            )
        return found

    def at(self, alpha: Numbers) -> InnerLoss:
        """The inner loss at the hyperparameters alpha (h,).

        Raises
        ------
        ValueError
            wrong length, NaN or infinity, or hyperparameters outside the problem's domain.
        """
        return self.bound(self.read(alpha))

    def begin(self, alpha: Array, start: Numbers | None = None) -> Array:
        """w_0 of a run at checked hyperparameters: ``start`` where one is given, else the
        problem's own.
        """
        own = self.start_of(alpha)
        if start is None:
            return own
        return shaped("start", start, own.shape, f"{own.shape}, a flat w_0")
