"""Real numbers as sign and log-magnitude: x = sign * exp(log), so that (1 - eta lambda)^T fits at
T = 10^9.

Products and powers are sums and multiples of logs; a sum is shifted by its largest magnitude. A
relative error of the value is an absolute error of the log, hence about |log x| * 2^-53: the
container never overflows, but a value of magnitude 10^(10^12) carries four digits.
"""

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Operand
from quadmeta._validate import frozen, show, unrounded, whole
from quadmeta.arithmetic.container import Container, summed

LARGEST = float(np.finfo(float).max)
SMALLEST = float(np.finfo(float).tiny)
# to_float forgives the rounding of a log near +-709, so that every normal float64 makes the round
# trip
_MARGIN = 3e-13


@dataclass(frozen=True, eq=False, repr=False)
class SignLog(Container):
    """An array of real numbers held as ``sign`` in {-1, 0, 1} and ``log`` = log|x|, which is -inf
    iff sign is 0.

    Arithmetic ``+ - * /``, integer powers and comparisons work elementwise with numbers, arrays
    and Fractions on either side. Build one with ``SignLog.of``; ``SignLog(sign, log)`` takes the
    two arrays themselves.

    Raises
    ------
    ValueError
        a sign or a log outside that domain.
    OverflowError
        log|x| itself does not fit in float64.
    ZeroDivisionError
        division by zero, or zero to a negative power.

    Examples
    --------
    >>> from quadmeta import SignLog
    >>> x = SignLog.of(0.5) ** 10**9
    >>> x
    SignLog(10**-301029995.7)
    >>> (x / x).to_float()
    1.0
    """

    sign: Array
    log: Array

    if TYPE_CHECKING:
        # numbers and lists are taken too; the attributes are arrays
        def __init__(self, sign: Operand, log: Operand) -> None: ...

    def __post_init__(self) -> None:
        sign = _part("sign", self.sign)
        log = _part("log", self.log)
        if sign.shape != log.shape:
            sign, log = np.broadcast_arrays(sign, log)
        ordinary = (np.abs(sign) == 1) & np.isfinite(log)
        if not ordinary.all():
            zero = (sign == 0) & (log == -np.inf)
            if not (zero | (np.abs(sign) == 1) & ~np.isnan(log)).all():
                raise ValueError(
                    "sign must be -1, 0 or 1, and log = -inf exactly where sign = 0: use "
                    "SignLog.of(x)"
                )
            if not (zero | ordinary).all():
                raise OverflowError(
                    "log|x| does not fit in float64: use a smaller exponent, so that |log x| <= "
                    "1.8e308"
                )
        object.__setattr__(self, "sign", frozen(sign))
        object.__setattr__(self, "log", frozen(log))

    @classmethod
    def of(cls, x: Operand) -> "SignLog":
        """x as SignLog: float, int of any size, Fraction, mpf, an array or list of these, or a
        SignLog.

        Raises
        ------
        ValueError
            NaN, infinity, or something that is not a real number.
        """
        if isinstance(x, cls):
            return x
        array = unrounded("x", x)
        if array.dtype == object:
            pairs = np.array([_sign_and_log(value) for value in array.flat]).reshape(
                array.shape + (2,)
            )
            return cls(pairs[..., 0], pairs[..., 1])
        if not np.isfinite(array).all():
            raise ValueError(
                f"x = {show(x)} must hold finite numbers: remove NaN and infinite entries"
            )
        with np.errstate(divide="ignore"):
            return _made(np.sign(array), np.log(np.abs(array)))

    @property
    def _parts(self) -> tuple[Array, Array]:
        return self.sign, self.log

    @classmethod
    def _operand(cls, x: object) -> "SignLog | None":
        if isinstance(x, (cls, Real, np.ndarray, np.generic, list)):
            return cls.of(x)
        return None

    def _make(self, first: Array, second: Array) -> "SignLog":
        return _made(first, second)

    def _show(self, k: int) -> str:
        return _show(self.sign.flat[k], self.log.flat[k])

    def __add__(self, other: Arithmetic) -> "SignLog":
        if (b := self._operand(other)) is None:
            return NotImplemented
        top = np.maximum(self.log, b.log)
        low = np.minimum(self.log, b.log)
        with np.errstate(all="ignore"):
            delta = np.where(low == -np.inf, -np.inf, low - top)
            less = np.exp(delta)
            opposite = self.sign * b.sign < 0
            cancel = opposite.any()
            if cancel:
                less = np.where(opposite, -less, less)
            more = np.array(np.log1p(less))
            if cancel:
                # log(1 - e^delta): log1p is accurate for small e^delta, expm1 for small delta, and
                # 0 gives an exact zero
                near = opposite & ~(delta < -math.log(2))
                more[near] = np.log(-np.expm1(delta[near]))
            log = top + more
        sign = np.where(self.log >= b.log, self.sign, b.sign)
        if cancel:
            sign = np.where((log == -np.inf) & (delta == 0), 0.0, sign)
        return _made(sign, log)

    def __mul__(self, other: Arithmetic) -> "SignLog":
        if (b := self._operand(other)) is None:
            return NotImplemented
        with np.errstate(over="ignore"):
            return _made(self.sign * b.sign, self.log + b.log)

    def __truediv__(self, other: Arithmetic) -> "SignLog":
        if (b := self._operand(other)) is None:
            return NotImplemented
        if (b.sign == 0).any():
            raise ZeroDivisionError(
                "division by a SignLog that is zero: remove the zero entries of the divisor"
            )
        with np.errstate(over="ignore"):
            return _made(self.sign * b.sign, self.log - b.log)

    def __pow__(self, exponent: int | Array) -> "SignLog":
        n: Any = int(exponent) if whole(exponent) else None
        if n is None:
            try:
                n = np.asarray(exponent)
            except ValueError:  # a ragged list
                n = np.array(None)
            if n.dtype.kind not in "iu" or isinstance(n, np.ma.MaskedArray):
                raise ValueError(
                    f"exponent = {show(exponent)} must be an integer: multiply .log for other "
                    "powers"
                )
        zero = self.sign == 0
        if (zero & (n < 0)).any():
            raise ZeroDivisionError("zero to a negative power: remove the zero entries of the base")
        if isinstance(n, int) and abs(n) > 10**308:
            raise OverflowError(
                f"exponent = {show(n)}: log|x| does not fit in float64, use a smaller exponent"
            )
        with np.errstate(all="ignore"):
            log = np.where(
                n == 0, 0.0, np.where(zero, -np.inf, self.log * np.asarray(n, dtype=float))
            )
        return _made(np.where(n == 0, 1.0, np.where(n % 2 == 1, self.sign, self.sign**2)), log)

    def __neg__(self) -> "SignLog":
        return _made(-self.sign, self.log)

    def __abs__(self) -> "SignLog":
        return _made(np.abs(self.sign), self.log)

    def sum(self, axis: Any = None) -> "SignLog":
        """Sum over all entries or an axis; the error is about eps times the sum of magnitudes,
        all-zero sums exact.
        """
        if isinstance(axis, tuple):
            axis = tuple(summed(k, self.ndim) for k in axis)
        else:
            axis = summed(axis, self.ndim)
        top = np.max(self.log, axis=axis, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(all="ignore"):
            total = np.sum(self.sign * np.exp(self.log - top), axis=axis, keepdims=True)
            log = top + np.log(np.abs(total))
        return _made(np.squeeze(np.sign(total), axis=axis), np.squeeze(log, axis=axis))

    def _compare(self, other: object, below: bool, equal: bool, above: bool) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        with np.errstate(invalid="ignore"):
            # the order of (sign, sign * log); 0 * -inf is NaN, which compares false
            less = (self.sign < b.sign) | (
                (self.sign == b.sign) & (self.sign * self.log < b.sign * b.log)
            )
        same = (self.sign == b.sign) & (self.log == b.log)
        return (below & less) | (equal & same) | (above & ~less & ~same)

    def __eq__(self, other: object) -> Any:
        return self._compare(other, False, True, False)

    def __ne__(self, other: object) -> Any:
        return self._compare(other, True, False, True)

    def __lt__(self, other: Arithmetic) -> Any:
        return self._compare(other, True, False, False)

    def __le__(self, other: Arithmetic) -> Any:
        return self._compare(other, True, True, False)

    def __gt__(self, other: Arithmetic) -> Any:
        return self._compare(other, False, False, True)

    def __ge__(self, other: Arithmetic) -> Any:
        return self._compare(other, False, True, True)

    @property
    def log10_abs(self) -> Array:
        """log10|x|, -inf for zero."""
        return self.log / math.log(10)

    def to_float(self) -> Any:
        """float64 values (a Python float for a single number), to about |log x| * 2^-53.

        Raises
        ------
        OverflowError
            an entry is too large for float64, or not zero and below 2.2e-308, where digits get
            lost.
        """
        out = (self.log > math.log(LARGEST) + _MARGIN) | (
            (self.log < math.log(SMALLEST) - _MARGIN) & (self.sign != 0)
        )
        if out.any():
            worst = _show(self.sign[out].flat[0], self.log[out].flat[0])
            raise OverflowError(f"{worst} does not fit in float64: use .sign and .log10_abs")
        with np.errstate(over="ignore"):
            value = self.sign * np.clip(np.exp(self.log), SMALLEST, LARGEST)
        if self.ndim:
            return value
        return float(value)

    def __float__(self) -> float:
        if self.size != 1:
            raise TypeError(
                f"only a single SignLog converts to float, not shape {self.shape}: use .to_float()"
            )
        return float(self.ravel()[0].to_float())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth of a SignLog of shape {self.shape} is ambiguous: compare .sign with 0"
            )
        return bool((self.sign != 0).all())


def _made(sign: Array, log: Array) -> SignLog:
    """Signs and logs that an operation made of good ones, of one shape.

    The class checks them only where a log is not finite: a zero, or one beyond float64.
    """
    if not np.isfinite(log).all():
        return SignLog(sign, log)
    made = object.__new__(SignLog)
    object.__setattr__(made, "sign", frozen(sign))
    object.__setattr__(made, "log", frozen(log))
    return made


def _part(name: str, x: Operand) -> Array:
    """Real numbers, infinite ones too, as float64."""
    array = unrounded(name, x)
    try:
        if array.dtype == object:
            return array.astype(float)
        return array
    except OverflowError:
        raise OverflowError(
            f"{name} = {show(x)} does not fit in float64: use a smaller exponent"
        ) from None


def _show(sign: float, log: float) -> str:
    """-3.1e-280 where float64 holds it, else -10**-1505.1."""
    if sign == 0:
        return "0"
    if math.log(SMALLEST) < log < math.log(LARGEST):
        return f"{sign * math.exp(log):.6g}"
    return f"{'-' if sign < 0 else ''}10**{log / math.log(10):.1f}"


def integer_parts(x: Any) -> tuple[int, int, int]:
    """(top, bottom, exponent) with x = top / bottom * 2**exponent exactly, for float, int,
    Fraction, mpf of any size.

    Raises
    ------
    ValueError
        NaN, infinity, or not a real number.
    """
    if isinstance(x, np.generic):
        x = x.item()
    else:
        x = x
    try:
        if hasattr(x, "_mpf_"):
            negative, top, exponent, _ = map(int, x._mpf_)
            if top == 0 and exponent != 0:  # how mpmath stores inf and nan
                raise ValueError
            return (-top if negative else top), 1, exponent
        return (*x.as_integer_ratio(), 0)
    except (AttributeError, ValueError, OverflowError):
        raise ValueError(
            f"x = {show(x)} must be a finite real number: pass int, float, Fraction or mpf"
        ) from None


def _sign_and_log(x: Any) -> tuple[float, float]:
    """Sign and log|x| of a float, int, Fraction or mpf, whatever its size."""
    top, bottom, exponent = integer_parts(x)
    if top == 0:
        return (0.0, -math.inf)
    return (1.0 if top > 0 else -1.0, _log_ratio(abs(top), bottom, exponent))


def _log_ratio(top: int, bottom: int, exponent: int) -> float:
    """log(top / bottom * 2**exponent) to a few ulp: from the exact difference near 1, else with
    the binary exponent.
    """
    shift = top.bit_length() - bottom.bit_length()
    if abs(shift + exponent) <= 1:
        top = top << max(exponent, 0)
        bottom = bottom << max(-exponent, 0)
        if 2 * abs(top - bottom) <= bottom:
            return math.log1p((top - bottom) / bottom)
        shift = shift + exponent
        exponent = 0
    return math.log((top << max(-shift, 0)) / (bottom << max(shift, 0))) + (
        shift + exponent
    ) * math.log(2)
