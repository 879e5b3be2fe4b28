"""How strong a verdict is: what proves the statement, what its instances test, and which part of
the domain its boxes cover.
"""

from quadmeta.verification.claim import Claim
from quadmeta.verification.collection import Named, claim as claim_of


def strength(name: Named, form: str = "") -> list[str]:
    """One sentence each on the proof, the instances and the boxes of a form, by default the first.

    Raises
    ------
    KeyError
        unknown claim.

    Examples
    --------
    >>> for sentence in strength("derived_log_curvature"):
    ...     print(sentence)
    proved: by hand, in the docstring
    instances: test the statement itself
    box: any d, T, eta, spectrum and weights: two modes, q the ratio of u_i = lambda_i / a_i
    """
    claim = claim_of(name)
    form = form or claim.first
    record = claim.forms[form]
    if record.how == "none":
        return []
    if record.recorded == "refuted":
        return [f"refuted: by the counterexample, in {_arithmetic(claim)}"]
    boxes = list(claim.boxes(form))
    out = [f"proved: {_proof(claim, form)}", f"instances: {_instances(claim)}"]
    return out + [f"box: {box.note}" for box in boxes]


def _arithmetic(claim: Claim) -> str:
    return "exact numbers" if claim.exact else "float64"


def _proof(claim: Claim, form: str) -> str:
    record = claim.forms[form]
    whole = any(box.covers_domain for box in claim.boxes(form))
    if whole and record.proved:
        return "by hand down to a box, which intervals prove"
    if whole:
        return "by intervals, on a box of the whole domain"
    if record.proved:
        return "by hand, in the docstring"
    return "no"


def _instances(claim: Claim) -> str:
    if claim.algebra_of:
        return f"test the algebra of a closed form alone, {claim.algebra_of}"
    if not claim.exact:
        return "sample the statement in float64"
    return "test the statement itself"
