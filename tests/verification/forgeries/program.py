"""Forgeries of the program: other steps and conditions, and work without end."""

import json
from copy import deepcopy

from tests.verification.forgeries.making import PUBLISHED, kind, real, recomputed


@kind
def program_of_constants(c, random):
    """Both sides as numbers: nothing is computed from the instance."""
    if not c.get("program", {}).get("steps"):
        return None
    pinned = [
        line
        for line in c["program"]["conditions"]
        if " == " in line and line.split(" ")[2].isdigit()
    ]
    c["program"] = {
        "steps": [],
        "conditions": pinned,
        "lhs": c["lhs"],
        "rhs": c["rhs"],
        "assumptions": list(c["assumptions"].values()),
    }
    return c


@kind
def program_and_instance_of_another(c, random):
    """A true computation under the name of another statement with the same relation and verdict."""
    if "program" not in c:
        return None
    for path in random.sample(sorted(PUBLISHED.glob("*.json")), 60):
        other = real(path.stem)
        same = all(other[key] == c[key] for key in ("status", "how", "relation"))
        if (
            same
            and other["claim"] != c["claim"]
            and "boxes" not in other
            and len(json.dumps(other)) < 9000
        ):
            return {
                **{key: value for key, value in c.items() if key != "boxes"},
                **{key: other[key] for key in ("instance", "assumptions", "lhs", "rhs", "program")},
            }
    return None


@kind
def step_computes_something_else(c, random):
    for _ in range(30):
        other = deepcopy(c)
        steps = other.get("program", {}).get("steps")
        if not steps:
            return None
        k = random.randrange(len(steps))
        name, _, right = steps[k].partition(" = ")
        w = right.split(" ")
        if len(w) == 3 and w[1] in "+-*/":
            steps[k] = f"{name} = {w[0]} {random.choice([s for s in '+-*' if s != w[1]])} {w[2]}"
            if recomputed(other) is not None:
                return other
    return None


@kind
def step_scaled(c, random):
    """A bound made ten times as good, or a quantity ten times as small, after all that was
    computed.
    """
    if "program" not in c or not c["program"]["steps"]:
        return None
    p = c["program"]
    last = int(p["steps"][-1].partition(" ")[0][1:]) + 1
    side = random.choice(("lhs", "rhs"))
    p["steps"].append(f"t{last} = 1/10 * {p[side][0]}")
    p[side][0] = f"t{last}"
    return recomputed(c)


@kind
def step_that_nothing_uses(c, random):
    if "program" not in c:
        return None
    c["program"]["steps"].append(f"t{10**6} = 1 + 1")
    return c


@kind
def step_left_out(c, random):
    if not c.get("program", {}).get("steps"):
        return None
    del c["program"]["steps"][random.randrange(len(c["program"]["steps"]))]
    return c


@kind
def step_with_leading_zeros(c, random):
    if not c.get("program", {}).get("steps"):
        return None
    old = c["program"]["steps"][0].partition(" ")[0]
    text = (
        json.dumps(c["program"])
        .replace(f'"{old} ', f'"t0{old[1:]} ')
        .replace(f" {old} ", f" t0{old[1:]} ")
    )
    return {**c, "program": json.loads(text)}


@kind
def steps_out_of_order(c, random):
    if len(c.get("program", {}).get("steps", ())) < 2:
        return None
    c["program"]["steps"].reverse()
    return c


@kind
def step_is_code(c, random):
    if not c.get("program", {}).get("steps"):
        return None
    name = c["program"]["steps"][0].partition(" ")[0]
    c["program"]["steps"][0] = f"{name} = __import__('os') + 1"
    return c


@kind
def step_with_colours(c, random):
    if not c.get("program", {}).get("steps"):
        return None
    c["program"]["steps"][0] += "\x1b[2J\n\u202e"
    return c


@kind
def exponent_written_otherwise(c, random):
    steps = c.get("program", {}).get("steps", [])
    places = [k for k, line in enumerate(steps) if " ** " in line]
    if not places:
        return None
    k = random.choice(places)
    left, sign, right = steps[k].rpartition(" ")
    steps[k] = f"{left}{sign}0{right}"
    return c


@kind
def condition_left_out(c, random):
    if not c.get("program", {}).get("conditions"):
        return None
    conditions = c["program"]["conditions"]
    del conditions[random.randrange(len(conditions))]
    return c


@kind
def condition_turned(c, random):
    if not c.get("program", {}).get("conditions"):
        return None
    conditions = c["program"]["conditions"]
    k = random.randrange(len(conditions))
    left, relation, right = conditions[k].split(" ")
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
    conditions[k] = f"{left} {opposite[relation]} {right}"
    return c


@kind
def condition_weakened(c, random):
    conditions = c.get("program", {}).get("conditions", [])
    places = [k for k, line in enumerate(conditions) if line.split(" ")[1] in ("<", ">")]
    if not places:
        return None
    k = random.choice(places)
    left, relation, right = conditions[k].split(" ")
    conditions[k] = f"{left} {relation}= {right}"
    return c


@kind
def condition_added(c, random):
    if "program" not in c:
        return None
    c["program"]["conditions"].append("1 < 2")
    return c


@kind
def outputs_elsewhere(c, random):
    """Both sides are the same step."""
    if "program" not in c or c["program"]["lhs"] == c["program"]["rhs"]:
        return None
    c["program"]["rhs"] = list(c["program"]["lhs"])
    return recomputed(c)


@kind
def power_of_a_power(c, random):
    if "program" not in c:
        return None
    steps = [f"t{10**6} = 3 ** 99999", f"t{10**6 + 1} = t{10**6} ** 99999"]
    c["program"]["steps"] += steps
    c["program"]["rhs"][0] = f"t{10**6 + 1}"
    return c


@kind
def squares_of_squares(c, random):
    if "program" not in c:
        return None
    base = 10**6
    squares = [f"t{base + k + 1} = t{base + k} * t{base + k}" for k in range(60)]
    c["program"]["steps"] += [f"t{base} = 3 + 1/7", *squares]
    c["program"]["rhs"][0] = f"t{base + 60}"
    return c
