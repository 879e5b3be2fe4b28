"""How a statement is decided: by a counterexample, a box that covers, alone or after a
written reduction to it, a written proof with instances, or instances.
"""

from typing import Any

from quadmeta._registry import unknown
from quadmeta.verification.box import prove
from quadmeta.verification.claim import Claim, placed
from quadmeta.verification.finding import Finding
from quadmeta.verification.parameters import size
from quadmeta.verification.search import findings, shrink
from quadmeta.verification.verdict import Verdict

VACUOUS = 1000.0
"""A bound that exceeds the truth by this factor on every instance says nothing."""
TIGHT = 1e-12
"""A bound called tight comes this close to equality; some do so in a limit only."""


def decide(claim: Claim, form: str = "") -> Verdict:
    """The verdict of one form, by default of the first one of the claim.

    It is decided by the first of: a counterexample, a box that covers, a proof, instances alone.

    Deterministic.

    Raises
    ------
    KeyError
        unknown form.
    """
    form = form or claim.first
    if form not in claim.forms:
        raise KeyError(unknown("form", form, claim.forms))
    status, how, evidence = _decided(claim, form)
    return Verdict(claim.name, form, status, how, evidence, about=claim)


def _decided(claim: Claim, form: str) -> tuple[str, str, dict[str, Any]]:
    """(status, how, evidence)."""
    record = claim.forms[form]
    if not record.testable:
        return "undecided", "none", {"reason": record.reason}
    seen, bad = _looked_at(claim, form)
    how = "exact" if claim.exact else "sampled"
    if bad:
        shrunk = [shrink(claim, form, found) for found in bad]
        least = min(shrunk, key=lambda found: size(found.instance))
        return "refuted", how, {**least.evidence(), "instances": len(seen)}
    if not seen:
        reason = "no random instance meets the assumptions: let `prepare` move them, or add cases"
        return "undecided", "none", {"reason": reason}
    evidence = _summary(claim, seen)
    boxes = tuple(prove(box, claim.relation) for box in placed(claim, form))
    if boxes:
        evidence["boxes"] = boxes
    if any(coverage.refuted for coverage in boxes):
        # a box is sufficient: where it fails, the statement need not
        reason = (
            "a box is false somewhere: its reduction gives away too much, or the statement is false"
        )
        return "undecided", "none", {"instances": len(seen), "reason": reason}
    if any(coverage.complete and coverage.box.covers_domain for coverage in boxes):
        if record.proved:
            return "holds", "proof + box", evidence
        return "holds", "box", evidence
    if _vacuous(claim, seen):
        return "vacuous", how, evidence
    never = _never_attained(seen)
    if record.attained and never is not None:
        reason = f"called tight, and never attained in component {never}"
        return "undecided", how, {**evidence, "reason": reason}
    if record.proved and claim.exact:
        return "holds", "proof + exact", evidence
    return "consistent", how, evidence


def _looked_at(claim: Claim, form: str) -> tuple[list[Finding], list[Finding]]:
    """(all, violations): instances up to the fourth violation."""
    seen = []
    bad: list[Finding] = []
    for found in findings(claim, form):
        seen.append(found)
        if not found.holds:
            bad.append(found)
        if len(bad) == 4:
            break
    return seen, bad


def _never_attained(seen: list[Finding]) -> int | None:
    """The first component whose sides are never equal."""
    for k in range(len(seen[0].lhs)):
        if not any(abs(found.ratios.get(k, 0) - 1) <= TIGHT for found in seen):
            return k
    return None


def _summary(claim: Claim, seen: list[Finding]) -> dict[str, Any]:
    """Evidence at the tightest instance, with quantiles of lhs/rhs and the share where a lower
    bound is trivial.
    """
    rated = [found for found in seen if found.ratios]
    if not rated:
        tightest = seen[0]
    elif claim.relation in ("<=", "<"):
        tightest = max(rated, key=lambda found: max(found.ratios.values()))
    else:
        tightest = min(rated, key=lambda found: min(found.ratios.values()))
    out = {**tightest.evidence(), "instances": len(seen)}
    ratios = sorted(ratio for found in rated for ratio in found.ratios.values())
    if ratios and claim.relation != "==":
        middle = ratios[round(0.5 * (len(ratios) - 1))]
        quantiles = {"min": ratios[0], "median": middle, "max": ratios[-1]}
        out["ratio"] = {name: float(f"{ratio:.4g}") for name, ratio in quantiles.items()}
    if claim.relation == ">=":
        trivial = sum(all(r <= 0 for r in found.rhs) for found in seen)
        out["trivial"] = round(trivial / len(seen), 3)
    return out


def _vacuous(claim: Claim, seen: list[Finding]) -> bool:
    ratios = [ratio for found in seen for ratio in found.ratios.values()]
    if claim.relation == "<=":
        return bool(ratios) and max(ratios) < 1 / VACUOUS
    if claim.relation == ">=":
        return all(r <= 0 for found in seen for r in found.rhs) or (
            bool(ratios) and min(ratios) > VACUOUS
        )
    return False
