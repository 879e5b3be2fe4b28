"""Scalar closed forms: powers and geometric sums, filters, spectra, schedules, flow and risks,
SignLog sums.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from flint import arb

import quadmeta as qm
from quadmeta.arithmetic import powers
from quadmeta.theory import discount, filters, gradient_flow, spectra, task_risk
from quadmeta.training import schedules
from tests.fuzz import draws
from tests.fuzz.exact import EPS, Question, balls, total
from tests.fuzz.package import ask, single

Array = Any


def closed_forms(rng: np.random.Generator) -> Iterator[Question]:
    """A few of each."""
    for draw in (sums, filter_values, bounds, profiles, flows, risks, signlogs, discounts):
        yield from draw(rng)


def number(found: Any, k: Any = ()) -> Any:
    """Entry k of an answer."""
    return found if isinstance(found, Exception) else single(found[k] if k != () else found)


def factor(rng: np.random.Generator) -> float:
    """x = eta lambda: next to 0, 1 and 2, ordinary, large."""
    kind = rng.random()
    if kind < 0.3:
        return draws.near(rng, float(rng.choice([1.0, 2.0, 0.5])))
    if kind < 0.5:
        return float(10 ** rng.uniform(-20, 0))
    return float(rng.uniform(0, 2.2)) if kind < 0.95 else float(10 ** rng.uniform(0, 5))


def complement(x: arb, n: int) -> tuple[arb, arb]:
    """1 - (1 - x)^n: a few eps, times 1 + |log |(1 - x)^n|| where that power is large."""
    a = 1 - x
    power = a**n
    value = 1 - power
    log = abs(abs(power).log()) if abs(power) > 0 else arb(0)
    return value, 8 * EPS * (abs(value) + abs(power) * log)


def sums(rng: np.random.Generator) -> Iterator[Question]:
    """power_complement, geometric_sum_at, divided_difference, complete_homogeneous."""
    n, x = draws.steps(rng), factor(rng)
    about = f"x={x!r}, n={n}"

    def ratio() -> tuple[arb, arb]:
        value, error = complement(arb(x), n)
        return (value / x, error / abs(arb(x)) + EPS * abs(value / x)) if x else (arb(n), arb(0))

    for name, call, truth in (
        ("power_complement", powers.power_complement, lambda: complement(arb(x), n)),
        ("geometric_sum_at", powers.geometric_sum_at, ratio),
    ):
        yield Question(
            name, number(ask(call, x, n)), truth, about, size=lambda t=truth: abs(t()[0])
        )
    n = int(10 ** rng.uniform(0, 6))
    a, b = float(rng.uniform(-1.01, 1.01)), float(rng.uniform(-1.01, 1.01))
    if draws.chance(rng, 0.3):
        b = draws.near(rng, a)

    def difference() -> tuple[arb, arb]:
        A, B = arb(a), arb(b)
        value = (A**n - B**n) / (A - B) if a != b else n * A ** (n - 1)
        P, Q = abs(A), abs(B)
        size = (P**n - Q**n) / (P - Q) if abs(a) != abs(b) else n * P ** (n - 1)
        return value, 2e-14 * size + arb(2) ** -1000

    yield Question(
        "divided_difference",
        number(ask(powers.divided_difference, a, b, n)),
        difference,
        f"a={a!r}, b={b!r}, n={n}",
        size=lambda: difference()[1] * 1e14,
    )
    c, degree = float(rng.uniform(-1, 1)), int(rng.integers(0, 60))

    def homogeneous() -> tuple[arb, arb]:
        def h(points: list[arb]) -> arb:
            row = [arb(1)] + [arb(0)] * degree
            for y in points:
                for k in range(1, degree + 1):
                    row[k] += y * row[k - 1]
            return row[degree]

        x3 = balls([a, b, c])
        return h(x3), 3e-14 * h([abs(y) for y in x3])

    yield Question(
        "complete_homogeneous",
        number(ask(powers.complete_homogeneous, [a, b, c], degree)),
        homogeneous,
        f"x={[a, b, c]}, n={degree}",
    )


def filter_values(rng: np.random.Generator) -> Iterator[Question]:
    """The spectral filters of the estimators."""
    T, x = draws.steps(rng, 10**12), factor(rng)
    lam = float(10 ** rng.uniform(-6, 3))
    eta = x / lam
    about = f"lam={lam!r}, eta={eta!r}, T={T}"
    for name, call, n in (
        ("filters.unrolled", filters.unrolled, T),
        ("filters.neumann", filters.neumann, T + 1),
    ):

        def truth(n: int = n) -> tuple[arb, arb]:
            y = arb(eta) * arb(lam)
            value, error = complement(y, n)
            # the product eta lambda is rounded, which counts n times where |1 - eta lambda|^n has
            # not decayed
            moved = n * abs(1 - y) ** (n - 1) * abs(y) * EPS
            return value / lam, (error + moved) / lam + 4 * EPS * abs(value / lam)

        yield Question(
            name, number(ask(call, lam, eta, T)), truth, about, size=lambda t=truth: abs(t()[0])
        )


def bounds(rng: np.random.Generator) -> Iterator[Question]:
    """1 / T_N at the middle of an interval: a few eps a product."""
    low = float(10 ** rng.uniform(-290, 290))
    high = low * (1 + float(10 ** rng.uniform(-14, 14)))
    N = draws.steps(rng, 10**7)

    def truth() -> tuple[arb, arb]:
        sigma = (arb(high) + arb(low)) / (arb(high) - arb(low))
        value = 1 / (N * sigma.acosh()).cosh()
        return value, 8 * (N + 1) * EPS * value

    yield Question(
        "filters.minimax",
        number(ask(filters.minimax, low, high, N)),
        truth,
        f"low={low!r}, high={high!r}, N={N}",
        size=lambda: truth()[0],
    )


def profiles(rng: np.random.Generator) -> Iterator[Question]:
    """Spectra and schedules by their formulas."""
    mu = (
        float(10 ** rng.uniform(-300, 300))
        if draws.chance(rng, 0.3)
        else float(10 ** rng.uniform(-3, 3))
    )
    L = (
        float(min(mu * 10 ** rng.uniform(0, 15), 1e300))
        if draws.chance(rng, 0.8)
        else float(10 ** rng.uniform(np.log10(mu), 300))
    )
    d = int(rng.integers(2, 9))
    k = int(rng.integers(0, d))
    m, M, pi = (lambda: arb(mu)), (lambda: arb(L)), arb.pi
    formulas = {
        "linear": lambda: m() + (M() - m()) * k / (d - 1),
        "geometric": lambda: m() * (M() / m()) ** (arb(k) / (d - 1)),
        "chebyshev": lambda: (M() + m()) / 2 - (M() - m()) / 2 * (pi() * k / (d - 1)).cos(),
    }
    about = f"mu={mu!r}, L={L!r}, d={d}, k={k}"
    for name, formula in formulas.items():

        def truth(formula: Any = formula, name: str = name) -> tuple[arb, arb]:
            value = formula()
            # a geometric profile to its own digits (a power of kappa), the others to those of L
            size = value * (1 + (M() / m()).log()) if name == "geometric" else M()
            return value, 4 * EPS * size

        yield Question(
            f"spectra.{name}", number(ask(getattr(spectra, name), mu, L, d), k), truth, about
        )
    if 1e-140 < mu and L < 1e140:
        T = int(rng.integers(1, 20))
        t = int(rng.integers(1, T + 1))

        def step() -> tuple[arb, arb]:
            value = 1 / ((M() + m()) / 2 + (M() - m()) / 2 * (pi() * (2 * t - 1) / (2 * T)).cos())
            half = pi() * (2 * t - 1) / (4 * T)  # its rounding counts where the cosine is small
            return value, 16 * EPS * value * (1 + half.tan())

        yield Question(
            "schedules.chebyshev",
            number(ask(schedules.chebyshev, mu, L, T), t - 1),
            step,
            f"{about}, T={T}, t={t}",
        )
    aspect, nodes = float(10 ** rng.uniform(-2, 2)), int(rng.integers(1, 12))
    if draws.chance(rng, 0.3):
        aspect = draws.near(rng, 1.0)
    j = int(rng.integers(0, nodes))
    found = ask(spectra.marchenko_pastur, aspect, nodes)

    def theta() -> arb:
        return pi() * (nodes - j) / (nodes + 1)

    def null() -> arb:
        a = arb(aspect)
        return a**nodes * (1 - a) / (1 - a ** (nodes + 1)) if aspect != 1 else arb(1) / (nodes + 1)

    def empty() -> arb:
        a = arb(aspect)
        return (1 - a) / (1 - a ** (nodes + 1)) if aspect != 1 else arb(1) / (nodes + 1)

    parts = [
        (lambda: (1 - arb(aspect).sqrt()) ** 2 + 4 * arb(aspect).sqrt() * (theta() / 2).cos() ** 2),
        (lambda: 2 * theta().sin() ** 2 / (nodes + 1)),
        null,
        empty,
    ]
    scales = [lambda: 1 + arb(aspect), lambda: arb(1) / nodes, null, empty]
    for i, (part, scale) in enumerate(zip(parts, scales)):
        value = (
            found if isinstance(found, Exception) else single(found[i][j] if i < 2 else found[i])
        )
        yield Question(
            f"spectra.marchenko_pastur {('node', 'weight', 'null', 'empty')[i]}",
            value,
            lambda part=part, scale=scale: (
                part(),
                16 * EPS * (abs(part()) + scale()) * (1 + nodes * abs(arb(aspect).log())),
            ),
            f"aspect={aspect!r}, nodes={nodes}, j={j}",
        )


def flows(rng: np.random.Generator) -> Iterator[Question]:
    """Gradient flow: the kernel, the risk by its Bessel form, the best ridge."""
    psi, noise = float(10 ** rng.uniform(-1.5, 1.5)), float(10 ** rng.uniform(-3, 1))
    if draws.chance(rng, 0.2):
        psi = draws.near(rng, 1.0)
    u = float(10 ** rng.uniform(-12, 3)) if draws.chance(rng, 0.9) else 0.0

    def kernel() -> tuple[arb, arb]:
        root, x = arb(psi).sqrt(), arb(u)
        if u == 0:
            return arb(1), arb(4 * EPS)
        value = (-(1 + arb(psi)) * x).exp() * (2 * root * x).bessel_i(1) / (root * x)
        return value, 64 * EPS * value * (1 + (1 - root) ** 2 * x) + arb(1e-300)

    yield Question(
        "gradient_flow.kernel",
        number(ask(gradient_flow.kernel, psi, u)),
        kernel,
        f"aspect={psi!r}, u={u!r}",
    )

    def ridge() -> tuple[arb, arb]:
        # zeta^2 + (1/psi + s - 1) zeta - s = 0
        half, s = (1 - 1 / arb(psi) - arb(noise)) / 2, arb(noise)
        root = (half * half + s).sqrt()
        value = half + root if half > 0 else s / (root - half)
        # the coefficient is itself a sum
        return value, 8 * EPS * value * (1 + (1 + 1 / arb(psi) + s) / (2 * root))

    yield Question(
        "gradient_flow.ridge_risk",
        number(ask(gradient_flow.ridge_risk, psi, noise)),
        ridge,
        f"aspect={psi!r}, noise={noise!r}",
    )


def risks(rng: np.random.Generator) -> Iterator[Question]:
    """Weights and risks of tasks with the same inputs."""
    n, s = 10 ** rng.uniform(0, 6, 2), 10 ** rng.uniform(-8, 8, 2)

    def markov() -> tuple[arb, arb]:
        (a, b), (x, y) = balls(n), balls(s)
        value = b / a * (x / y) ** 2
        return value, 8 * EPS * value

    yield Question(
        "task_risk.gauss_markov",
        number(ask(task_risk.gauss_markov, n, s), 0),
        markov,
        f"{n.tolist()}, {s.tolist()}",
    )
    V, D = 10 ** rng.uniform(-3, 3, 2), float(10 ** rng.uniform(-3, 3))
    phi = float(10 ** rng.uniform(-6, 6))

    def shared() -> tuple[arb, arb]:
        (v0, v1), p = balls(V), arb(phi)
        value = (v0 + p * p * (v1 + arb(D))) / (1 + p) ** 2
        return value, 16 * EPS * value

    found = ask(lambda: task_risk.SharedInputs(V, [[D]])([phi]))
    yield Question(
        "task_risk.SharedInputs", number(found), shared, f"V={V.tolist()}, D={D!r}, phi={phi!r}"
    )


def signlogs(rng: np.random.Generator) -> Iterator[Question]:
    """Sums of numbers held as sign and logarithm: 4 eps of the magnitudes, and of each logarithm."""
    count = int(rng.integers(2, 5))
    log = (
        rng.uniform(-1, 1, count) * 10 ** rng.uniform(-3, 12)
        if draws.chance(rng, 0.5)
        else rng.normal(0, 3, count)
    )
    sign = rng.choice([-1.0, 1.0], count)
    if draws.chance(rng, 0.3):
        log[1:] = [draws.near(rng, log[0]) for _ in log[1:]]
    found = ask(lambda: qm.SignLog(sign, log).sum())

    def truth() -> tuple[arb, arb]:
        terms = [arb(s) * arb(x).exp() for s, x in zip(sign.tolist(), log.tolist())]
        value = total(terms)
        log_value = abs(abs(value).log()) if abs(value) > 0 else arb(0)
        return value, 8 * EPS * total(list(map(abs, terms))) + abs(value) * (
            2 * EPS * log_value
        ).expm1()

    yield Question("SignLog.sum", number(found), truth, f"sign={sign.tolist()}, log={log.tolist()}")


def discounts(rng: np.random.Generator) -> Iterator[Question]:
    """The bias of the discounted hypergradient of one mode, and the minimax discount."""
    T = int(rng.integers(2, 200))
    lam, eta = float(10 ** rng.uniform(-4, 0)), float(rng.uniform(0.01, 1.5))
    gamma = draws.near(rng, 1 - eta * lam) if draws.chance(rng, 0.4) else float(rng.uniform(0, 1))
    gamma = min(max(gamma, 0.0), 1 - 2.0**-53)
    e, g, h2 = rng.standard_normal(3)

    def bias() -> tuple[arb, arb]:
        a, c, y = 1 - arb(eta) * arb(lam), arb(gamma), arb(eta)
        first = total([c**k - a**k for k in range(T)]) * arb(g)
        second = arb(h2) * arb(e) * total([c**k * (a ** (T - k) - a**T) for k in range(1, T)])
        # rounding of 1 - eta lambda and of gamma less that
        slack = total([k * abs(a) ** max(k - 1, 0) for k in range(T)]) * abs(arb(g)) * EPS
        return y * (first + second), 64 * EPS * y * (
            abs(first) + abs(second)
        ) + 4 * y * slack + 1e-13 * y * abs(second)

    found = ask(
        lambda: discount.bias(
            np.array([lam]),
            np.array([[1.0]]),
            np.array([[h2]]),
            np.array([e]),
            np.array([g]),
            eta,
            gamma,
            T,
        )
    )
    yield Question(
        "discount.bias",
        number(found, 0),
        bias,
        f"lam={lam!r}, eta={eta!r}, gamma={gamma!r}, T={T}, {e, g, h2}",
    )
    mu, L = sorted(10 ** rng.uniform(-4, 0, 2))
    step = float(rng.uniform(0.01, 1)) / L

    def minimax() -> tuple[arb, arb]:
        value = 1 - 2 * arb(step) * arb(mu) * arb(L) / (arb(mu) + arb(L))
        return value, arb(4 * EPS)

    yield Question(
        "discount.minimax_gamma",
        number(ask(discount.minimax_gamma, step, mu, L)),
        minimax,
        f"eta={step!r}, mu={mu!r}, L={L!r}",
    )
