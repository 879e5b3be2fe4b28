"""Steps that are linear in what an optimizer carries and in one gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import instance, number, shaped, show
from quadmeta.optimizers.parts.transition import Blocks, GradientStep, Inner, combined


@dataclass(frozen=True)
class LinearStep:
    """The numbers of one step s' = M s + c grad L_1(e . s) on k blocks.

    Parameters
    ----------
    mixing
        M (k, k), finite numbers.
    gains
        c (k,).
    lookahead
        e, at most k numbers, the rest 0; by default the gradient is taken at the weights.

    Raises
    ------
    ValueError
        what is no finite numbers of these shapes.

    Examples
    --------
    Heavy ball on (w_t, w_{t-1}) with step size 0.1 and momentum 0.9:

    >>> import quadmeta as qm
    >>> qm.LinearStep(mixing=[[1.9, -0.9], [1, 0]], gains=[-0.1, 0]).blocks
    2
    """

    mixing: Sequence[Sequence[float]]
    gains: Sequence[float]
    lookahead: Sequence[float] = (1.0,)

    def __post_init__(self) -> None:
        gains = shaped("gains", self.gains, (-1,), "(k,), one number a block")
        k = len(gains)
        mixing = shaped("mixing", self.mixing, (k, k), f"({k}, {k}), for {k} gains")
        lookahead = shaped("lookahead", self.lookahead, (-1,), f"(n,), n at most {k}")
        if len(lookahead) > k:
            raise ValueError(f"lookahead has {len(lookahead)} numbers: pass at most {k}, as gains")
        object.__setattr__(self, "mixing", tuple(map(tuple, mixing.tolist())))
        object.__setattr__(self, "gains", tuple(gains.tolist()))
        object.__setattr__(self, "lookahead", tuple(lookahead.tolist()))

    @property
    def blocks(self) -> int:
        """k."""
        return len(self.gains)


class LinearTransition(GradientStep):
    """s_{t+1} = M s_t + c grad L_1(e . s_t), with numbers M (k, k), c (k,) and e (k,).

    With M = ((1 + beta, -beta), (1, 0)), c = (-eta, 0) on the state (w, w_before) it is heavy
    ball; with e = (1 + beta, -beta) besides, Nesterov.

    Parameters
    ----------
    step
        the numbers of every step, or a function that gives those of step t = 0, 1, ..., T - 1.
    rest
        the state at the start is (w, rest_1 w, rest_2 w, ...): 1 for a block of earlier weights,
        0 for a velocity. rest_0 = 1.
    step_size
        eta, where there is one.
    ridge
        rho, where the run tends to a minimum of L_1 + rho ||w||^2 / 2.

    Raises
    ------
    ValueError
        numbers for different numbers of blocks, or a rest_0 that is not 1.

    Examples
    --------
    An optimizer of one's own, gradient descent with a velocity that decays to a half:

    >>> import quadmeta as qm
    >>> class Coasting(qm.PolynomialOptimizer):
    ...     free = ()
    ...
    ...     def __init__(self, steps, step_size):
    ...         self.steps = steps
    ...         self.step_size = step_size
    ...
    ...     def run(self, gradient, start, theta):
    ...         w, velocity = start, 0 * start
    ...         yield w
    ...         for _ in range(self.steps):
    ...             velocity = velocity / 2 - self.step_size * gradient(w)
    ...             w = w + velocity
    ...             yield w
    ...
    ...     def transition(self):
    ...         # (w, velocity): velocity' = velocity / 2 - eta grad, w' = w + velocity'
    ...         step = qm.LinearStep([[1, 0.5], [0, 0.5]], [-self.step_size, -self.step_size])
    ...         return qm.LinearTransition(step, rest=(1, 0), step_size=self.step_size)
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=1, seed=0)
    >>> loss = qm.OuterLoss(problem, Coasting(steps=20, step_size=0.3))
    >>> found = qm.hypergradient(loss, [0.1], qm.Reverse())
    >>> h = 1e-4
    >>> slope = (loss([0.1 + h]) - loss([0.1 - h])) / (2 * h)
    >>> found.jvps, bool(abs(found.value[0] - slope) < 1e-7)
    (39, True)
    """

    def __init__(
        self,
        step: LinearStep | Callable[[int], LinearStep],
        *,
        rest: Sequence[float] = (1.0,),
        step_size: float | None = None,
        ridge: float = 0.0,
    ) -> None:
        if not isinstance(step, LinearStep) and (not callable(step) or isinstance(step, type)):
            raise ValueError(
                f"step = {show(step)} must be a LinearStep, or a function that gives one for each "
                "t: pass LinearStep(mixing, gains)"
            )
        numbers = shaped("rest", rest, (-1,), "(k,), one number a block").tolist()
        if numbers[0] != 1:
            raise ValueError(
                f"rest = {show(rest)} must begin with 1: the first block of a state is the weights"
            )
        if step_size is not None:
            step_size = number("step_size", step_size, above=0)
        self.step_size = step_size
        self.ridge = number("ridge", ridge, least=0)
        self.rest = tuple(numbers)
        self._step = step
        if isinstance(step, LinearStep):
            self._checked(step)

    def numbers(self, t: int) -> LinearStep:
        """Those of step t."""
        if isinstance(self._step, LinearStep):
            return self._step
        return self._checked(self._step(t))

    def _checked(self, step: LinearStep) -> LinearStep:
        instance("step(t)", step, LinearStep, "LinearStep(mixing, gains)")
        if step.blocks != len(self.rest):
            raise ValueError(
                f"step has {step.blocks} gains, rest {len(self.rest)} numbers: pass one a block"
            )
        return step

    def state0(self, w: Array) -> Blocks:
        """(w, rest_1 w, ...)."""
        return (w, *(r * w for r in self.rest[1:]))

    def lookahead(self, t: int) -> Sequence[float]:
        """e."""
        return self.numbers(t).lookahead

    def update(self, t: int, state: Blocks, g: Array) -> Blocks:
        """M s + c g."""
        return self._moved(t, state, g)

    def pulled(
        self, t: int, v: Blocks, state: Blocks, gradient: Callable[[], Array]
    ) -> tuple[Array, Blocks]:
        """(sum_i c_i v_i, M' v)."""
        step = self.numbers(t)
        u = combined(step.gains, v)
        return u, tuple(combined(column, v) for column in zip(*step.mixing, strict=True))

    def pushed(
        self, t: int, z: Blocks, dg: Array, state: Blocks, gradient: Callable[[], Array]
    ) -> Blocks:
        """M z + c dg."""
        return self._moved(t, z, dg)

    def _moved(self, t: int, blocks: Blocks, g: Array) -> Blocks:
        step = self.numbers(t)
        return tuple(
            combined((*row, c), (*blocks, g))
            for row, c in zip(step.mixing, step.gains, strict=True)
        )

    def diverges(self, inner: Inner) -> bool:
        """Whether M + L c e' has an eigenvalue beyond 1, where all steps are the same."""
        largest = inner.largest_step_size()
        step = self._step
        if not isinstance(step, LinearStep) or not 0 < largest < np.inf:
            return False
        e = np.zeros(step.blocks)
        e[: len(step.lookahead)] = step.lookahead
        matrix = np.array(step.mixing) + 2 / largest * np.outer(step.gains, e)
        return bool(np.abs(np.linalg.eigvals(matrix)).max() > 1)
