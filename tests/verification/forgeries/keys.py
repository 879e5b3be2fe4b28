"""Forgeries by keys: unknown ones, missing ones, texts that are none."""

from fractions import Fraction as F

from quadmeta.certificates.program import literal
from tests.verification.forgeries.making import KINDS, entry, kind, recomputed, words

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
