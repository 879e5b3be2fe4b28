"""The fuzzer: its oracle against fractions and mpmath, its judge, planted mistakes that it must
find, and a sample.
"""

import json
import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from flint import arb

from quadmeta.objectives import log_objective
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.optimizers.gradient_descent import GradientDescent, LogMoments
from quadmeta.problems.parts.stochastic import StochasticProblem
from tests.fuzz import bilevel, closed_forms, methods, regression, run, step_size, stochastic, tasks
from tests.fuzz.exact import Answer, Question, balls, judge, matrix, precision


def rows(family, cases, seed=0):
    """The summary of a family's first cases, derandomised."""
    found = {}
    for case in range(cases):
        for question in family(np.random.default_rng([seed, case])):
            found.setdefault(question.quantity, run.Row()).add(
                judge(question), case, question.about
            )
    return found


def outside(found):
    """Lines of the quantities outside their documented error."""
    return [
        f"{name}: case {row.case}, {row.worst:.3g} of the allowed error, {row.about}, {row.note}"
        for name, row in found.items()
        if row.outside
    ]


SAMPLE = {
    "gradient descent": (step_size.gradient_descent, 20),
    "batches": (tasks.batches, 10),
    "matrices": (tasks.matrices, 15),
    "schedule": (methods.schedule, 10),
    "momentum": (methods.momentum, 1),
    "regression": (regression.regression, 20),
    "stochastic": (stochastic.stochastic, 8),
    "bilevel": (bilevel.bilevel, 30),
    "closed forms": (closed_forms.closed_forms, 20),
}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_is_inside_its_documented_error(name):
    family, cases = SAMPLE[name]
    assert outside(rows(family, cases)) == []


def test_every_family_is_in_the_command():
    assert {family.__name__ for family in run.FAMILIES} == {
        "gradient_descent",
        "batches",
        "matrices",
        "schedule",
        "momentum",
        "regression",
        "stochastic",
        "bilevel",
        "closed_forms",
    }


# planted mistakes


def one_step_short(self, *args, **kwargs):
    return MOMENTS(GradientDescent(max(self.steps - 1, 1)), *args, **kwargs)


def rounded_variance(self, eigenvalues, weights, theta, order=2):
    found = MOMENTS(self, eigenvalues, weights, theta, order)
    if order < 2:
        return found
    a = 1 - np.asarray(theta)[..., None] * eigenvalues
    a = np.where(a == 0, 1e-16, a)
    score = np.log(weights) + 2 * self.steps * np.log(np.abs(a))
    pi = np.exp(score - score.max(axis=-1, keepdims=True))
    pi = pi / pi.sum(axis=-1, keepdims=True)
    square = (pi * (eigenvalues / a) ** 2).sum(axis=-1)
    return LogMoments(found.level, found.mean, square - (pi * eigenvalues / a).sum(axis=-1) ** 2)


def scaled(function, factor, position=None):
    def changed(*args, **kwargs):
        found = function(*args, **kwargs)
        return found * factor if position is None or args[position] == 1 else found

    return changed


MOMENTS = GradientDescent.log_moments
MISTAKES = {
    "T - 1 for T": (
        GradientDescent,
        "log_moments",
        one_step_short,
        step_size.gradient_descent,
        "LogObjective.value",
    ),
    "digits of a cluster": (
        GradientDescent,
        "log_moments",
        rounded_variance,
        step_size.gradient_descent,
        "RootObjective.curvature",
    ),
    "gradient off by 1e-9": (
        log_objective,
        "transform",
        scaled(log_objective.transform, 1 + 1e-9, 2),
        step_size.gradient_descent,
        "LogObjective.gradient",
    ),
    "hypergradient off by 1e-9": (
        OuterLoss,
        "gradient",
        scaled(OuterLoss.gradient, 1 + 1e-9),
        bilevel.bilevel,
        "unrolled, Coupled",
    ),
    "expected loss off by 1e-9": (
        StochasticProblem,
        "expected",
        scaled(StochasticProblem.expected, 1 + 1e-9),
        stochastic.stochastic,
        "NaiveObjective.value, SGD",
    ),
    "a geometric sum of one term more": (
        closed_forms.powers,
        "geometric_sum_at",
        lambda x, n, f=closed_forms.powers.geometric_sum_at: f(x, n + 1),
        closed_forms.closed_forms,
        "geometric_sum_at",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistakes_are_found(name, monkeypatch):
    place, attribute, wrong, family, quantity = MISTAKES[name]

    def caught():
        found = rows(family, 8, seed=1)
        return sum(row.outside for key, row in found.items() if key.startswith(quantity))

    before = caught()
    monkeypatch.setattr(place, attribute, wrong)
    assert caught() > before


# the oracle against other arithmetic


def close(found, want):
    """Two narrow balls that overlap."""
    return (
        found.overlaps(want)
        and found.rad() + want.rad() <= abs(want) / arb(2) ** 100 + arb(2) ** -200
    )


def quotient(x):
    return arb(x.numerator) / arb(x.denominator)


@pytest.mark.parametrize("T", [1, 2, 7])
def test_moments_are_those_of_fractions(T):
    rng = np.random.default_rng(T)
    lam, omega, eta = rng.uniform(0.1, 3, 3), rng.uniform(0.1, 1, 3), 0.4
    x, o, e = [Fraction(v) for v in lam], [Fraction(v) for v in omega], Fraction(eta)

    def F(h=Fraction(0)):
        return sum(w * (1 - (e + h) * v) ** (2 * T) for w, v in zip(o, x))

    with precision(256):
        m = step_size.Moments(balls(lam), balls(omega), arb(eta), T)
        assert close(m.F, quotient(F()))
        slope = -2 * T * sum(w * v * (1 - e * v) ** (2 * T - 1) for w, v in zip(o, x))
        assert close(-2 * T * m.S1, quotient(slope))
        u = [v / (1 - e * v) for v in x]
        pi = [w * (1 - e * v) ** (2 * T) / F() for w, v in zip(o, x)]
        mean = sum(p * y for p, y in zip(pi, u))
        assert close(m.spread / m.F**2, quotient(sum(p * (y - mean) ** 2 for p, y in zip(pi, u))))
        h = Fraction(1, 2**60)
        assert abs(float((F(h) - F(-h)) / (2 * h) / slope) - 1) < 1e-15


@pytest.mark.parametrize("nesterov", [False, True])
def test_powers_of_the_companion_are_the_recursion(nesterov):
    lam, eta, beta, T = 1.3, 0.7, 0.6, 9

    def p(e, b):
        before, z = mp.mpf(1), mp.mpf(1)
        for _ in range(T):
            a = 1 - e * mp.mpf(lam)
            h, c = ((1 + b) * a, b * a) if nesterov else (a + b, b)
            before, z = z, h * z - c * before
        return z

    with mp.workdps(60), precision(256):
        found, first, second = methods.powers(arb(lam), arb(eta), arb(beta), T, nesterov)
        e, b = mp.mpf(eta), mp.mpf(beta)
        wants = [
            p(e, b),
            *(mp.diff(p, (e, b), n) for n in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))),
        ]
        for got, want in zip([found, *first, second[0][0], second[0][1], second[1][1]], wants):
            assert abs(mp.mpf(got.str(30, radius=False)) / want - 1) < 1e-15


@pytest.mark.parametrize("nesterov", [False, True])
def test_roots_and_the_matrix_power_agree(nesterov):
    rng = np.random.default_rng(1)
    for T in (1, 5, 10**9):
        for beta in (0.3, 1 - 1e-9):
            with precision(600):
                lam, eta = arb(rng.uniform(0.1, 2)), arb(rng.uniform(0.1, 1.2))
                h, b = methods.coefficients(lam, eta, arb(beta), nesterov)
                for x, y in zip(methods.by_roots(h, b, T), methods.by_matrix(h, b, T)):
                    assert x.overlaps(y) and abs(x - y) <= abs(y) / arb(2) ** 100 + arb(2) ** -300
    with precision(256):
        # equal roots, and a root at 0
        for h, b in ((2, 1), (1, 0)):
            series = [[arb(x), arb(1), arb(0), arb(0), arb(0), arb(0)] for x in (h, b)]
            assert methods.by_roots(*series, 3) is None


def test_hypergradients_are_those_of_fractions():
    rng = np.random.default_rng(0)
    problem, alpha, exact, *_ = bilevel.ridges(rng)
    with precision(256):
        x = exact(256)
        T, eta = 3, 0.25
        got = bilevel.unrolled(x, T, arb(eta))[0]
        (X, Y), a = problem.train, Fraction(float(alpha[0]))
        H = [
            [
                sum(Fraction(r[i]) * Fraction(r[j]) for r in X.tolist()) / len(X)
                + (a if i == j else 0)
                for j in range(X.shape[1])
            ]
            for i in range(X.shape[1])
        ]
        total = Fraction(0)
        X2, Y2 = problem.validation
        for o in range(np.reshape(Y, (len(X), -1)).shape[1]):
            targets = [Fraction(float(y)) for y in np.reshape(Y, (len(X), -1))[:, o]]
            b = [
                sum(Fraction(r[i]) * t for r, t in zip(X.tolist(), targets)) / len(X)
                for i in range(len(H))
            ]
            w, dw = [Fraction(0)] * len(H), [Fraction(0)] * len(H)
            for _ in range(T):
                w, dw = (
                    [
                        w[i] - Fraction(eta) * (sum(H[i][j] * w[j] for j in range(len(H))) - b[i])
                        for i in range(len(H))
                    ],
                    [
                        dw[i] - Fraction(eta) * (sum(H[i][j] * dw[j] for j in range(len(H))) + w[i])
                        for i in range(len(H))
                    ],
                )
            for row, y in zip(X2.tolist(), np.reshape(Y2, (len(X2), -1))[:, o]):
                left = sum(Fraction(r) * v for r, v in zip(row, w)) - Fraction(float(y))
                total += left * sum(Fraction(r) * v for r, v in zip(row, dw)) / len(X2)
        assert close(got, quotient(total))


@pytest.mark.parametrize("draw", [stochastic.streaming, stochastic.noisy, stochastic.rows])
def test_expected_losses_are_the_recursion_in_fractions(draw):
    problem, outers, system, _ = draw(np.random.default_rng(3))
    eta = Fraction(problem.mean_square_limit() / 3)
    with precision(512):
        found = system(arb(float(eta)), 4)
        for outer in outers:
            for order in (0, 1):
                want = problem.recursion(4, eta, outer, order)
                # the package takes a residual of rounding size as zero in floats only
                assert abs(float(found[outer][order]) - float(want)) <= 1e-13 * (
                    1 + abs(float(want))
                )


# the judge and the command


def test_a_judge_sees_errors_signs_refusals_and_nan():
    def truth():
        return arb(2), arb(1e-10)

    assert judge(Question("x", 2.0, truth)).ratio == 0
    assert judge(Question("x", 2.0 + 5e-11, truth)).ratio == pytest.approx(0.5, rel=1e-5)
    assert judge(Question("x", 2.0 + 2e-10, truth)).ratio == pytest.approx(2, rel=1e-5)
    assert judge(Question("x", math.nan, truth)).ratio == math.inf
    assert judge(Question("x", (1.0, math.log(2)), truth)).ratio < 1e-4
    assert (
        judge(Question("x", (-1.0, -60.0), lambda: (arb(1e-26), arb(1), arb(1e-30)))).ratio
        == math.inf
    )
    refused = Question("x", ValueError("no"), truth)
    assert judge(refused).ratio == math.inf and judge(refused).refused
    refused.refusal = True
    assert judge(refused) == Answer("x", 0.0, True, "ValueError: no")
    for error in (ValueError("two\nlines"), RuntimeWarning("overflow"), TypeError("inside")):
        assert judge(Question("x", error, truth, refusal=True)).ratio == math.inf


def test_a_judge_asks_for_more_digits_until_the_ball_is_narrow():
    def truth():
        return (1 + arb(2) ** -700) - 1, arb(2) ** -710

    assert judge(Question("x", (1.0, -700 * math.log(2)), truth)).ratio <= 1


def test_the_command_resumes_and_is_reproducible(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "FAMILIES", {closed_forms.closed_forms: 1.0})
    monkeypatch.setattr(run, "BATCH", 2)
    lines = []
    first = {number: run.batch(5, number) for number in range(2)}
    for number, batch in first.items():
        run.store(tmp_path, number, batch)
    (tmp_path / ".2.99").write_text("half a line")
    assert run.load(tmp_path) == first
    found = run.search(
        sum(row.draws for row in run.summary(first).values()), 5, 1, tmp_path, lines.append
    )
    assert found == run.summary(first) and "resumed" in lines[0]
    assert all(json.loads(line) for line in (tmp_path / "000000.jsonl").read_text().splitlines())
    text = run.table(found)
    assert "geometric_sum_at" in text and "outside" in text


def test_precision_is_put_back_and_matrices_are_exact():
    with precision(300):
        assert close(matrix([[0.1]])[0, 0], quotient(Fraction(0.1)))
