"""A certificate checked again by whoever received it."""
from collections.abc import Mapping
from typing import Any

from quadmeta._registry import members
from quadmeta.claims._base import Claim
from quadmeta.claims._finding import examine
from quadmeta.claims._verdict import Verdict, plain


def recheck(certificate: Mapping[str, Any], claim: Claim | None = None) -> Verdict:
    """Recompute both sides and every margin of a certificate's instance with fractions alone.

    The result is ``refuted`` for a counterexample and ``consistent`` for an instance without violation (one
    instance proves no more). ``claim`` is looked up by name unless it is given.

    Raises:
        ValueError: the certificate states a number, a margin or a status that the instance does not give.
    """
    claim = members("claims")[certificate["claim"]]() if claim is None else claim
    if "instance" not in certificate:
        return Verdict(claim.name, certificate["form"], "undecided", "none")
    found = examine(claim, certificate["form"], claim.read(certificate["instance"]))
    stated = {key: certificate[key] for key in ("lhs", "rhs", "relation", "assumptions")}
    for key, value in found.evidence().items():
        if key in stated and plain(value) != stated[key]:
            raise ValueError(f"certificate of {claim.name}: {key} = {stated[key]!r} but the instance gives "
                             f"{plain(value)!r}: do not trust it")
    status = "consistent" if found.holds else "refuted"
    if set(found.broken) - {certificate.get("dropped")}:
        raise ValueError(f"certificate of {claim.name}: the instance breaks an assumption: do not trust it")
    if (certificate["status"] == "refuted") != (status == "refuted"):
        raise ValueError(f"certificate of {claim.name}: it says {certificate['status']!r}, the instance is "
                         f"{status!r}: do not trust it")
    return Verdict(claim.name, certificate["form"], status, "exact" if claim.exact else "sampled", found.evidence())
