"""The tools around Coq: what they print, what they read, and that they install nothing."""

from fractions import Fraction

import pytest

import quadmeta as qm
from proofs import check, coq, text
from proofs.row import Row, definitions
from proofs.table import answer, points


def test_without_coq_one_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(coq, "installed", lambda: False)
    assert check.main() == 1
    out = capsys.readouterr().out
    assert "apt install coq" in out and len(out.splitlines()) == 1


def test_axioms_are_read():
    printed = """Axioms:
ClassicalDedekindReals.sig_forall_dec
  : forall P : nat -> Prop,
    {n : nat | ~ P n} + {forall n : nat, P n}
left_open : 1 = 2
Closed under the global context
"""
    assert coq.axioms(printed) == [["left_open", "sig_forall_dec"], []]


def test_an_axiom_beyond_the_reals_is_refused():
    assert "left_open" not in check.ALLOWED


def test_numbers():
    assert text.number(Fraction(-3, 4)) == "(-3) # 4" and text.number(2) == "2 # 1"
    long = text.number(Fraction(-(10**15), 10**13 + 1))
    assert long == f"(-{10**15:#x}) # {10**13 + 1:#x}"


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("kappa > 1", "Positive"),
        ("eta <= 1/L", "Nonnegative"),
        ("T mod 2 = 0", "Zero"),
        ("c_i != 0", "Positive"),
        ("1 - eta L <= gamma <= 1 - eta mu", "Nonnegative"),
    ],
)
def test_what_an_assumption_asks(name, sign):
    assert text.sign(name) == sign


def test_the_table_has_points_of_every_kind():
    claim = qm.claim("wang2021_naive_lower_bound")
    found = [answer(claim, "stated", x) for x in points(claim, "stated")]
    outside = [one for one in found if one.margins is None]
    broken = [one for one in found if one.margins and min(one.margins.values()) <= 0]
    repeated = [
        x
        for x in (one.given["eigenvalues"] for one in found if one.margins)
        if len(set(x)) < len(x)
    ]
    assert len(outside) >= 8 and len(broken) >= 5 and len(repeated) >= 15
    assert any("unknown" in one.given for one in outside)


def test_definitions_compile_alone():
    row = Row("wang2021_log_gradient_bound")
    kept = definitions(row.text)
    assert (
        "Definition stated" in kept and "Lemma" not in kept and "Require Import Lemmas" not in kept
    )
    assert "derived_log_gradient_bound" not in kept.partition("(** ** Statement *)")[2]


def test_a_statement_has_its_shared_definitions():
    assert "(* of Discount.v *)" in Row("derived_discount_bound").statement
    assert "Theorem" not in Row("derived_discount_bound").statement
