"""A verdict as a file: instance, margins and both sides as fractions, and the program that
computes them.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from quadmeta._registry import unknown
from quadmeta.certificates.budget import Budget
from quadmeta.certificates.program import Program, literal, number
from quadmeta.certificates.refusal import TooLarge, Wrong, quoted
from quadmeta.certificates.schema import ARITHMETIC, BOX, PROOF, SAID
from quadmeta.verification.box import Box, Coverage, prove
from quadmeta.verification.claim import Claim
from quadmeta.verification.collection import claim as claim_of, known
from quadmeta.verification.finding import arrays, entries
from quadmeta.verification.parameters import Instance
from quadmeta.verification.proofs import proof
from quadmeta.verification.trace import Recorder, Traced
from quadmeta.verification.verdict import Verdict, plain

TRACE = 4 * 10**11
"""What the arithmetic of a claim may cost while it is traced beside a certificate: about a second.
"""
CALLS = 2 * 10**6
"""Calls and returns of functions in the meantime, so that what is not traced is bounded as well."""


class Uncompared(Exception):
    """There is nothing here that a certificate could be compared with."""


def certificate(verdict: Verdict, claim: Claim | None = None) -> dict[str, Any]:
    """What ``recheck`` needs, ready for JSON.

    Parameters
    ----------
    verdict
        what ``check`` returned.
    claim
        by default the one that the verdict is about.

    Raises
    ------
    ValueError
        an assumption was dropped and no counterexample was found, which shows nothing.

    Examples
    --------
    >>> import quadmeta as qm
    >>> certificate(qm.check("derived_log_convexity"))["status"]
    'refuted'
    """
    claim = claim or verdict.about or claim_of(verdict.claim)
    found = verdict.evidence
    if "dropped" in found and verdict.status != "refuted":
        raise ValueError(
            f"verdict must have a counterexample without {found['dropped']!r}, and is "
            f"{verdict.status}: "
            "that none was found is no certificate"
        )
    out = _head(claim, verdict.form, verdict.status, verdict.how)
    if "instance" in found and claim.exact:
        out |= {
            "instance": plain(found["instance"]),
            **_computed(claim, verdict.form, found["instance"], None),
        }
    out |= {"dropped": found["dropped"]} if "dropped" in found else {}
    return out | (
        {"boxes": [_box(coverage) for coverage in found["boxes"]]} if "boxes" in found else {}
    )


def trace(claim: Claim, form: str, instance: Instance) -> Program:
    """Both sides and all margins at one instance as a program of its numbers.

    Raises
    ------
    TypeError
        a number was used outside of ``+ - * / **``, abs and comparisons.
    """
    return _traced(claim, form, instance, None)[0]


def compare(found: Mapping[str, Any], claims: Mapping[str, Claim] | None = None) -> str:
    """That a certificate, which ``recheck`` accepts, is what would be written here for its claim
    and its instance.

    Parameters
    ----------
    found
        the certificate, as ``certificate`` or a file gives it.
    claims
        name -> claim of one's own, for example by ``collect``, beside those that are known by name.

    Raises
    ------
    Uncompared
        no claim of this name is installed.
    Wrong
        the first thing that is another one, or the claim cannot be computed at the instance.
    """
    name = found["claim"]
    if claims and name in claims:
        claim = claims[name]
    elif name in known():
        claim = claim_of(name)
    else:
        raise Uncompared(unknown("claim", name, [*known(), *(claims or ())]))
    form = found["form"]
    if form not in claim.forms:
        raise Wrong(
            f"form is {quoted(form)} in the file, and the claim has {', '.join(claim.forms)} alone"
        )
    record = claim.forms[form]
    # what is left without an assumption is no verdict on record, and refuted by the instance
    status, how = ("refuted", "exact") if "dropped" in found else (record.recorded, record.how)
    head = _head(claim, form, status, how)
    if name in claim.aliases:
        head["claim"] = name
    for key in (*head, *SAID, PROOF):
        if found.get(key) != head.get(key):
            raise Wrong(
                f"{key} is {quoted(found.get(key))} in the file, {quoted(head.get(key))} in the "
                "claim"
            )
    if claim.exact != ("instance" in found) and how != "none":
        raise Wrong(
            f"the instance {'is missing' if claim.exact else 'has no place'}: the claim is "
            f"{'exact' if claim.exact else 'sampled in float64'}"
        )
    if "instance" in found:
        _same_instance(claim, found)
    _same_boxes(
        claim, found, [] if status == "refuted" or how == "none" else list(claim.boxes(form))
    )
    return "programs: as the claim's source gives them"


def _same_instance(claim: Claim, found: Mapping[str, Any]) -> None:
    """The instance lies in the domain of the claim, and everything is computed from it as the
    claim does.

    Raises
    ------
    Wrong
        it is not.
    """
    try:
        x = claim.read(
            {
                key: [*map(_number, value)] if isinstance(value, list) else _number(value)
                for key, value in found["instance"].items()
            }
        )
        if found["instance"] != plain(x):
            raise Wrong("the instance is not written as the claim reads it")
        with _counted_calls():
            computed = _computed(claim, found["form"], x, Budget(TRACE))
    except Wrong:
        raise
    # of any kind: no claim is meant for every instance that a file may hold
    except Exception as error:
        raise Wrong(
            f"the claim cannot be computed at the instance: {type(error).__name__}: "
            f"{quoted(str(error), 300)}"
        ) from None
    if list(found["assumptions"]) != list(computed["assumptions"]):
        raise Wrong("the assumptions are not those of the claim")
    if found["program"] != computed["program"]:
        raise Wrong("the program is not what the claim computes at the instance")
    for key in ("assumptions", "lhs", "rhs"):
        if found[key] != computed[key]:
            raise Wrong(f"{key} is not what the claim computes at the instance")


def _same_boxes(claim: Claim, found: Mapping[str, Any], boxes: list[Box]) -> None:
    """The boxes are those of the claim, decided as they are here.

    Raises
    ------
    Wrong
        they are others.
    """
    stated = found.get("boxes", [])
    own = [_description(box) for box in boxes]
    # the order of the ranges says which side is halved when
    if [
        {key: box[key] for key in BOX if key not in ("proved", "levels")} for box in stated
    ] != own or [list(box["ranges"]) for box in stated] != [list(box["ranges"]) for box in own]:
        raise Wrong("the boxes are not those of the claim")
    coverages = [prove(box, claim.relation) for box in boxes]
    for coverage, box in zip(coverages, stated, strict=True):
        if _box(coverage) != box:
            raise Wrong("the cells of a box are not those that the claim's box is halved into")
    if found["how"] in ("proof + box", "box") and not any(
        box.covers_domain and coverage.complete
        for box, coverage in zip(boxes, coverages, strict=True)
    ):
        raise Wrong("no box that is proved covers the domain of the claim")


@contextmanager
def _counted_calls() -> Iterator[None]:
    """Ends what calls functions without end, such as a loop over the whole numbers of an instance.

    Raises
    ------
    TooLarge
        there were more than ``CALLS``.
    """
    left = CALLS
    before = sys.getprofile()

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            sys.setprofile(before)
            raise TooLarge(
                "the claim takes more work at the instance than any certificate is given: use a "
                "smaller one"
            )

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


def _head(claim: Claim, form: str, status: str, how: str) -> dict[str, Any]:
    """The part of a certificate that does not depend on an instance."""
    record = claim.forms[form]
    # what the verdict says of an assumption, and what is wrong with a refuted form
    said = {"fault": record.fault, "judged": record.judged, PROOF: ""}
    checked = proof(claim, form)
    if checked is not None and checked.current and status == "holds":
        said[PROOF] = f"{checked.checker}, {checked.theorem}"
    return {
        "claim": claim.name,
        "form": form,
        "source": claim.reference,
        "statement": record.statement,
        "status": status,
        "how": how,
        "relation": claim.relation,
        "arithmetic": ARITHMETIC,
        **{key: word for key, word in said.items() if word},
    }


def _computed(claim: Claim, form: str, instance: Instance, budget: Budget | None) -> dict[str, Any]:
    """The part of a certificate that the instance determines."""
    program, margins, sides = _traced(claim, form, instance, budget)
    return {
        "assumptions": {name: _literal(margin) for name, margin in margins.items()},
        **{side: [*map(_literal, values)] for side, values in sides.items()},
        "program": program.plain(),
    }


def _traced(
    claim: Claim, form: str, instance: Instance, budget: Budget | None
) -> tuple[Program, Mapping[str, Any], dict[str, tuple[Any, ...]]]:
    """(program, margins, sides) of one evaluation with traced numbers."""
    recorder = Recorder(budget)
    x = arrays({name: recorder.read(name, value) for name, value in instance.items()})
    margins = claim.assumptions(x, form)
    lhs, rhs = (entries(side) for side in claim.sides(x, form))
    program = recorder.program({"lhs": lhs, "rhs": rhs, "assumptions": tuple(margins.values())})
    return program, margins, {"lhs": lhs, "rhs": rhs}


def _literal(x: Any) -> str:
    return literal(x.plain if isinstance(x, Traced) else Fraction(x))


def _number(entry: Any) -> Any:
    if isinstance(entry, int):
        return entry
    return number(entry)


def _box(coverage: Coverage) -> dict[str, Any]:
    return {
        **_description(coverage.box),
        "proved": literal(coverage.proved),
        "levels": list(coverage.levels),
    }


def _description(box: Box) -> dict[str, Any]:
    ranges = {name: [literal(low), literal(high)] for name, (low, high) in box.ends().items()}
    return {
        "ranges": ranges,
        "note": box.note,
        "equality": box.equality,
        "program": box.program().plain(),
    }
