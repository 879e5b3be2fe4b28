"""The mean over tasks: the same digits whoever computes it and in whatever order, from few blocks
and results at a time, resumed where it stopped.
"""

import random
import weakref
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.sweep import store as _store, task_mean
from quadmeta.sweep.tree import Tree, added, moments

ETA = np.array([0.2, 0.7, 1.4])


def curves(tasks):
    problem = qm.Quadratic.random(d=4, seed=tasks.start, tasks=len(tasks))
    return qm.LogObjective(problem, qm.GradientDescent(9), pooled=False).scan(ETA[:, None])


def risks(tasks):
    """Tasks read from what is stored, of three sizes of their values."""
    X, y, X2, y2 = (part[tasks.start : tasks.stop] for part in STORED)
    problem = qm.LeastSquares.from_data(X, y, (X2, y2))
    loss = qm.TrainByValidation(problem, qm.GradientDescent(9), pooled=False)
    return loss.scan(ETA[:, None] / 10)[0]


_DRAW = np.random.default_rng(0)
STORED = tuple(_DRAW.standard_normal(shape) for shape in ((23, 6, 3), (23, 6), (23, 5, 3), (23, 5)))


def digits(found):
    parts = (*found.mean, *found.error) if isinstance(found.mean, tuple) else found[:2]
    return [np.asarray(part).tobytes() for part in parts]


@pytest.mark.parametrize("fn", [curves, risks])
def test_mean_and_error_are_those_of_all_tasks(fn):
    found = task_mean(fn, 23, 5)
    blocks = [fn(range(k, min(k + 5, 23))) for k in range(0, 23, 5)]
    parts = list(zip(*blocks, strict=True)) if fn is curves else [blocks]
    means, errors = (found.mean, found.error) if fn is curves else ([found.mean], [found.error])
    assert found.tasks == 23
    for part, mean, error in zip(parts, means, errors, strict=True):
        whole = np.concatenate(part, axis=-1)
        np.testing.assert_allclose(mean, whole.mean(axis=-1), rtol=1e-14)
        np.testing.assert_allclose(error, whole.std(axis=-1, ddof=1) / np.sqrt(23), rtol=1e-13)


def test_the_same_digits_by_a_loop_and_by_processes():
    assert digits(task_mean(curves, 40, 3, 2)) == digits(task_mean(curves, 40, 3))


def test_stored_tasks_of_one_block_are_the_pooled_objective():
    problem = qm.LeastSquares.from_data(*STORED[:2], STORED[2:])
    want = qm.TrainByValidation(problem, qm.GradientDescent(9)).scan(ETA / 10)[0]
    np.testing.assert_allclose(task_mean(risks, 23, 100).mean, want, rtol=1e-13)


@given(leaves=st.integers(1, 40), seed=st.integers(0, 10**6))
def test_leaves_in_any_order_give_the_same_digits(leaves, seed):
    draw = np.random.default_rng(seed)
    values = [moments([draw.standard_normal((2, 3)) * 1e3]) for _ in range(leaves)]
    order = list(range(leaves))
    random.Random(seed).shuffle(order)
    sums = []
    for way in (range(leaves), order):
        tree = Tree(leaves)
        for count, leaf in enumerate(way):
            assert len(tree.missing()) == leaves - count
            tree.add(leaf, values[leaf])
        sums.append(tree.root())
    one, other = sums
    assert one.tasks == other.tasks == 3 * leaves
    assert (one.means[0] == other.means[0]).all() and (one.squares[0] == other.squares[0]).all()


def test_adding_blocks_as_they_land_would_not_give_the_same_digits():
    draw = np.random.default_rng(0)
    values = [moments([draw.standard_normal((20, 3))]) for _ in range(16)]
    sums = []
    for way in (values, values[::-1]):
        total = way[0]
        for value in way[1:]:
            total = added(total, value)
        sums.append(total.means[0])
    assert (sums[0] != sums[1]).any()


@pytest.mark.parametrize("workers", [1, 8])
def test_few_results_wait_though_one_block_is_late(workers):
    leaves = 1000
    tree = Tree(leaves)
    value = moments([np.ones((1, 2))])
    hands = list(range(workers))
    most = 0
    draw = random.Random(0)
    for leaf in range(workers, leaves):
        # the first block lands last, the others as they come
        k = draw.randrange(len(hands) > 1, len(hands))
        tree.add(hands[k], value)
        hands[k] = leaf
        most = max(most, len(tree.nodes))
    for leaf in sorted(hands, reverse=True):
        tree.add(leaf, value)
    assert tree.root().tasks == 2 * leaves
    assert most <= 10 + 2 * workers


class Held:
    """What a block of tasks holds, to be counted."""

    def __init__(self, tasks):
        self.values = np.array([[float(task) for task in tasks]])


def test_one_block_of_tasks_lives_at_a_time():
    living = weakref.WeakSet()
    most = []

    def made(tasks):
        block = Held(tasks)
        living.add(block)
        most.append(len(living))
        return block.values.copy()

    assert task_mean(made, 1000, 10).mean == pytest.approx([499.5])
    assert max(most) == 1 and len(most) == 100


@pytest.mark.parametrize("where", [1, 2])
def test_what_stopped_is_resumed_to_the_same_digits(tmp_path, where, monkeypatch):
    monkeypatch.setattr(_store, "EVERY", 0.0)
    path = tmp_path / "deep" / "mean.npz"
    log = tmp_path / "log"

    def counted(tasks):
        with open(log, "a") as file:
            file.write(f"{tasks.start}\n")
        if tasks.start == 12 and not (tmp_path / "mended").exists():
            raise RuntimeError("no such task")
        return curves(tasks)

    with pytest.raises(ValueError, match=r"fn failed on tasks 12 to 14 \('RuntimeError: no such"):
        task_mean(counted, 31, 3, where, path)
    (tmp_path / "mended").touch()
    found = task_mean(counted, 31, 3, where, path)
    assert digits(found) == digits(task_mean(curves, 31, 3))
    times = Counter(log.read_text().split())
    assert times["12"] == 2 and times["0"] == 1 and len(times) == 11
    assert sum(times.values()) <= 12 + where
    assert digits(task_mean(counted, 31, 3, 1, path)) == digits(found)  # nothing is left to do
    assert Counter(log.read_text().split()) == times


def test_a_store_of_another_call_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "mean.npz"
    task_mean(curves, 8, 4, store=path)
    with pytest.raises(ValueError, match="is of a call with other tasks: remove it"):
        task_mean(curves, 9, 4, store=path)
    with pytest.raises(ValueError, match="other tasks, block: remove it, or pass another path"):
        task_mean(curves, 9, 3, store=path)
    monkeypatch.setattr(_store, "environment", lambda: {"sources": "others"})
    with pytest.raises(ValueError, match="is of a call with other sources"):
        task_mean(curves, 8, 4, store=path)
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match="cannot be read .*: remove it"):
        task_mean(curves, 8, 4, store=path)


def test_a_store_is_a_path():
    with pytest.raises(ValueError, match="store = 5 must be the path of a file, or None"):
        task_mean(curves, 8, 4, store=5)


def test_single_tasks_and_numbers():
    assert task_mean(lambda tasks: np.array([2.0]), 1, 5) == (2.0, 0.0, 1)
    found = task_mean(lambda tasks: np.array(tasks, dtype=float), 5, 2)
    assert found.mean == 2.0 and found.error == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize(
    "fn, words",
    [
        (lambda tasks: np.ones(2), r"fn returns shape \(2,\) for 3 tasks: the last axis must be"),
        (lambda tasks: 1.0, r"fn returns shape \(\) for 3 tasks"),
        (lambda tasks: np.full(len(tasks), np.nan), "non-finite entry nan"),
        (lambda tasks: (np.ones((2, 3)), np.ones(2)), r"fn returns shape \(2,\)"),
        (lambda tasks: np.ones((1 + tasks.start, len(tasks))), r"the shapes \[\(1,\)\] and \[\(4"),
        ("curves", "fn = 'curves'"),
    ],
)
def test_bad_functions_are_named(fn, words):
    with pytest.raises(ValueError, match=words) as caught:
        task_mean(fn, 6, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tasks, block", [(0, 1), (3, 0), (2.5, 1), (3, -1)])
def test_bad_numbers_are_named(tasks, block):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        task_mean(curves, tasks, block)
