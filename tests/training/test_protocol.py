"""The paper's protocol: its orderings, its baselines, and what its options change."""

import numpy as np
import pytest

import quadmeta as qm

GRID = np.geomspace(1e-4, 1, 13)


def by_method(outcomes):
    return {(o.sigma, o.method): o for o in outcomes}


def test_validation_wins_with_few_noisy_samples_and_either_works_with_many():
    few = by_method(qm.run_protocol(40, 80, [1.0], 40, 20, 10, GRID, seed=0))
    assert few[1.0, "train"].rmse > few[1.0, "zero"].rmse > few[1.0, "validation"].rmse
    many = by_method(qm.run_protocol(800, 20, [1.0], 40, 5, 10, GRID, seed=0))
    assert many[1.0, "train"].rmse == pytest.approx(many[1.0, "validation"].rmse, rel=0.02)
    for outcomes in (few, many):
        assert outcomes[1.0, "oracle"].rmse <= min(o.rmse for o in outcomes.values()) * (1 + 1e-12)
        assert outcomes[1.0, "zero"].rmse == pytest.approx(np.sqrt(2))


def test_every_noise_level_equals_its_own_run():
    both = by_method(qm.run_protocol(10, 20, [0.5, 2.0], 10, 4, 3, GRID, seed=1))
    alone = by_method(qm.run_protocol(10, 20, [2.0], 10, 4, 3, GRID, seed=1))
    assert all(both[key].rmse == alone[key].rmse for key in alone)


def test_readings_and_fresh_tasks():
    runs = {
        reading: by_method(qm.run_protocol(20, 20, [1.0], 20, 6, 5, GRID, seed=2, reading=reading))
        for reading in ("retrain", "split", "same size")
    }
    assert (
        runs["retrain"][1.0, "validation"].step_size == runs["split"][1.0, "validation"].step_size
    )
    assert runs["retrain"][1.0, "validation"].rmse != runs["split"][1.0, "validation"].rmse
    assert len({r[1.0, "train"].rmse for r in runs.values()}) == 1
    said = []
    fresh = qm.run_protocol(20, 20, [1.0], 20, 6, 5, GRID, seed=2, fresh=True, progress=said.append)
    assert (
        len(said) == len(GRID) + 1
        and by_method(fresh)[1.0, "zero"].rmse == runs["split"][1.0, "zero"].rmse
    )


def test_bad_input():
    for options, message in (
        ({"reading": "other"}, "reading"),
        ({"fraction": 0.0}, "fraction"),
        ({"grid": [-1.0]}, "grid"),
        ({"sigmas": [np.nan]}, "sigmas"),
        ({"tasks": 0}, "tasks"),
        ({"sigmas": 1.0}, "sigmas has shape"),
        ({"sigmas": [-1.0]}, "sigmas has the negative"),
        ({"norm": -1.0}, "norm"),
        ({"truncation": 0.0}, "truncation"),
        ({"fresh": 1}, "fresh"),
        ({"progress": 3}, "progress"),
        ({"seed": -1}, "seed"),
        ({"grid": 0.1}, "grid has shape"),
        ({"fraction": "half"}, "fraction"),
        ({"steps": 2.5}, "steps"),
    ):
        arguments = {
            "n": 4,
            "d": 4,
            "sigmas": [1.0],
            "steps": 2,
            "tasks": 2,
            "test_tasks": 2,
            "grid": GRID,
        } | options
        with pytest.raises(ValueError, match=message):
            qm.run_protocol(**arguments)
