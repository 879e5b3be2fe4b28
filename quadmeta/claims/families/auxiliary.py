"""Rational families of auxiliary tasks, solved and differentiated exactly, and symmetric matrices
of known spectrum.

Task k has the loss l_k = (w - b_k)' A_k (w - b_k) / 2 with A_k = diag(s_k) + p_k p_k', so that no
two need commute; 0 is the main task, A the loss L_A of the main task on the auxiliary set. The
inner loss L_T(w, phi) = l_0 + sum_k phi_k l_k + rho |w|^2 / 2 has the Hessian H(phi) and the
minimiser w_*(phi); F(phi) = L_A(w_*(phi)). At w_*, v is the gradient of L_A and u_k that of l_k.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, Parameter, Quantity, Values

ANY = Parameter(r"x", low=Fraction(-2), axis="d", reach=4)
"""A vector of either sign."""
PRODUCTS = Parameter("J", whole=True, reach=5)
"""Products with H of a Neumann sum, which has J + 1 terms."""
SPECTRUM: Mapping[str, Parameter] = {
    "eigenvalues": EIGENVALUES,
    "turn": ANY,
    "outer": replace(ANY, symbol="v"),
    "task": replace(ANY, symbol="u_k"),
    "nu": replace(STEP_SIZE, symbol=r"\nu"),
    "products": PRODUCTS,
}
"""H = R diag(eigenvalues) R with the reflection R along "turn", v = "outer", u_k = "task": any v
and u_k occur.
"""


ONE_DIMENSION: Mapping[str, Any] = {
    "rho": 0,
    "s0": (1,),
    "p0": (0,),
    "b0": (0,),
    "s1": (1,),
    "p1": (0,),
    "b1": (1,),
    "sA": (1,),
    "pA": (0,),
    "bA": (0,),
}
"""l_0 = w^2/2, l_1 = (w - 1)^2/2 and L_A = w^2/2: the task pulls away from the outer minimum."""
APART: Mapping[str, Any] = {
    "rho": 1,
    "s0": (0, 0),
    "p0": (1, 0),
    "b0": (1, 1),
    "s1": (1, 0),
    "p1": (1, 1),
    "b1": (1, -1),
    "sA": (1, 2),
    "pA": (1, 0),
    "bA": (0, 1),
}
"""Two tasks in the plane that do not commute."""


def family(count: int) -> dict[str, Parameter]:
    """Parameters of ``count`` auxiliary tasks, the main task, the outer loss and the ridge."""
    out = {"rho": Parameter(r"\rho", reach=1)}
    for k in [*map(str, range(count + 1)), "A"]:
        out |= {
            f"s{k}": Parameter(f"s^{k}_i", axis="d", reach=3),
            f"p{k}": Parameter(f"p^{k}_i", low=Fraction(-2), axis="d", reach=4),
            f"b{k}": Parameter(f"b^{k}_i", low=Fraction(-2), axis="d", reach=4),
        }
    return out | {f"phi{k}": Parameter(rf"\phi_{k}", reach=3) for k in range(1, count + 1)}


class Task(NamedTuple):
    """The loss w'Aw/2 - r'w + const; b is one solution of A b = r."""

    A: Array
    r: Array
    b: Array

    @classmethod
    def of(cls, x: Values, k: str) -> "Task":
        """Task k of an instance of ``family``."""
        A = np.diag(x[f"s{k}"]) + np.outer(x[f"p{k}"], x[f"p{k}"])
        return cls(A, A @ x[f"b{k}"], x[f"b{k}"])

    def gradient(self, w: Array) -> Array:
        """A w - r."""
        return self.A @ w - self.r

    def loss(self, w: Array) -> Any:
        """Excess over the minimum."""
        return (w - self.b) @ self.A @ (w - self.b) / 2


class Family(NamedTuple):
    """An instance of ``family``; the weights ``phi`` of its auxiliary tasks may be dual numbers."""

    tasks: tuple[Task, ...]
    """Main task first."""
    outer: Task
    rho: Any
    phi: tuple[Any, ...]

    @classmethod
    def of(cls, x: Values) -> "Family":
        """From the parameters."""
        count = sum(name.startswith("phi") for name in x)
        tasks = tuple(Task.of(x, str(k)) for k in range(count + 1))
        return cls(
            tasks, Task.of(x, "A"), x["rho"], tuple(x[f"phi{k}"] for k in range(1, count + 1))
        )

    def hessian(self, phi: Sequence[Any]) -> Array:
        """H(phi)."""
        main = self.tasks[0].A + np.diag([self.rho] * len(self.outer.b))
        return sum((task.A * p for task, p in zip(self.tasks[1:], phi, strict=True)), start=main)

    def convexity(self, phi: Sequence[Any]) -> Any:
        """Margin of H(phi) > 0."""
        return min(pivots(self.hessian(phi)))

    def minimiser(self, phi: Sequence[Any]) -> Array:
        """w_*(phi) = H^-1 (r_0 + sum_k phi_k r_k)."""
        pairs = zip(self.tasks[1:], phi, strict=True)
        return solve(
            self.hessian(phi), sum((task.r * p for task, p in pairs), start=self.tasks[0].r)
        )

    def value(self, phi: Sequence[Any]) -> Any:
        """F(phi) - c_A."""
        return self.outer.loss(self.minimiser(phi))

    def gradient(self, w: Array, phi: Sequence[Any]) -> Any:
        """Gradient of L_T in w."""
        pairs = zip(self.tasks[1:], phi, strict=True)
        return sum(
            (task.gradient(w) * p for task, p in pairs),
            start=self.tasks[0].gradient(w) + self.rho * w,
        )


def solve(A: Array, b: Array) -> Array:
    """A^-1 b by elimination, b of shape (d,) or (d, k), over any field; ZeroDivisionError if A is
    singular.
    """
    A = np.array(A, dtype=object)
    b = np.array(b, dtype=object)
    for j in range(len(A)):
        at = next((i for i in range(j, len(A)) if A[i, j]), j)
        A[[j, at]], b[[j, at]] = A[[at, j]], b[[at, j]]
        A[j], b[j] = A[j] / A[j, j], b[j] / A[j, j]
        for i in range(len(A)):
            if i != j:
                b[i] = b[i] - b[j] * A[i, j]
                A[i] = A[i] - A[j] * A[i, j]
    return b


def pivots(A: Array) -> list[Any]:
    """Pivots of a symmetric matrix up to the first that is not positive; A > 0 iff none is."""
    A = np.array(A, dtype=object)
    out: list[Any] = []
    while len(A) and (not out or out[-1] > 0):
        out.append(A[0, 0])
        if A[0, 0] > 0:
            A = A[1:, 1:] - np.outer(A[1:, 0], A[0, 1:]) / A[0, 0]
        else:
            A = A
    return out


def reflection(x: Array) -> Any:
    """R = I - 2 x x' / |x|^2, which is its own inverse; I for x = 0."""
    one = np.array(
        [[Fraction(int(i == j)) for j in range(len(x))] for i in range(len(x))], dtype=object
    )
    if any(x):
        return one - np.outer(x, x) * 2 / (x @ x)
    return one


def turned(eigenvalues: Array, x: Array) -> Any:
    """R diag(eigenvalues) R with the reflection R along x."""
    R = reflection(x)
    return (R * eigenvalues) @ R


def neumann(H: Array, v: Array, nu: Quantity, J: int) -> Any:
    """x_J = nu sum_{j<=J} (I - nu H)^j v by the loop of the algorithm, v of shape (d,) or
    (d, k).
    """
    total = term = v
    for _ in range(J):
        term = term - nu * (H @ term)
        total = total + term
    return nu * total


def conjugate_gradients(H: Array, v: Array, steps: int) -> tuple[Array, int]:
    """(x, steps taken) for H x = v from x = 0, H >= 0 and v in its range; done early where the
    residual vanishes.
    """
    x = 0 * v
    r = v
    p = v
    for step in range(steps):
        if not any(r):
            return x, step
        alpha = r @ r / (p @ (H @ p))
        x = x + alpha * p
        rest = r - alpha * (H @ p)
        r, p = rest, rest + rest @ rest / (r @ r) * p
    return x, steps


@dataclass(frozen=True)
class Dual:
    """value + slope e with e^2 = 0; entries of an array, and nested for second derivatives.

    A ``Jet`` in one parameter differentiates as well. This one stays for its bookkeeping, which the
    published programs of these claims hold step by step: constants are added and multiplied with
    their slope 0, and an array times a number is taken entry by entry.
    """

    value: Any
    slope: Any

    def __add__(self, other: "Dual | Quantity") -> "Dual":
        value, slope = _parts(other)
        return Dual(self.value + value, self.slope + slope)

    def __mul__(self, other: "Dual | Quantity") -> "Dual":
        value, slope = _parts(other)
        return Dual(self.value * value, self.slope * value + self.value * slope)

    def __truediv__(self, other: "Dual | Quantity") -> "Dual":
        value, slope = _parts(other)
        ratio = self.value / value
        return Dual(ratio, (self.slope - ratio * slope) / value)

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: "Dual | Quantity") -> "Dual":
        value, slope = _parts(other)
        return Dual(self.value - value, self.slope - slope)

    def __rsub__(self, other: "Dual | Quantity") -> "Dual":
        return Dual(other - self.value, -self.slope)

    def __bool__(self) -> bool:
        return bool(self.value)

    __radd__ = __add__
    __rmul__ = __mul__


def _parts(x: "Dual | Quantity") -> tuple[Any, Any]:
    if isinstance(x, Dual):
        return (x.value, x.slope)
    return (x, 0)


def slope(function: Callable[[Sequence[Any]], Any], phi: Sequence[Any], k: int) -> Any:
    """d function / d phi_k by dual numbers, for a function of + - * / alone."""
    return function([Dual(p, Fraction(int(i == k))) for i, p in enumerate(phi)]).slope


def bend(function: Callable[[Sequence[Any]], Any], phi: Sequence[Any], j: int, k: int) -> Any:
    """d^2 function / d phi_j d phi_k by nested dual numbers."""
    return slope(lambda inner: slope(function, inner, j), phi, k)
