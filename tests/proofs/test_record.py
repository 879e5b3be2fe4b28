"""The machine-checked rows: what was checked is what stands here. Needs no Coq."""

import re
from dataclasses import replace

import pytest

import quadmeta as qm
from proofs.check import ALLOWED, LEAST, recorded
from proofs.row import FOLDER, rows, shared
from proofs.table import digest as digest_of_table, table
from quadmeta.verification import proofs
from quadmeta.verification.show import page
from quadmeta.verification.source import essence

FORMS = [(row, form) for row in rows() for form in row.forms]
AGAIN = "run `make proofs`, which needs Coq"


def test_every_row_is_on_record_and_nothing_else():
    found = recorded()["rows"]
    assert {name: set(row["forms"]) for name, row in found.items()} == {
        row.name: set(row.forms) for row in rows()
    }, AGAIN
    assert {path.stem for path in FOLDER.glob("*.v")} == set(found) | set(shared())


@pytest.mark.parametrize(("row", "form"), FORMS, ids=lambda x: getattr(x, "name", x))
def test_what_was_checked_is_what_stands_here(row, form):
    found = proofs.proof(row.claim, form)
    assert found.current and found.word == "Coq", f"{row.name} or its proof has changed: {AGAIN}"
    assert found.statement == row.statement
    assert set(found.axioms) <= ALLOWED.keys()
    kept = recorded()["rows"][row.name]["forms"][form]
    assert kept["instances"] >= LEAST and kept["relation"] == row.claim.relation
    answers = table(row.claim, form)
    assert digest_of_table(answers) == kept["table"], f"{row.name} gives other numbers: {AGAIN}"
    # points outside the domain, such that break an assumption, and such that do not
    outside = [one for one in answers if one.margins is None]
    assert len(outside) >= 8
    assert row.claim.forms[form].recorded == "holds"


def test_no_proof_is_left_open():
    for path in FOLDER.glob("*.v"):
        text = re.sub(r"\(\*.*?\*\)", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"\b(Admitted|admit|Axiom|Axioms|Parameter|Conjecture)\b", text), path


def test_a_changed_claim_loses_the_word(monkeypatch):
    claim = qm.claim("wang2021_naive_lower_bound")
    assert "machine-checked: Coq" in page(claim)
    monkeypatch.setattr(proofs, "digest", lambda kind: "another")
    found = proofs.proof(claim, "stated")
    assert not found.current and found.word == "stale" and "stale" in found.sentence()
    row = next(row for row in qm.ledger([claim]) if row.form == "stated")
    assert row.machine_checked == "stale"


def test_a_changed_proof_loses_the_word(tmp_path):
    sources = {"A.v": "Definition a := 1.", "B.v": "Definition b := 2."}
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    kept = {name: proofs.sha256(tmp_path / name) for name in sources}
    assert proofs.unchanged(tmp_path, kept)
    (tmp_path / "B.v").write_text("Definition b := 3.")
    assert not proofs.unchanged(tmp_path, kept)
    (tmp_path / "B.v").unlink()
    assert not proofs.unchanged(tmp_path, kept)
    # an installed wheel has no proofs: the claim alone is compared
    assert proofs.unchanged(tmp_path / "nowhere", kept)


def test_a_claim_without_its_source_has_no_word(monkeypatch):
    def gone(kind):
        raise OSError("no source")

    monkeypatch.setattr(proofs, "digest", gone)
    assert proofs.proof(qm.claim("derived_log_curvature"), "stated").word == "stale"


def test_layout_and_words_are_no_change():
    one = 'def f(x):\n    """Twice."""\n    # a comment\n    return 2 * x  # another\n'
    assert essence(one) == essence("def f(x):\n\n    return 2*x")
    assert essence(one) != essence("def f(x):\n    return 3 * x")
    assert essence('x = "# no comment"') == 'x="#nocomment"'


def test_forms_that_are_not_proved_have_no_word():
    claim = qm.claim("derived_log_convexity")
    assert proofs.proof(claim, "conjectured") is None and proofs.formal_statement(claim) == ""
    assert {row.machine_checked for row in qm.ledger([claim])} == {"-"}


def test_a_sentence_says_what_it_rests_on():
    found = proofs.proof(qm.claim("derived_log_curvature"), "stated")
    assert "every dimension and number of steps" in found.sentence()
    assert "no axiom" in replace(found, axioms=()).sentence()


def test_the_pages_of_the_sources_name_the_rows_that_are_checked():
    found = recorded()["rows"]
    for page_of_source in (FOLDER.parent / "docs" / "statements").glob("*.md"):
        above, _, below = page_of_source.read_text(encoding="utf-8").partition("## Machine-checked")
        named = set(re.findall(r"`((?:derived|[a-z]+\d{4})_\w+)`", above)) & set(found)
        said = dict(
            re.findall(r"^- `(\w+)`: ([\w, ]+); \[.*\]\(\.\./\.\./proofs/\1\.v\)$", below, re.M)
        )
        assert said == {name: ", ".join(found[name]["forms"]) for name in named}, page_of_source
