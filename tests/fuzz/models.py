"""What error each quantity may have: its documented accuracy in units of rounding, times a
condition number.

One function a quantity; its docstring is the sentence. EPS = 2^-52 is the distance from 1 to the
next float.
"""

from collections.abc import Callable
from typing import Any

from flint import arb, ctx

from tests.fuzz.exact import EPS, largest, total


def log_of_weights(omega: list[arb], top: int) -> arb:
    """|log omega| of the largest term; of the largest weight, where one leaves 2^-400..2^400."""
    logs = [abs(x.log()) for x in omega if x > 0]
    return largest(*logs) if largest(*logs) > 400 * arb(2).log() else abs(omega[top].log())


def level(m: Any) -> arb:
    """log F: 1e-14 max(1, |log F|, 2T |log |a_r||), r the largest term.

    For weights of any size, 2 eps (|log omega_r| + 2T |log |a_r||).
    """
    size = largest(arb(1), abs(m.F.log()), m.log_power)
    return largest(1e-14 * size, 2 * EPS * (m.log_weight + m.log_power))


def blurred(m: Any, size: arb, blur: arb, k: float) -> arb:
    """k E|x|: a mean over pi; where weights span more than 12 decades the exponent counts too, 4
    eps E|x| |log pi|.
    """
    return largest(k * size, 4 * EPS * (blur + size * m.blur0))


def slope(m: Any) -> tuple[arb, arb]:
    """F'/F = -2T E[u]: 2e-14 T E|u|."""
    return -2 * m.T * m.S1 / m.F, 2 * m.T * blurred(m, m.size1 / m.F, m.blur1 / m.F, 1e-14)


def variance(m: Any) -> tuple[arb, arb]:
    """Var(u): 5e-14 of itself."""
    value = m.spread / m.F**2
    error = largest(value * 5e-14, 4 * EPS * (value * m.blur0 + m.blurred_spread / m.F**2))
    return value, error + LOST * m.steepest + TINY


def relative(m: Any, order: int) -> tuple[arb, arb, arb]:
    """F, F'/F or F''/F = 2T (2T - 1) E[u^2] as factors of F: (value, allowed error, error of log
    F).
    """
    T = m.T
    if order == 0:
        return arb(1), arb(0), level(m)
    if order == 1:
        return *slope(m), level(m)
    value = 2 * T * (2 * T - 1) * m.S2 / m.F
    return value, 2 * T * (2 * T - 1) * blurred(m, m.S2 / m.F, m.blur2 / m.F, 5e-14), level(m)


def naive(m: Any, order: int) -> tuple[arb, arb, arb]:
    """F, F', F'' as SignLog: the error of log F, and relative to F those of F'/F and F''/F."""
    if m.F.is_zero():
        T = m.T
        value = (m.F, -2 * T * m.S1, 2 * T * (2 * T - 1) * m.S2)[order]
        return value, abs(value) * arb(1e-14), arb(0)
    value, error, slack = relative(m, order)
    if abs(value) > 0:
        slack += 2 * EPS * abs(abs(value).log())  # a product of two SignLogs adds two logarithms
    return value * m.F, m.F * (abs(value) * slack.expm1() + error * slack.exp()), m.F * error


def log(m: Any, order: int) -> tuple[arb, arb]:
    """G = log F / T: 5e-15 max(2, |G|); G' = F'/F/T: that of F'/F; G'': 5e-14 (|G''| + 2 E[u^2])."""
    T = m.T
    if order == 0:
        value = m.F.log() / T
        return value, largest(
            5e-15 * largest(arb(2), abs(value)), 2 * EPS * (m.log_weight + m.log_power) / T
        )
    if order == 1:
        value, error = slope(m)
        return value / T, error / T
    spread, error = variance(m)
    mean = m.S1 / m.F
    value = (4 * T - 2) * spread - 2 * mean**2
    return value, largest(
        5e-14 * (abs(value) + 2 * m.S2 / m.F),
        (4 * T - 2) * error + 4 * abs(mean) * slope(m)[1] / (2 * T),
    )


def scan(m: Any, order: int) -> tuple[arb, arb]:
    """The short kernel: 20 eps (1 + |G| + E 1/|a|) for G, 20 T eps E[|u| (1 + 1/|a|)] for G';
    weights as elsewhere.

    Where that is more than a half of |G| or of E|u|, a factor a is below its own rounding, and
    nothing is said.
    """
    value, wide = log(m, order)
    if order == 0:
        error, size = 20 * EPS * (1 + abs(value) + m.inverse / m.F), arb(1)
    else:
        error, size = 20 * EPS * m.T * m.scan1 / m.F, m.size1 / m.F
    return value, arb(10) ** 400 if error > size / 2 else largest(error, wide)


def root(m: Any, order: int) -> tuple[arb, arb]:
    """R = F^(1/2T): half the error of G; R' = R F'/F/2T; R'' = (2T - 1) R Var(u), relative to
    their factors.
    """
    T = m.T
    value, half = (m.F.log() / (2 * T)).exp(), log(m, 0)[1] / 2 + 2 * EPS
    if order == 0:
        return value, value * half
    if order == 1:
        inner, error = slope(m)
        return value * inner / (2 * T), value * (abs(inner) * half + error) / (2 * T)
    spread, error = variance(m)
    return (2 * T - 1) * value * spread, (2 * T - 1) * value * (spread * half + error)


LOST = arb(10) ** -295
"""Share of a sum below which terms may underflow."""
TINY = arb(2) ** -1060
"""What products below 2.2e-308 may lose."""
KINDS = {"NaiveObjective": naive, "LogObjective": log, "RootObjective": root}


def truth(
    name: str, order: int, moments: Callable[..., Any], k: int
) -> Callable[[], tuple[arb, ...]]:
    """The exact value and its allowed error at step size number k."""
    return lambda: KINDS[name](moments(k, ctx.prec), order)


def minimizer(lam: list[arb], omega: list[arb], T: int, best: float | None) -> tuple[arb, arb]:
    """eta*: 2e-15 of itself; for weights of any size, what 2 eps of their logarithms move the root
    by.

    The root of log S_- - log S_+, the sums of F' over a < 0 and over a > 0, is bracketed from the
    answer outwards and bisected to a fiftieth of what is allowed.
    """
    if best is None:
        return arb(0), arb(0)
    power = 2 * T - 1

    def balance(x: arb) -> tuple[arb, arb]:
        sides: list[list[tuple[arb, arb]]] = [[], []]
        for value, weight in zip(lam, omega):
            a = 1 - x * value
            if not a.is_zero():
                term = weight * value * abs(a) ** power
                sides[bool(a > 0)].append((term, value / abs(a)))
        low, high = (total([t for t, _ in side]) for side in sides)
        rise = total([t * u for side in sides for t, u in side]) * power
        return low - high, rise

    eta = arb(best)
    value, rise = balance(eta)
    exponents = largest(*(abs(o.log()) for o in omega)) + largest(*(abs(v.log()) for v in lam))
    # d log S / d eta is about rise / S on each side
    total_mass = total([o * v * abs(1 - eta * v) ** power for o, v in zip(omega, lam)])
    allowed = 2e-15 * eta
    if rise > 0 and total_mass > 0:
        allowed = largest(allowed, 2 * EPS * exponents * total_mass / rise)
    if value.is_zero():
        return eta, allowed
    reach = allowed.mid()
    for _ in range(60):
        other = eta + (reach if value < 0 else -reach)
        if not (balance(other)[0] * value > 0):
            break
        reach *= 2
    low, high = (eta, other) if value < 0 else (other, eta)
    for _ in range(8):
        middle = ((low + high) / 2).mid()
        low, high = (middle, high) if balance(middle)[0] < 0 else (low, middle)
    return (low + high) / 2, allowed


def several(
    name: str, residuals: Callable[..., Any], k: int, entry: tuple[int, ...], label: str
) -> Callable[[], tuple[arb, ...]]:
    """Objectives of several parameters: value (), derivative (s,) or second derivative (s, t)."""

    def at() -> tuple[arb, ...]:
        m = residuals(k, ctx.prec)
        if m.F.is_zero():
            return arb(0), arb(0)
        return (
            _several_naive
            if name == "NaiveObjective"
            else _several_log
            if name == "LogObjective"
            else _several_root
        )(m, entry, label)

    return at


def _parts(m: Any, entry: tuple[int, ...], label: str) -> tuple[arb, arb]:
    """(log F)_s or (log F)_st and its error.

    Schedules: 1e-14 sqrt(2 E U_s^2), and 2e-14 of the product of two such. Momentum: 1e-14 E|p_s /
    p| and 1e-13 of the sizes of what is summed.
    """
    # weights that span more than 12 decades enter as exponents
    blur = max(1.0, 8 * EPS * m.blur / 1e-14) if m.blur > 28 else 1.0
    blur = max(blur, 2 * EPS * m.exponent / 1e-14)
    if label == "schedule":
        scale = [(2 * x).abs_upper().sqrt() for x in m.square]
        if len(entry) == 1:
            return m.slope[entry[0]], 1e-14 * blur * scale[entry[0]] + TINY
        s, t = entry
        return m.curvature(s, t), 2e-14 * blur * scale[s] * scale[t] + TINY
    # at eta = 0 the derivatives in the momentum vanish, and 1e-25 is what is promised of such
    rest = [arb(0), arb(1e-25)]
    if len(entry) == 1:
        return m.slope[entry[0]], 1e-14 * blur * m.size[entry[0]] + TINY + rest[entry[0]]
    s, t = entry
    error = 1e-13 * blur * ((m.square[s] * m.square[t]).abs_upper().sqrt() + m.bend[s, t]) + TINY
    return m.curvature(s, t), error + rest[s] * (1 + m.size[t]) + rest[t] * (1 + m.size[s])


def _several_level(m: Any, label: str) -> arb:
    value = abs(m.F.log())
    if label == "schedule":
        return largest(1e-14 * largest(arb(1), value), 4 * EPS * (m.log_weight + m.log_power))
    return largest(1e-15 * largest(arb(1), value), 2 * EPS * (m.log_weight + m.log_power))


def _several_naive(m: Any, entry: tuple[int, ...], label: str) -> tuple[arb, ...]:
    slack = _several_level(m, label)
    if not entry:
        return m.F, m.F * slack.expm1(), arb(0)
    value, error = _parts(m, entry, label)
    if len(entry) == 2:
        s, t = entry
        value = m.second[s, t]
        error += (
            abs(m.slope[s]) * _parts(m, (t,), label)[1]
            + abs(m.slope[t]) * _parts(m, (s,), label)[1]
        )
        error += 4 * EPS * abs(m.slope[s] * m.slope[t])
    if abs(value) > 0:
        slack += 2 * EPS * abs(abs(value).log())
    return value * m.F, m.F * (abs(value) * slack.expm1() + error * slack.exp()), m.F * error


def _several_log(m: Any, entry: tuple[int, ...], label: str) -> tuple[arb, ...]:
    if not entry:
        return m.F.log() / m.T, _several_level(m, label) / m.T
    value, error = _parts(m, entry, label)
    return value / m.T, (error + 4 * EPS * abs(value)) / m.T


def _several_root(m: Any, entry: tuple[int, ...], label: str) -> tuple[arb, ...]:
    T = m.T
    R, half = (m.F.log() / (2 * T)).exp(), _several_level(m, label) / (2 * T) + 4 * EPS
    if not entry:
        return R, R * half
    value, error = _parts(m, entry, label)
    if len(entry) == 2:
        s, t = entry
        product = m.slope[s] * m.slope[t] / (2 * T)
        value += product
        error += (
            abs(m.slope[s]) * _parts(m, (t,), label)[1]
            + abs(m.slope[t]) * _parts(m, (s,), label)[1]
        ) / (2 * T)
        error += 4 * EPS * abs(product)
    return R * value / (2 * T), R * (abs(value) * half + error) / (2 * T)
