"""Forgeries of both sides and of the margins of the assumptions."""

from fractions import Fraction as F

from quadmeta.certificates.program import literal
from tests.verification.forgeries.making import kind


@kind
def lhs_changed(c, random):
    if "lhs" not in c:
        return None
    c["lhs"][0] = literal(F(int(random.random() * 99), 7) + 1000)
    return c


@kind
def rhs_changed(c, random):
    if "rhs" not in c:
        return None
    c["rhs"][-1] = literal(F(int(random.random() * 99), 7) - 1000)
    return c


@kind
def sides_exchanged(c, random):
    if "lhs" not in c or c["lhs"] == c["rhs"]:
        return None
    p = c["program"]
    c["lhs"], c["rhs"], p["lhs"], p["rhs"] = c["rhs"], c["lhs"], p["rhs"], p["lhs"]
    return c


@kind
def sides_exchanged_with_the_relation(c, random):
    turned = {"<=": ">=", ">=": "<=", "<": ">", ">": "<"}
    if "lhs" not in c or c["relation"] not in turned:
        return None
    p = c["program"]
    c["lhs"], c["rhs"], p["lhs"], p["rhs"] = c["rhs"], c["lhs"], p["rhs"], p["lhs"]
    return {**c, "relation": turned[c["relation"]]}


@kind
def component_left_out(c, random):
    if len(c.get("lhs", ())) < 2:
        return None
    k = random.randrange(len(c["lhs"]))
    for holder in (c, c["program"]):
        for side in ("lhs", "rhs"):
            del holder[side][k]
    return c


@kind
def component_repeated(c, random):
    if "lhs" not in c:
        return None
    for holder in (c, c["program"]):
        for side in ("lhs", "rhs"):
            holder[side].append(holder[side][0])
    return c


@kind
def nothing_compared(c, random):
    if "lhs" not in c:
        return None
    for holder in (c, c["program"]):
        holder["lhs"], holder["rhs"] = [], []
    return c


@kind
def margin_changed(c, random):
    if not c.get("assumptions"):
        return None
    name = random.choice(list(c["assumptions"]))
    c["assumptions"][name] = literal(F(c["assumptions"][name]) + 1)
    return c


@kind
def assumption_left_out(c, random):
    if not c.get("assumptions"):
        return None
    k = random.randrange(len(c["assumptions"]))
    del c["assumptions"][list(c["assumptions"])[k]]
    del c["program"]["assumptions"][k]
    return c


@kind
def assumption_added(c, random):
    if "assumptions" not in c:
        return None
    c["assumptions"]["eta lambda_max(H) < 1/2"] = "1"
    c["program"]["assumptions"].append("1")
    return c


@kind
def assumption_weakened(c, random):
    strict = [name for name in c.get("assumptions", {}) if "<" in name and "<=" not in name]
    if not strict:
        return None
    name = random.choice(strict)
    c["assumptions"] = {
        key.replace("<", "<=") if key == name else key: v for key, v in c["assumptions"].items()
    }
    return c


@kind
def assumption_lookalike(c, random):
    if not c.get("assumptions"):
        return None
    c["assumptions"] = {
        key.replace("<=", "\u2264").replace("<", "\uff1c").replace(">", "\uff1e") + "\u00a0": v
        for key, v in c["assumptions"].items()
    }
    return c


@kind
def assumption_with_colours(c, random):
    if not c.get("assumptions"):
        return None
    c["assumptions"] = {f"{key}\x1b[8m": v for key, v in c["assumptions"].items()}
    return c


@kind
def assumptions_exchanged(c, random):
    if len(set(c.get("assumptions", {}).values())) < 2:
        return None
    names = list(c["assumptions"])
    c["assumptions"] = dict(zip([*names[1:], names[0]], c["assumptions"].values(), strict=True))
    return c
