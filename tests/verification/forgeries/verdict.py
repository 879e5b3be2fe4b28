"""Forgeries of what is claimed: the status, how it was decided, the claim, the relation."""

from tests.verification.forgeries.making import KINDS, PUBLISHED, kind, words


@kind
def status_weakened(c, random):
    return {**c, "status": "consistent", "how": "exact"} if c["status"] == "holds" else None


@kind
def status_vacuous(c, random):
    return {**c, "status": "vacuous", "how": "exact"} if "instance" in c else None


@kind
def refuted_called_proved(c, random):
    return {**c, "status": "holds", "how": "proof + exact"} if c["status"] == "refuted" else None


@kind
def proved_called_refuted(c, random):
    return (
        {**c, "status": "refuted", "how": "exact", "boxes": []} if c["status"] == "holds" else None
    )


@kind
def consistent_called_proved(c, random):
    return (
        {**c, "status": "holds", "how": "proof + exact"}
        if c["status"] in ("consistent", "undecided")
        else None
    )


@kind
def undecided_called_sampled(c, random):
    return {**c, "status": "consistent", "how": "sampled"} if c["status"] == "undecided" else None


@kind
def called_proved_by_a_box(c, random):
    return {**c, "how": "box"} if c["how"] == "proof + exact" else None


@kind
def reduced_to_a_box_by_no_proof(c, random):
    return {**c, "how": "box"} if c["how"] == "proof + box" else None


@kind
def proof_called_a_reduction_to_a_box(c, random):
    return {**c, "how": "proof + box"} if c["how"] == "proof + exact" else None


KINDS["status_in_capitals"] = lambda c, random: {**c, "status": c["status"].upper()}
KINDS["how_with_a_space"] = lambda c, random: {**c, "how": c["how"] + " "}
KINDS["how_a_list"] = lambda c, random: {**c, "how": [c["how"]]}
KINDS["form_exchanged"] = lambda c, random: {
    **c,
    "form": "repaired" if c["form"] != "repaired" else "printed",
}
KINDS["form_invented"] = words(form="corrected")
KINDS["fault_softened"] = lambda c, random: (
    {**c, "fault": "misprint" if c["fault"] != "misprint" else "false"} if "fault" in c else None
)
KINDS["fault_of_what_holds"] = lambda c, random: (
    None if c["status"] == "refuted" else {**c, "fault": "false"}
)
KINDS["judged_invented"] = lambda c, random: {
    **c,
    "judged": "needed" if "judged" not in c else "true",
}


@kind
def claim_of_another(c, random):
    others = sorted({path.stem.partition(".")[0] for path in PUBLISHED.glob("*.json")})
    return {**c, "claim": random.choice([name for name in others if name != c["claim"]])}


KINDS["claim_lookalike"] = lambda c, random: {
    **c,
    "claim": c["claim"].translate({ord("a"): "\u0430", ord("e"): "\u0435"}),
}
KINDS["claim_in_capitals"] = lambda c, random: {**c, "claim": c["claim"].capitalize()}
KINDS["claim_with_a_line_break"] = lambda c, random: {**c, "claim": c["claim"] + "\n"}
KINDS["claim_with_colours"] = lambda c, random: {**c, "claim": f"\x1b[32m{c['claim']}\x1b[0m"}
KINDS["claim_with_a_path"] = lambda c, random: {**c, "claim": "../" + c["claim"]}
KINDS["source_invented"] = lambda c, random: {**c, "source": "Wang, Yuan, Wu, Ge 2021, Theorem 99"}
KINDS["source_with_a_line_break"] = lambda c, random: {
    **c,
    "source": c["source"] + "\nverified: yes",
}
KINDS["statement_turned"] = lambda c, random: {**c, "statement": "\\neg(" + c["statement"] + ")"}
KINDS["statement_backwards_on_screen"] = lambda c, random: {
    **c,
    "statement": "\u202e" + c["statement"],
}
KINDS["statement_with_a_zero_width_space"] = lambda c, random: {
    **c,
    "statement": c["statement"] + "\u200b",
}
KINDS["statement_very_long"] = lambda c, random: {**c, "statement": c["statement"] * 1000}
KINDS["arithmetic_floating"] = words(arithmetic="float64")
KINDS["relation_unknown"] = words(relation="=<")
KINDS["relation_unequal"] = words(relation="!=")


@kind
def relation_turned(c, random):
    turned = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "<="}
    return {**c, "relation": turned[c["relation"]]}


@kind
def relation_weakened(c, random):
    weaker = {"<": "<=", ">": ">=", "==": ">="}
    return {**c, "relation": weaker[c["relation"]]} if c["relation"] in weaker else None


@kind
def relation_strengthened(c, random):
    stronger = {"<=": "<", ">=": ">"}
    return {**c, "relation": stronger[c["relation"]]} if c["relation"] in stronger else None
