"""Real numbers as sign and log-magnitude: x = sign * exp(log), so that (1 - eta lambda)^T fits at T = 10^9.

Products and powers are sums and multiples of logs; a sum is shifted by its largest magnitude. A relative error of the
value is an absolute error of the log, hence about |log x| * 2^-53: the container never overflows, but a value of
magnitude 10^(10^12) carries four digits.
"""
import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from quadmeta._validate import finite, frozen, show

Array = Any

LARGEST, SMALLEST = float(np.finfo(float).max), float(np.finfo(float).tiny)
# to_float forgives the rounding of a log near +-709, so that every normal float64 makes the round trip
_MARGIN = 3e-13


@dataclass(frozen=True, eq=False, repr=False)
class SignLog:
    """An array of real numbers held as ``sign`` in {-1, 0, 1} and ``log`` = log|x|, which is -inf iff sign is 0.

    Arithmetic ``+ - * /``, integer powers and comparisons work elementwise with numbers, arrays and Fractions on either
    side. Build one with ``SignLog.of``; ``SignLog(sign, log)`` takes the two arrays themselves.

    Raises:
        ValueError: a sign or a log outside that domain.
        OverflowError: log|x| itself does not fit in float64.
        ZeroDivisionError: division by zero, or zero to a negative power.
    """

    sign: Array
    log: Array
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        sign, log = np.broadcast_arrays(np.asarray(self.sign, dtype=float), np.asarray(self.log, dtype=float))
        zero = sign == 0
        if not (zero | (np.abs(sign) == 1)).all() or np.isnan(log).any() or (log[zero] != -np.inf).any():
            raise ValueError("sign must be -1, 0 or 1, and log = -inf exactly where sign = 0: use SignLog.of(x)")
        if not np.isfinite(log[~zero]).all():
            raise OverflowError("log|x| does not fit in float64: use a smaller exponent, so that |log x| <= 1.8e308")
        object.__setattr__(self, "sign", frozen(sign))
        object.__setattr__(self, "log", frozen(log))

    @classmethod
    def of(cls, x: Any) -> "SignLog":
        """x as SignLog: float, int of any size, Fraction, mpf, an array or list of these, or a SignLog.

        Raises:
            ValueError: NaN, infinity, or something that is not a real number.
        """
        if isinstance(x, cls):
            return x
        array = np.asarray(x)
        if array.dtype == object:
            pairs = np.array([_sign_and_log(value) for value in array.flat]).reshape(array.shape + (2,))
            return cls(pairs[..., 0], pairs[..., 1])
        array = finite("x", x)
        with np.errstate(divide="ignore"):
            return cls(np.sign(array), np.log(np.abs(array)))

    def __add__(self, other: Any) -> "SignLog":
        if (b := _operand(other)) is None:
            return NotImplemented
        top, low = np.maximum(self.log, b.log), np.minimum(self.log, b.log)
        with np.errstate(all="ignore"):
            delta = np.where(low == -np.inf, -np.inf, low - top)
            # log(1 - e^delta): log1p is accurate for small e^delta, expm1 for small delta, and 0 gives an exact zero
            minus = np.where(delta < -math.log(2), np.log1p(-np.exp(delta)), np.log(-np.expm1(delta)))
            log = top + np.where(self.sign * b.sign < 0, minus, np.log1p(np.exp(delta)))
        sign = np.where(self.log >= b.log, self.sign, b.sign)
        return SignLog(np.where((log == -np.inf) & (delta == 0), 0.0, sign), log)

    def __mul__(self, other: Any) -> "SignLog":
        if (b := _operand(other)) is None:
            return NotImplemented
        with np.errstate(over="ignore"):
            return SignLog(self.sign * b.sign, self.log + b.log)

    def __truediv__(self, other: Any) -> "SignLog":
        if (b := _operand(other)) is None:
            return NotImplemented
        if (b.sign == 0).any():
            raise ZeroDivisionError("division by a SignLog that is zero: remove the zero entries of the divisor")
        with np.errstate(over="ignore"):
            return SignLog(self.sign * b.sign, self.log - b.log)

    def __pow__(self, exponent: Any) -> "SignLog":
        n = int(exponent) if isinstance(exponent, Integral) else np.asarray(exponent)
        if isinstance(n, np.ndarray) and n.dtype.kind not in "iu":
            raise ValueError(f"exponent = {show(exponent)} must be an integer: multiply .log for other powers")
        zero = self.sign == 0
        if (zero & (n < 0)).any():
            raise ZeroDivisionError("zero to a negative power: remove the zero entries of the base")
        with np.errstate(all="ignore"):
            log = np.where(n == 0, 0.0, np.where(zero, -np.inf, self.log * np.asarray(n, dtype=float)))
        return SignLog(np.where(n == 0, 1.0, np.where(n % 2 == 1, self.sign, self.sign**2)), log)

    def __neg__(self) -> "SignLog":
        return SignLog(-self.sign, self.log)

    def __abs__(self) -> "SignLog":
        return SignLog(np.abs(self.sign), self.log)

    def __sub__(self, other: Any) -> "SignLog":
        if (b := _operand(other)) is None:
            return NotImplemented
        return self + (-b)

    def __rsub__(self, other: Any) -> "SignLog":
        return (-self).__add__(other)

    def __rtruediv__(self, other: Any) -> "SignLog":
        if (a := _operand(other)) is None:
            return NotImplemented
        return a.__truediv__(self)

    __radd__ = __add__
    __rmul__ = __mul__

    def sum(self, axis: Any = None) -> "SignLog":
        """Sum over all entries or an axis; the error is about eps times the sum of magnitudes, all-zero sums exact."""
        top = np.max(self.log, axis=axis, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(all="ignore"):
            total = np.sum(self.sign * np.exp(self.log - top), axis=axis, keepdims=True)
            log = top + np.log(np.abs(total))
        return SignLog(np.squeeze(np.sign(total), axis=axis), np.squeeze(log, axis=axis))

    def dot(self, other: Any) -> "SignLog":
        """Sum of products along the last axis."""
        products: SignLog = self * other
        return products.sum(axis=-1)

    def _compare(self, other: Any, below: bool, equal: bool, above: bool) -> Array:
        if (b := _operand(other)) is None:
            return NotImplemented
        with np.errstate(invalid="ignore"):
            # the order of (sign, sign * log); 0 * -inf is NaN, which compares false
            less = (self.sign < b.sign) | ((self.sign == b.sign) & (self.sign * self.log < b.sign * b.log))
        same = (self.sign == b.sign) & (self.log == b.log)
        return (below & less) | (equal & same) | (above & ~less & ~same)

    def __eq__(self, other: object) -> Array:
        return self._compare(other, False, True, False)

    def __ne__(self, other: object) -> Array:
        return self._compare(other, True, False, True)

    def __lt__(self, other: Any) -> Array:
        return self._compare(other, True, False, False)

    def __le__(self, other: Any) -> Array:
        return self._compare(other, True, True, False)

    def __gt__(self, other: Any) -> Array:
        return self._compare(other, False, False, True)

    def __ge__(self, other: Any) -> Array:
        return self._compare(other, False, True, True)

    __hash__ = None  # type: ignore[assignment]

    @property
    def log10_abs(self) -> Array:
        """log10|x|, -inf for zero."""
        return self.log / math.log(10)

    def to_float(self) -> Array:
        """float64 values (a Python float for a single number), to about |log x| * 2^-53.

        Raises:
            OverflowError: an entry is too large for float64, or not zero and below 2.2e-308, where digits get lost.
        """
        out = (self.log > math.log(LARGEST) + _MARGIN) | ((self.log < math.log(SMALLEST) - _MARGIN) & (self.sign != 0))
        if out.any():
            worst = _show(self.sign[out].flat[0], self.log[out].flat[0])
            raise OverflowError(f"{worst} does not fit in float64: use .sign and .log10_abs")
        with np.errstate(over="ignore"):
            value = self.sign * np.clip(np.exp(self.log), SMALLEST, LARGEST)
        return value if self.ndim else float(value)

    def __float__(self) -> float:
        if self.size != 1:
            raise TypeError(f"only a single SignLog converts to float, not shape {self.shape}: use .to_float()")
        return float(self.ravel()[0].to_float())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"the truth of a SignLog of shape {self.shape} is ambiguous: compare .sign with 0")
        return bool((self.sign != 0).all())

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return tuple(self.sign.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(self.sign.size)

    def reshape(self, *shape: Any) -> "SignLog":
        """The same entries in another shape."""
        return SignLog(self.sign.reshape(*shape), self.log.reshape(*shape))

    def ravel(self) -> "SignLog":
        """The same entries in one axis."""
        return self.reshape(-1)

    def __getitem__(self, key: Any) -> "SignLog":
        return SignLog(self.sign[key], self.log[key])

    def __len__(self) -> int:
        return len(self.sign)

    def __iter__(self) -> Iterator["SignLog"]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        sign, log = self.sign.ravel(), self.log.ravel()
        text = np.array2string(np.arange(self.size).reshape(self.shape), separator=", ", threshold=8,
                               formatter={"int": lambda k: _show(sign[k], log[k])})
        return f"SignLog({' '.join(text.split())})"


def _show(sign: float, log: float) -> str:
    """-3.1e-280 where float64 holds it, else -10**-1505.1."""
    if sign == 0:
        return "0"
    if math.log(SMALLEST) < log < math.log(LARGEST):
        return f"{sign * math.exp(log):.6g}"
    return f"{'-' if sign < 0 else ''}10**{log / math.log(10):.1f}"


def _operand(x: Any) -> "SignLog | None":
    """The other side of an operation, or None for a type that is not a real number."""
    return SignLog.of(x) if isinstance(x, (SignLog, Real, np.ndarray, np.generic, list)) else None


def _sign_and_log(x: Any) -> tuple[float, float]:
    """Sign and log|x| of a float, int, Fraction or mpf, whatever its size."""
    x = x.item() if isinstance(x, np.generic) else x
    try:
        if hasattr(x, "_mpf_"):
            negative, top, exponent, _ = map(int, x._mpf_)
            if top == 0 and exponent != 0:  # how mpmath stores inf and nan
                raise ValueError
            top, bottom = (-top if negative else top), 1
        else:
            (top, bottom), exponent = x.as_integer_ratio(), 0
    except (AttributeError, ValueError, OverflowError):
        raise ValueError(f"x = {show(x)} must be a finite real number: pass int, float, Fraction or mpf") from None
    return (0.0, -math.inf) if top == 0 else (1.0 if top > 0 else -1.0, _log_ratio(abs(top), bottom, exponent))


def _log_ratio(top: int, bottom: int, exponent: int) -> float:
    """log(top / bottom * 2**exponent) to a few ulp: from the exact difference near 1, else with the binary exponent."""
    shift = top.bit_length() - bottom.bit_length()
    if abs(shift + exponent) <= 1:
        top, bottom = top << max(exponent, 0), bottom << max(-exponent, 0)
        if 2 * abs(top - bottom) <= bottom:
            return math.log1p((top - bottom) / bottom)
        shift, exponent = shift + exponent, 0
    return math.log((top << max(-shift, 0)) / (bottom << max(shift, 0))) + (shift + exponent) * math.log(2)
