"""One generator of exact instances for everybody: users, property tests and the search of the
worst ratio.

``draw`` asks a ``Random`` for numbers. A seeded one gives users their instances, hypothesis passes
one that it shrinks, and differential evolution one whose numbers are the coordinates of a point in
the unit cube.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from quadmeta.verification.claim import Claim
from quadmeta.verification.finding import Candidate, Finding, broken
from quadmeta.verification.parameters import Instance, draw, plainly

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

COORDINATES = 24
"""Numbers that the longest instances ask for, roughly; later ones are drawn at random."""


def instances(claim: Claim, form: str = "", seed: int | str = 0) -> Iterator[Instance]:
    """Random instances of small numerators and denominators that meet every assumption, without
    end.

    Raises
    ------
    ValueError
        ten thousand draws in a row break an assumption.

    Examples
    --------
    >>> import quadmeta as qm
    >>> next(qm.instances(qm.claim("wang2021_naive_upper_bound")))["steps"]
    7
    """
    return (candidate.instance for candidate in candidates(claim, form or claim.first, seed))


def candidates(claim: Claim, form: str, seed: int | str = 0) -> Iterator[Candidate]:
    """The same, with their assumptions evaluated."""
    random = Random(seed)
    misses = 0
    while True:
        candidate = Candidate(claim, form, claim.prepare(draw(claim.domain, random)))
        if not candidate.broken:
            misses = 0
            yield candidate
        elif (misses := misses + 1) == 10000:
            raise ValueError(
                f"{claim.name}, {form}: no instance in 10000 draws meets the assumptions: "
                "let `prepare` move the draws into them"
            )


def strategy(claim: Claim, form: str = "") -> "SearchStrategy[Instance]":
    """The same instances as a hypothesis strategy, which shrinks them.

    Raises
    ------
    ImportError
        hypothesis is not installed.
    """
    from hypothesis import strategies

    form = form or claim.first

    def prepared(random: Random) -> Instance:
        return plainly(claim.prepare(draw(claim.domain, random)))

    def admitted(x: Instance) -> bool:
        return not broken(claim, form, x)

    return strategies.randoms(use_true_random=False).map(prepared).filter(admitted)


class Coordinates(Random):
    """Random numbers of which the first are the coordinates of a point in the unit cube, in
    turn.
    """

    def __init__(self, point: Sequence[float]) -> None:
        super().__init__(0)
        self.rest = iter(point)

    def random(self) -> float:
        """The next coordinate, if there is one."""
        given = next(self.rest, None)
        if given is None:
            return super().random()
        return min(float(given), 1 - 2.0**-53)

    def _randbelow(self, n: int) -> int:
        # in order: the library's own takes a remainder, which no search could follow
        return int(self.random() * n)


def worst(
    claim: Claim, form: str = "", seed: int = 0, steps: int = 15, size: int = 3
) -> Finding | None:
    """The instance with the most extreme ratio lhs/rhs that differential evolution finds: the
    largest for an upper bound, the smallest for a lower one; None if none has two positive sides.

    ``steps`` generations of ``size * COORDINATES`` points. The result is exact and meets every
    assumption.
    """
    from scipy.optimize import differential_evolution

    form = form or claim.first
    upper = claim.relation in ("<=", "<")
    best = None
    least = float("inf")

    def loss(point: Sequence[float]) -> float:
        nonlocal best, least
        x = claim.prepare(draw(claim.domain, Coordinates(point)))
        candidate = Candidate(claim, form, x)
        if candidate.broken:
            return 1e9
        found = candidate.examined()
        if not found.ratios:
            return 1e8
        if upper:
            value = -max(found.ratios.values())
        else:
            value = min(found.ratios.values())
        if value < least:
            best = found
            least = value
        return value

    differential_evolution(
        loss,
        [(0.0, 1.0)] * COORDINATES,
        popsize=size,
        maxiter=steps,
        polish=False,
        seed=seed,
        init="sobol",
        tol=0.0,
        atol=0.0,
    )
    return best
