"""Rows of the figure on joint tuning: losses along descents that move all or a part at a time."""

from collections.abc import Iterator

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Row, Rows
from quadmeta._extras import dataset
from quadmeta._types import Array

WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "together": (("step_size", "momentum", "alpha"),),
    "one at a time": (("alpha",), ("step_size",), ("momentum",)),
    "weights alone": (("alpha",),),
    "step and momentum alone": (("step_size", "momentum"),),
}
"""What is moved at each outer step, in turn."""
IMAGES = 100
RIDGE_STEPS = 15


def digits(block: int, seed: int) -> tuple[Array, Array]:
    """Means of the pixels over squares of this size and a constant, and classes, shuffled."""
    images, classes = dataset("digits", "the figure on joint tuning")
    side = 8 // block
    means = images.reshape(-1, side, block, side, block).mean(axis=(2, 4)).reshape(-1, side**2)
    order = np.random.default_rng(seed).permutation(len(classes))
    X = np.column_stack([means / 16, np.ones(len(means))])
    return X[order], classes[order]


def cleaned(seed: int) -> qm.DataCleaning:
    """As many training as validation images, the rest for the test."""
    X, classes = digits(2, seed)
    n = IMAGES
    rng = np.random.default_rng([seed, 1])
    given = np.where(rng.random(n) < 0.5, rng.integers(0, 10, n), classes[:n])
    Y = np.eye(10)[np.concatenate([given, classes[n:]])]
    train, validation, test = zip(np.split(X, (n, 2 * n)), np.split(Y, (n, 2 * n)), strict=True)
    return qm.DataCleaning(train, validation, 1e-2, test, given != classes[:n])


def descent(
    loss: qm.JointLoss, start: Array, parts: tuple[tuple[str, ...], ...], steps: int
) -> Iterator[tuple[Array, float]]:
    """theta and the loss after 0, 1, ..., steps outer steps; it stays where nothing is lower."""
    if len(parts) == 1:
        found = qm.joint_descent(loss, start, steps=steps, only=parts[0])
        for k in range(steps + 1):
            reached = min(k, len(found.values) - 1)
            yield found.path[reached], float(found.values[reached])
        return
    theta = start
    yield theta, loss(theta)
    for k in range(steps):
        found = qm.joint_descent(loss, theta, steps=1, only=parts[k % len(parts)])
        theta = found.theta
        yield theta, found.value


def cleaning(T: int, seed: int, steps: int) -> Rows:
    """The loss after each outer step of each way; after the last by the loop too, with the
    accuracy.
    """
    problem = cleaned(seed)
    loss = qm.JointLoss(problem, qm.HeavyBall(T))
    start = np.append([1 / problem.smoothness, 0.5], np.zeros(problem.hyperparameters))
    found: Rows = []
    for way, parts in WAYS.items():
        for step, (theta, value) in enumerate(descent(loss, start, parts, steps)):
            row: Row = {"part": "cleaning", "way": way, "T": T, "seed": seed, "step": step}
            row |= {"measured": None, "theory": value, "accuracy": None}
            if step == steps:
                eta, beta = theta[:2]
                run = qm.OuterLoss(problem, qm.HeavyBall(T, eta, beta))
                accuracy = problem.accuracy(run.trained(theta[2:]))
                row |= {"measured": run(theta[2:]), "accuracy": accuracy}
            found.append(row)
    return found


def ridge(T: int, seed: int, starts: int) -> Rows:
    """The loss after the last outer step from each random start, for all parts together and in
    turn.
    """
    X, classes = digits(1, seed)
    Y = np.eye(10)[classes]
    n = len(X) // 4
    problem = qm.Ridge((X[:n], Y[:n]), (X[n:], Y[n:]), logarithmic=True)
    L = float(np.linalg.eigvalsh(problem.gram)[-1])
    loss = qm.JointLoss(problem, qm.HeavyBall(T))
    rng = np.random.default_rng([seed, 2])
    found: Rows = []
    for k in range(starts):
        eta = np.exp(rng.uniform(np.log(0.1), np.log(2))) / L
        start = np.array([eta, rng.uniform(0, 0.95), rng.uniform(-8, 0)])
        for way in ("together", "one at a time"):
            *_, (theta, value) = descent(loss, start, WAYS[way], RIDGE_STEPS)
            run = qm.OuterLoss(problem, qm.HeavyBall(T, *theta[:2]))
            row: Row = {"part": "ridge", "way": way, "T": T, "seed": k, "step": RIDGE_STEPS}
            found.append(row | {"measured": run(theta[2:]), "theory": value, "accuracy": None})
    return found
