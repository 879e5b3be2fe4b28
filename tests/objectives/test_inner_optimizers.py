"""Exact hypergradients of every linear inner optimizer, against unrolling in sixty digits.

The oracle takes the steps of each method anew, in mpmath, and differentiates by differences;
nothing of the package enters it.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers import decoupled_decay
from quadmeta.optimizers.parts import companion
from quadmeta.optimizers.parts.along.direction import Preconditioner
from quadmeta.strategies import bilevel_problem

EPS = np.finfo(float).eps


class Learned(qm.QuadraticBilevel):
    """H = H_0 + sum alpha_k H_k, b = b_0 + sum alpha_k b_k, w_0 = s_0 + sum alpha_k s_k, and a
    direct term <c, alpha> of the outer loss <W, H_2 W> / 2 - <B_2, W> + <c, alpha>.
    """

    def __init__(self, H, b, starts, outer, direct=None):
        self.H, self.b, self.starts = (
            [np.array(x, dtype=float) for x in part] for part in (H, b, starts)
        )
        self.hyperparameters = len(self.H) - 1
        self.form = tuple(np.array(x, dtype=float) for x in outer)
        self.slope = np.zeros(self.hyperparameters) if direct is None else np.array(direct)

    def _at(self, parts, alpha):
        return parts[0] + sum(a * x for a, x in zip(alpha, parts[1:], strict=True))

    def bind(self, alpha):
        return qm.QuadraticInnerLoss(self._at(self.H, alpha), self._at(self.b, alpha), self, alpha)

    def pair(self, alpha, X, V):
        return np.array([(H * X).sum() for H in self.H[1:]]) - [
            (b.reshape(V.shape) * V).sum() for b in self.b[1:]
        ]

    def outer_form(self, alpha=None):
        H2, B2 = self.form
        return H2, B2, 0.0 if alpha is None else float(self.slope @ alpha)

    def direct(self, w, alpha):
        return self.slope

    def start_of(self, alpha):
        return self._at(self.starts, alpha).ravel()

    def start_jacobian(self, alpha):
        return np.array([s.ravel() for s in self.starts[1:]])


def case_a():
    """The problem of the golden values."""
    return Learned(
        [[[0.5, 0.25], [0.25, 1]], np.eye(2), [[0, 1], [1, 0]]],
        [[1, 0], [0, 0], [0, 1]],
        [[1, 2], [0, 0], [0, 0]],
        (np.diag([1, 2]), [[1], [-1]]),
    )


def power(n):
    return 2**n


HALF, QUARTER = 0.5, 0.25
GOLDEN = {
    "gradient descent": (
        qm.GradientDescent(3, HALF),
        (Q(-114317, 262144), Q(-27443, 32768), Q(-3141, 16384)),
    ),
    "heavy ball 3": (
        qm.HeavyBall(3, HALF, QUARTER),
        (Q(-170117, 262144), Q(-20261, 32768), Q(-6643, 16384)),
    ),
    "heavy ball 5": (
        qm.HeavyBall(5, HALF, QUARTER),
        (Q(-413077247, power(30)), Q(-14701317, power(23)), Q(-206839, power(20))),
    ),
    "nesterov": (
        qm.Nesterov(3, HALF, QUARTER),
        (Q(-36530285, power(26)), Q(-5777063, power(23)), Q(-1295073, power(22))),
    ),
    "decoupled": (
        qm.DecoupledDecay(3, HALF, QUARTER, 0.125),
        (Q(-93541, 131072), Q(-3395, 16384), Q(-873, 16384)),
    ),
    "schedule": (
        qm.Schedule(3, [0.5, 1, 0.25]),
        (Q(-162845, 262144), Q(-21217, 32768), Q(-5779, 16384)),
    ),
    "damped Newton": (
        qm.DampedNewton(2, HALF, QUARTER),
        (Q(90977, 307328), Q(-78321, 268912), Q(-28865, 33614)),
    ),
    "Jacobi": (
        qm.JacobiPreconditioned(qm.GradientDescent(2, HALF)),
        (Q(-103, 2048), Q(-83, 1024), Q(-31, 256)),
    ),
    "Chebyshev": (
        qm.ChebyshevIteration(2, QUARTER, 1.5),
        (Q(-565, 10658), Q(-15488, 5329), Q(-6592, 5329)),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values_in_closed_form_and_by_loops(name):
    optimizer, (value, *slopes) = GOLDEN[name]
    loss = qm.OuterLoss(case_a(), optimizer)
    want = [float(x) for x in slopes]
    alpha = [0.0, 0.0]
    assert loss(alpha) == pytest.approx(float(value), rel=1e-14)
    assert loss.gradient(alpha) == pytest.approx(want, rel=1e-14)
    assert loss.definition(alpha) == pytest.approx(want, rel=1e-14)
    assert loss.signed_gradient(alpha).to_float() == pytest.approx(want, rel=1e-14)


class Rational:
    """Case A in fractions with dual numbers: w and its derivatives in alpha and in the parameters
    of the optimizer, through ``run``.
    """

    def __init__(self, optimizer, theta, solve=None):
        k = len(theta)
        n = 2 + k
        H = np.array([[Q(1, 2), Q(1, 4)], [Q(1, 4), Q(1)]])
        b = np.array([Q(1), Q(0)])
        H_k = [np.array(x, dtype=object) * Q(1) for x in (np.eye(2, dtype=int), [[0, 1], [1, 0]])]
        b_k = [np.array([Q(0), Q(0)]), np.array([Q(0), Q(1)])]
        start = np.array([Q(1), Q(2)])
        jets = Jet.parameters([*theta, Q(0), Q(0)], 1)[:k]

        def gradient(w):
            first = [H @ (w.first[j] + 0 * start) for j in range(n)]
            for j in (0, 1):
                first[k + j] = first[k + j] + H_k[j] @ w.value - b_k[j]
            return Jet(H @ w.value - b, tuple(first), ())

        at = jets
        if not optimizer.free:
            at = optimizer.given
        elif not optimizer.shape:
            at = jets[0]
        *_, last = optimizer.run(gradient, Jet(start, (0 * start,) * n, ()), at)
        w = last.value
        weights = np.array([Q(1), Q(2)])
        self.value = (weights * w * w).sum() / 2 - w[0] + w[1]
        slope = weights * w + np.array([Q(-1), Q(1)])
        self.derivatives = [(slope * (x + 0 * w)).sum() for x in last.first]


@pytest.mark.parametrize(
    "optimizer, theta, value, own, name",
    [
        (qm.GradientDescent(3), ["1/2"], "-114317/262144", ["-98847/65536"], "gradient descent"),
        (
            qm.HeavyBall(3),
            ["1/2", "1/4"],
            "-170117/262144",
            ["-7227/65536", "-3591/8192"],
            "heavy ball 3",
        ),
        (
            qm.HeavyBall(5),
            ["1/2", "1/4"],
            Q(-413077247, power(30)),
            [Q(421613397, power(28)), Q(7126929, power(23))],
            "heavy ball 5",
        ),
        (
            qm.Nesterov(3),
            ["1/2", "1/4"],
            Q(-36530285, power(26)),
            [Q(-8532567, power(24)), Q(-1400265, power(22))],
            "nesterov",
        ),
        (
            qm.DecoupledDecay(3),
            ["1/2", "1/4", "1/8"],
            "-93541/131072",
            ["-1003/16384", "-2835/8192", "-1819/8192"],
            "decoupled",
        ),
        (
            qm.Schedule(3),
            ["1/2", "1", "1/4"],
            "-162845/262144",
            [Q(11403, power(16)), Q(-36441, power(17)), Q(4275, power(15))],
            "schedule",
        ),
        (
            qm.ChebyshevIteration(2),
            ["1/4", "3/2"],
            "-565/10658",
            ["-1579104/389017", "-6624/389017"],
            "Chebyshev",
        ),
    ],
)
def test_golden_values_are_exact_rationals(optimizer, theta, value, own, name):
    found = Rational(optimizer, [Q(x) for x in theta])
    assert found.value == Q(value) == GOLDEN[name][1][0]
    assert found.derivatives == [*map(Q, own), *GOLDEN[name][1][1:]]


# sixty digits


def matrix(x):
    """Floats as an array of mpf."""
    return np.frompyfunc(mp.mpf, 1, 1)(np.atleast_2d(np.asarray(x, dtype=float)))


def inverse_of(x):
    found = mp.matrix(x.tolist()) ** -1
    return np.array(found.tolist(), dtype=object)


def column(x, outputs):
    return matrix(np.reshape(x, (-1, outputs)))


def combined(parts, alpha):
    total = parts[0]
    for a, x in zip(alpha, parts[1:], strict=True):
        total = total + a * x
    return total


def unrolled(kind, T, numbers, H, b, w):
    """w_T of each method by its own loop."""
    f = [mp.mpf(x) for x in numbers] if kind != "fixed" else numbers

    def slope(w):
        return H @ w - b

    before = w
    if kind == "gradient descent":
        for _ in range(T):
            w = w - f[0] * slope(w)
    elif kind == "heavy ball":
        for _ in range(T):
            w, before = w - f[0] * slope(w) + f[1] * (w - before), w
    elif kind == "nesterov":
        for _ in range(T):
            y = w + f[1] * (w - before)
            w, before = y - f[0] * slope(y), w
    elif kind == "decoupled":
        m = 0 * w
        for _ in range(T):
            m = f[1] * m + f[0] * slope(w)
            w = (1 - f[2]) * w - m
    elif kind == "schedule":
        for t in range(T):
            w = w - f[t] * slope(w)
    elif kind == "l2":
        for _ in range(T):
            w, before = w - f[0] * (slope(w) + f[2] * w) + f[1] * (w - before), w
    elif kind == "newton":
        inverse = inverse_of(H + f[1] * matrix(np.eye(len(H))))
        for _ in range(T):
            w = w - f[0] * (inverse @ slope(w))
    elif kind == "jacobi":
        inverse = np.diag(1 / np.diagonal(H))
        for _ in range(T):
            w, before = w - f[0] * (inverse @ slope(w)) + f[1] * (w - before), w
    elif kind == "fixed":
        inverse = inverse_of(matrix(f[1]))
        for _ in range(T):
            w = w - mp.mpf(f[0]) * (inverse @ slope(w))
    elif kind in ("chebyshev", "spectrum"):
        low, high = f if kind == "chebyshev" else extremes(H)
        # the recursion of T_n itself: p_n = T_n(x) / T_n(sigma)
        sigma = (high + low) / (high - low)
        last, now = mp.mpf(1), sigma
        w, before = w - 2 / (high + low) * slope(w), w
        for _ in range(T - 1):
            following = 2 * sigma * now - last
            y = w - 2 / (high + low) * slope(w)
            w, before = (2 * sigma * now * y - last * before) / following, w
            last, now = now, following
    return w


def extremes(H):
    lam = mp.eigsy(mp.matrix(H.tolist()), eigvals_only=True)
    return lam[0], lam[len(H) - 1]


def oracle(problem, kind, T, numbers, alpha):
    """F' by differences of F, both in sixty digits."""
    with mp.workdps(60):
        outputs = problem.form[1].shape[1]
        H = [matrix(x) for x in problem.H]
        b = [column(x, outputs) for x in problem.b]
        starts = [column(x, outputs) for x in problem.starts]
        H2, B2 = matrix(problem.form[0]), matrix(problem.form[1])

        def value(a):
            w = unrolled(kind, T, numbers, combined(H, a), combined(b, a), combined(starts, a))
            return (w * (H2 @ w / 2 - B2)).sum() + matrix(problem.slope)[0] @ np.array(a)

        # what is left out is h^2 times at most T^3, far below float64
        h = mp.mpf(10) ** -20
        at = [mp.mpf(float(x)) for x in alpha]
        found = []
        for k in range(len(at)):
            low, high = (value([x + s * h * (j == k) for j, x in enumerate(at)]) for s in (-1, 1))
            found.append((high - low) / (2 * h))
        return found


def optimizer_of(kind, T, numbers):
    return {
        "gradient descent": lambda: qm.GradientDescent(T, *numbers),
        "heavy ball": lambda: qm.HeavyBall(T, *numbers),
        "nesterov": lambda: qm.Nesterov(T, *numbers),
        "decoupled": lambda: qm.DecoupledDecay(T, *numbers),
        "schedule": lambda: qm.Schedule(T, numbers),
        "l2": lambda: qm.L2Decay(qm.HeavyBall(T, *numbers[:2]), numbers[2]),
        "newton": lambda: qm.DampedNewton(T, *numbers),
        "jacobi": lambda: qm.JacobiPreconditioned(qm.HeavyBall(T, *numbers)),
        "fixed": lambda: qm.Preconditioned(qm.GradientDescent(T, numbers[0]), numbers[1]),
        "chebyshev": lambda: qm.ChebyshevIteration(T, *numbers),
        "spectrum": lambda: qm.ChebyshevIteration(T, spectrum=True),
    }[kind]()


def spectrum(name, step, momentum):
    """Eigenvalues on a diagonal, so that they are what they are named after."""
    top = 1 / step
    defective = (1 - np.sqrt(momentum)) ** 2 / step
    return {
        "random": [0.1 * top, 0.45 * top, 0.9 * top],
        "repeated": [0.3 * top, 0.3 * top, 0.9 * top],
        "clustered": [0.3 * top, 0.3 * top * (1 + 1e-9), 0.3 * top * (1 + 1e-15)],
        "zero": [0.0, 0.0, 0.7 * top],
        "tiny": [1e-12 * top, 1e-9 * top, 0.7 * top],
        "defective": [defective, defective * (1 + 1e-9), 0.9 * top],
        "diverging": [0.2 * top, 0.8 * top, 4.2 * top],
    }[name]


def problem_of(lam, seed, outputs=2):
    rng = np.random.default_rng(seed)
    p = len(lam)

    def symmetric():
        X = rng.standard_normal((p, p))
        return (X + X.T) / 2

    return Learned(
        [np.diag(lam), symmetric(), symmetric()],
        [rng.standard_normal((p, outputs)) for _ in range(3)],
        [rng.standard_normal((p, outputs)) for _ in range(3)],
        (symmetric() + 4 * np.eye(p), rng.standard_normal((p, outputs))),
        rng.standard_normal(2),
    )


METHODS = {
    "gradient descent": lambda T: (0.5,),
    "heavy ball": lambda T: (0.5, 0.25),
    "nesterov": lambda T: (0.5, 0.25),
    "decoupled": lambda T: (0.5, 0.25, 0.125),
    "schedule": lambda T: tuple(0.25 + 0.5 * np.modf(0.618 * t)[0] for t in range(T)),
    "l2": lambda T: (0.5, 0.25, 0.1),
    "newton": lambda T: (0.5, 0.25),
    "jacobi": lambda T: (0.5, 0.25),
    "fixed": lambda T: (0.5, [[1.0, 0.2, 0.0], [0.2, 2.0, 0.3], [0.0, 0.3, 1.0]]),
    "chebyshev": lambda T: (0.2, 2.2),
    "spectrum": lambda T: (),
}
SPECTRA = ["random", "repeated", "clustered", "zero", "tiny", "defective", "diverging"]
CASES = [
    (kind, name, T)
    for kind in METHODS
    for name in SPECTRA
    for T in ((1, 2, 3, 12) if name in ("random", "defective") else (12,))
    # no derivative of a repeated extreme eigenvalue; no positive diagonal
    if (kind, name) not in {("spectrum", "repeated"), ("spectrum", "clustered"), ("jacobi", "zero")}
    and (kind, name) != ("spectrum", "zero")
]


def check(kind, name, T, seed=0):
    numbers = METHODS[kind](T)
    problem = problem_of(spectrum(name, 0.5, 0.25), seed)
    loss = qm.OuterLoss(problem, optimizer_of(kind, T, numbers))
    alpha = np.zeros(2)
    found = loss.gradient(alpha)
    want = np.array([float(x) for x in oracle(problem, kind, T, numbers, alpha)])
    bar = 1e-12 + 10 * EPS * 0.5 * np.abs(problem.H[0]).max() * T
    return np.abs(found - want).max() / np.abs(want).max(), bar


@pytest.mark.parametrize("kind", METHODS)
def test_closed_forms_against_sixty_digits(kind):
    for method, name, T in CASES:
        if method == kind:
            error, bar = check(kind, name, T)
            assert error <= bar, (name, T, error)


@pytest.mark.parametrize(
    "kind, name", [("heavy ball", "defective"), ("chebyshev", "tiny"), ("decoupled", "random")]
)
def test_many_steps_against_sixty_digits(kind, name):
    error, bar = check(kind, name, 120)
    assert error <= bar


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("name", ["ridge", "data_cleaning", "coupled", "task_weights"])
def test_closed_forms_are_the_loops_on_problems_of_data(kind, name):
    problem, alpha = bilevel_problem(name, 5)
    inner = problem.at(alpha)
    top = np.linalg.eigvalsh(inner.H)[-1]
    numbers = {
        "schedule": (0.5 / top, 1 / top, 0.3 / top),
        "newton": (0.5, 0.2 * top),
        "jacobi": (0.5, 0.25),
        "fixed": (0.5 / top, np.linspace(1, 2, len(inner.H))),
        "chebyshev": (0.1 * top, 1.1 * top),
        "spectrum": (),
        "gradient descent": (0.7 / top,),
    }.get(kind, (0.7 / top, 0.25, 0.1))
    if kind in ("heavy ball", "nesterov"):
        numbers = numbers[:2]
    loss = qm.OuterLoss(problem, optimizer_of(kind, 3, numbers))
    if kind == "spectrum" and name != "coupled" and np.linalg.matrix_rank(inner.H) < len(inner.H):
        pytest.skip("a repeated eigenvalue 0")
    want = loss.definition(alpha)
    np.testing.assert_allclose(
        loss.gradient(alpha), want, rtol=1e-10, atol=1e-12 * np.abs(want).max()
    )


def test_a_method_of_ones_own_has_an_exact_hypergradient():
    """Extragradient: by its run, on weights, on jets and on functions with their differences."""

    class Extragradient(qm.PolynomialOptimizer):
        free = ()

        def __init__(self, steps, size):
            self.steps = steps
            self.size = size

        def run(self, gradient, start, theta):
            w = start
            yield w
            for _ in range(self.steps):
                trial = w - self.size * gradient(w)
                w = w - self.size * gradient(trial)
                yield w

    problem = problem_of([0.0, 0.4, 1.3], 3)
    loss = qm.OuterLoss(problem, Extragradient(30, 0.4))
    alpha = np.array([0.05, -0.02])
    np.testing.assert_allclose(loss.gradient(alpha), loss.definition(alpha), rtol=1e-13)
    coupled = qm.Coupled.random([0.1, 0.4, 1.3], h=2, seed=0)
    far = qm.OuterLoss(coupled, Extragradient(900, 4.0)).signed_gradient(alpha)
    assert (far.log > 800).all() and np.isfinite(far.log).all()


def test_a_class_with_another_run_does_not_inherit_the_closed_form():
    class Halved(qm.GradientDescent):
        def run(self, gradient, start, theta):
            return super().run(lambda w: gradient(w) / 2, start, theta)

    problem = problem_of([0.2, 0.4, 1.3], 3)
    alpha = np.zeros(2)
    whole = qm.OuterLoss(problem, qm.GradientDescent(10, 0.5)).gradient(alpha)
    half = qm.OuterLoss(problem, qm.GradientDescent(10, 0.25)).gradient(alpha)
    found = qm.OuterLoss(problem, Halved(10, 0.5)).gradient(alpha)
    assert np.abs(found - whole).max() > 1e-3
    np.testing.assert_allclose(found, half, rtol=1e-13)


@pytest.mark.parametrize(
    "method",
    [
        qm.L2Decay(qm.Nesterov(4000, 0.3, 0.5), 0.1),
        qm.DecoupledDecay(4000, 0.3, 0.5, 0.05),
        qm.JacobiPreconditioned(qm.GradientDescent(4000, 0.5)),
        qm.DampedNewton(4000, 0.5, 0.1),
    ],
)
def test_long_runs_tend_to_the_implicit_hypergradient(method):
    """With the ridge that a weight decay is."""
    problem, alpha = bilevel_problem("ridge", 1)
    loss = qm.OuterLoss(problem, method)
    np.testing.assert_allclose(loss.gradient(alpha), loss.implicit(alpha), rtol=1e-10)


def test_preconditioned_steps_on_a_problem_that_is_not_quadratic():
    problem = qm.LogCosh.random(P=4, h=2, seed=0)
    method = qm.Preconditioned(qm.HeavyBall(9, 0.2, 0.5), [1.0, 2.0, 0.5, 1.5])
    loss = qm.OuterLoss(problem, method)
    alpha = np.array([0.1, -0.2])
    h = 1e-5
    slopes = [(loss(alpha + h * e) - loss(alpha - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(loss.gradient(alpha), slopes, rtol=1e-8)
    np.testing.assert_allclose(
        qm.hypergradient(loss, alpha, qm.Reverse()).value, loss.gradient(alpha), rtol=1e-12
    )


# planted mistakes


def off(monkeypatch, where, name, mistaken, optimizer):
    """How far the hypergradient is from its definition with a part of the package replaced."""
    loss = qm.OuterLoss(case_a(), optimizer)
    alpha = np.zeros(2)
    want = loss.definition(alpha)
    assert np.abs(loss.gradient(alpha) - want).max() < 1e-14
    monkeypatch.setattr(where, name, mistaken)
    return np.abs(loss.gradient(alpha) - want).max() / np.abs(want).max()


def test_a_velocity_that_starts_at_rest_is_not_an_earlier_weight(monkeypatch):
    """Decoupled decay with w_{-1} = w_0, which is not m = 0."""

    def at_rest(h, b, g, x, gap, steps, tilt):
        return companion.power(h, b, g, x, gap, steps)

    method = qm.DecoupledDecay(3, 0.5, 0.25, 0.125)
    assert off(monkeypatch, decoupled_decay, "started", at_rest, method) > 1e-2


def test_a_frozen_preconditioner_is_noticed(monkeypatch):
    """Damped Newton and Jacobi whose preconditioner does not follow alpha."""
    method = qm.JacobiPreconditioned(qm.GradientDescent(2, 0.5))
    loss = qm.OuterLoss(case_a(), method)
    newton = qm.OuterLoss(case_a(), qm.DampedNewton(2, 0.5, 0.25))
    alpha = np.zeros(2)
    reverse = qm.hypergradient(newton, alpha, qm.Reverse()).value
    assert reverse == pytest.approx([float(Q(-78321, 268912)), float(Q(-28865, 33614))], rel=1e-13)
    want = loss.gradient(alpha)

    def frozen(self, matrix, share=None):
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "share", None)

    monkeypatch.setattr(Preconditioner, "__init__", frozen)
    assert np.abs(loss.gradient(alpha) - want).max() > 0.1 * np.abs(want).max()
    stopped = qm.hypergradient(newton, alpha, qm.Reverse()).value
    assert np.abs(stopped - reverse).max() > 0.5 * np.abs(reverse).max()


def test_bounds_that_move_are_noticed(monkeypatch):
    method = qm.ChebyshevIteration(4, spectrum=True)

    def still(self, inner):
        return np.zeros(2), np.zeros(2)

    loss = qm.OuterLoss(case_a(), method)
    want = loss.definition([0.0, 0.0])
    assert np.abs(loss.gradient([0.0, 0.0]) - want).max() < 1e-13
    monkeypatch.setattr(qm.ChebyshevIteration, "rates_of_bounds", still)
    assert np.abs(loss.gradient([0.0, 0.0]) - want).max() > 0.1 * np.abs(want).max()


SQUARE = case_a()
BAD = {
    "momentum": (lambda: qm.HeavyBall(3, 0.1, 1.0), r"momentum.*outside \[0, 1\)"),
    "negative momentum": (lambda: qm.DecoupledDecay(3, 0.1, -0.1, 0.1), "momentum = -0.1"),
    "decoupled decay": (lambda: qm.DecoupledDecay(3, 0.1, 0.1, 1.0), r"decay = 1.0.*\[0, 1\)"),
    "L2 decay": (lambda: qm.L2Decay(qm.GradientDescent(3, 0.1), -0.1), "decay = -0.1"),
    "free L2 decay": (
        lambda: qm.OuterLoss(SQUARE, qm.L2Decay(qm.GradientDescent(3, 0.1))),
        "leaves its decay free",
    ),
    "bounds": (lambda: qm.ChebyshevIteration(3, 2.0, 1.0), "smallest = 2 must be below"),
    "both bounds": (lambda: qm.ChebyshevIteration(3, 2.0, spectrum=True), "spectrum = True takes"),
    "free bounds": (
        lambda: qm.ChebyshevIteration(3).read([2.0, 1.0]),
        "must leave smallest below largest",
    ),
    "free decay": (
        lambda: qm.DecoupledDecay(3).read([0.1, 0.5, 1.0]),
        r"decay = .* is outside \[0, 1\)",
    ),
    "damping": (lambda: qm.DampedNewton(3, 0.1, -1.0), "damping = -1.0"),
    "diagonal": (
        lambda: qm.Preconditioned(qm.GradientDescent(3, 0.1), [1.0, 0.0]),
        "matrix has the entry 0.0",
    ),
    "indefinite": (
        lambda: qm.Preconditioned(qm.GradientDescent(3, 0.1), [[1.0, 2.0], [2.0, 1.0]]),
        "eigenvalue -1, every one must be > 0",
    ),
    "rows": (
        lambda: qm.OuterLoss(
            SQUARE, qm.Preconditioned(qm.GradientDescent(3, 0.1), [1.0, 1.0, 1.0])
        ).gradient([0.0, 0.0]),
        "matrix has 3 rows, the inner Hessian 2",
    ),
    "singular Newton": (
        lambda: qm.OuterLoss(problem_of([0.0, 1.0], 0), qm.DampedNewton(3, 0.5, 0.0)).gradient(
            [0.0, 0.0]
        ),
        "pass a damping > 0",
    ),
    "not quadratic": (
        lambda: qm.OuterLoss(
            qm.LogCosh.random(P=3, h=1, seed=0), qm.DampedNewton(3, 0.5, 0.1)
        ).gradient([0.0]),
        "is not quadratic: pass a quadratic problem",
    ),
    "nested": (
        lambda: qm.L2Decay(qm.JacobiPreconditioned(qm.GradientDescent(3, 0.1)), 0.1),
        "must be a PolynomialOptimizer",
    ),
    "bounds of another matrix": (
        lambda: qm.L2Decay(qm.ChebyshevIteration(3, spectrum=True), 0.1),
        "takes parameters from the inner Hessian",
    ),
    "splitting": (
        lambda: qm.OuterLoss(
            problem_of([1.0, 1.0, 2.0], 0), qm.ChebyshevIteration(3, spectrum=True)
        ).gradient([0.0, 0.0]),
        "repeated 2 times and splits",
    ),
    "step sizes": (lambda: qm.Schedule(3, [0.1, 0.2]), "step_sizes"),
    "a negative free decay": (
        lambda: qm.L2Decay(qm.HeavyBall(3)).read([0.1, 0.5, -0.1]),
        "decay .* is negative: pass decay >= 0",
    ),
    "a decay alone": (
        lambda: qm.L2Decay(qm.GradientDescent(3, 0.1)).read(-0.1),
        "decay .* is negative: pass decay >= 0",
    ),
    "momentum beside a decay": (
        lambda: qm.L2Decay(qm.HeavyBall(3)).read([0.1, 1.0, 0.1]),
        "momentum has the entry 1.0, outside",
    ),
    "a schedule beside a decay": (
        lambda: qm.L2Decay(qm.Schedule(3)),
        "leaves a vector free, beside which no decay is tuned: pass decay as a number",
    ),
    "the ridge of a free decay": (
        lambda: qm.DecoupledDecay(3, 0.1, 0.5).ridge,
        "leaves its decay free",
    ),
    "a row beyond float64": (
        lambda: qm.Minibatches(3, [[1e300]], 0.1),
        "must hold whole numbers of at least 0: pass places of rows",
    ),
    "jointly tuned bounds that follow": (
        lambda: qm.JointLoss(SQUARE, qm.ChebyshevIteration(3, spectrum=True)),
        "takes parameters from the inner Hessian: leave its bounds free",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_with_the_remedy(name):
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
