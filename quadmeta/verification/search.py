"""Search of instances: the cases, random small rationals, and shrinking of a counterexample.

A violation is shrunk greedily to an instance that no single simplification keeps: fewer
dimensions, fewer steps, smaller numerators and denominators, with every assumption still met.
"""

from collections.abc import Iterator
from random import Random

from quadmeta.verification.claim import Claim
from quadmeta.verification.finding import Candidate, Finding, examine
from quadmeta.verification.parameters import Instance, draw, quickly, simpler, size
from quadmeta.verification.record import on_record


def findings(claim: Claim, form: str, seed: int = 0) -> Iterator[Finding]:
    """The cases, the worst instance on record, then random ones that meet the assumptions."""
    for case in claim.cases(form):
        found = examine(claim, form, claim.read(case))
        if not found.admitted:
            raise ValueError(
                f"{claim.name}: the case {dict(case)} breaks {', '.join(found.broken)}: correct it"
            )
        yield found
    worst = on_record(claim, form).get("worst")
    if worst is not None:
        candidate = Candidate(claim, form, claim.read(worst))
        if not candidate.broken:
            yield candidate.examined()
    random = Random(seed)
    done = 0
    for _ in range(50 * claim.draws):
        if done == claim.draws:
            return
        candidate = Candidate(claim, form, claim.prepare(draw(claim.domain, random)))
        if not candidate.broken:
            done += 1
            yield candidate.examined()


def shrink(claim: Claim, form: str, found: Finding) -> Finding:
    """A smaller instance that still violates the statement and breaks no further assumption."""
    if not claim.shrinks:
        return found
    smaller: Finding | None = found
    while smaller is not None:
        found = smaller
        smaller = _smaller(claim, form, found)
    return found


def _smaller(claim: Claim, form: str, found: Finding) -> Finding | None:
    """The smallest violation that is one change away, if there is one."""
    longest = size(found.instance)
    for raw in sorted(simpler(claim.domain, found.instance), key=size):
        x = claim.prepare(quickly(raw)) if found.admitted else raw
        if size(x) >= longest:
            continue
        candidate = Candidate(claim, form, x)
        if not set(candidate.broken) <= set(found.broken):
            continue
        shorter = if_it_exists(candidate)
        if shorter is not None and not shorter.holds:
            return shorter
    return None


def if_it_exists(candidate: Candidate) -> Finding | None:
    """Both sides, or None: where an assumption was dropped, a side may not exist."""
    try:
        return candidate.examined()
    except (ValueError, ZeroDivisionError):
        return None


def first(claim: Claim, form: str) -> Instance:
    """One instance of the domain: the first case, or a random one."""
    for case in claim.cases(form):
        return claim.read(case)
    return claim.prepare(draw(claim.domain, Random(0)))
