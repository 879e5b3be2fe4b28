"""How a statement is decided: by a counterexample, a box that covers, a written proof with
instances, or instances.
"""

from typing import Any

from quadmeta._registry import unknown
from quadmeta.verification.box import placed, prove
from quadmeta.verification.claim import Claim
from quadmeta.verification.finding import Finding
from quadmeta.verification.parameters import size
from quadmeta.verification.search import findings, shrink
from quadmeta.verification.verdict import Verdict

VACUOUS = 1000.0
"""A bound that exceeds the truth by this factor on every instance says nothing."""
TIGHT = 1e-12
"""A bound called tight comes this close to equality; some do so in a limit only."""


def decide(claim: Claim, form: str = "printed") -> Verdict:
    """The verdict of one form, by the first of: a counterexample, a box that covers, a proof,
    instances alone.

    Deterministic.

    Raises
    ------
    KeyError
        unknown form.
    """
    if form not in claim.forms:
        raise KeyError(unknown("form", form, claim.forms))
    record = claim.forms[form]
    if not record.testable:
        return Verdict(claim.name, form, "undecided", "none", {"reason": record.reason})
    seen = []
    bad = []
    for found in findings(claim, form):
        seen.append(found)
        if not found.holds:
            bad.append(found)
            if len(bad) == 4:
                break
    how = "exact" if claim.exact else "sampled"
    if bad:
        least = min(
            (shrink(claim, form, found) for found in bad), key=lambda found: size(found.instance)
        )
        return Verdict(
            claim.name, form, "refuted", how, {**least.evidence(), "instances": len(seen)}
        )
    evidence = _summary(claim, seen)
    boxes = tuple(prove(box, claim.relation) for box in placed(claim, form))
    if boxes:
        evidence["boxes"] = boxes
    if any(coverage.refuted for coverage in boxes):
        # a box is sufficient: where it fails, the statement need not
        reason = (
            "a box is false somewhere: its reduction gives away too much, or the statement is false"
        )
        return Verdict(
            claim.name, form, "undecided", "none", {"instances": len(seen), "reason": reason}
        )
    if any(coverage.complete and coverage.box.covers_domain for coverage in boxes):
        return Verdict(claim.name, form, "holds", "box", evidence)
    if _vacuous(claim, seen):
        return Verdict(claim.name, form, "vacuous", how, evidence)
    loose = [
        k
        for k in range(len(seen[0].lhs))
        if not any(abs(f.ratios.get(k, 0) - 1) <= TIGHT for f in seen)
    ]
    if record.attained and loose:
        reason = f"called tight, and never attained in component {loose[0]}"
        return Verdict(claim.name, form, "undecided", how, {**evidence, "reason": reason})
    if record.proved and claim.exact:
        return Verdict(claim.name, form, "holds", "proof + exact", evidence)
    return Verdict(claim.name, form, "consistent", how, evidence)


def _summary(claim: Claim, seen: list[Finding]) -> dict[str, Any]:
    """Evidence at the tightest instance, with quantiles of lhs/rhs and the share where a lower
    bound is trivial.
    """
    upper = claim.relation in ("<=", "<")
    rated = [found for found in seen if found.ratios]
    tightest = seen[0]
    if rated:
        tightest = max(
            rated, key=lambda f: max(f.ratios.values()) if upper else -min(f.ratios.values())
        )
    out = {**tightest.evidence(), "instances": len(seen)}
    ratios = sorted(ratio for found in rated for ratio in found.ratios.values())
    if ratios and claim.relation != "==":
        out["ratio"] = {
            q: float(f"{ratios[round(p * (len(ratios) - 1))]:.4g}")
            for q, p in (("min", 0), ("median", 0.5), ("max", 1))
        }
    if claim.relation == ">=":
        out["trivial"] = round(sum(all(r <= 0 for r in found.rhs) for found in seen) / len(seen), 3)
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
