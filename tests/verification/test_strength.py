"""What is said of the strength of a verdict follows from what is on record."""

import pytest

import quadmeta as qm
from quadmeta.verification import strength

FORMS = [(name, form) for name in qm.members("claims") for form in qm.claim(name).forms]


@pytest.mark.parametrize("name, form", FORMS)
def test_a_form_says_what_proves_it_and_what_its_instances_test(name, form):
    claim = qm.claim(name)
    record = claim.forms[form]
    said = strength(name, form)
    heads = [sentence.partition(":")[0] for sentence in said]
    if record.how == "none":
        assert said == []
    elif record.recorded == "refuted":
        assert heads == ["refuted"]
    else:
        boxes = list(claim.boxes(form))
        assert heads == ["proved", "instances", *["box"] * len(boxes)]
        # what holds has a proof, and what has none is not called proved
        assert (said[0] == "proved: no") == (record.recorded != "holds" and not record.proved)
        assert all(
            box.note and box.note in sentence for box, sentence in zip(boxes, said[2:], strict=True)
        )


def test_closed_forms_derived_by_hand_are_called_so():
    row = next(row for row in qm.ledger() if row.claim == "derived_worse_than_not_training")
    assert " instances of algebra" in row.evidence
    assert strength(row.claim)[1].startswith("instances: test the algebra of a closed form alone")
    assert strength("derived_log_curvature")[1] == "instances: test the statement itself"
