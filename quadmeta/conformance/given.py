"""What a tested code is handed for one case: data and functions in its own array library."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta.conformance import kinds
from quadmeta.conformance.case import Case
from quadmeta.conformance.problem import DIGITS, ExactProblem, shared
from quadmeta.conformance.rational import mapped
from quadmeta.conformance.step_size import floor

LIBRARIES = {"numpy": "numpy", "jax": "jax.numpy", "jax.numpy": "jax.numpy", "torch": "torch"}

AT_MINIMUM = frozenset({kinds.IMPLICIT})
AT_POINT = frozenset({kinds.IMPLICIT_AT, kinds.NEUMANN})


def library(xp: ModuleType | str) -> ModuleType:
    """The array library: a module, or the name of one, imported only now.

    Raises
    ------
    ValueError
        a name that is none of "numpy", "jax" and "torch", or a module without ``asarray``.
    ImportError
        it is not installed.
    """
    if isinstance(xp, str):
        if xp not in LIBRARIES:
            raise ValueError(f"xp = {xp!r} is not known: pass 'numpy', 'jax', 'torch', or a module")
        xp = import_module(LIBRARIES[xp])
    if not hasattr(xp, "asarray"):
        raise ValueError(f"xp = {xp!r} has no asarray: pass numpy, jax.numpy or torch")
    return xp


def floats(values: Array) -> Array:
    """Exact numbers rounded to float64."""
    return mapped(float, values).astype(float)


class Given:
    """One case as a tested code sees it.

    Arrays are of the library ``xp`` and of the precision ``dtype``. ``inner`` and ``outer`` use
    only ``@``, ``exp``, ``reshape``, indexing and arithmetic, so that any library differentiates
    them; the methods below them are their derivatives, for code that has none.
    """

    kind: str
    name: str
    xp: ModuleType
    w: Any
    """Where to start (unrolled kinds, ``solved``) or to differentiate (implicit kinds)."""
    alpha: Any
    steps: int
    step_size: float
    """eta; nu of the Neumann series."""
    step_sizes: tuple[float, ...]
    """One for each step."""
    momentum: float
    """beta of w_{t+1} = w_t - eta_t S grad L_1(w_t) + beta (w_t - w_{t-1}), w_{-1} = w_0."""
    precondition: Any
    """The matrix S of the step w - eta S grad, or None."""
    start: Callable[[Any], Any] | None
    """w_0 as a function of alpha, or None where it is constant."""
    adam: dict[str, float] | None
    """step_size, first, second, epsilon, root of Adam, where it is the inner optimizer: steps are
    then s m^ / (sqrt(v^ + root) + epsilon). In the case "adam_hat" epsilon stands outside the
    correction of the bias.
    """
    last: int
    """How many of the last steps ``truncated`` goes through."""
    gamma: float
    products: int
    """Hessian products of the Neumann series: one less than its terms."""
    iterations: int
    """What a linear solver may take; training of ``solved`` may take more."""
    floor: float
    """The minimum over w of ``loss``, which the step-size kinds differentiate."""
    L: float
    """The largest eigenvalue of the inner Hessian."""
    regression: tuple[Any, Any, Any, Any] | None
    """X, y and the validation X, y where the losses are those of least squares, else None."""

    def __init__(self, case: Case, kind: str, xp: ModuleType) -> None:
        self.kind = kind
        self.name = case.name
        self.xp = xp
        self._case = case
        problem = shared(case)
        with mpmath.workdps(DIGITS):
            self.w = self.array(_weights(case, kind, problem), case.weights_shape)
            self.floor = float(floor(problem))
            self.L = float(np.linalg.eigvalsh(floats(problem.hessian))[-1])
        alphas = np.concatenate([member.alpha for member in case.members])
        self.alpha = self.array(alphas, case.hyperparameter_shape)
        self.steps = case.steps
        self.step_sizes = tuple(float(size) for size in case.step_sizes)
        self.step_size = self.step_sizes[0]
        self.momentum = float(case.momentum)
        self.precondition = None
        if case.preconditioner is not None:
            self.precondition = self.array(case.preconditioner)
        self.start = None if case.start_slope is None else self._start
        self.adam = None
        if case.adam is not None:
            names = ("step_size", "first", "second", "epsilon", "root")
            self.adam = {name: float(getattr(case.adam, name)) for name in names}
        self.last = case.last
        self.gamma = float(case.gamma)
        self.products = case.products
        self.iterations = case.size if case.iterations is None else case.iterations
        self._hessian = self.array(case.hessian)
        self._slopes = [self.array(slope) for slope in case.slopes]
        self._linear = self.array(case.linear)
        self._cross = self.array(case.cross)
        self._outer_hessian = self.array(case.outer_hessian)
        self._outer_linear = self.array(case.outer_linear)
        nothing = case.no_cross()
        self._outer_cross = self.array(nothing if case.outer_cross is None else case.outer_cross)
        self._curvature = float(case.outer_curvature)
        self._initial = self.array(case.start)
        self._move = self.array(nothing if case.start_slope is None else case.start_slope)
        self.regression = None
        data = case.regression
        if data is not None:
            parts = (data.inputs, data.targets, data.validation_inputs, data.validation_targets)
            x, y, x2, y2 = (self.array(part) for part in parts)
            self.regression = (x, y, x2, y2)

    def array(self, values: Array, shape: tuple[int, ...] | None = None) -> Any:
        """Exact numbers as an array of the library, in the precision of the case.

        Raises
        ------
        TypeError
            the library made another precision of it.
        """
        numbers = floats(values).reshape(values.shape if shape is None else shape)
        found = self.xp.asarray(numbers, dtype=getattr(self.xp, self._case.dtype))
        if self._case.dtype not in str(found.dtype):
            raise TypeError(
                f"{self.xp.__name__} makes {found.dtype} of float64: with JAX call "
                "jax.config.update('jax_enable_x64', True) first"
            )
        return found

    def inner(self, w: Any, alpha: Any) -> Any:
        """L_1(w, alpha)."""
        v = w.reshape(-1)
        a = alpha.reshape(-1)
        return v @ (self._matrix(a) @ v) / 2 - v @ (self._linear + self._cross @ a)

    def outer(self, w: Any, alpha: Any) -> Any:
        """L_2(w, alpha)."""
        v = w.reshape(-1)
        a = alpha.reshape(-1)
        found = v @ (self._outer_hessian @ v) / 2 - v @ self._outer_linear
        if self._case.direct:
            found = found + v @ (self._outer_cross @ a) + self._curvature * (a @ a) / 2
        return found

    def loss(self, w: Any, alpha: Any) -> Any:
        """The loss of w_T that the step-size kinds differentiate: ``inner`` or ``outer``."""
        return self.inner(w, alpha) if self._case.loss == "inner" else self.outer(w, alpha)

    def loss_gradient(self, w: Any, alpha: Any) -> Any:
        """d ``loss`` / d w, of the shape of w."""
        if self._case.loss == "inner":
            return self.gradient(w, alpha)
        return self.outer_gradient(w, alpha)

    def gradient(self, w: Any, alpha: Any) -> Any:
        """d L_1 / d w, of the shape of w."""
        a = alpha.reshape(-1)
        found = self._matrix(a) @ w.reshape(-1) - (self._linear + self._cross @ a)
        return found.reshape(w.shape)

    def hvp(self, w: Any, alpha: Any, v: Any) -> Any:
        """The Hessian of L_1 in w times v, of the shape of w."""
        return (self._matrix(alpha.reshape(-1)) @ v.reshape(-1)).reshape(w.shape)

    def mixed(self, w: Any, alpha: Any, v: Any) -> Any:
        """J(w) v = d/d alpha of <grad_w L_1(w, alpha), v>, of the shape of alpha."""
        u = v.reshape(-1)
        found = -(self._cross.T @ u)
        if self._slopes:
            scale = self.xp.exp(alpha.reshape(-1)) if self._case.exponential else None
            parts = [w.reshape(-1) @ (slope @ u) for slope in self._slopes]
            rows = self.xp.stack(parts)
            found = found + (rows if scale is None else scale * rows)
        return found.reshape(alpha.shape)

    def outer_gradient(self, w: Any, alpha: Any) -> Any:
        """d L_2 / d w, of the shape of w."""
        found = self._outer_hessian @ w.reshape(-1) - self._outer_linear
        if self._case.direct:
            found = found + self._outer_cross @ alpha.reshape(-1)
        return found.reshape(w.shape)

    def direct(self, w: Any, alpha: Any) -> Any:
        """d L_2 / d alpha at fixed w, of the shape of alpha."""
        a = alpha.reshape(-1)
        return (self._curvature * a + self._outer_cross.T @ w.reshape(-1)).reshape(alpha.shape)

    def _matrix(self, a: Any) -> Any:
        found = self._hessian
        for k, slope in enumerate(self._slopes):
            scale = self.xp.exp(a[k]) if self._case.exponential else a[k]
            found = found + scale * slope
        return found

    def _start(self, alpha: Any) -> Any:
        moved = self._initial + self._move @ alpha.reshape(-1)
        return moved.reshape(self._case.weights_shape)

    def __repr__(self) -> str:
        return f"Given({self.kind!r}, {self.name!r}, {self.xp.__name__})"


def _weights(case: Case, kind: str, problem: ExactProblem) -> Array:
    """What ``w`` is for this kind."""
    if kind in AT_MINIMUM:
        return problem.minimum
    if kind in AT_POINT:
        return problem.point
    return problem.start
