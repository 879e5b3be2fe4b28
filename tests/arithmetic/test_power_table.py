"""The table of powers of all factors against the quotients one by one, and against whole numbers."""

from fractions import Fraction as Q

import numpy as np
import pytest

from quadmeta.arithmetic import power_table as module
from quadmeta.arithmetic.residual import factor, power_difference
from tests.planted import planted

EPS = 2.0**-52
STEPS = (1, 2, 3, 50, 51, 1000, 1001, 10**6)
SIZES = (0.0, 1e-9, 0.1, 1.0, 1.5, 2 - 1e-9, 2.0, 2.1)


def spectra():
    """Eigenvalues of one, of 280 decades, with zeros, equal ones and neighbours."""
    rng = np.random.default_rng(7)
    yield np.array([3.0])
    yield np.sort(rng.uniform(0, 1, 6))
    yield np.concatenate([[0.0, 0.0], np.geomspace(1e-140, 1e140, 5)])
    yield np.array([0.5, 0.5, 1.0, 1.0 + EPS, 1.0 + 1e-9, 2.0])
    yield np.array([1.0, 2.0, 3.0])


def check(table_of):
    """Entries with the error that the docstring states."""
    for lam in spectra():
        for T in STEPS:
            for x in SIZES:
                if x > 2 and T > 1001:
                    continue
                eta = x / lam.max()
                table = table_of(eta, lam, T)
                a = factor(np.float64(eta), np.append(lam, 0.0))
                row = a._replace(eigenvalue=a.eigenvalue[:, None])
                row = row._replace(value=a.value[:, None], tail=a.tail[:, None])
                want = power_difference(row, a, T)
                log = np.clip(np.abs(want.log), 1, 1e3)  # of which the reference loses eps
                with np.errstate(under="ignore"):
                    want = want.sign * np.exp(want.log - table.shift)
                got = np.zeros_like(want)
                got[:-1, :-1] = table.differences
                got[-1, :-1] = got[:-1, -1] = table.sums
                got[-1, -1] = want[-1, -1]
                size = np.maximum.outer(np.abs(a.value), np.abs(a.value))
                bound = 8 * EPS * (1 + table.shift + T * np.abs(np.log(np.maximum(size, 1e-300))))
                fits = (np.abs(want) > 1e-290) | (want == 0)
                wrong = np.abs(got - want) > (bound + EPS * log) * np.abs(want)
                assert not (wrong & fits).any(), (lam, T, x)
                powers = (np.sign(a.value) ** T * np.abs(a.value) ** T)[:-1]
                if not table.shift:
                    close = np.diag(bound)[:-1] + 4 * T * EPS
                    assert (np.abs(table.powers - powers) <= close * np.abs(powers) + 1e-290).all()


def test_table_is_every_quotient():
    check(module.power_table)


def test_table_in_fractions():
    lam, eta, T = np.array([0.25, 0.5, 3.0]), 0.5, 6
    a = [1 - Q(eta) * Q(x) for x in lam]
    table = module.power_table(eta, lam, T)
    want = [[sum(x**k * y ** (T - 1 - k) for k in range(T)) for y in a] for x in a]
    assert table.differences == pytest.approx(np.array(want, dtype=float), rel=1e-15)
    assert table.sums == pytest.approx([float(sum(x**k for k in range(T))) for x in a], rel=1e-15)
    assert table.powers == pytest.approx([float(x**T) for x in a], rel=1e-15)


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("power[zero] = T\n", "power[zero] = T - 1\n"),
        ("np.exp((T - 1) * log - shift)", "np.exp(T * log - shift)"),
        ("np.maximum.outer(below, below)", "np.minimum.outer(below, below)"),
        ("+ np.add.outer(x.tail[low], x.tail[high])", ""),
        ("power * (2 - rest)", "power * rest"),
        ("np.sign(apart) * ", ""),
        ("apart >= 0", "apart < 0"),
        ("np.abs(below[:, None]) >=", "np.abs(below[:, None]) <"),
        ("gap / largest, 1.0), T)", "gap, 1.0), T)"),
    ],
)
def test_a_mistake_in_the_table_is_noticed(right, wrong):
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        check(planted(module, right, wrong).power_table)
