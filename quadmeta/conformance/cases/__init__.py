"""The cases, a group a module."""

from quadmeta.conformance.case import Case
from quadmeta.conformance.cases import curved, regression, small, spectra

CASES: tuple[Case, ...] = (
    *spectra.CASES,
    *small.CASES,
    *regression.CASES,
    *curved.CASES,
    *small.ADAM,
    *small.STEP_SIZE,
)
"""Every case, from plain to nasty within a group."""


def named(name: str) -> Case:
    """The case of this name.

    Raises
    ------
    KeyError
        no such case.
    """
    return {case.name: case for case in CASES}[name]
