"""Kinds of forged certificates: each takes a real one and returns another file that would mislead
a reader.

A kind is a function of a parsed certificate, its own copy to change, and a ``Random``. It returns
the forged object, the bytes of a file, or None where it does not apply. Many are as coherent as
their author can make them: what the program computes is computed again, so that only the claim
itself tells.
"""

import json
from copy import deepcopy
from fractions import Fraction as F
from pathlib import Path
from random import Random

from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.program import RELATIONS, Program, literal
from quadmeta.certificates.schema import inputs

KINDS = {}
"""Name -> function."""
PUBLISHED = Path(__file__).resolve().parents[2] / "figures" / "certificates"


def kind(function):
    KINDS[function.__name__] = function
    return function


def real(stem):
    return json.loads((PUBLISHED / f"{stem}.json").read_text(encoding="utf-8"))


def written(found):
    """The bytes of a file."""
    if isinstance(found, bytes):
        return found
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def forge(name, stem, seed):
    """The bytes of one forgery, None where the kind does not apply.

    Raises
    ------
    ValueError
        the kind changed nothing.
    """
    original = real(stem)
    found = KINDS[name](deepcopy(original), Random(f"{name} {stem} {seed}"))
    if found is None:
        return None
    data = written(found)
    if data == written(original):
        raise ValueError(f"{name} left {stem} as it is: it is no forgery")
    return data


def forgeries(stems, count):
    """(kind, stem, bytes), all kinds in turn on certificates in turn, as many as were asked for."""
    names, stems, found, seen, turn = list(KINDS), list(stems), [], set(), 0
    while len(found) < count:
        for k, name in enumerate(names):
            for shift in range(len(stems)):
                stem = stems[(k + turn * 7 + shift) % len(stems)]
                data = forge(name, stem, turn)
                if data is not None and data not in seen:
                    seen.add(data)
                    found.append((name, stem, data))
                    break
        turn += 1
    return found[:count]


def recomputed(c):
    """Sides, margins and the conditions' directions as the program of the file gives them; None at
    a pole.
    """
    program = Program.read(c["program"])
    try:
        run = program.run(inputs(c["instance"]))
    except (ValueError, ZeroDivisionError):
        return None
    if not all(truth for _, truth in run.conditions()):
        return None
    for side in ("lhs", "rhs"):
        c[side] = [literal(F(value)) for value in run[side]]
    c["assumptions"] = dict(
        zip(c["assumptions"], (literal(F(value)) for value in run["assumptions"]), strict=True)
    )
    return c


def leaves(x, path=()):
    """The path of every value that is no container."""
    if isinstance(x, dict | list):
        for key, value in x.items() if isinstance(x, dict) else enumerate(x):
            yield from leaves(value, (*path, key))
    else:
        yield path


def at(x, path):
    for key in path:
        x = x[key]
    return x


def entry(c, random, whole=False):
    """(holder, key) of one number of the instance, None if there is none."""
    places = [
        path
        for path in leaves(c.get("instance", {}))
        if isinstance(at(c["instance"], path), int) == whole
    ]
    if not places:
        return None
    path = random.choice(places)
    return at(c["instance"], path[:-1]), path[-1]


def renumber(change):
    """A kind that writes one fraction of the instance in another way."""

    def edit(c, random):
        place = entry(c, random)
        if place is None:
            return None
        holder, key = place
        holder[key] = change(holder[key])
        return c

    return edit


def words(**change):
    """A kind that sets keys."""

    def edit(c, random):
        same = all(key in c and c[key] == value for key, value in change.items())
        return None if same else {**c, **change}

    return edit


# the verdict


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


KINDS["status_in_capitals"] = lambda c, random: {**c, "status": c["status"].upper()}
KINDS["how_with_a_space"] = lambda c, random: {**c, "how": c["how"] + " "}
KINDS["how_a_list"] = lambda c, random: {**c, "how": [c["how"]]}
KINDS["form_exchanged"] = lambda c, random: {
    **c,
    "form": {"printed": "repaired", "repaired": "printed"}[c["form"]],
}
KINDS["form_invented"] = words(form="corrected")


# the statement


@kind
def claim_of_another(c, random):
    others = [path.stem.partition(".")[0] for path in sorted(PUBLISHED.glob("*.printed.json"))]
    return {**c, "claim": random.choice([name for name in others if name != c["claim"]])}


KINDS["claim_lookalike"] = lambda c, random: {**c, "claim": c["claim"].replace("e", "\u0435", 1)}
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


# keys

KINDS["dropped_nothing"] = words(dropped="")
KINDS["dropped_nothing_and_called_proved"] = words(dropped="", status="holds", how="proof + exact")
KINDS["dropped_null"] = words(dropped=None)
KINDS["dropped_with_colours"] = words(dropped="\x1b[2J\x1b[1;32mverified\x07")
KINDS["key_unknown"] = words(verified=True)
KINDS["key_hidden"] = lambda c, random: {**c, "sta\u200btus": "holds"}


@kind
def dropped_an_assumption_that_is_met(c, random):
    return {**c, "dropped": random.choice(list(c["assumptions"]))} if c.get("assumptions") else None


@kind
def dropped_and_another_instance(c, random):
    """Another instance that breaks an assumption, which is called dropped, under the verdict of
    the first.
    """
    place = entry(c, random)
    if place is None or not c["assumptions"]:
        return None
    place[0][place[1]] = literal(F(random.randint(1, 400), 7))
    return (
        None if recomputed(c) is None else {**c, "dropped": random.choice(list(c["assumptions"]))}
    )


@kind
def key_missing(c, random):
    del c[random.choice(sorted(c))]
    return c


@kind
def key_unknown_in_the_program(c, random):
    return {**c, "program": {**c["program"], "comment": ["t0 = 1 + 1"]}} if "program" in c else None


# the instance


@kind
def instance_number_changed(c, random):
    """A number that the program reads, with what it computed before."""
    used = " ".join(c["program"]["steps"]).split(" ") if "program" in c else []
    places = [
        path
        for path in leaves(c.get("instance", {}))
        if not isinstance(at(c["instance"], path), int)
        and (path[0] if len(path) == 1 else f"{path[0]}[{path[1]}]") in used
    ]
    if not places:
        return None
    path = random.choice(places)
    holder = at(c["instance"], path[:-1])
    holder[path[-1]] = literal(F(holder[path[-1]]) + F(random.randint(1, 9), 7))
    before = deepcopy(c)
    again = recomputed(deepcopy(c))
    # where nothing that is stated depends on the number, it is a true certificate of another
    # instance
    return None if again == before else c


@kind
def instance_that_breaks_an_assumption(c, random):
    for _ in range(40):
        other = deepcopy(c)
        place = entry(other, random)
        if place is None:
            return None
        place[0][place[1]] = literal(F(random.randint(-40, 400), 7))
        if recomputed(other) is not None and any(F(v) < 0 for v in other["assumptions"].values()):
            return other
    return None


@kind
def instance_overridden(c, random):
    """An entry beside the list that is shown, from which everything is computed."""
    lists = [name for name, value in c.get("instance", {}).items() if isinstance(value, list)]
    if not lists:
        return None
    c["instance"][f"{random.choice(lists)}[0]"] = "1/7"
    return recomputed(c) or c


@kind
def length_overridden(c, random):
    lists = [name for name, value in c.get("instance", {}).items() if isinstance(value, list)]
    if not lists:
        return None
    name = random.choice(lists)
    c["instance"][f"{name}.length"] = len(c["instance"][name])
    c["instance"][name].append("1")
    return c


@kind
def step_as_an_input(c, random):
    if not c.get("program", {}).get("steps"):
        return None
    name = c["program"]["steps"].pop(0).partition(" ")[0]
    c["instance"][name] = "3"
    return recomputed(c) or c


@kind
def number_as_an_input(c, random):
    return {**c, "instance": {**c["instance"], "2": "3"}} if "instance" in c else None


@kind
def parameter_added(c, random):
    return {**c, "instance": {**c["instance"], "verified": "1"}} if "instance" in c else None


@kind
def parameter_removed(c, random):
    if "instance" not in c:
        return None
    del c["instance"][random.choice(list(c["instance"]))]
    return c


@kind
def vector_longer(c, random):
    lists = [
        name for name, value in c.get("instance", {}).items() if isinstance(value, list) and value
    ]
    if not lists:
        return None
    name = random.choice(lists)
    c["instance"][name].append(c["instance"][name][0])
    return c


@kind
def vector_longer_and_its_condition(c, random):
    lists = [
        name for name, value in c.get("instance", {}).items() if isinstance(value, list) and value
    ]
    if not lists:
        return None
    name = random.choice(lists)
    n = len(c["instance"][name])
    c["instance"][name].append(c["instance"][name][0])
    c["program"]["conditions"] = [
        f"{name}.length == {n + 1}" if line == f"{name}.length == {n}" else line
        for line in c["program"]["conditions"]
    ]
    return c


@kind
def vector_as_a_number(c, random):
    lists = [
        name for name, value in c.get("instance", {}).items() if isinstance(value, list) and value
    ]
    if not lists:
        return None
    name = random.choice(lists)
    c["instance"][name] = c["instance"][name][0]
    return c


@kind
def whole_number_changed(c, random):
    place = entry(c, random, whole=True)
    if place is None:
        return None
    place[0][place[1]] += 1
    return c


@kind
def whole_number_changed_and_its_condition(c, random):
    place = entry(c, random, whole=True)
    if place is None or place[0] is not c["instance"]:
        return None
    name, value = place[1], place[0][place[1]]
    place[0][name] += 1
    c["program"]["conditions"] = [
        f"{name} == {value + 1}" if line == f"{name} == {value}" else line
        for line in c["program"]["conditions"]
    ]
    return recomputed(c)


@kind
def whole_number_in_quotes(c, random):
    place = entry(c, random, whole=True)
    if place is None:
        return None
    place[0][place[1]] = str(place[0][place[1]])
    return c


@kind
def whole_number_true(c, random):
    place = entry(c, random, whole=True)
    if place is None:
        return None
    place[0][place[1]] = True
    return c


@kind
def whole_number_huge(c, random):
    place = entry(c, random, whole=True)
    if place is None:
        return None
    place[0][place[1]] = 10**7
    return c


KINDS["number_not_in_lowest_terms"] = renumber(
    lambda x: f"{F(x).numerator * 2}/{F(x).denominator * 2}"
)
KINDS["number_decimal"] = renumber(lambda x: "0.5")
KINDS["number_floating"] = renumber(lambda x: 0.5)
KINDS["number_over_zero"] = renumber(lambda x: "1/0")
KINDS["number_minus_zero"] = renumber(lambda x: "-0")
KINDS["number_with_other_digits"] = renumber(lambda x: "\uff11/\uff12")
KINDS["number_with_a_plus"] = renumber(lambda x: f"+{x}")
KINDS["number_with_a_space"] = renumber(lambda x: f" {x}")
KINDS["number_with_underscores"] = renumber(lambda x: f"1_0{x}")
KINDS["number_with_zeros_before"] = renumber(lambda x: f"0{x}")
KINDS["number_in_hexadecimal"] = renumber(lambda x: f"{F(x).numerator:#x}/{F(x).denominator:#x}")
KINDS["number_null"] = renumber(lambda x: None)
KINDS["number_nested"] = renumber(lambda x: [x])


# sides and margins


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


# the program


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


# boxes


def boxed(change):
    """A kind that changes one of the boxes, the first of any order that it can change."""

    def edit(c, random):
        for box in random.sample(c.get("boxes", []), len(c.get("boxes", []))):
            if change(c, box, random) is not False:
                return c
        return None

    return edit


def _proved(box):
    return literal(sum((F(level.count("P"), 2**k) for k, level in enumerate(box["levels"])), F(0)))


def _unmark(c, box, random):
    """Less is proved than was: nothing."""
    box |= {"levels": ["U"], "proved": "0"}


def _finer(c, box, random):
    """The last proved cell halved once more, which is true as well."""
    if "P" not in box["levels"][-1]:
        return False
    level = box["levels"].pop()
    k = level.rindex("P")
    box["levels"] += [level[:k] + "S" + level[k + 1 :], "PP"]
    return None


def _all_proved(c, box, random):
    if "U" not in "".join(box["levels"]):
        return False
    box["levels"] = [level.replace("U", "P") for level in box["levels"]]
    box["proved"] = _proved(box)
    return None


def _one_proved(c, box, random):
    k = next((k for k, level in enumerate(box["levels"]) if "U" in level), None)
    if k is None:
        return False
    box["levels"][k] = box["levels"][k].replace("U", "P", 1)
    box["proved"] = _proved(box)
    return None


def _share(c, box, random):
    if box["proved"] == "1":
        return False
    box["proved"] = "1"
    return None


def _wider(c, box, random):
    name = random.choice(list(box["ranges"]))
    box["ranges"][name][1] = literal(F(box["ranges"][name][1]) + 1)


def _narrower(c, box, random):
    name = random.choice(list(box["ranges"]))
    low, high = map(F, box["ranges"][name])
    if ((low + high) / 2 * 1024).denominator > 1:
        return False
    box["ranges"][name][1] = literal((low + high) / 2)
    box |= {"levels": ["U"], "proved": "0"}
    return None


def _turned_ranges(c, box, random):
    if len(box["ranges"]) < 2:
        return False
    box["ranges"] = dict(reversed(box["ranges"].items()))
    return None


def _constants(c, box, random):
    """A program that proves anything."""
    sides = ("1", "2") if RELATIONS[c["relation"]](1, 2) else ("2", "1")
    box |= {
        "program": {"steps": [], "conditions": [], "lhs": [sides[0]], "rhs": [sides[1]]},
        "levels": ["P"],
        "proved": "1",
    }


def _easier(c, box, random):
    """Another right side, and cells that are proved of it."""
    side = "rhs" if c["relation"] in ("<=", "<") else "lhs"
    p = box["program"]
    last = int(p["steps"][-1].partition(" ")[0][1:]) + 1 if p["steps"] else 0
    p["steps"].append(f"t{last} = {p[side][0]} + 1000")
    p[side] = [f"t{last}"]
    cell = {name: Enclosure(*map(F, ends)) for name, ends in box["ranges"].items()}
    try:
        run = Program.read(p).run(cell)
    except ZeroDivisionError:
        return False
    if not RELATIONS[c["relation"]](Enclosure.of(run["lhs"][0]), Enclosure.of(run["rhs"][0])):
        return False
    box |= {"levels": ["P"], "proved": "1"}
    return None


KINDS["boxes_left_out"] = boxed(lambda c, box, random: c.__delitem__("boxes"))
KINDS["box_left_out"] = boxed(
    lambda c, box, random: c["boxes"].remove(box) if len(c["boxes"]) > 1 else False
)
KINDS["box_repeated"] = boxed(lambda c, box, random: c["boxes"].append(deepcopy(box)))
KINDS["boxes_exchanged"] = boxed(
    lambda c, box, random: c["boxes"].reverse() if len(c["boxes"]) > 1 else False
)
KINDS["box_unknown_key"] = boxed(lambda c, box, random: box.update(checked="yes"))
KINDS["box_key_missing"] = boxed(lambda c, box, random: box.__delitem__(random.choice(sorted(box))))
KINDS["box_note_changed"] = boxed(lambda c, box, random: box.update(note="the whole domain"))
KINDS["box_note_with_colours"] = boxed(
    lambda c, box, random: box.update(note=box["note"] + "\x1b[2J")
)
KINDS["box_equality_changed"] = boxed(
    lambda c, box, random: box.update(equality=box["equality"] + " nowhere")
)
KINDS["box_says_less"] = boxed(_unmark)
KINDS["box_finer"] = boxed(_finer)
KINDS["box_cells_all_called_proved"] = boxed(_all_proved)
KINDS["box_cell_called_proved"] = boxed(_one_proved)
KINDS["box_share_raised"] = boxed(_share)
KINDS["box_level_left_out"] = boxed(lambda c, box, random: box["levels"].__delitem__(-1))
KINDS["box_cell_unknown"] = boxed(
    lambda c, box, random: box.update(levels=["?" + box["levels"][0][1:], *box["levels"][1:]])
)
KINDS["box_wider"] = boxed(_wider)
KINDS["box_narrower"] = boxed(_narrower)
KINDS["box_ranges_exchanged"] = boxed(_turned_ranges)
KINDS["box_of_constants"] = boxed(_constants)
KINDS["box_easier"] = boxed(_easier)
KINDS["box_split_for_ever"] = boxed(
    lambda c, box, random: box.update(levels=["S" * 2**k for k in range(17)] + ["P" * 2**17])
)


@kind
def box_on_a_statement_without_one(c, random):
    if "boxes" in c or c["how"] != "proof + exact":
        return None
    sides = ("1", "2") if RELATIONS[c["relation"]](1, 2) else ("1", "1")
    program = {"steps": [], "conditions": [], "lhs": [sides[0]], "rhs": [sides[1]]}
    return {
        **c,
        "how": "box",
        "boxes": [
            {
                "ranges": {"x": ["0", "1"]},
                "note": "the domain",
                "equality": "",
                "program": program,
                "proved": "1",
                "levels": ["P"],
            }
        ],
    }


# the file

KINDS["file_empty"] = lambda c, random: b""
KINDS["file_cut"] = lambda c, random: written(c)[: random.randrange(2, len(written(c)) - 3)]
KINDS["file_with_more_behind"] = lambda c, random: written(c) + b"{}"
KINDS["file_with_a_byte_order_mark"] = lambda c, random: b"\xef\xbb\xbf" + written(c)
KINDS["file_in_another_encoding"] = lambda c, random: written(c).replace(
    b'"claim"', b'"claim\xff"', 1
)
KINDS["file_a_list"] = lambda c, random: written([c])
KINDS["file_not_a_number"] = lambda c, random: written(c)[:-3] + b',\n "ratio": NaN\n}\n'
KINDS["file_infinite"] = lambda c, random: written(c)[:-3] + b',\n "worst": -Infinity\n}\n'
KINDS["file_nested"] = lambda c, random: (
    written(c)[:-3] + b',\n "boxes": ' + b"[" * 90000 + b"]" * 90000 + b"}"
)
KINDS["file_too_large"] = lambda c, random: written({**c, "statement": "x" * 2**20})


@kind
def key_twice(c, random):
    """The first one is what a reader sees, the last one what most programs take."""
    key = random.choice(("status", "claim", "relation", "statement"))
    return written(c).replace(f'"{key}"'.encode(), f'"{key}": "holds",\n "{key}"'.encode(), 1)


@kind
def key_twice_in_the_instance(c, random):
    if "instance" not in c:
        return None
    name = random.choice(list(c["instance"]))
    return written(c).replace(b'"instance": {', f'"instance": {{\n  "{name}": "1/7",'.encode(), 1)
