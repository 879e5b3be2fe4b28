"""Hypergradients on quadratic inner problems: implicit ones by a solve in balls, unrolled ones by
one matrix power.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

import quadmeta as qm
from tests.fuzz import draws
from tests.fuzz.exact import EPS, Question, balls, largest, matrix, precision, total
from tests.fuzz.package import ask, single

Array = Any


@dataclass
class Inner:
    """L_1 = <W, H W> / 2 - <B, W> and its derivatives in the hyperparameters; L_2 through its
    gradient H_2 W - B_2.
    """

    H: arb_mat
    B: arb_mat
    slopes: list[tuple[arb_mat | None, arb_mat | None]]
    """(dH/d alpha_k, dB/d alpha_k), None for 0."""
    H2: arb_mat
    B2: arb_mat
    start: arb_mat


def form(X: Array, Y: Array, weights: list[arb] | None = None) -> tuple[arb_mat, arb_mat]:
    """(X' D X, X' D Y) / n with the diagonal D of weights."""
    A, C, n = matrix(X), matrix(Y), len(X)
    if weights is None:
        weights = [arb(1)] * n
    D = arb_mat([[weights[i] * A[i, j] for j in range(A.ncols())] for i in range(n)])
    return D.transpose() * A / n, D.transpose() * C / n


def inner_product(A: arb_mat, B: arb_mat) -> arb:
    """<A, B>."""
    return total([x * y for x, y in zip(A.entries(), B.entries())])


def at_precision(build: Callable[[int], Inner]) -> Callable[[int], Inner]:
    """The problem in balls of a number of bits, built once."""

    @cache
    def built(bits: int) -> Inner:
        with precision(bits):
            return build(bits)

    return built


def implicit(x: Inner) -> list[arb]:
    """-J(w_*) H^-1 grad L_2(w_*)."""
    W = x.H.solve(x.B)
    V = x.H.solve(x.H2 * W - x.B2)
    return [-_pair(x, k, W, V) for k in range(len(x.slopes))]


def _pair(x: Inner, k: int, W: arb_mat, V: arb_mat) -> arb:
    H, B = x.slopes[k]
    value = arb(0)
    if H is not None:
        value += inner_product(H * W, V)
    if B is not None:
        value -= inner_product(B, V)
    return value


def unrolled(x: Inner, T: int, eta: arb, at: Callable[[arb_mat], None] | None = None) -> list[arb]:
    """d L_2(w_T) / d alpha by forward differentiation: (w, dw, 1) is multiplied by one matrix T
    times.
    """
    p, outputs, found = x.H.nrows(), x.B.ncols(), []
    zero = arb(0)
    for H, B in x.slopes:
        value = arb(0)
        for o in range(outputs):
            table = [[arb(0)] * (2 * p + 1) for _ in range(2 * p + 1)]
            for i in range(p):
                for j in range(p):
                    table[i][j] = table[p + i][p + j] = (1 if i == j else 0) - eta * x.H[i, j]
                    table[p + i][j] = -eta * H[i, j] if H is not None else zero
                table[i][2 * p] = eta * x.B[i, o]
                table[p + i][2 * p] = eta * B[i, o] if B is not None else zero
            table[2 * p][2 * p] = arb(1)
            first = arb_mat(
                [*([x.start[i, o]] for i in range(p)), *([zero] for _ in range(p)), [arb(1)]]
            )
            end = arb_mat(table) ** T * first
            w = arb_mat([[end[i, 0]] for i in range(p)])
            g = x.H2 * w
            value += total([(g[i, 0] - x.B2[i, o]) * end[p + i, 0] for i in range(p)])
        found.append(value)
    return found


def design(rng: np.random.Generator, n: int, p: int) -> tuple[Array, float]:
    """(X, ratio of its extreme nonzero singular values): prescribed, or whole numbers of any rank."""
    if draws.chance(rng, 0.35):
        X = rng.integers(-2, 4, (n, p)).astype(float)
        X[0, 0] = X[0, 0] or 1.0
        if p > 1 and draws.chance(rng, 0.5):
            X[:, -1] = X[:, 0]
    else:
        r = min(n, p)
        U, V = (np.linalg.qr(rng.standard_normal((k, r)))[0] for k in (n, p))
        reach = 4 if draws.chance(rng, 0.85) else 7
        s = 10 ** np.sort(rng.uniform(-reach * rng.random(), 0, r))
        X = U * s @ V.T * 10 ** (rng.uniform(-3, 3) if draws.chance(rng, 0.2) else 0)
    s = np.linalg.svd(X, compute_uv=False)
    s = s[s > 1e-12 * s[0]]
    return X, float(s[0] / s[-1])


def rank_deficient(X: Array) -> bool:
    """Whether X'X is singular: fewer rows than columns, or dependent columns (in whole numbers)."""
    s = np.linalg.svd(X, compute_uv=False)
    return len(X) < X.shape[1] or bool(s[-1] <= 1e-12 * s[0])


def ridge(rng: np.random.Generator, zero: float = 0.1) -> float:
    """A ridge from 1e-14 to 1, or 0."""
    return 0.0 if draws.chance(rng, zero) else float(10 ** rng.uniform(-14, 0))


def bilevel(rng: np.random.Generator) -> Iterator[Question]:
    """One problem of four families: implicit and unrolled hypergradients."""
    kind = (ridges, cleaning, tasks, coupled)[int(rng.integers(0, 4))]
    problem, alpha, exact, ratio, singular, about = kind(rng)
    name = type(problem).__name__
    exact = at_precision(exact)

    H = np.asarray(problem.at(alpha).H)
    lam = np.linalg.eigvalsh(H)
    L = float(lam[-1])
    eta = float(rng.choice([0.5, 1.0, 1.9, rng.uniform(0.1, 2)])) / L
    T = draws.steps(rng, 10**6)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, eta))
    about = f"{about}, alpha={alpha.tolist()}"

    @cache
    def limits(bits: int) -> list[arb]:
        return implicit(exact(bits))

    @cache
    def runs(bits: int) -> list[arb]:
        return unrolled(exact(bits), T, arb(eta))

    beyond, size = ratio > 1e4, magnitude(problem, loss, alpha, exact(256))
    found = ask(loss.implicit, alpha)
    if singular:
        # the documented answer is an error
        yield Question(
            f"implicit, singular, {name}",
            first(found),
            lambda: (arb("nan"), arb("nan")),
            about,
            refusal=True,
        )
        small = qm.OuterLoss(problem, qm.GradientDescent(min(T, 100), eta))
        for estimator in (qm.Implicit(), qm.ConjugateGradient(int(rng.integers(2, 7)))):
            answer = first(ask(lambda: qm.hypergradient(small, alpha, estimator).value))
            yield Question(
                f"{type(estimator).__name__}, singular, {name}",
                answer,
                lambda: (arb("nan"), arb("nan")),
                about,
                refusal=True,
            )
    else:
        label = f"implicit{', ratio beyond 1e4' if beyond else ''}, {name}"
        yield from entries(label, found, limits, lambda: 1e-10, about, beyond, 1e-15 * size)
        if lam[-1] < 1e3 * lam[0]:
            yield from estimators(loss, problem, alpha, exact, name, about)
    found = ask(loss.gradient, alpha)
    yield from entries(
        f"unrolled, {name}", found, runs, lambda: 1e-10, f"{about}, T={T}, eta={eta!r}", False, size
    )
    if draws.chance(rng, 0.3):
        yield from diverging(rng, problem, alpha, exact, L, name, about)


def diverging(
    rng: np.random.Generator,
    problem: Any,
    alpha: Array,
    exact: Callable[[int], Inner],
    L: float,
    name: str,
    about: str,
) -> Iterator[Question]:
    """Beyond 2 / L, as sign and logarithm: 1e-10 and 64 eps eta L T, of the largest entry."""
    T, eta = draws.steps(rng, 10**6), float(rng.uniform(2, 3)) / L
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, eta))
    found = ask(loss.signed_gradient, alpha)

    @cache
    def runs(bits: int) -> list[arb]:
        return unrolled(exact(bits), T, arb(eta))

    # a short run may fit its data, so that the sum of its steps is 0
    size = magnitude(problem, loss, alpha, exact(256)) if T < 100 else 0.0

    def sizes_of(k: int) -> tuple[arb, arb, arb]:
        values = runs(ctx.prec)
        error = (1e-10 + 64 * EPS * eta * L * T) * largest(*map(abs, values)) + arb(size + 1e-300)
        return values[k], error, error

    where = f"{about}, T={T}, eta={eta!r}"
    for k in range(1 if isinstance(found, Exception) else len(found)):
        value = found if isinstance(found, Exception) else single(found[k])
        yield Question(
            f"unrolled beyond 2/L, {name}", value, lambda k=k: sizes_of(k), f"{where}, entry {k}"
        )


def estimators(
    loss: Any,
    problem: Any,
    alpha: Array,
    exact: Callable[[int], Inner],
    name: str,
    about: str,
) -> Iterator[Question]:
    """Implicit and ConjugateGradient at w_T for H of condition below 1000: 1e-10 of the largest
    entry.
    """
    T, eta = min(loss.optimizer.steps, 40), loss.step_size
    short = qm.OuterLoss(problem, qm.GradientDescent(T, eta))

    @cache
    def truth(bits: int) -> list[arb]:
        x, W = exact(bits), exact(bits).start
        for _ in range(T):
            W = W - (x.H * W - x.B) * arb(eta)
        V = x.H.solve(x.H2 * W - x.B2)
        return [-_pair(x, k, W, V) for k in range(len(x.slopes))]

    size = magnitude(problem, short, alpha, exact(256))
    for estimator in (qm.Implicit(), qm.ConjugateGradient(3 * len(problem.start) + 2)):
        found = ask(lambda: qm.hypergradient(short, alpha, estimator).value)
        label = f"{type(estimator).__name__}, {name}"
        where = f"{about}, T={T}, eta={eta!r}"
        yield from entries(label, found, truth, lambda: 1e-10, where, False, 1e3 * size)


def magnitude(problem: Any, loss: Any, alpha: Array, inner: Inner) -> float:
    """1e-13 eta S ||g_T|| max_k (||H_k|| ||W|| + ||b_k||), S = sum of ||I - eta H||^t on the range
    of H.

    That is the size of what is summed over the steps: the hypergradient itself may be 0, when w_T
    fits its data.
    """
    bound, T, eta = problem.at(alpha), loss.optimizer.steps, loss.step_size
    lam, Q = np.linalg.eigh(bound.H)
    on = lam > 1e-12 * lam[-1]
    x = eta * np.where(on, lam, 0.0)[:, None]
    W0 = problem.start.reshape(bound.B.shape)
    # the iterate, to a few digits
    decayed = (1 - x) ** T
    reach = np.where(x > 0, (1 - decayed) / np.where(x > 0, x, 1), T)
    W = Q @ (eta * reach * (Q.T @ bound.B)) + Q @ (decayed * (Q.T @ W0))
    size = max(float(np.linalg.norm(W)), float(np.linalg.norm(W0)))
    rows = max(norm(H) * size + norm(b) for H, b in inner.slopes)
    steps = min(float(T), 1 / (eta * float(lam[on].min())))
    return float(1e-13 * eta * steps * np.linalg.norm(problem.outer_gradient(W.ravel())) * rows)


def norm(A: arb_mat | None) -> float:
    """Frobenius norm, to a few digits."""
    return 0.0 if A is None else float(np.linalg.norm([float(x) for x in A.entries()]))


def first(found: Any) -> Any:
    """An exception, or the first number that was given where none is right."""
    return found if isinstance(found, Exception) else float(np.ravel(found)[0])


def entries(
    label: str,
    found: Any,
    truth: Callable[[int], list[arb]],
    relative: Callable[[], float],
    about: str,
    refusal: bool,
    absolute: float = 0.0,
) -> Iterator[Question]:
    """One question a hyperparameter, each relative to the largest entry."""
    count = 1 if isinstance(found, Exception) else len(found)
    for k in range(count):

        def at(k: int = k) -> tuple[arb, arb]:
            values = truth(ctx.prec)
            return values[k], relative() * largest(*map(abs, values)) + arb(absolute + 1e-300)

        yield Question(
            label,
            found if isinstance(found, Exception) else float(found[k]),
            at,
            f"{about}, entry {k}",
            refusal=refusal,
        )


Drawn = tuple[Any, Array, Callable[[int], Inner], float, bool, str]


def sizes(rng: np.random.Generator) -> tuple[int, int, int, int]:
    """(n, p, n_2, outputs)."""
    return (
        int(rng.integers(1, 6)),
        int(rng.integers(1, 5)),
        int(rng.integers(1, 5)),
        int(rng.integers(1, 3)),
    )


def ridges(rng: np.random.Generator) -> Drawn:
    """A learned ridge."""
    n, p, n2, outputs = sizes(rng)
    (X, ratio), Y = design(rng, n, p), rng.standard_normal((n, outputs))
    X2, Y2 = rng.standard_normal((n2, p)), rng.standard_normal((n2, outputs))
    alpha = np.array([ridge(rng)])

    def exact(bits: int) -> Inner:
        (H, B), (H2, B2) = form(X, Y), form(X2, Y2)
        one = matrix(np.eye(p))
        return Inner(
            H + one * arb(float(alpha[0])), B, [(one, None)], H2, B2, matrix(np.zeros((p, outputs)))
        )

    about = f"Ridge(({X.tolist()}, {Y.tolist()}), ({X2.tolist()}, {Y2.tolist()}))"
    return (
        qm.Ridge((X, Y), (X2, Y2)),
        alpha,
        exact,
        ratio,
        not alpha[0] and rank_deficient(X),
        about,
    )


def cleaning(rng: np.random.Generator) -> Drawn:
    """A weight a sample."""
    n, p, n2, outputs = sizes(rng)
    (X, _), Y = design(rng, n, p), rng.standard_normal((n, outputs))
    X2, Y2 = rng.standard_normal((n2, p)), rng.standard_normal((n2, outputs))
    rho, alpha = ridge(rng), rng.uniform(-3, 3, n) * (10 if draws.chance(rng, 0.1) else 1)
    weighted = X / np.sqrt(1 + np.exp(-alpha))[:, None]
    s = np.linalg.svd(weighted, compute_uv=False)
    s = s[s > 1e-12 * s[0]]

    def exact(bits: int) -> Inner:
        weights = [1 / (1 + (-a).exp()) for a in balls(alpha)]
        (H, B), (H2, B2) = form(X, Y, weights), form(X2, Y2)
        slopes = []
        for i, w in enumerate(weights):
            rate, row, target = w * (1 - w) / n, matrix(X[[i]]), matrix(Y[[i]])
            slopes.append((row.transpose() * row * rate, row.transpose() * target * rate))
        return Inner(
            H + matrix(np.eye(p)) * arb(rho), B, slopes, H2, B2, matrix(np.zeros((p, outputs)))
        )

    about = f"DataCleaning(({X.tolist()}, {Y.tolist()}), ({X2.tolist()}, {Y2.tolist()}), {rho!r})"
    return (
        qm.DataCleaning((X, Y), (X2, Y2), rho),
        alpha,
        exact,
        float(s[0] / s[-1]),
        not rho and rank_deficient(X),
        about,
    )


def tasks(rng: np.random.Generator) -> Drawn:
    """A weight a task."""
    _, p, n2, outputs = sizes(rng)
    count = int(rng.integers(1, 4))
    data = []
    for _ in range(count):
        n = int(rng.integers(1, 5))
        data.append((design(rng, n, p)[0], rng.standard_normal((n, outputs))))
    X2, Y2 = rng.standard_normal((n2, p)), rng.standard_normal((n2, outputs))
    rho, alpha = ridge(rng), rng.uniform(0.1, 2, count)
    stacked = np.vstack([X * np.sqrt(a / len(X)) for (X, _), a in zip(data, alpha)])
    s = np.linalg.svd(stacked, compute_uv=False)
    s = s[s > 1e-12 * s[0]]

    def exact(bits: int) -> Inner:
        forms = [form(X, Y) for X, Y in data]
        H, B = matrix(np.eye(p)) * arb(rho), matrix(np.zeros((p, outputs)))
        for a, (A, b) in zip(balls(alpha), forms):
            H, B = H + A * a, B + b * a
        return Inner(H, B, list(forms), *form(X2, Y2), matrix(np.zeros((p, outputs))))

    about = f"TaskWeights({[(X.tolist(), Y.tolist()) for X, Y in data]}, ({X2.tolist()}, {Y2.tolist()}), {rho!r})"
    return (
        qm.TaskWeights(data, (X2, Y2), rho),
        alpha,
        exact,
        float(s[0] / s[-1]),
        not rho and rank_deficient(stacked),
        about,
    )


def coupled(rng: np.random.Generator) -> Drawn:
    """A constant cross term; the design is a root of H."""
    p, h = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    if draws.chance(rng, 0.5):
        H = np.diag(draws.spectrum(rng, p, kappa=1e8, reach=10.0))
    else:
        Q = np.linalg.qr(rng.standard_normal((p, p)))[0]
        H = Q * np.sort(10 ** rng.uniform(-rng.uniform(0, 3), 0, p)) @ Q.T
        H = (H + H.T) / 2
    C, b, b2, w0 = rng.standard_normal((p, h)), *rng.standard_normal((3, p))
    R = rng.standard_normal((p, p))
    H2 = R @ R.T
    H2 = (H2 + H2.T) / 2
    alpha = rng.standard_normal(h)
    lam = np.linalg.eigvalsh(H)

    def exact(bits: int) -> Inner:
        cross = matrix(C)
        B = matrix(b[:, None]) + cross * matrix(alpha[:, None])
        columns: list[tuple[arb_mat | None, arb_mat | None]] = [
            (None, arb_mat([[cross[i, k]] for i in range(p)])) for k in range(h)
        ]
        return Inner(matrix(H), B, columns, matrix(H2), matrix(b2[:, None]), matrix(w0[:, None]))

    about = f"Coupled({H.tolist()}, {C.tolist()}, {b.tolist()}, {H2.tolist()}, {b2.tolist()}, {w0.tolist()})"
    return (
        qm.Coupled(H, C, b, H2, b2, w0),
        alpha,
        exact,
        float(np.sqrt(lam[-1] / lam[0])),
        False,
        about,
    )
