"""Claims of one's own: the public contract of the engine, from a class to a re-checked certificate.

What is done here from an installed package stands in the tests of extension.
"""

import doctest
import importlib
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import quadmeta as qm
from quadmeta import verification
from quadmeta.__main__ import main
from quadmeta.verification import (
    EIGENVALUES,
    Claim,
    Form,
    Ledger,
    Parameter,
    Verdict,
    collect,
    compare,
    strategy,
)
from quadmeta.verification.certificate import Uncompared

MODULES = ("certificate", "claim", "collection", "instances", "ledger", "parameters")


class Contraction(Claim):
    """A step of size 2/(L + mu) contracts every mode by at most (L - mu)/(L + mu)."""

    reference = "textbook"
    strength = "tight"
    forms = {"printed": Form(r"|1-2\lambda_i/(L+\mu)|\le(L-\mu)/(L+\mu)")}
    domain = {"eigenvalues": EIGENVALUES}

    def sides(self, x, form):
        """The largest contraction, and the bound."""
        lam = x["eigenvalues"]
        both = lam.max() + lam.min()
        return abs(1 - 2 * lam / both).max(), (lam.max() - lam.min()) / both


class Short(Contraction):
    """The same of the step size 1/L, which is false."""

    def sides(self, x, form):
        """The contraction of mu, and the same bound."""
        lam = x["eigenvalues"]
        return 1 - lam.min() / lam.max(), super().sides(x, form)[1]


PACKAGE = '''
from fractions import Fraction
from quadmeta.verification import Claim, Form, Parameter

class SquareBelowOne(Claim):
    """x^2 <= x on [0, 1].

    Proof. x (1 - x) >= 0.
    """

    reference = "derived"
    strength = "tight"
    forms = {"stated": Form("x^2 <= x", "holds", "proof + exact", proved=True, attained=True)}
    domain = {"x": Parameter("x", high=Fraction(1))}

    def sides(self, x, form):
        """The square, and the number."""
        return square(x["x"]), x["x"]

    def cases(self, form):
        return [{"x": 1}]

def square(x):
    return x * x
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of one claim in the present folder."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "mine" / "statements.py").write_text(PACKAGE)
    (tmp_path / "mine" / "__main__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "mine"
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


@pytest.mark.parametrize("module", ["", *(f".{name}" for name in MODULES)])
def test_the_examples_of_the_engine_run(module):
    found = doctest.testmod(importlib.import_module(f"quadmeta.verification{module}"))
    assert found.attempted and not found.failed


def test_the_contract_is_explicit():
    assert all(hasattr(verification, name) for name in verification.__all__)


@pytest.mark.parametrize("given", [Contraction, Contraction()])
def test_a_true_claim_is_consistent_and_has_a_certificate(given):
    verdict = qm.check(given)
    assert isinstance(verdict, Verdict)
    assert (verdict.status, verdict.how) == ("consistent", "exact")
    assert qm.recheck(qm.certificate(verdict))[-1] == "no proof: instances alone"


def test_a_false_claim_is_refuted_at_a_small_instance():
    verdict = qm.check(Short)
    assert verdict.status == "refuted"
    assert verdict.evidence["instance"] == {"eigenvalues": (Fraction(2), Fraction(1))}
    certificate = json.loads(json.dumps(qm.certificate(verdict)))
    assert qm.recheck(certificate)
    short = Short()
    assert short.name == "short"
    with pytest.raises(Uncompared, match="unknown claim 'short'"):
        compare(certificate)
    # what is on record of it says "undecided"
    with pytest.raises(qm.certificates.recheck.Wrong, match="status is 'refuted' in the file"):
        compare(certificate, {"short": short})


def test_instances_and_their_strategy_take_any_claim():
    from hypothesis import find

    x = next(qm.instances(Short()))
    assert Short().read(x) == x
    assert find(strategy(Short()), lambda x: len(x["eigenvalues"]) == 2)


def test_a_ledger_of_a_list():
    ledger = qm.ledger([Contraction, Short()])
    assert isinstance(ledger, Ledger)
    assert [(row.claim, row.verdict) for row in ledger] == [
        ("contraction", "undecided"),
        ("short", "undecided"),
    ]
    assert ledger.summary() == "statement, printed (2): 2 undecided"
    with pytest.raises(ValueError, match="two claims have the name short: rename one of them"):
        qm.ledger([Short, Short])


def test_the_claims_of_this_version_are_those_of_their_package():
    assert {name: type(found) for name, found in collect("quadmeta.claims").items()} == dict(
        qm.members("claims")
    )
    assert len(qm.ledger(qm.claims)) == len(qm.ledger())


def test_a_package_of_claims_has_commands(package, capsys):
    words = ["--claims", "mine"]
    assert main(words) == 0
    assert "stated (1): 1 holds" in capsys.readouterr().out
    assert main(["check", *words]) == 0
    assert capsys.readouterr().out == "1 of 1 claims as recorded\n"
    assert main(["check", "square_below_one"]) == 2
    assert main(["show", "square_below_one", *words]) == 0
    assert "def square(x):" in capsys.readouterr().out
    assert main(["record", "mine"]) == 0
    assert '"ratio": 1.0' in (package / "record.json").read_text()
    certificate = qm.certificate(qm.check(collect("mine")["square_below_one"]))
    file = package / "certificate.json"
    file.write_text(json.dumps(certificate))
    assert main(["recheck", str(file), *words]) == 0
    assert "programs: as the claim's source gives them" in capsys.readouterr().out
    assert main(["recheck", str(file)]) == 3
    file.write_text(json.dumps(certificate).replace("x^2 <= x", "x^2 < x"))
    assert main(["recheck", str(file), *words]) == 1


def test_claims_of_an_installed_package_are_known(package):
    metadata = package.parent / "mine-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[quadmeta.claims]\nmine = mine.statements\nwrong = nowhere\n"
    )
    root = str(Path(qm.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package.parent), root])}

    def run(*words):
        command = [sys.executable, "-m", "quadmeta", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    ledger = run()
    assert "square_below_one " in ledger.stdout and "derived_log_convexity " in ledger.stdout
    assert "the claims of nowhere are left out: ModuleNotFoundError" in ledger.stderr
    assert run("check", "square_below_one").stdout == "1 of 1 claims as recorded\n"
    built_in = run("check", "derived_log_convexity")
    assert built_in.returncode == 0 and not built_in.stderr


def test_numbers_on_record_stand_beside_a_package(package):
    (package / "record.json").write_text(
        '{"square_below_one": {"stated": {"instances": 3, "ratio": 1, "worst": {"x": "1/7"}}}}'
    )
    assert "3 instances" in repr(qm.ledger("mine"))
    from quadmeta.verification.search import findings

    found = list(findings(collect("mine")["square_below_one"], "stated"))
    assert found[1].instance == {"x": Fraction(1, 7)}


@pytest.mark.parametrize(
    "words, told",
    [
        (["check", "--claims", "nowhere"], "No module named 'nowhere'"),
        (["--claims", "json"], "json: no claim is defined there: pass a module"),
        (["record", "json"], "json: no claim is defined there"),
    ],
)
def test_a_module_without_claims_is_bad_use(words, told, capsys):
    assert main(words) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_what_is_no_claim_is_refused_in_one_line():
    for wrong in (3, Claim, Parameter, None):
        with pytest.raises(ValueError, match="must be a claim, its class with both sides"):
            qm.check(wrong)


@pytest.mark.parametrize(
    "members, told",
    [
        ({"strength": "strong"}, "unknown strength 'strong': did you mean"),
        ({"relation": "<<"}, "unknown relation '<<': did you mean"),
        ({"forms": {"told": Form("x")}}, r"forms = \['told'\] must be of the kinds printed, read"),
        ({"forms": {"repaired": Form("x")}}, "'repaired' not the first: rename them"),
        ({"forms": {}}, r"forms = \[\] must be of the kinds"),
        ({"standing": "lemma"}, "unknown standing 'lemma': did you mean"),
        ({"forms": {"reading": Form("x", "refuted")}}, "reading form is refuted and must say its"),
        (
            {"forms": {"printed": Form("x", fault="false")}},
            "has the fault 'false' and is undecided",
        ),
    ],
)
def test_a_wrong_class_is_refused_where_it_is_written(members, told):
    with pytest.raises(TypeError, match=told):
        type("Wrong", (Contraction,), members)


def test_a_source_of_another_kind_is_named():
    with pytest.raises(ValueError, match="^source = 5 must be a module, its name, or a list"):
        qm.ledger(5)
