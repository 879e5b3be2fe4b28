'''Figure scripts and what runs them: points in parallel, resumed where they stopped, the claim
asserted, the sources on record.

In a folder of yours, a script in ``experiments/`` is a docstring whose first line is the heading,
settings at full and at smoke size, and four functions: the points of the settings, the rows of a
table that are measured at one point, the claim that the table must meet, and the figure of it. For
example ``experiments/contraction.py``::

    """The loss after T steps is geometric in T."""
    import numpy as np
    import quadmeta as qm
    from quadmeta import plotting

    CAPTION = "Logarithm of the loss after ten steps: computed (circles) and by hand (line)."
    SEED = 0
    FULL = {"steps": [0.25, 0.5, 1.5, 2.5]}
    SMOKE = {"steps": [0.5]}

    def points(steps):
        return [{"eta": eta} for eta in steps]

    def measure(eta):
        problem = qm.Quadratic.from_spectrum([1.0], error=[1.0])
        loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=10))(eta)
        return [{"eta": eta, "measured": loss.log, "theory": np.log(abs(1 - eta) ** 20 / 2)}]

    def check(rows):
        assert all(abs(row["measured"] - row["theory"]) < 1e-12 for row in rows), "another loss"

    def draw(rows):
        fig, ax = plotting.figure(width=plotting.COLUMN)
        steps = [row["eta"] for row in rows]
        plotting.theory(ax, steps, [row["theory"] for row in rows])
        plotting.measured(ax, steps, [row["measured"] for row in rows])
        return fig

There, ``python -m quadmeta.harness list`` names it, ``run --smoke`` tries it in seconds, and ``run
--workers 2`` writes the table ``figures/contraction.csv``, the figure as SVG and PNG, and in
``figures/contraction.json`` what they were made from: settings, versions, hashes of the sources,
the last commit that touched them. A second ``run`` finds the figure fresh and leaves it alone.

From Python: ``main(["run", "--smoke"], Places("study"))`` for the scripts in ``study/experiments``.
A figure of several files is a folder, ``experiments/contraction/figure.py`` and what it imports.
What a script may define is :class:`quadmeta.harness.experiment.Experiment`.
'''

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.harness.command import main
    from quadmeta.harness.experiment import Experiment, compute
    from quadmeta.harness.places import Places
    from quadmeta.harness.results import Cell, Row, from_csv, to_csv

__all__ = ["Cell", "Experiment", "Places", "Row", "compute", "from_csv", "main", "to_csv"]

# loaded on first use, so that the command line can set up the process before numpy is there
_PLACES = {
    "Cell": "results",
    "Experiment": "experiment",
    "Places": "places",
    "Row": "results",
    "compute": "experiment",
    "from_csv": "results",
    "main": "command",
    "to_csv": "results",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
