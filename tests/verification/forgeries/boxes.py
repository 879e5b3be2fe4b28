"""Forgeries of boxes: their ranges, cells, shares and programs."""

from copy import deepcopy
from fractions import Fraction as F

from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.program import RELATIONS, Program, literal
from tests.verification.forgeries.making import KINDS, kind


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
