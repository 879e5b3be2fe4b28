"""A verdict as a file: instance, margins and both sides as fractions, and the program that computes them."""
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from quadmeta.certificates.program import Program, number
from quadmeta.claims._base import Claim
from quadmeta.claims._box import Coverage
from quadmeta.claims._domain import Instance
from quadmeta.claims._finding import arrays, entries
from quadmeta.claims._ledger import claim as claim_of
from quadmeta.claims._trace import Recorder, literal
from quadmeta.claims._verdict import Verdict, plain


def certificate(verdict: Verdict, claim: Claim | None = None) -> dict[str, Any]:
    """What ``recheck`` needs, ready for JSON; ``claim`` is looked up by name unless it is given."""
    claim = claim_of(verdict.claim) if claim is None else claim
    record, found = claim.forms[verdict.form], verdict.evidence
    out: dict[str, Any] = {
        "claim": verdict.claim, "form": verdict.form, "source": claim.reference, "statement": record.statement,
        "status": verdict.status, "how": verdict.how, "relation": claim.relation,
        "arithmetic": "fractions; + - * /, whole powers, abs"}
    if "instance" in found and claim.exact:
        program = trace(claim, verdict.form, found["instance"])
        margins = {name: literal(Fraction(margin)) for name, margin in found["assumptions"].items()}
        sides = {side: [literal(Fraction(entry)) for entry in found[side]] for side in ("lhs", "rhs")}
        out |= {"instance": plain(found["instance"]), "assumptions": margins, **sides, "program": program.plain()}
    out |= {"dropped": found["dropped"]} if "dropped" in found else {}
    return out | ({"boxes": [_box(coverage) for coverage in found["boxes"]]} if "boxes" in found else {})


def trace(claim: Claim, form: str, instance: Instance) -> Program:
    """Both sides and all margins at one instance as a program of its numbers.

    Raises:
        TypeError: a number was used outside of ``+ - * / **``, abs and comparisons.
    """
    recorder = Recorder()
    x = arrays({name: recorder.read(name, value) for name, value in instance.items()})
    margins = claim.assumptions(x, form)
    lhs, rhs = (entries(side) for side in claim.sides(x, form))
    return recorder.program({"lhs": lhs, "rhs": rhs, "assumptions": tuple(margins.values())})


def compare(found: Mapping[str, Any]) -> str:
    """That the program of a certificate is what the claim's source computes at its instance.

    Raises:
        ValueError: it is another one.
    """
    claim = claim_of(found["claim"])
    record = claim.forms[found["form"]]
    same = {"source": claim.reference, "statement": record.statement, "relation": claim.relation}
    if "dropped" not in found:  # what is left without an assumption is no verdict on record
        same |= {"status": record.recorded, "how": record.how}
    for key, value in same.items():
        if found[key] != value:
            raise ValueError(f"{key} is {found[key]!r} in the file, {value!r} in the claim")
    if "program" in found:
        x = claim.read({key: [*map(_number, value)] if isinstance(value, list) else _number(value)
                        for key, value in found["instance"].items()})
        if list(found["assumptions"]) != list(claim.assumptions(arrays(x), found["form"])):
            raise ValueError("the assumptions are not those of the claim")
        if found["program"] != trace(claim, found["form"], x).plain():
            raise ValueError("the program is not what the claim computes at the instance")
    elif claim.exact and found["status"] != "undecided" and found["how"] != "box":
        raise ValueError("the instance is missing")
    boxes = [] if "dropped" in found or found["status"] == "undecided" else list(claim.boxes(found["form"]))
    if [{key: box.get(key) for key in ("ranges", "note", "equality", "program")} for box in found.get("boxes", ())] != [
            _description(box) for box in boxes]:
        raise ValueError("the boxes are not those of the claim")
    if found["how"] == "box" and found["status"] == "holds" and not any(
            box.covers_domain and made["proved"] == "1" for box, made in zip(boxes, found["boxes"], strict=True)):
        raise ValueError("no box that is proved covers the domain of the claim")
    return "programs: as the claim's source gives them"


def _number(entry: Any) -> Any:
    return entry if isinstance(entry, int) else number(entry)


def _box(coverage: Coverage) -> dict[str, Any]:
    return {**_description(coverage.box), "proved": literal(coverage.proved), "levels": list(coverage.levels)}


def _description(box: Any) -> dict[str, Any]:
    ranges = {name: [literal(low), literal(high)] for name, (low, high) in box.ends().items()}
    return {"ranges": ranges, "note": box.note, "equality": box.equality, "program": box.program().plain()}
