"""A wrong text of either side is noticed by the tie."""

import pytest

from proofs import coq
from proofs.mutants import COQ, PYTHON, Mutant, changed, coq_notices, python_notices
from proofs.row import read, rows


@pytest.mark.parametrize("mutant", PYTHON, ids=str)
def test_a_wrong_claim_gives_other_numbers(mutant):
    assert python_notices(mutant)


def test_both_sides_of_every_row_have_a_mutant():
    names = {row.name for row in rows()}
    assert len(COQ) >= 15 and len(PYTHON) >= 15
    assert {mutant.claim for mutant in COQ} == names == {mutant.claim for mutant in PYTHON}


@pytest.mark.parametrize("mutant", COQ, ids=str)
def test_mutants_of_coq_change_its_text(mutant):
    text = read(mutant.module or mutant.claim)
    assert changed(text, mutant) != text


def test_a_mutant_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="no such place"):
        changed("a text", Mutant("a_claim", "stated", "another", "one"))


@pytest.mark.skipif(not coq.installed(), reason="Coq is not installed; `make proofs` runs all")
def test_coq_notices_one(tmp_path):
    mutant = Mutant(
        "derived_log_curvature", "stated", "0 - 2 * of_nat T * sum", "0 - of_nat T * sum", "Base"
    )
    assert coq_notices(mutant, tmp_path / "build")
