"""One claim in full: wordings, domain, evidence, and the source code that a sceptic needs to
recompute both sides.
"""

import inspect

from quadmeta.verification.certificate import certificate
from quadmeta.verification.claim import FORMS, STANDINGS, Claim
from quadmeta.verification.collection import Named, claim
from quadmeta.verification.finding import Candidate
from quadmeta.verification.ledger import check
from quadmeta.verification.needed import drop
from quadmeta.verification.proofs import formal_statement, proof
from quadmeta.verification.search import first
from quadmeta.verification.source import sources
from quadmeta.verification.strength import strength
from quadmeta.verification.verdict import text


def page(name: Named) -> str:
    """The text of ``python -m quadmeta show NAME``."""
    statement = claim(name)
    verdict = check(statement)
    out = [f"{statement.name}  ({statement.strength})", *_source(statement), ""]
    for form, record in statement.forms.items():
        said = [
            f"{record.recorded} ({record.how})",
            record.fault,
            f"the assumption is {record.judged}" * bool(record.judged),
            record.reason,
        ]
        out += [
            f"{form}, which {FORMS[form]}: {record.statement}",
            f"  on record: {'; '.join(part for part in said if part)}",
        ]
        out += [f"  {sentence}" for sentence in strength(statement, form)]
        checked = proof(statement, form)
        if checked is not None:
            out.append(f"  machine-checked: {checked.sentence()}")
    out += [
        "",
        "domain: " + ", ".join(f"{key} ({p.symbol}) in {p}" for key, p in statement.domain.items()),
        "",
    ]
    out += [line for found in (verdict, *verdict.others) for line in found.lines()]
    out += _needed(statement)
    if statement.proof:
        out += ["", statement.proof]
    if "instance" in verdict.evidence and statement.exact:
        program = certificate(verdict, statement)["program"]
        out += [
            "",
            f"both sides: {' '.join((inspect.getdoc(type(statement).sides) or '').split())}",
            "",
            "step by step, as printed:",
            *("  " + line for line in program["steps"]),
            *(f"  {side} = {', '.join(program[side])}" for side in ("lhs", "rhs")),
        ]
    formal = formal_statement(statement)
    if formal:
        out += ["", "formal statement, as Coq proves it:", "", formal]
    out += ["", "source of the sides:", ""]
    return "\n".join(out + sources(type(statement).sides))


def _source(statement: Claim) -> list[str]:
    """Where the statement stands, and how to find that."""
    out = [f"source: {statement.reference}"]
    if statement.standing:
        out.append(f"standing: {STANDINGS[statement.standing]}")
    if statement.source is not None:
        cited = statement.source
        out.append(f"in: {cited.kind}; {cited.text}; {cited.where}".removesuffix("; "))
    return out


def _needed(statement: Claim) -> list[str]:
    """Of each assumption of a form that holds: a counterexample without it, or that none was
    found.
    """
    out = []
    for form in (form for form, record in statement.forms.items() if record.recorded == "holds"):
        for name in Candidate(statement, form, first(statement, form)).margins:
            found = drop(statement, name, form)
            if found.status == "refuted":
                example = ", ".join(
                    f"{key} = {text(value)}" for key, value in found.evidence["instance"].items()
                )
                out.append(f"  {form}: {name} is needed: without it false at {example}")
            elif found.evidence["instances"]:
                out.append(
                    f"  {form}: {name}: true of {found.evidence['instances']} instances that "
                    "break it alone"
                )
            else:
                out.append(
                    f"  {form}: {name}: no instance was found that breaks it alone and has both "
                    "sides"
                )
    return out
