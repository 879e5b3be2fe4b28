"""What forgeries are made with: the register of kinds, and changes that many of them share."""

import json
from copy import deepcopy
from fractions import Fraction as F
from pathlib import Path
from random import Random

from quadmeta.certificates.program import Program, literal
from quadmeta.certificates.schema import inputs

KINDS = {}
"""Name -> function."""
PUBLISHED = Path(__file__).resolve().parents[3] / "figures" / "certificates"


def kind(function):
    """Register a kind under the name of its function."""
    KINDS[function.__name__] = function
    return function


def real(stem):
    """A published certificate."""
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
    stems = list(stems)
    found = []
    seen = set()
    turn = 0
    while len(found) < count:
        for k, name in enumerate(KINDS):
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
    """The certificate with sides and margins as its program gives them.

    None at a pole, and where a comparison goes another way.
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
    margins = [literal(F(value)) for value in run["assumptions"]]
    c["assumptions"] = dict(zip(c["assumptions"], margins, strict=True))
    return c


def leaves(x, path=()):
    """The path of every value that is no container."""
    if isinstance(x, dict | list):
        children = x.items() if isinstance(x, dict) else enumerate(x)
        for key, value in children:
            yield from leaves(value, (*path, key))
    else:
        yield path


def at(x, path):
    """What stands at a path."""
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
