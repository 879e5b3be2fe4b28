"""Forgeries of the instance: other numbers, and numbers written in another way."""

from copy import deepcopy
from fractions import Fraction as F

from quadmeta.certificates.program import literal
from tests.verification.forgeries.making import KINDS, at, entry, kind, leaves, recomputed, renumber


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
