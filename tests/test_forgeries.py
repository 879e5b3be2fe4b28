"""The re-check of certificates under attack: no forgery is accepted, none stops it, nothing unquoted is printed."""
import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import forgeries
import pytest

from quadmeta.__main__ import main

STEMS = (
    "derived_log_convexity.printed", "wang2021_naive_lower_bound.printed", "navon2021_grid_search.printed",
    "talk2021_few_samples.printed", "talk2021_networks_first_case.printed", "derived_mean_log_unimodal.repaired",
    "wang2021_gap_decreases.printed", "derived_sign_certificate.printed", "yakovlev2023_asymptotic.printed",
    "talk2021_few_samples.repaired", "derived_leave_one_out.printed", "derived_alternation_fixed_points.printed",
    "wang2021_optimal_risk.printed", "derived_gradient_sign.printed", "derived_train_step_limit.printed",
    "wang2021_small_sample_train.printed", "navon2021_neumann_truncation.printed", "wang2021_meta_descent.printed",
    "derived_heavy_ball_not_quasiconvex.printed", "navon2021_neumann_scale.repaired")
"""Certificates of all verdicts and relations, with boxes and without, that are re-checked in a few milliseconds."""
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
    assert {c["status"] for c in found} == {"holds", "refuted", "consistent", "undecided"}
    assert {c["how"] for c in found} == {"proof + exact", "box", "exact", "none"}
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
