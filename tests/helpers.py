"""What several tests of figures and of claims share."""

from unittest import mock

import numpy as np

import quadmeta as qm
from quadmeta import plotting
from quadmeta.harness import from_csv
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import examine
from quadmeta.verification.search import findings


def altered(table, change, where):
    """The rows of a table, changed where they have these values, which is somewhere.

    ``change`` holds a function for each column that changes, or is one of a row that returns its
    new cells.
    """
    rows = from_csv(table)
    picked = [row for row in rows if all(row[column] == value for column, value in where.items())]
    assert picked
    for row in picked:
        if callable(change):
            row |= change(row)
        else:
            row |= {column: alter(row[column]) for column, alter in change.items()}
    return rows


def drawn(module, table):
    """The figure of a table: its claim holds, no text collides, every line is finite."""
    rows = from_csv(table)
    module.check(rows)
    with plotting.style():
        fig = module.draw(rows)
    assert plotting.overlapping_text(fig) == []
    for ax in fig.axes:
        assert all(
            np.isfinite(np.asarray(line.get_xydata(), dtype=float)).all() for line in ax.get_lines()
        )
    return fig


def mutant(cls, change):
    """The claim with its sides changed by ``change(x, lhs, rhs)``, on fewer instances."""

    class Mutant(cls):
        __doc__ = cls.__doc__
        draws = 40

        def sides(self, x, form):
            lhs, rhs = (np.asarray(side, dtype=object) for side in super().sides(x, form))
            return change(x, lhs, rhs)

    return Mutant()


def case(name, form="", **x):
    """An admitted instance of a claim, examined."""
    claim = qm.claim(name)
    found = examine(claim, form, claim.read(x))
    assert found.admitted
    return found


def status(wrong, form=""):
    """What ``decide`` says of a mutant, whose first counterexample is enough, as it is found."""
    with (
        mock.patch("quadmeta.verification.decide.shrink", lambda claim, form, found: found),
        mock.patch("quadmeta.verification.decide.findings", _until_violated),
    ):
        return decide(wrong, form).status


def _until_violated(claim, form):
    for found in findings(claim, form):
        yield found
        if not found.holds:
            return
