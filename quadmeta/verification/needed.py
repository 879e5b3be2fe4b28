"""Whether an assumption is needed: a search for a counterexample that breaks it alone."""

from itertools import chain
from random import Random

from quadmeta._registry import unknown
from quadmeta.verification.claim import Claim
from quadmeta.verification.finding import Candidate
from quadmeta.verification.parameters import draw
from quadmeta.verification.search import first, if_it_exists, shrink
from quadmeta.verification.verdict import Verdict


def drop(claim: Claim, assumption: str, form: str = "") -> Verdict:
    """What is left of a statement when one assumption is dropped: ``refuted`` says that it is
    needed.

    Searches a counterexample that breaks ``assumption`` and meets all others.

    Raises
    ------
    KeyError
        unknown assumption.
    """
    form = form or claim.first
    names = Candidate(claim, form, first(claim, form)).margins
    if assumption not in names:
        raise KeyError(unknown("assumption", assumption, names))
    random = Random(1)
    count = 0
    how = "exact" if claim.exact else "sampled"
    drawn = (draw(claim.domain, random) for _ in range(5 * claim.draws))
    for raw in chain(map(claim.read, claim.without(assumption)), drawn):
        for instance in (raw, claim.prepare(raw)):
            candidate = Candidate(claim, form, instance)
            if candidate.broken != (assumption,):
                continue
            found = if_it_exists(candidate)
            if found is None:
                continue
            count += 1
            if not found.holds:
                least = shrink(claim, form, found).evidence()
                evidence = {**least, "dropped": assumption, "instances": count}
                return Verdict(claim.name, form, "refuted", how, evidence, about=claim)
    evidence = {"dropped": assumption, "instances": count}
    if count:
        return Verdict(claim.name, form, "consistent", how, evidence, about=claim)
    return Verdict(claim.name, form, "undecided", "none", evidence, about=claim)
