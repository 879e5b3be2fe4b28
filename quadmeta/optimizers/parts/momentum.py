"""What heavy ball and Nesterov share: z_{t+1} = h z_t - b z_{t-1} for each eigenvalue, z_{-1} =
z_0 = 1, p_T = z_T.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Floats, Numbers, Ring, Scalar, Spectrum, StepSizes
from quadmeta._validate import finite, natural, number, shaped, show, step_sizes
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.parts.base import LogLoss, PolynomialOptimizer, Response
from quadmeta.optimizers.parts.companion import Powers, log_loss, power, signlog, summed
from quadmeta.optimizers.parts.constant import in_arithmetic
from quadmeta.optimizers.parts.momentum_search import Minimum as Minimum, best_of
from quadmeta.optimizers.parts.responses.two_term import amplification, differenced


@dataclass(frozen=True, repr=False)
class Momentum(PolynomialOptimizer):
    """A two-term method of T = ``steps`` steps; what is not given is tuned, in the order
    (step_size, momentum).
    """

    steps: int
    step_size: float | None = None
    momentum: float | None = None

    nonnegative = False  # ``read`` checks each parameter by itself

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        for name, check in (("step_size", _positive), ("momentum", _momentum)):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, float(check(number(name, value))))

    @property
    @abstractmethod
    def fold(self) -> int:
        """m of the plane of ``_lattice``, in which all phases are linear."""

    @abstractmethod
    def unfold(self, X: Array, S: Array) -> tuple[Array, Array]:
        """(eta, beta) at a point of that plane."""

    @abstractmethod
    def step(
        self,
        gradient: Callable[[Any], Any],
        w: Arithmetic,
        before: Arithmetic,
        eta: Arithmetic,
        beta: Arithmetic,
    ) -> Any:
        """w_{t+1} from w_t and w_{t-1}."""

    @abstractmethod
    def coefficients(self, x: Ring, beta: Ring) -> tuple[Any, Any]:
        """(h, b) at x = eta lambda."""

    @abstractmethod
    def tilt(self, x: Ring, beta: Ring) -> Any:
        """g = h - 2 b, from 1 - beta as one number, so that no digit is lost for a momentum next
        to 1.
        """

    @abstractmethod
    def gap(self, x: DoubleDouble, beta: Floats) -> DoubleDouble:
        """h^2 - 4 b for a product x of two floats and a float beta, relative error of a few
        2^-104.
        """

    @abstractmethod
    def spread(self, x: Array, beta: Floats, dx: Floats, dbeta: Floats) -> tuple[Floats, Floats]:
        """How far h and b move at most where x and beta move by at most dx and dbeta, in the
        complex plane.
        """

    @abstractmethod
    def growth(self, x: Array, beta: Floats) -> Array:
        """|h| - |b| for x beyond the stability limit: |p_T| is at least its power T, where it is
        at least 1.
        """

    @abstractmethod
    def limit(self, beta: Floats) -> Any:
        """The method converges if and only if 0 < eta lambda < limit for every eigenvalue."""

    @property
    def free(self) -> tuple[str, ...]:
        """Those of "step_size" and "momentum" that are not given."""
        return tuple(name for name in ("step_size", "momentum") if getattr(self, name) is None)

    def __repr__(self) -> str:
        given = (
            f", {name}={x:.6g}"
            for name in ("step_size", "momentum")
            if (x := getattr(self, name)) is not None
        )
        return f"{type(self).__name__}(steps={self.steps}{''.join(given)})"

    def read(self, theta: StepSizes) -> Array:
        """theta, checked.

        Raises
        ------
        ValueError
            NaN, infinity, a negative step size, a momentum outside [0, 1) or a wrong last axis.
        """
        array = super().read(theta)
        for k, name in enumerate(self.free):
            if self.shape:
                values = array[..., k]
            else:
                values = array
            step_sizes(name, values) if name == "step_size" else _momentum(values)
        return array

    def stable(self, eigenvalues: Spectrum, theta: StepSizes = ()) -> Any:
        """Whether w_t converges for every start: 0 < eta lambda < limit(beta) at all eigenvalues
        (last axis).

        ``theta`` holds what is free: nothing, if both parameters are given.
        """
        read = self.read(theta)
        if self.shape:
            read = np.moveaxis(read, -1, 0)
        eta, beta = self._pair(read, read)
        x = np.asarray(eta)[..., None] * finite("eigenvalues", eigenvalues)
        limit = self.limit(np.asarray(beta)[..., None])
        return np.asarray(((x > 0) & (x < limit)).all(axis=-1))[()]

    def run(
        self,
        gradient: Callable[[Any], Any],
        start: Arithmetic,
        theta: Arithmetic | Sequence[Arithmetic],
    ) -> Iterator[Any]:
        """The T + 1 iterates from ``start`` (..., d), w_{-1} = w_0, at one theta: a number, or a
        pair of them.
        """
        eta, beta = self._pair(theta, start)
        before = start
        w = start
        yield w
        for _ in range(self.steps):
            after = self.step(gradient, w, before, eta, beta)
            before = w
            w = after
            yield w

    def residual(
        self, eigenvalues: Arithmetic, theta: Arithmetic | Sequence[Arithmetic]
    ) -> tuple[Any, Any, Any]:
        """p_T and its derivatives by the three-term recursion, O(T), plain ``+ - *`` in every
        arithmetic.
        """
        p, first, second = self.short_residual(eigenvalues, theta, 2)
        return p, first, second

    def short_residual(
        self, eigenvalues: Arithmetic, theta: Arithmetic | Sequence[Arithmetic], order: int
    ) -> tuple[Any, ...]:
        """The same up to this order: where second derivatives are not asked for, none is formed."""
        jets = Jet.parameters(self._entries(theta), max(order, 1))
        eta, beta = self._pair(jets if self.shape else jets[0], eigenvalues)
        h, b = self.coefficients(eta * eigenvalues, beta)
        before: Any = 1
        z: Any = 1
        for _ in range(self.steps):
            after = h * z - b * before
            before = z
            z = after
        # derivatives in the shape of the value
        z = z.map(lambda x: x)
        found = [z.value, z.first, z.second]
        if not self.shape:
            found[1:] = [z.first[0], *(row[0] for row in z.second)]
        return tuple(found[: order + 1])

    def signed_residual(
        self, eigenvalues: Array, theta: Array, order: int = 2
    ) -> tuple[SignLog, ...]:
        """The same up to this order for one free parameter (...) that broadcasts over the leading
        axes, for every T.

        p_T has a relative error of about eps |log |p_T||, and 1 - p_T keeps its digits where p_T
        is next to 1.

        Raises
        ------
        ValueError
            step size and momentum are both free.
        """
        if self.shape:
            raise ValueError(
                f"{self!r} has a vector of parameters, whose derivatives are not held as "
                "SignLog: use objective.exactly, or give one of step_size and momentum"
            )
        p, exponent = self._power(eigenvalues, theta, order)
        found = [p.value, *p.first]
        if order == 2:
            found.append(p.second[0][0])
        return tuple(signlog(x, exponent) for x in found)

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """log F and the relative derivatives of F, in O(d log T).

        Errors in every regime, next to equal roots as elsewhere: about eps max(1, |log F|) for log
        F, 1e-15 of E|p_a / p| for the slope, 1e-14 of E|p_a p_b / p^2| + E|p_ab / p| for second
        derivatives. T above 2^50 adds 8 T 2^-104 to each (2e-15 at 2^53).

        Raises
        ------
        OverflowError
            a relative derivative exceeds float64.
        """
        p, exponent = self._power(eigenvalues, theta, order)
        return log_loss(p, exponent, weights, self.steps, bool(self.shape))

    def response(self, eigenvalues: Array) -> Response:
        """S = eta A, A = s_0 + ... + s_{T-1} the sum of the impulse response, in O(d log T + d^2)
        for complex, real and equal roots alike; at most 1e-12 off relative to S' where digits of
        lambda are not multiplied by more.

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        self.require_given()
        if self.steps == 1:
            return super().response(eigenvalues)
        eta, beta = self._pair((), 0.0)

        def total(lam: Jet) -> Powers:
            return summed(*self._companion(eta, beta, lam), self.steps)

        still = eigenvalues * 0.0
        b = np.abs(self.coefficients(eta * eigenvalues, beta)[1] + still).max()
        A = differenced(total, eigenvalues, eta, amplification(self.steps, float(b)))
        # p = 1 - eta lambda A, in 106 bits
        x = DoubleDouble(eigenvalues, still) * DoubleDouble.of(eta)
        p = np.ldexp(1.0, -A.exponent) - x * A.value
        shift = A.exponent * math.log(2)
        return Response(p.hi, eta * A.value.hi, eta * A.between, shift)

    def _companion(
        self, eta: float, beta: float, lam: Jet
    ) -> tuple[Jet, Jet, Jet, Jet, DoubleDouble]:
        """h, b, g, x and D at eigenvalues with their derivatives."""
        momentum = DoubleDouble.of(beta)
        x: Any = lam * DoubleDouble.of(eta)
        h, b = self.coefficients(x, momentum)
        # every Jet in the common shape
        blank = h * 0
        g = self.tilt(x, momentum)
        return blank + h, blank + b, blank + g, blank + x, self.gap(x.value, beta)

    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The best theta found, one for each row of spectra; ``minimum`` says whether it is proved
        to be the best.

        One free parameter: the global minimiser, by branch and bound (see ``minimum``). Both free:
        the best local minimum found, not proved. Measured on 160 random draws (2 to 10
        eigenvalues, condition number 2 to 10^4, weights over up to eight decades, T <= 160)
        against half a million random pairs each, the best 12000 of them refined: no pair was lower
        by 1e-6 in log F in 158 draws. The two others have log F < -130. So close to 0 minima are
        canyons about as narrow as the spacing of floats, and the lowest value met is returned: two
        searches from different starts agreed in 108 of 120 further draws, and the twelve others
        have log F < -75.
        """
        shape = np.broadcast_shapes(np.shape(eigenvalues), np.shape(weights))
        lam = np.broadcast_to(eigenvalues, shape).reshape(-1, shape[-1])
        omega = np.broadcast_to(weights, shape).reshape(-1, shape[-1])
        boxes = 0 if self.shape else None  # a proof for both parameters takes minutes
        best = [self.minimum(x, o, boxes).theta for x, o in zip(lam, omega, strict=True)]
        return np.array(best).reshape(shape[:-1] + self.shape)

    def minimum(self, eigenvalues: Spectrum, weights: Numbers, boxes: int | None = None) -> Minimum:
        """The best theta found for one spectrum (d,), and a lower bound of log F over every
        admitted theta.

        F has many local minima, their number grows with T. Newton's method on R = F^(1/2T) starts
        from the best local minima of a grid in the angles of the complex roots; where both
        parameters are free, from the ends of descents on lattices that resolve every phase
        (``_lattice``). Then branch and bound (``_isolate``) goes through all of 0 <= eta <= 4 / mu
        and 0 <= beta <= 1, beyond which F is at least F(0), starting Newton's method again where a
        box is lower. It ends when every box is above the best value less 1e-9 of F, or at
        ``boxes`` boxes.

        Parameters
        ----------
        eigenvalues
            lambda (d,), positive.
        weights
            omega (d,), nonnegative, not all zero.
        boxes
            how many boxes are looked at, at most; None stands for 2^20 / d, at least 2^14. One
            free parameter needs a few thousand at T = 160 and d = 10; both need some 10^3 T^2.
        """
        cap = None if boxes is None else natural("boxes", boxes, least=0)
        spectrum = shaped("eigenvalues", eigenvalues, (-1,), "(d,), one spectrum")
        masses = shaped("weights", weights, spectrum.shape)
        if not (spectrum > 0).all() or (masses < 0).any() or not masses.any():
            raise ValueError(
                f"eigenvalues = {show(spectrum)} must be > 0 and weights = {show(masses)} >= 0, "
                "not all 0"
            )
        on = masses > 0
        lam, place = np.unique(spectrum[on], return_inverse=True)
        omega = np.bincount(place, masses[on])
        if self.steps > 1 or self.momentum is not None:
            return best_of(self, lam, omega, cap)
        # w_{-1} = w_0: one step has no momentum
        still = replace(self, momentum=0.0)
        if self.step_size is None:
            one = still.minimum(lam, omega, boxes)
            return one._replace(theta=np.array([one.theta, 0.0]))
        level = float(self.log_loss(lam, omega, np.zeros(()), 0).level)
        return Minimum(0.0, level, level, 0)

    def _entries(self, theta: Any) -> Sequence[Any]:
        """The free parameters one by one."""
        if self.shape:
            return list(theta)
        return [theta]

    def _pair(self, theta: Arithmetic | Sequence[Arithmetic], like: Arithmetic) -> tuple[Any, Any]:
        """(eta, beta): the free ones from theta, the given ones in the number type of the array
        ``like``.
        """
        free = iter(self._entries(theta))
        eta, beta = (
            next(free) if x is None else in_arithmetic(x, like)
            for x in (self.step_size, self.momentum)
        )
        return eta, beta

    def _power(self, eigenvalues: Array, theta: Array, order: int) -> tuple[Jet, Array]:
        """(p, k) with p_T = p 2^k as Jet of DoubleDouble."""
        theta = np.asarray(theta, dtype=float)
        if self.shape:
            theta = np.moveaxis(theta, -1, 0)
        columns = [DoubleDouble.of(x[..., None]) for x in self._entries(theta)]
        jets = Jet.parameters(columns, order)
        if order == 0:
            jets = tuple(Jet(x.value, (), ()) for x in jets)
        free = iter(jets)
        eta: Any
        beta: Any
        eta, beta = (
            next(free) if x is None else DoubleDouble.of(x) for x in (self.step_size, self.momentum)
        )
        x = eta * eigenvalues
        h, b = self.coefficients(x, beta)
        g = self.tilt(x, beta)
        # every Jet in the common shape, with all its derivatives
        blank = h * 0
        x = blank + x
        # the momentum as one float: D = h^2 - 4 b is formed from its digits
        momentum = beta.value.hi if isinstance(beta, Jet) else beta.hi
        gap = self.gap(x.value, momentum)
        return power(blank + h, blank + b, blank + g, x, gap, self.steps)


def _positive(value: Scalar) -> Array:
    array = step_sizes("step_size", value)
    if (array == 0).any():
        raise ValueError(
            f"step_size = {show(value)} must be > 0: pass one number, or None to tune it"
        )
    return array


def _momentum(value: StepSizes) -> Array:
    array = finite("momentum", value)
    bad = (array < 0) | (array >= 1)
    if bad.any():
        raise ValueError(
            f"momentum has the entry {array[bad].flat[0]}, outside [0, 1): pass 0 <= momentum < 1"
        )
    return array
