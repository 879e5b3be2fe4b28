"""Certificates: verified with the standard library alone; a damaged or edited one is refused and
says where.
"""

import json
import re
import subprocess
import sys
from fractions import Fraction as F
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.__main__ import main
from quadmeta.certificates import schema
from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.program import Program, number
from quadmeta.certificates.quick import quick
from quadmeta.certificates.recheck import Wrong, inputs, met, read, recheck
from quadmeta.verification.certificate import certificate, compare, trace
from quadmeta.verification.claim import FAULTS, FORMS, JUDGEMENTS
from quadmeta.verification.finding import examine
from quadmeta.verification.instances import instances
from quadmeta.verification.needed import drop
from quadmeta.verification.trace import Recorder
from quadmeta.verification.verdict import Verdict, plain

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "figures" / "certificates"
EXACT = [name for name in qm.members("claims") if qm.claim(name).exact]


KINKED = {
    "derived_scalar_discount_no_go",
    "yakovlev2023_assumption_cross_lipschitz",
    "yakovlev2023_assumption_smooth_convex",
}
"""Claims whose instances lie on borders of ranges, which a condition pins: no other one is
computed alike.
"""


@cache
def text(name, form=""):
    form = form or qm.claim(name).first
    return (PUBLISHED / f"{name}.{form}.json").read_text(encoding="utf-8")


def edited(name, form="", **change):
    return {**json.loads(text(name, form)), **change}


@pytest.mark.parametrize("file", sorted(PUBLISHED.glob("*.json")), ids=lambda path: path.stem)
def test_published_certificates(file):
    certificate = read(file)
    record = qm.claim(certificate["claim"]).forms[certificate["form"]]
    lines = recheck(certificate)
    assert (
        "as stated" in lines[0]
        or certificate["status"] == "undecided"
        or certificate["how"] == "sampled"
    )
    assert ("rests on the written proof" in lines[-1]) == certificate["how"].startswith("proof")
    assert compare(certificate).startswith("programs: as")
    assert file.stem == f"{certificate['claim']}.{certificate['form']}"
    assert (certificate["status"], certificate["how"]) == (record.recorded, record.how)


def test_every_form_has_a_published_certificate():
    there = {path.stem for path in PUBLISHED.glob("*.json")}
    assert there == {
        f"{name}.{form}" for name in qm.members("claims") for form in qm.claim(name).forms
    }


def test_a_computed_verdict_has_the_published_certificate():
    assert json.loads(json.dumps(qm.certificate(qm.check("derived_log_convexity")))) == edited(
        "derived_log_convexity"
    )


@pytest.mark.parametrize(
    "name, key, value, message",
    [
        (
            "derived_log_convexity",
            "lhs",
            ["1/3"],
            "lhs differs in component 0: the file says '1/3', the instance gives '169/256'",
        ),
        (
            "derived_log_convexity",
            "rhs",
            ["2"],
            "rhs differs in component 0: the file says '2', the instance gives '1/2'",
        ),
        ("derived_log_convexity", "lhs", [], "lhs has 0 components, rhs 1: nothing is compared"),
        (
            "derived_log_convexity",
            "status",
            "consistent",
            "status 'consistent', but lhs <= rhs is false",
        ),
        ("derived_log_convexity", "status", "holds", "status 'holds' decided by 'exact'"),
        ("derived_log_convexity", "how", "sampled", "status 'refuted' decided by 'sampled'"),
        (
            "derived_log_convexity",
            "how",
            "proof + exact",
            "status 'refuted' decided by 'proof + exact'",
        ),
        ("derived_log_convexity", "how", ["exact"], "how is a list of 1, not a string"),
        (
            "derived_log_convexity",
            "boxes",
            5,
            "boxes have no place in a certificate with status 'refuted'",
        ),
        ("derived_log_curvature", "boxes", 5, "boxes is 5, not a list of 1 to 32"),
        ("derived_log_curvature", "boxes", [], "boxes is a list of 0, not a list of 1 to 32"),
        ("derived_log_curvature", "boxes", [5], "a box is 5, not an object"),
        ("derived_log_curvature", "boxes", [{}], "a box lacks ranges, note"),
        ("derived_log_convexity", "program", None, "program must hold steps and conditions"),
        (
            "derived_log_curvature",
            "status",
            "refuted",
            "status 'refuted' decided by 'proof + exact'",
        ),
        (
            "derived_log_convexity",
            "status",
            "proved",
            "status 'proved' decided by 'exact' with the relation '<=' is none",
        ),
        ("derived_log_convexity", "relation", ">=", "status 'refuted', but lhs >= rhs is true"),
        ("derived_log_convexity", "relation", "=>", "with the relation '=>' is none"),
        (
            "derived_log_convexity",
            "assumptions",
            {"kappa > 1": "7"},
            "assumptions has 1 components in the file, 3 at",
        ),
        (
            "derived_log_convexity",
            "lhs",
            ["0.5"],
            "the file says '0.5', the instance gives '169/256'",
        ),
        ("derived_log_convexity", "program", 3, "program must hold steps and conditions"),
        (
            "derived_log_convexity",
            "program",
            {"steps": "t0", "conditions": []},
            "program lacks lhs, rhs, assumptions",
        ),
        ("derived_log_convexity", "instance", {}, "must be a fraction like '3/4'"),
    ],
)
def test_edited_certificates_are_refused(name, key, value, message):
    recheck(edited(name))
    with pytest.raises(Wrong) as error:
        recheck(edited(name, **{key: value}))
    assert message in str(error.value)


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("left", "1/2", "differs in component"),
        ("left", "-1", "differs in component"),
        ("left", "1/0", "left: '1/0' divides by 0"),
        ("left", "2/4", "'2/4': it is not in lowest terms, '1/2'"),
        ("left", None, "must be a fraction"),
        ("eigenvalues", ["1"], "no condition 'eigenvalues.length == 3'"),
        ("t0", "1", "named like a step"),
        ("steps", 7, "no condition 'steps == 7'"),
        ("steps", -1, "a whole number of an instance is at most 10000"),
        ("steps", True, "steps: True must be a fraction"),
        ("eigenvalues[0]", "1", "'eigenvalues[0]' is named like"),
    ],
)
def test_another_instance_is_another_computation(key, value, message):
    good = edited("derived_log_convexity")
    if key == "eigenvalues":
        value = value * (len(good["instance"]["eigenvalues"]) + 1)
    with pytest.raises(Wrong) as error:
        recheck({**good, "instance": {**good["instance"], key: value}})
    assert message in str(error.value)


@pytest.mark.parametrize(
    "step, message",
    [
        ("t0 = 1 - eta - eta", "must be one operation"),
        ("t0 : 1", "must give a new name"),
        ("eta = 1 - 2", "new name"),
        ("t0 = 1 - t9", "'t9' must be a fraction"),
        ("t0 = eta ** eta", "must be one operation"),
        ("t0 = eta / 0", "divides by 0"),
        ("t0 = 2 ** 999999", "must be one operation"),
        ("t0 = __import__('os')", "must be one operation"),
    ],
)
def test_damaged_programs(step, message):
    with pytest.raises((ValueError, ZeroDivisionError), match=message.replace("(", r"\(")):
        Program((step,), (), {}).run({"eta": F(1)})


def test_damaged_conditions():
    with pytest.raises(ValueError, match="must compare two operands"):
        list(Program((), ("eta <",), {}).run({"eta": F(1)}).conditions())


def test_an_instance_outside_the_assumptions_refutes_nothing():
    verdict = drop(qm.claim("derived_stop_gradient_parity"), "T mod 2 = 0")
    certificate = json.loads(json.dumps(qm.certificate(verdict)))
    assert recheck(certificate)
    del certificate["dropped"]
    with pytest.raises(Wrong, match="breaks the assumption 'T mod 2 = 0' by '1': it shows nothing"):
        recheck(certificate)


def test_a_coherent_forgery_is_noticed_beside_the_source():
    forged = edited("wang2021_naive_upper_bound")
    pinned = [
        line for line in forged["program"]["conditions"] if "length" in line or "steps" in line
    ]
    forged["program"] = {
        "steps": [],
        "conditions": pinned,
        "lhs": ["1"],
        "rhs": ["2"],
        "assumptions": ["1"],
    }
    forged |= {"lhs": ["1"], "rhs": ["2"], "assumptions": {"eta < 2/L": "1"}}
    del forged["boxes"]
    assert recheck(forged)
    with pytest.raises(Wrong, match="the program is not what the claim computes"):
        compare(forged)
    weaker = edited("wang2021_naive_upper_bound", status="consistent", how="exact")
    del weaker["proof"]
    assert recheck(weaker)
    renamed = edited(
        "wang2021_naive_upper_bound",
        assumptions={
            "eta <= 2/L": json.loads(text("wang2021_naive_upper_bound"))["assumptions"]["eta < 2/L"]
        },
    )
    assert recheck(renamed)
    with pytest.raises(Wrong, match="the assumptions are not those of the claim"):
        compare(renamed)
    with pytest.raises(Wrong, match="status is 'consistent' in the file, 'holds' in the claim"):
        compare(weaker)
    for key, value in (("statement", "x"), ("relation", ">="), ("source", "nobody")):
        with pytest.raises(Wrong, match=f"{key} is '"):
            compare(edited("wang2021_naive_upper_bound", **{key: value}))


def test_boxes_are_walked_again():
    good = edited("wang2021_naive_lower_bound")
    box = good["boxes"][0]
    assert "100 % proved" in recheck(good)[1]

    def changed(**change):
        return {**good, "boxes": [{**box, **change}]}

    for change, message in (
        ({"proved": "1/2"}, "proved is '1/2' in the file, 1 in its cells"),
        ({"levels": ["F"]}, "the cell mu in [0, 1], c_L^2 in [0, 1] is marked 'F', not P, S or U"),
        ({"levels": ["S"]}, "2 cells are missing at the end"),
        ({"levels": ["S", "P"]}, "level 1 has 1 cells, 2 are there"),
        ({"levels": ["S"] * 62}, "62 levels of 62 cells, more than 30 halvings"),
        ({"levels": ["S" * 20001]}, "1 levels of 20001 cells, more than"),
        ({"ranges": {"mu": ["0", "1"]}}, "box, program: 'c_L^2' must be a fraction"),
        ({"ranges": {"mu": ["1", "0"], "c_L^2": ["0", "1"]}}, "mu in ['1', '0'] is empty"),
        ({"ranges": {"mu": ["1", "1"], "c_L^2": ["0", "1"]}}, "is empty"),
        ({"ranges": {"mu": ["0", "1/3"], "c_L^2": ["0", "1"]}}, "must be multiples of 1/1024"),
        ({"ranges": {"mu": ["0", "2048"], "c_L^2": ["0", "1"]}}, "of size at most 1024"),
        ({"ranges": {"mu": ["0"], "c_L^2": ["0", "1"]}}, "a list of 1, not a list of two"),
        ({"ranges": {"t0": ["0", "1"], "c_L^2": ["0", "1"]}}, "'t0' is named like nothing"),
        ({"ranges": {}}, "the box is empty"),
        ({"levels": ["U"], "proved": "0"}, "no box that"),
        ({"proved": 1}, "proved is 1, not a fraction in quotes"),
        ({"note": 3}, "note is 3"),
        ({"program": {**box["program"], "conditions": ["0 < mu"]}}, "no condition"),
        ({"program": {**box["program"], "lhs": ["1"]}}, "nothing uses the step"),
        ({"program": {**box["program"], "lhs": box["program"]["lhs"] * 2}}, "one lhs, one rhs"),
    ):
        with pytest.raises(Wrong) as error:
            recheck(changed(**change))
        assert message in str(error.value)
    with pytest.raises(Wrong, match="by a box: the file holds no box that shows it"):
        recheck({key: value for key, value in good.items() if key != "boxes"})
    with pytest.raises(Wrong, match="the boxes are not those of the claim"):
        compare(changed(ranges={"mu": ["0", "1/2"], "c_L^2": ["0", "1"]}))
    # halved once more, and true: another proof than the one on record
    finer = changed(levels=["S", "SS", "PPPP"])
    assert box["levels"] == ["S", "PP"] and recheck(finer)
    with pytest.raises(Wrong, match="the cells of a box are not those"):
        compare(finer)


def test_nothing_is_shown_by_nothing():
    bare = {
        "claim": "x",
        "form": "conjectured",
        "source": "",
        "statement": "",
        "status": "holds",
        "how": "proof + exact",
        "relation": "<=",
        "arithmetic": "fractions; + - * /, whole powers, abs",
    }
    with pytest.raises(Wrong, match="needs an instance: the file holds none"):
        recheck(bare)
    assert recheck({**bare, "status": "undecided", "how": "none"}) == [
        "no proof: nothing decides it"
    ]
    for nothing in ({}, None, 5, []):
        with pytest.raises(Wrong, match="the certificate lacks claim, form"):
            recheck(nothing)
    empty = edited("derived_log_convexity")
    empty |= {"lhs": [], "rhs": [], "program": {**empty["program"], "lhs": [], "rhs": []}}
    with pytest.raises(Wrong, match="lhs has 0 components, rhs 0: nothing is compared"):
        recheck(empty)
    del empty["program"]
    with pytest.raises(Wrong, match="program is missing"):
        recheck(empty)


def test_a_dropped_assumption_is_said():
    verdict = drop(qm.claim("derived_stop_gradient_parity"), "T mod 2 = 0")
    assert "without the assumption 'T mod 2 = 0'" in recheck(qm.certificate(verdict))[0]


def test_sides_of_many_digits():
    claim = qm.claim("wang2021_naive_upper_bound")
    x = claim.read(
        {"eigenvalues": ("1/97", "3/89"), "energy": (1, 1), "eta": "7/11", "steps": 3000}
    )
    found = Verdict(
        claim.name, "printed", "holds", "proof + exact", examine(claim, "printed", x).evidence()
    )
    certificate = json.loads(json.dumps(qm.certificate(found)))
    assert certificate["lhs"][0].startswith("0x") and recheck(certificate)


# the command


def test_recheck_needs_the_standard_library_only(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(text("wang2021_naive_lower_bound"))
    bad.write_text(json.dumps(edited("wang2021_naive_lower_bound", rhs=["5"])))

    def run(file):
        # -S: without site-packages, so without numpy
        return subprocess.run(
            [sys.executable, "-S", "-m", "quadmeta", "recheck", str(file)],
            cwd=ROOT,
            text=True,
            capture_output=True,
        )

    done = run(good)
    assert (
        done.returncode == 3
        and "100 % proved" in done.stdout
        and "numpy is not installed" in done.stdout
    )
    assert done.stdout.startswith(
        "wang2021_naive_lower_bound, printed: the file says holds (proof + box)\n"
    )
    done = run(bad)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and not done.stdout
    assert (
        "bad.json: WRONG: rhs differs in component 0: the file says '5', the instance gives "
        in done.stderr
    )


def test_recheck_command(tmp_path, capsys):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(text("derived_log_convexity"))
    assert main(["recheck", str(good)]) == 0
    out = capsys.readouterr().out
    assert (
        out.startswith("derived_log_convexity, conjectured: refuted (exact)\n")
        and "as the claim's source gives" in out
    )
    forged = edited("derived_log_convexity")
    forged["program"]["steps"].append("t9999 = 1 - 2")
    for content, message in (
        (text("derived_log_convexity")[:50], "is not JSON: Unterminated string"),
        ("[]", "holds no JSON object"),
        ("[" * 10**5, "is not JSON"),
        (f'{{"a": {"9" * 5000}}}', "is none that a certificate holds"),
        ("{}", "the certificate lacks claim, form"),
        (json.dumps(forged), "nothing uses the step 't9999 = 1 - 2'"),
    ):
        bad.write_text(content)
        assert main(["recheck", str(good), str(bad)]) == 1
        assert message in capsys.readouterr().err
    assert main(["recheck", str(tmp_path / "none.json")]) == 2
    assert "none.json: cannot be read" in capsys.readouterr().err


# what a program records


def traced(formula, **values):
    recorder = Recorder()
    result = formula(*(recorder.read(name, value) for name, value in values.items()))
    return recorder.program({"out": (result,)})


@given(
    st.fractions(max_denominator=50),
    st.fractions(max_denominator=50).filter(bool),
    st.integers(0, 5),
)
def test_a_program_repeats_the_formula(x, y, n):
    def formula(x, y):
        return max(abs(x - y) ** n, 2 / y) + (-x if x > y else +y) * (x * y - 3) / (1 + y * y)

    program = traced(formula, x=x, y=y)
    run = program.run({"x": x, "y": y})
    assert run["out"] == (formula(x, y),) and all(truth for _, truth in run.conditions())
    assert Program.read(json.loads(json.dumps(program.plain()))) == program


def test_a_program_is_short_and_says_which_way_it_went():
    program = traced(lambda x, y: (x + y) * (y + x) if x > 1 else x, x=F(2), y=F(3))
    assert program.steps == ("t0 = x + y", "t1 = t0 * t0") and program.conditions == ("1 < x",)
    assert traced(lambda x, y: x * 5, x=F(2), y=F(3)).plain()["out"] == ["t0"]


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: F(x) + 1,
        lambda x: x.limit_denominator(3),
        lambda x: round(x),
        lambda x: int(x),
        lambda x: x.as_integer_ratio(),
        lambda x: complex(x),
    ],
)
def test_a_lost_history_is_an_error(formula):
    with pytest.raises(TypeError, match="cannot be traced"):
        traced(formula, x=F(5, 2))


def moved(x, random):
    """Every number moved a little, so that a number frozen on the way would show."""

    def move(value):
        return (
            value
            if isinstance(value, int) or value == 0
            else value * (1 + F(random.randint(1, 99), 10**9))
        )

    return {
        key: tuple(map(move, value)) if isinstance(value, tuple) else move(value)
        for key, value in x.items()
    }


@pytest.mark.parametrize("name", EXACT)
def test_a_program_is_the_computation_at_other_numbers_too(name):
    """Where all conditions hold at another instance, the program gives what the claim computes
    there.
    """
    claim, random, compared = qm.claim(name), Random(1), 0
    for form in claim.forms:
        # a start M < 1/L that is below epsilon is met by its cases alone
        draws = 0 if (name, form) == ("wang2021_meta_descent", "printed") else 2
        others = list(islice(instances(claim, form, 4), draws))
        for x in [
            *map(claim.read, islice(claim.cases(form), 2)),
            *islice(instances(claim, form, 3), draws),
        ]:
            program = trace(claim, form, x)
            for other in (
                x,
                moved(x, random),
                *others,
            ):
                if shape(other) != shape(x):
                    continue
                try:
                    run = program.run(flat(other))
                except ZeroDivisionError:  # a condition that is looked at later says != 0
                    continue
                if not all(truth for _, truth in run.conditions()):
                    continue
                found = examine(claim, form, other)
                assert (run["lhs"], run["rhs"]) == (found.lhs, found.rhs)
                assert run["assumptions"] == tuple(found.margins.values())
                compared += other is not x
    assert compared or name in KINKED, "no instance was like another"


def shape(x):
    return {
        key: len(value) if isinstance(value, tuple) else value
        for key, value in x.items()
        if isinstance(value, int | tuple)
    }


def flat(x):
    return {name: quick(value) for name, value in inputs(json.loads(json.dumps(plain(x)))).items()}


# rational intervals

ENDS = st.tuples(
    st.fractions(-5, 5, max_denominator=9), st.fractions(-5, 5, max_denominator=9)
).map(sorted)


@given(
    ENDS,
    ENDS,
    st.fractions(0, 1, max_denominator=7),
    st.fractions(0, 1, max_denominator=7),
    st.integers(-3, 5),
)
def test_enclosures_enclose(first, second, s, t, n):
    a, b = Enclosure(*first), Enclosure(*second)
    x, y = (low + share * (high - low) for (low, high), share in ((first, s), (second, t)))
    pairs = [
        (a + b, x + y),
        (a - b, x - y),
        (a * b, x * y),
        (2 - a, 2 - x),
        (3 * a, 3 * x),
        (abs(a), abs(x)),
    ]
    pairs += [(a**n, x**n)] if n >= 0 or first[0] > 0 or first[1] < 0 else []
    pairs += [(a / b, x / y), (1 / b, 1 / y)] if second[0] > 0 or second[1] < 0 else []
    assert all(found.lower <= value <= found.upper for found, value in pairs)
    assert (a < b) == (first[1] < second[0]) and (a >= b) == (first[0] >= second[1])
    # ends are reached
    assert (a + b).lower == first[0] + second[0] and (a * a).upper == max(v * v for v in first)


def test_a_divisor_that_holds_zero():
    for low, high in ((-1, 1), (0, 1), (-1, 0)):
        with pytest.raises(ZeroDivisionError):
            1 / Enclosure(F(low), F(high))


def test_names_of_assumptions_state_the_relation():
    assert met("eta < 2/L", F(1)) and not met("eta < 2/L", F(0))
    assert met("eta <= 2/L", F(0)) and not met("eta >= 0", F(-1))
    assert met("|w_0|^2 = 1", F(0)) and not met("|w_0|^2 = 1", F(1)) and not met("rho != 1", F(0))


@pytest.mark.parametrize("text", ["0.5", "1/", "a", "1e5", "", "1/2/3", " 1"])
def test_numbers_are_fractions(text):
    with pytest.raises(ValueError, match="must be a fraction"):
        number(text)
    assert number("-3/4") == F(-3, 4) and number("0x1f/0x2") == F(31, 2)


def test_the_checker_knows_the_words_of_the_engine():
    """They stand in both, since the checker imports nothing of the engine."""
    assert schema.FORMS == tuple(FORMS)
    assert schema.SAID == {"fault": tuple(FAULTS), "judged": tuple(JUDGEMENTS)}


def test_a_machine_checked_form_says_so_and_others_do_not():
    found = certificate(qm.check("wang2021_naive_upper_bound"))
    assert re.fullmatch(r"Coq [0-9.]+, wang2021_naive_upper_bound_printed", found["proof"])
    assert "proof" not in certificate(qm.check("derived_log_convexity"))
    with pytest.raises(Wrong, match="a form that is 'refuted' has no proof"):
        recheck({**certificate(qm.check("derived_log_convexity")), "proof": "Coq 8.16.1, mine"})
    with pytest.raises(Wrong, match="proof is 'Coq 8.16.1, another' in the file"):
        compare({**found, "proof": "Coq 8.16.1, another"})
