"""A row that changed its name is found under the old one, as are certificates that carry it."""

import json
from pathlib import Path

import pytest

import quadmeta as qm
from quadmeta.certificates.recheck import Wrong
from quadmeta.verification.certificate import compare
from quadmeta.verification.collection import collect, known

PUBLISHED = Path(__file__).parents[2] / "figures" / "certificates"
ALIASES = {old: name for name in qm.members("claims") for old in qm.claim(name).aliases}


def renamed(old):
    """[(file, its certificate under the old name)] of the claim that has this alias."""
    files = sorted(PUBLISHED.glob(f"{ALIASES[old]}.*.json"))
    return [(file, {**json.loads(file.read_text()), "claim": old}) for file in files]


@pytest.mark.parametrize("old", ALIASES)
def test_the_old_name_finds_the_claim(old):
    assert qm.claim(old) is qm.claim(ALIASES[old])
    assert qm.claim(old).name == ALIASES[old] != old
    assert old in known()


@pytest.mark.parametrize("old", ALIASES)
def test_the_old_name_is_not_listed(old):
    assert old not in qm.members("claims")
    assert old not in collect() and old not in list(known())
    assert not list(PUBLISHED.glob(f"{old}.*.json"))


@pytest.mark.parametrize("old", ALIASES)
def test_a_certificate_of_the_old_name_is_compared(old):
    found = renamed(old)
    assert found
    for _, certificate in found:
        assert compare(certificate).startswith("programs: as")
        with pytest.raises(Wrong, match="statement"):
            compare({**certificate, "statement": "1 = 1"})


def test_each_alias_names_one_claim():
    listed = [old for name in qm.members("claims") for old in qm.claim(name).aliases]
    assert listed and len(listed) == len(set(listed))
    assert not set(listed) & set(qm.members("claims"))
