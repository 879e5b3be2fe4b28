"""Statements about alternating updates: fixed points, their Jacobian and rate against real runs,
what is needed.
"""

from fractions import Fraction as F

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.exact import convert
from quadmeta.claims.derived.task_weights.alternation_rate import DerivedAlternationRate
from quadmeta.claims.families import collapse as plane
from quadmeta.claims.families.alternation import Alternation
from quadmeta.verification.finding import arrays
from quadmeta.verification.needed import drop
from quadmeta.verification.search import findings
from tests.helpers import mutant, status


def at_rest(x):
    """Whether w = w_*(phi)."""
    return int(not any(plane.Tasks.of(x).solution(x["weights"]) - [x["w1"], x["w2"]]))


def doubled(x, sides):
    """The blocks with 2 beta for beta in the rows of the weights."""
    size, out = 2 + len(x["weights"]), np.array(sides)
    rows = out[: size**2].reshape(size, size)
    rows[2:] = 2 * rows[2:] - np.eye(size, dtype=int)[2:]
    return out


def blocks(x):
    """The right side of the rate at other settings."""
    return DerivedAlternationRate().sides(x, "stated")[1]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(doubled, id="beta doubled"),
        pytest.param(
            lambda x, r: blocks({**x, "products": x["products"] + 1}), id="a product more"
        ),
        pytest.param(lambda x, r: blocks({**x, "steps": x["steps"] - 1}), id="T - 1"),
    ],
)
def test_mutants_are_noticed(change):
    wrong = mutant(DerivedAlternationRate, lambda x, l, r: (l, change(x, r)))
    assert status(wrong) == "refuted"


@pytest.mark.parametrize(
    "name, assumption",
    [
        ("derived_alternation_fixed_points", "eta > 0"),
        ("derived_alternation_fixed_points", "eta' > 0"),
        ("derived_alternation_fixed_points", "eta lambda_max(H) < 2"),
        ("derived_alternation_fixed_points", "eta' lambda_max(H) < 2"),
        ("derived_alternation_rate", "w = w_*"),
        ("derived_alternation_rate", "phi - beta ghat > 0"),
    ],
)
def test_which_assumptions_are_needed(name, assumption):
    assert drop(qm.claim(name), assumption).status == "refuted"


def numbers(kind, run):
    """The alternation in another number type."""
    tasks = plane.Tasks(*(convert(kind, field) for field in run.tasks))
    return Alternation(tasks, *(convert(kind, field) for field in run[1:]))


def test_fixed_points_are_met_and_depend_on_the_filter():
    claim = qm.claim("derived_alternation_fixed_points")
    seen = list(findings(claim, "stated"))
    fixed = [found.instance for found in seen if found.lhs[0]]
    # w = w_* alone is not enough
    assert any(at_rest(arrays(found.instance)) and not found.lhs[0] for found in seen)
    assert len(seen) / 5 < len(fixed) < len(seen) and sum(x["weights"][0] > 0 for x in fixed) > 20
    # nor is ghat = 0 necessary: weights at 0 stay there
    assert any(
        (Alternation.of(x).slopes(plane.Tasks.of(x).solution(x["weights"]), x["weights"]) > 0).any()
        for x in map(arrays, fixed)
    )
    x = arrays(fixed[0])
    run, state = Alternation.of(x), (np.array([x["w1"], x["w2"]]), x["weights"])
    assert run.slopes(*state)[0] == 0
    for other in (run._replace(J=run.J + 1), run._replace(nu=run.nu / 2)):
        assert other.slopes(*state)[0] != 0


def test_a_truncated_filter_is_no_gradient():
    """d ghat_j/d phi_k along w_*(phi), K = 2: symmetric for the exact filter, not for J = 0."""
    claim = qm.claim("derived_alternation_rate")
    x = arrays(claim.read(next(iter(claim.cases("stated")))))
    run, phi = (
        numbers("float64", Alternation.of(x)._replace(nu=F(1, 20))),
        x["weights"].astype(float),
    )
    apart = []
    for J in (0, 400):
        cut = run._replace(J=J)
        field = plane.jacobian(lambda z, cut=cut: cut.slopes(cut.tasks.solution(z), z), phi)
        apart.append(abs(float((field[0, 1] - field[1, 0]) / field[0, 1])))
    assert apart[0] > 0.1 and apart[1] < 1e-6


@pytest.mark.parametrize("beta, steps", [(0.5, 1), (0.5, 3), (3.0, 2)])
def test_rate_is_the_one_of_a_long_run(beta, steps):
    """Distances to an interior fixed point shrink like the spectral radius, over many rounds at
    400 digits.
    """
    x = arrays(next(iter(qm.claim("derived_alternation_fixed_points").cases("stated"))))
    run, point = (
        Alternation.of(x)._replace(beta=F(beta), T=steps),
        np.array([x["w1"], x["w2"], *x["weights"]]),
    )
    matrix = plane.jacobian(lambda z: np.concatenate(run(z[:2], z[2:])), point).astype(float)
    radius = max(abs(np.linalg.eigvals(matrix)))
    with mp.workdps(400):
        run, point = numbers("mpmath", run), convert("mpmath", point)
        state, logs = point + mp.mpf(10) ** -9, []
        for _ in range(400):
            state = np.concatenate(run(state[:2], state[2:]))
            logs.append(float(mp.log(mp.norm(state - point))))
    # complex pairs oscillate: a slope over 300 rounds, of error O(1/300)
    assert 0.2 < radius < 1 and (logs[399] - logs[99]) / 300 == pytest.approx(
        np.log(radius), abs=0.01
    )


def test_an_exact_filter_and_many_steps_leave_newton_stability():
    """P = 0 and f = 1/l: the block of the weights is 1 - beta F''; stable up to beta = 2/F''."""
    x = arrays(next(iter(qm.claim("derived_alternation_fixed_points").cases("stated"))))
    run, phi = Alternation.of(x)._replace(nu=F(1, 8), J=40, eta=F(1, 8), T=40), x["weights"]
    bend = plane.jacobian(lambda z: plane.jacobian(run.outer, z), phi)[0, 0]
    state = np.array([*run.tasks.solution(phi), *phi])
    for factor, stable in ((F(19, 10), True), (F(21, 10), False)):
        near = run._replace(beta=factor / abs(bend))
        block = plane.jacobian(lambda z, near=near: np.concatenate(near(z[:2], z[2:])), state)[2, 2]
        assert float(block) == pytest.approx(float(1 - near.beta * bend), rel=1e-4)
        assert (abs(block) < 1) == stable or bend < 0
