"""Tapes of steps along one gradient on a quadratic inner loss: the products of ``HyperTape``, with
matrices that are summed before they meet the data.

    sum_t c_t J(y_t) u_t = <H_k, sum_t c_t U_t Y_t'> - <b_k, sum_t c_t U_t>
"""

from abc import abstractmethod

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.response import response
from quadmeta.objectives.parts.hyper_tape import HyperTape
from quadmeta.objectives.parts.product_sum import ProductSum
from quadmeta.objectives.parts.tape import State
from quadmeta.optimizers.parts.transition import GradientStep, PlainStep, Transition
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss

_BATCH = 64  # terms whose products V W' are formed by one product of matrices


class SummedTape(HyperTape):
    """A tape whose B-products are mixed products at one point, B v = scale J(y) u."""

    inner: QuadraticInnerLoss

    @property
    def scale(self) -> float:
        """1, unless a tape says otherwise."""
        return 1.0

    def product_sum(self) -> ProductSum:
        """With the data read once."""
        return QuadraticSum(self)

    @abstractmethod
    def term(self, t: int, v: Array, state: State) -> tuple[Array, Array]:
        """(u, y)."""

    def contracted(self, X: Array, U: Array) -> Array:
        """scale (<H_k, X> - <b_k, U>), for sums X of products u y' and U of u."""
        found = self._read("pair", self.inner.problem.pair(self.theta, X, U), (self.width,))
        return self.scale * found

    def alone(self, u: Array, y: Array) -> Array:
        """scale J(y) u."""
        return self.scale * self._read("mixed", self.inner.mixed(y, u), (self.width,))


class StepTape(SummedTape):
    """The tape of momentum, schedules, Adam: of every ``GradientStep``."""

    def term(self, t: int, v: Array, state: State) -> tuple[Array, Array]:
        """As the step has it."""
        assert isinstance(self.transition, GradientStep)
        y, u = self.transition.cross(t, self.blocks(v), self.blocks(state), self.inner)
        return u, y


class QuadraticTape(SummedTape):
    """The tape of gradient descent: H W - B, H V and H_2 W - B_2 without the detour over the inner
    loss.
    """

    @property
    def scale(self) -> float:
        """-eta."""
        return -float(self.step_size)

    def next_state(self, t: int, state: Array) -> Array:
        """w - eta grad L_1(w)."""
        inner = self.inner
        W = state.reshape(inner.B.shape)
        moved: Array = W - self.step_size * (inner.H @ W - inner.B)
        return moved.reshape(-1)

    def state_product(self, t: int, v: Array, state: Array) -> Array:
        """v - eta H v."""
        V = v.reshape(*v.shape[:-1], *self.inner.B.shape)
        product: Array = V - self.step_size * (self.inner.H @ V)
        return product.reshape(v.shape)

    def loss_gradient(self, state: Array) -> Array:
        """H_2 W - B_2."""
        hessian, linear, _ = self.inner.outer
        gradient: Array = hessian @ state.reshape(linear.shape) - linear
        return gradient.reshape(-1)

    def term(self, t: int, v: Array, state: State) -> tuple[Array, Array]:
        """(v, w)."""
        return v, state

    def last_tangents(self) -> Array:
        """In closed form where the problem has one and the run does not diverge; what runs along
        is counted all the same.
        """
        found = self._closed_tangents()
        if found is None:
            return super().last_tangents()
        for _ in self.stream():
            pass
        self.counts["hvps"] += self.width * (self.steps - 1)
        self.counts["mixed"] += self.width * self.steps
        return found

    def _closed_tangents(self) -> Array | None:
        """Rows d W_T / d alpha_k from the response S(H) = eta sum_{k<T} (I - eta H)^k."""
        if self.start_moves or not self.inner.problem.has_tangents:
            return None
        W0 = self.first.reshape(self.inner.B.shape)
        lam, Q, _, R = self.inner.modes(W0)
        moved, slopes, shift = response(float(self.step_size), lam, self.steps)
        if shift:
            return None
        # of the weights W_T = W_0 - S(H) (H W_0 - B)
        tangents = self.inner.problem.tangents(self.theta, W0, Q, moved, slopes, R)
        return -tangents.reshape(self.width, -1)


def kind_of_tape(inner: InnerLoss, transition: Transition) -> type[HyperTape]:
    """The fastest tape that these two allow."""
    # an inner loss, or a step, of a class of its own may define other products
    if type(inner) is not QuadraticInnerLoss:
        return HyperTape
    if type(transition) is PlainStep and not transition.ridge:
        return QuadraticTape
    if isinstance(transition, GradientStep) and (
        type(transition).parameter is GradientStep.parameter
    ):
        return StepTape
    return HyperTape


class QuadraticSum(ProductSum):
    """A sum of products on a quadratic inner loss.

    Memory beyond what the tape counts: a batch of terms.
    """

    def __init__(self, tape: SummedTape) -> None:
        super().__init__(tape.B)
        self.tape = tape
        p, outputs = self.shape = tape.inner.B.shape
        self._terms: list[tuple[Array, Array]] = []
        # what the sum was multiplied by after each term
        self._factors: list[float] = []
        self._square = np.zeros((p, p))
        self._linear = np.zeros((p, outputs))
        self._folded = False

    def add(self, t: int, v: Array, at: State | None = None) -> None:
        """Keep the term, or a batch of them as their sums."""
        if len(self._terms) == _BATCH:
            self._fold()
        # a copy: an estimator may go on with its v in place
        self._terms.append(self.tape.term(t, v.copy(), self.tape.counted(t, at)))
        self._factors.append(1.0)

    def scale(self, c: float) -> None:
        """Multiply what was added so far."""
        if self._factors:
            self._factors[-1] *= c
        else:
            self._square *= c
            self._linear *= c

    def value(self) -> Array | float:
        """The sum; one term alone as the B-product that it is."""
        weights = self._weights()
        p, outputs = self.shape
        if not self._folded and 2 * outputs * len(self._terms) <= p:
            total: Array | float = 0.0
            for c, (v, w) in zip(weights, self._terms, strict=True):
                total = total + c * self.tape.alone(v, w)
            return total
        self._fold()
        return self.tape.contracted(self._square, self._linear)

    def _weights(self) -> Array:
        weights: Array = np.cumprod(self._factors[::-1])[::-1]
        return weights

    def _fold(self) -> None:
        """Add the terms that are kept to the sums."""
        if not self._terms:
            return
        p = self.shape[0]
        weights = self._weights()
        V, W = (np.array(part).reshape(-1, *self.shape) for part in zip(*self._terms, strict=True))
        V *= weights[:, None, None]
        columns, others = (x.transpose(1, 0, 2).reshape(p, -1) for x in (V, W))
        self._square = weights[0] * self._square + columns @ others.T
        self._linear = weights[0] * self._linear + V.sum(axis=0)
        self._terms = []
        self._factors = []
        self._folded = True
