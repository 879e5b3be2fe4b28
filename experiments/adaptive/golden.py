"""A quadratic of two weights, one of which starts at a zero gradient, trained by Adam: its
derivatives by automatic differentiation, and the exact ones.

    H = (2 1; 1 3),  b = (alpha, 1 + alpha),  w_0 = 0,  L_2 = w_1^2 / 2 + w_2^2 - w_1 + w_2
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

import quadmeta as qm
from experiments.adaptive.autodiff import Number, forward, image, reverse, sqrt, where
from quadmeta.typing import Array

NAMES = ("step_size", "beta1", "beta2", "alpha")
STEP_SIZE = 0.1
BETA1 = 0.9
BETA2 = 0.99


def masked(v: Number) -> Number:
    """0 where v = 0, chosen after the root."""
    return where(v.value > 0, sqrt(v), 0.0)


def guarded(v: Number) -> Number:
    """The same with the root of 1 where v = 0."""
    positive = v.value > 0
    return where(positive, sqrt(where(positive, v, 1.0)), 0.0)


class Setting(NamedTuple):
    """One way to write Adam, at one point."""

    label: str
    alpha: float
    epsilon: float
    root_epsilon: float = 0.0
    root: Callable[[Number], Number] = sqrt
    dtype: str = "float64"
    constant: bool = False
    """Whether the first feature is always 0, so that its weight never moves."""
    reverse: str = "...."
    """What is predicted for the four derivatives: right (.), nan (n) or infinite (i)."""
    forward: str = "...."


SETTINGS = {
    "plain": Setting("zero gradient", 0.0, 1e-2, reverse="..nn", forward="nnnn"),
    "feature": Setting(
        "feature that is always 0", 0.0, 1e-2, constant=True, reverse="nnnn", forward="nnnn"
    ),
    "masked": Setting(
        r"... with where($v>0$, $\sqrt{v}$, 0)", 0.0, 1e-2, root=masked, reverse="..nn"
    ),
    "guarded": Setting(r"... with $v$ replaced inside $\sqrt{\;}$", 0.0, 1e-2, root=guarded),
    "inside": Setting(r"... with $\epsilon$ inside: another method", 0.0, 0.0, 1e-4),
    "tiny": Setting(
        r"gradient of $10^{-25}$, float32",
        1e-25,
        1e-8,
        dtype="float32",
        reverse="..ni",
        forward="nnnn",
    ),
}
"""The rows of the table in the figure. JAX 0.10 returns the same in every cell (grad, jacfwd)."""


class Golden(qm.QuadraticBilevel):
    """The problem, with or without its first feature."""

    hyperparameters = 1
    start = np.zeros(2)
    outer_hessian = np.diag([1.0, 2.0])
    outer_linear = np.array([[1.0], [-1.0]])

    def __init__(self, constant: bool = False) -> None:
        self.hessian = np.array([[2.0, 1.0], [1.0, 3.0]])
        self.push = np.array([1.0, 1.0])
        if constant:
            self.hessian = np.diag([0.0, 3.0])
            self.push = np.array([0.0, 1.0])

    def bind(self, alpha: Array) -> qm.QuadraticInnerLoss:
        """b = (0, 1) + alpha (1, 1), or alpha (0, 1)."""
        b = np.array([0.0, 1.0]) + alpha[0] * self.push
        return qm.QuadraticInnerLoss(self.hessian, b, self, alpha)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """-<dB / d alpha, V>."""
        return -(self.push @ V)


def exact(setting: Setting, T: int) -> Mapping[str, float]:
    """Derivatives by name, to all digits of float64."""
    adam = qm.InnerAdam(
        T,
        STEP_SIZE,
        beta1=BETA1,
        beta2=BETA2,
        epsilon=setting.epsilon,
        root_epsilon=setting.root_epsilon,
    )
    loss = qm.OuterLoss(Golden(setting.constant), adam)
    found = loss.sensitivities([setting.alpha])
    return {**found.parameters, "alpha": float(found.alpha[0])}


def automatic(setting: Setting, T: int, mode: str) -> Mapping[str, float]:
    """The same by automatic differentiation of the loop, "reverse" or "forward"."""
    kind = np.dtype(setting.dtype).type
    problem = Golden(setting.constant)
    H = problem.hessian.astype(kind)
    inputs = [Number(np.array(x, kind)) for x in (STEP_SIZE, BETA1, BETA2, setting.alpha)]
    eta, beta1, beta2, alpha = inputs
    b = alpha * problem.push.astype(kind) + np.array([0, 1], kind)
    w = Number(np.zeros(2, kind))
    m = Number(np.zeros(2, kind))
    v = Number(np.zeros(2, kind))
    with np.errstate(all="ignore"):
        for t in range(1, T + 1):
            g = image(H, w) - b
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            size = setting.root(v / (1 - beta2**t) + kind(setting.root_epsilon))
            w = w - eta * (m / (1 - beta1**t) / (size + kind(setting.epsilon)))
        loss = w**2 * np.array([0.5, 1], kind) - w * np.array([1, -1], kind)
        derivatives = {"reverse": reverse, "forward": forward}[mode](loss, inputs)
    return dict(zip(NAMES, derivatives, strict=True))
