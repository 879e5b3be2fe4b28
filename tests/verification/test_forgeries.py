"""The re-check of certificates under attack: no forgery is accepted, none stops it, nothing
unquoted is printed.
"""

import json
import os
import pickle
import resource
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction as F
from io import StringIO
from pathlib import Path

import pytest

from quadmeta.__main__ import main
from quadmeta.certificates.recheck import TooLarge, Wrong, quoted, read, recheck
from quadmeta.verification.certificate import Uncompared, compare
from tests.verification import forgeries

STEMS = (
    "derived_log_convexity.conjectured",
    "wang2021_naive_lower_bound.printed",
    "navon2021_grid_search.reading",
    "talk2021_few_samples.printed",
    "talk2021_networks_first_case.printed",
    "derived_mean_log_unimodal.repaired",
    "wang2021_gap_decreases.reading",
    "derived_sign_certificate.stated",
    "yakovlev2023_asymptotic.reading",
    "talk2021_few_samples.stated",
    "derived_leave_one_out.conjectured",
    "derived_alternation_fixed_points.stated",
    "wang2021_optimal_risk.reading",
    "derived_gradient_sign.stated",
    "derived_train_step_limit.stated",
    "wang2021_small_sample_train.printed",
    "derived_neumann_truncation.stated",
    "wang2021_meta_descent.printed",
    "derived_heavy_ball_not_quasiconvex.conjectured",
    "navon2021_neumann_scale.repaired",
)
"""Certificates of all verdicts and relations, with boxes and without, that are re-checked in a few
milliseconds.
"""
COUNT = 400


def answer(path):
    """(exit code, standard output, standard error) of the command."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["recheck", str(path)])
    return code, out.getvalue(), err.getvalue()


def plain(text):
    """Whether a text does nothing on a terminal but show itself."""
    return text.isascii() and text.replace("\n", "").isprintable()


@pytest.fixture(scope="module")
def forged(tmp_path_factory):
    """[(kind, certificate, file)] of 400 forgeries."""
    folder, found = tmp_path_factory.mktemp("forged"), []
    for k, (kind, stem, data) in enumerate(forgeries.forgeries(STEMS, COUNT)):
        path = folder / f"{k}.json"
        path.write_bytes(data)
        found.append((kind, stem, path))
    return found


def test_the_certificates_are_accepted_as_they_are(tmp_path):
    for stem in STEMS:
        code, out, err = answer(forgeries.PUBLISHED / f"{stem}.json")
        assert (code, err) == (0, "") and plain(out)
        assert out.endswith("programs: as the claim's source gives them\n")
        # in another layout as well
        path = tmp_path / "one.json"
        path.write_text(json.dumps(forgeries.real(stem)))
        assert answer(path)[0] == 0


def test_the_certificates_differ():
    found = [forgeries.real(stem) for stem in STEMS]
    assert {c["status"] for c in found} == {"holds", "refuted", "undecided"}
    assert {c["how"] for c in found} == {"proof + exact", "proof + box", "exact", "none"}
    assert {c["relation"] for c in found} == {"<", "<=", "==", ">=", ">"}


def test_there_are_many_kinds_and_all_are_tried(forged):
    assert len(forgeries.KINDS) >= 100 and len(forged) == COUNT
    assert {kind for kind, _, _ in forged} == set(forgeries.KINDS)
    assert {stem for _, stem, _ in forged} == set(STEMS)
    assert len({path.read_bytes() for _, _, path in forged}) == COUNT


def test_a_kind_that_changes_nothing_is_no_forgery(monkeypatch):
    for nothing in (lambda c, random: c, lambda c, random: forgeries.written(c)):
        monkeypatch.setitem(forgeries.KINDS, "nothing", nothing)
        with pytest.raises(ValueError, match="it is no forgery"):
            forgeries.forge("nothing", STEMS[0], 0)


def test_no_forgery_is_accepted(forged):
    accepted, loud = [], []
    for kind, stem, path in forged:
        code, out, err = answer(path)
        if code != 1 or out:
            accepted.append((kind, stem, code, out))
        if not plain(err) or err.count("\n") != 1 or len(err) > 2000:
            loud.append((kind, stem, err))
    assert accepted == [] and loud == []


# without numpy

COHERENT = set(
    """
    assumption_added assumption_left_out assumption_weakened assumptions_exchanged box_easier
    box_equality_changed box_finer box_left_out box_narrower box_note_changed box_of_constants
    box_on_a_statement_without_one box_ranges_exchanged box_repeated box_says_less box_wider boxes_exchanged
    boxes_left_out called_proved_by_a_box claim_of_another component_left_out component_repeated
    condition_added condition_left_out condition_weakened consistent_called_proved fault_softened
    form_exchanged judged_invented relation_turned step_scaled
    parameter_added program_and_instance_of_another program_of_constants
    proof_called_a_reduction_to_a_box reduced_to_a_box_by_no_proof relation_strengthened
    relation_weakened sides_exchanged sides_exchanged_with_the_relation source_invented statement_turned
    status_weakened step_computes_something_else undecided_called_sampled vector_longer_and_its_condition
    whole_number_changed_and_its_condition whole_number_in_quotes
    """.split()
)
"""Kinds that only the claim itself can contradict: alone, the file says nothing wrong about its
own program.
"""
ALONE = """
import json, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from quadmeta.__main__ import main
rows = []
for path in sys.argv[1:]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["recheck", path])
    rows.append([code, out.getvalue(), err.getvalue()])
assert "numpy" not in sys.modules
print(json.dumps(rows))
"""


def limited(*arguments, seconds=5, timeout=120):
    """A Python without site-packages, so without numpy, that is ended after 5 s of CPU or with 200
    MB.
    """

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (200 * 2**20, 200 * 2**20))

    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-S", *map(str, arguments)],
        cwd=root,
        preexec_fn=limit,
        text=True,
        capture_output=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def test_without_numpy_nothing_is_called_compared(forged):
    real = [forgeries.PUBLISHED / f"{stem}.json" for stem in STEMS]
    done = limited("-c", ALONE, *real, *(path for _, _, path in forged), seconds=100, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {code for code, _, _ in rows[: len(real)]} == {3}
    for code, out, err in rows:
        assert code in (1, 3) and plain(out) and plain(err)
        assert bool(out) == (code == 3) and err.count("\n") == (code == 1)
        if code == 3:
            head, *_, last = out.splitlines()
            assert ": the file says " in head and last.startswith(
                "  NOT COMPARED with the claim's source: numpy is "
            )
    unseen = {
        kind
        for (kind, _, _), (code, _, _) in zip(forged, rows[len(real) :], strict=True)
        if code == 3
    }
    assert unseen <= COHERENT <= set(forgeries.KINDS)


# every value of a file


def oracle(c):
    """Sides, margins and whether all conditions are true, from a certificate's program and nothing
    of the package.
    """
    known = {}
    for name, value in c["instance"].items():
        known |= (
            {f"{name}[{i}]": F(v) for i, v in enumerate(value)}
            if isinstance(value, list)
            else {name: F(value)}
        )
        known |= {f"{name}.length": F(len(value))} if isinstance(value, list) else {}

    def get(word):
        return known[word] if word in known else F(word)

    for line in c["program"]["steps"]:
        name, _, *words = line.split(" ")
        if words[0] == "abs":
            known[name] = abs(get(words[1]))
        else:
            left, sign, right = words
            known[name] = (
                get(left) ** int(right)
                if sign == "**"
                else {"+": F.__add__, "-": F.__sub__, "*": F.__mul__, "/": F.__truediv__}[sign](
                    get(left), get(right)
                )
            )
    truths = []
    for line in c["program"]["conditions"]:
        left, relation, right = line.split(" ")
        a, b = get(left), get(right)
        truths.append(
            {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[
                relation
            ]
        )
    return [
        [get(word) for word in c["program"][key]] for key in ("lhs", "rhs", "assumptions")
    ], truths


def true_of_another_instance(c, other):
    """Whether only the instance differs, in numbers on which nothing that is stated depends."""
    if {**c, "instance": None} != {**other, "instance": None} or "instance" not in c:
        return False
    return oracle(c) == oracle(other)


def edits(c):
    """Each leaf left out, replaced, repeated, and exchanged with the next one."""
    paths, kept = list(forgeries.leaves(c)), pickle.dumps(c)
    for k, path in enumerate(paths):
        value = forgeries.at(c, path)
        new = [
            None,
            [value],
            value + 1 if isinstance(value, int) else value + " ",
            "1/3",
            "refuted",
            forgeries.at(c, paths[(7 * k + 3) % len(paths)]),
        ]
        for replacement in new:
            other = pickle.loads(kept)
            forgeries.at(other, path[:-1])[path[-1]] = replacement
            yield path, other
        other = pickle.loads(kept)
        del forgeries.at(other, path[:-1])[path[-1]]
        yield path, other
        if isinstance(path[-1], int):
            other = pickle.loads(kept)
            forgeries.at(other, path[:-1]).insert(path[-1], value)
            yield path, other
        other, after = pickle.loads(kept), paths[(k + 1) % len(paths)]
        forgeries.at(other, path[:-1])[path[-1]] = forgeries.at(c, after)
        forgeries.at(other, after[:-1])[after[-1]] = value
        yield path, other


@pytest.mark.parametrize(
    "stem",
    [
        "talk2021_few_samples.stated",
        "wang2021_small_sample_train.printed",
        "wang2021_naive_lower_bound.printed",
        "navon2021_neumann_scale.repaired",
        "talk2021_networks_first_case.printed",
    ],
)
def test_every_edit_of_every_value_is_refused(stem):
    real, tried, harmless = forgeries.real(stem), 0, 0
    compare(real)
    written = json.dumps(real)
    for path, other in edits(real):
        if json.dumps(other) == written:
            continue
        tried += 1
        try:
            recheck(other)
            compare(other)
        except Wrong as error:
            assert plain(str(error)) and len(str(error)) < 1500
        # an unknown name is the one thing that nothing here contradicts: another exit code
        except Uncompared:
            assert other["claim"] != real["claim"]
        else:
            assert true_of_another_instance(real, other), path
            harmless += 1
    assert tried > 50 and harmless < tried / 20


# bounded work and memory


def chained(stem, steps):
    """A certificate with further steps, of which the last is used."""
    c = forgeries.real(stem)
    c["program"]["steps"] += steps
    c["program"]["conditions"].append(f"{steps[-1].partition(' ')[0]} != 0")
    return c


def halved(depth, mark, program, count=1):
    """A certificate of boxes that are halved everywhere."""
    c = forgeries.real("wang2021_naive_lower_bound.printed")
    box = {
        **c["boxes"][0],
        "ranges": {"x": ["-1", "1"], "y": ["-1024", "1024"]},
        "program": program,
        "proved": str(int(mark == "P")),
        "levels": ["S" * 2**k for k in range(depth)] + [mark * 2**depth],
    }
    return {**c, "boxes": [box] * count}


def sides(*steps):
    """The program of a box: its last step and 0."""
    return {
        "steps": list(steps),
        "conditions": [],
        "lhs": [steps[-1].partition(" ")[0]],
        "rhs": ["0"],
    }


def costly():
    """{name: certificate or bytes} of at most 1 MB that would take hours or the whole memory."""
    stem = "derived_log_convexity.conjectured"
    tower = [
        line
        for k in range(40)
        for line in (
            f"t{2 * k + 1001} = t{2 * k + 1000} * t{2 * k + 1000}",
            f"t{2 * k + 1002} = t{2 * k + 1001} + 1/{k + 5}",
        )
    ]
    harmonic = [f"t{k + 1001} = t{k + 1000} + 1/{2 * k + 3}" for k in range(20000)]
    long = forgeries.real(stem)
    long["instance"]["steps"] = 10**7
    many = chained(stem, ["t1000 = 3 ** 60000", "t1001 = 7 ** 50000", "t1002 = t1000 / t1001"])
    many["program"]["conditions"] += [f"t1002 > 1/{k}" for k in range(2, 40000)]
    quotients = [f"t{k + 3} = t{k + 2} / t1" for k in range(30)]
    squares = [f"t{k + 1} = t{k} * t{k}" for k in range(16)]
    return {
        "powers": chained(stem, ["t1000 = 3 ** 99999", "t1001 = t1000 ** 99999"]),
        "squares": chained(
            stem,
            [
                "t1000 = 1/3 + left",
                *(f"t{k + 1001} = t{k + 1000} * t{k + 1000}" for k in range(60)),
            ],
        ),
        "tower": chained(stem, ["t1000 = 2/3 + left", *tower]),
        "harmonic": chained(stem, ["t1000 = 1/3 + left", *harmonic]),
        "conditions": many,
        "steps": long,
        "cells": halved(17, "P", sides("t0 = x * y")),
        "quotients": halved(13, "P", sides("t0 = abs x", "t1 = 3 + t0", "t2 = 1 / t1", *quotients)),
        "enclosed squares": halved(13, "P", sides("t0 = x * y", *squares, "t17 = abs t16")),
        "undecided cells": halved(13, "U", sides("t0 = x * y"), 32),
        "nested": b"[" * 500000 + b"]" * 500000,
        "objects": b"[" + b"{}," * 340000 + b"{}]",
        "digits": b'{"claim": ' + b"9" * 10**6 + b"}",
        "literal": json.dumps(
            {**forgeries.real(stem), "lhs": ["0x" + "f" * 500000 + "/0x" + "e" * 400000]}
        ).encode(),
    }


@pytest.mark.parametrize("name", costly())
def test_a_costly_file_is_answered(name, tmp_path):
    path = tmp_path / "one.json"
    path.write_bytes(forgeries.written(costly()[name]))
    assert path.stat().st_size <= 2**20
    done = limited("-m", "quadmeta", "recheck", path)
    assert (
        done.returncode == 1
        and not done.stdout
        and done.stderr.count("\n") == 1
        and len(done.stderr) < 1000
    )


def test_work_is_counted_before_it_is_done():
    # each of these would take longer than the suite
    for steps in (
        ["t1000 = 3 ** 99999", "t1001 = t1000 ** 99999", "t1002 = t1001 ** 99999"],
        ["t1000 = 3 ** 99999", *(f"t{k + 1001} = t{k + 1000} ** -99999" for k in range(9))],
    ):
        with pytest.raises(TooLarge, match="takes more work than any certificate is given"):
            recheck(chained("derived_log_convexity.conjectured", steps))
    large = forgeries.real("derived_log_convexity.conjectured")
    large["instance"]["steps"] = 10000
    large["program"]["conditions"] = [
        line.replace("steps == 1", "steps == 10000") for line in large["program"]["conditions"]
    ]
    assert recheck(large)
    with pytest.raises(Wrong):
        compare(large)


def test_what_a_claim_does_outside_of_the_trace_is_bounded():
    """10,000 nodes: the whole numbers alone are too much, before there is a traced number."""
    c = forgeries.real("derived_chebyshev_instance.stated")
    nodes, c["instance"]["nodes"] = c["instance"]["nodes"], 10000
    c["program"]["conditions"] = [
        line.replace(f"nodes == {nodes}", "nodes == 10000") for line in c["program"]["conditions"]
    ]
    assert recheck(c)
    profile = sys.getprofile()
    with pytest.raises(TooLarge, match="the claim takes more work at the instance"):
        compare(c)
    assert sys.getprofile() is profile


def test_only_small_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "pipe.json")
    for path in (
        tmp_path / "pipe.json",
        tmp_path / "folder.json",
        tmp_path / "link.json",
        "/dev/zero",
        "/dev/null",
    ):
        with pytest.raises(OSError, match="it is no regular file"):
            read(path)
        code, out, err = answer(path)
        assert (code, out) == (2, "") and err == f"{path}: cannot be read: it is no regular file\n"
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 2**20 + b"{}")
    assert answer(large) == (
        1,
        "",
        f"{large}: WRONG: the file is larger than {2**20} bytes: no certificate is\n",
    )


def test_the_worst_of_several_files_is_the_exit_code(tmp_path, monkeypatch):
    good = str(forgeries.PUBLISHED / f"{STEMS[0]}.json")
    bad, other, none = (str(tmp_path / name) for name in ("bad.json", "other.json", "none.json"))
    Path(bad).write_text("{}")
    Path(other).write_text(json.dumps({**forgeries.real(STEMS[0]), "claim": "another_claim"}))

    def code(*files):
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            return main(["recheck", *files])

    assert [code(good), code(bad), code(none), code(other)] == [0, 1, 2, 3]
    assert [code(other, none), code(other, none, bad), code(good, other)] == [2, 1, 3]


def test_an_unknown_claim_is_not_compared(tmp_path):
    path = tmp_path / "one.json"
    path.write_text(json.dumps({**forgeries.real(STEMS[0]), "claim": "derived_log_convex"}))
    code, out, err = answer(path)
    assert (code, err) == (3, "") and out.startswith(
        "derived_log_convex, conjectured: the file says refuted (exact)\n"
    )
    last = out.splitlines()[-1]
    assert (
        "NOT COMPARED with the claim's source: unknown claim 'derived_log_convex': did you mean"
        in last
    )


def test_names_of_files_are_quoted(tmp_path):
    path = tmp_path / "one\n\x1b[32m.json"
    path.write_text("{}")
    code, out, err = answer(path)
    assert code == 1 and plain(err) and err.count("\n") == 1 and "one\\n\\x1b[32m.json" in err
    assert answer(tmp_path / "\x1b[2J")[0] == 2 and plain(answer(tmp_path / "\x1b[2J")[2])


def test_what_a_file_holds_is_quoted_and_cut():
    assert quoted("a\x1b[2J\u202e\n\ud800") == "'a\\x1b[2J\\u202e\\n\\ud800'"
    assert quoted("x" * 10**6) == "'" + "x" * 60 + "'... (1000000 characters)"
    nested = []
    for _ in range(10**5):
        nested = [nested]
    assert [quoted(x) for x in (None, True, 5, 1 << 999, [1, 2], {}, nested, 0.5)] == [
        "None",
        "True",
        "5",
        "a whole number of 1000 bits",
        "a list of 2",
        "an object of 0",
        "a list of 1",
        "a float",
    ]
    # piece by piece, since so deep a list cannot be freed at once
    while nested:
        nested = nested.pop()
