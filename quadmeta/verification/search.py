"""Search of instances: the cases, random small rationals, and shrinking of a counterexample.

A violation is shrunk greedily to an instance that no single simplification keeps: fewer
dimensions, fewer steps, smaller numerators and denominators, with every assumption still met.
"""

from collections.abc import Iterator
from itertools import chain
from random import Random

from quadmeta._registry import unknown
from quadmeta.verification.claim import Claim
from quadmeta.verification.finding import Finding, arrays, broken, examine
from quadmeta.verification.parameters import draw, simpler, size
from quadmeta.verification.record import on_record
from quadmeta.verification.verdict import Verdict


def findings(claim: Claim, form: str, seed: int = 0) -> Iterator[Finding]:
    """The cases, the worst instance on record, then random ones that meet the assumptions."""
    for case in claim.cases(form):
        found = examine(claim, form, claim.read(case))
        if not found.admitted:
            raise ValueError(
                f"{claim.name}: the case {dict(case)} breaks {', '.join(found.broken)}: correct it"
            )
        yield found
    worst = on_record(claim.name, form).get("worst")
    if worst is not None and not broken(claim, form, claim.read(worst)):
        yield examine(claim, form, claim.read(worst))
    random = Random(seed)
    done = 0
    for _ in range(50 * claim.draws):
        if done == claim.draws:
            return
        x = claim.prepare(draw(claim.domain, random))
        if not broken(claim, form, x):
            done += 1
            yield examine(claim, form, x)


def shrink(claim: Claim, form: str, found: Finding) -> Finding:
    """A smaller instance that still violates the statement and breaks no further assumption."""
    smaller: Finding | None = found
    while smaller is not None:
        found = smaller
        smaller = None
        for raw in sorted(simpler(claim.domain, found.instance), key=size):
            if found.admitted:
                x = claim.prepare(raw)
            else:
                x = raw
            if size(x) < size(found.instance) and set(broken(claim, form, x)) <= set(found.broken):
                try:
                    candidate = examine(claim, form, x)
                # an assumption was dropped, and a side does not exist
                except (ValueError, ZeroDivisionError):
                    continue
                if not candidate.holds:
                    smaller = candidate
                    break
    return found


def drop(claim: Claim, assumption: str, form: str = "printed") -> Verdict:
    """What is left of a statement when one assumption is dropped: ``refuted`` says that it is
    needed.

    Searches a counterexample that breaks ``assumption`` and meets all others.

    Raises
    ------
    KeyError
        unknown assumption.
    """
    names = claim.assumptions(arrays(claim.read(next(iter(claim.cases(form))))), form)
    if assumption not in names:
        raise KeyError(unknown("assumption", assumption, names))
    random = Random(1)
    count = 0
    how = "exact" if claim.exact else "sampled"
    drawn = (draw(claim.domain, random) for _ in range(5 * claim.draws))
    for raw in chain(map(claim.read, claim.without(assumption)), drawn):
        for instance in (raw, claim.prepare(raw)):
            if broken(claim, form, instance) != (assumption,):
                continue
            try:
                found = examine(claim, form, instance)
                count = count + 1
            except (ValueError, ZeroDivisionError):  # without the assumption a side does not exist
                continue
            if not found.holds:
                least = shrink(claim, form, found)
                return Verdict(
                    claim.name,
                    form,
                    "refuted",
                    how,
                    {**least.evidence(), "dropped": assumption, "instances": count},
                )
    evidence = {"dropped": assumption, "instances": count}
    return Verdict(
        claim.name, form, *(("consistent", how) if count else ("undecided", "none")), evidence
    )
