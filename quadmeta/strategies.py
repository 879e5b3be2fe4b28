"""Hypothesis strategies for property tests of one's own bounds, algorithms and claims.

A bound that was only tried on random matrices was not tried where bounds break: at equal or
clustered eigenvalues, tiny spectral weights, and step sizes that lie exactly on 1/L, 2/(L + mu) or
2/L. The strategies here draw those as often as anything else, and shrink what fails.

Examples
--------
After T steps of size at most 2/L no loss is larger than before:

>>> from hypothesis import given
>>> import quadmeta as qm
>>> from quadmeta import strategies as qst
>>> @given(qst.quadratics(mu=0.1, L=2.0), qst.step_sizes(mu=0.1, L=2.0, largest=1.0))
... def never_larger(problem, step):
...     loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=7))
...     assert loss(step).to_float() <= loss(0.0).to_float() * (1 + 1e-12)
>>> never_larger()
"""

from typing import TYPE_CHECKING

import numpy as np

from quadmeta import problems
from quadmeta._extras import require
from quadmeta._types import Array
from quadmeta._validate import natural, number
from quadmeta.verification.claim import Claim
from quadmeta.verification.instances import strategy
from quadmeta.verification.parameters import Instance

if TYPE_CHECKING:
    from hypothesis import assume, strategies as st
    from hypothesis.strategies import SearchStrategy
else:
    assume = require("hypothesis", "strategies", "quadmeta.strategies").assume
    st = require("hypothesis.strategies", "strategies", "quadmeta.strategies")

SEEDS = st.integers(0, 10**6)
BILEVEL = (
    "coupled",
    "ridge",
    "task_weights",
    "auxiliary_tasks",
    "softplus",
    "data_cleaning",
    "log_cosh",
)
"""The bilevel problems of :func:`bilevel_problems`; "softplus" are auxiliary tasks whose weights
are softplus functions of alpha, and "log_cosh" alone is not quadratic."""


def borders(mu: float, L: float) -> tuple[float, ...]:
    """The step sizes at which statements about gradient descent change.

    Parameters
    ----------
    mu, L
        smallest and largest eigenvalue, 0 < mu <= L.

    Returns
    -------
    0, 1/L (the top mode is solved in one step), 2/(L + mu) (the fastest rate), 2/L (the edge of
    divergence), 1/mu (the bottom mode is solved in one step) and 2/mu (every mode diverges), in
    ascending order where they differ.

    Examples
    --------
    >>> borders(0.5, 2.0)
    (0.0, 0.5, 0.8, 1.0, 2.0, 4.0)
    """
    _require_ends(mu, L)
    return tuple(sorted({0.0, 1 / L, 2 / (L + mu), 2 / L, 1 / mu, 2 / mu}))


def step_sizes(mu: float, L: float, largest: float = 2.0) -> "SearchStrategy[float]":
    """Step sizes in [0, ``largest`` 2/L]: every border, its two neighbours in float64, and others.

    Parameters
    ----------
    mu, L
        smallest and largest eigenvalue, 0 < mu <= L.
    largest
        the largest step size in units of 2/L, the edge of divergence: 1.0 draws no diverging one.

    Returns
    -------
    A strategy of floats.
    """
    top = number("largest", largest, above=0) * 2 / L
    edges = np.array(borders(mu, L))
    near = [edges, np.nextafter(edges, 0.0), np.nextafter(edges, np.inf)]
    special = {float(step) for step in np.concatenate(near) if step <= top}
    return st.sampled_from(sorted(special)) | st.floats(0.0, top)


def spectra(mu: float, L: float, largest: int = 6) -> "SearchStrategy[Array]":
    """Eigenvalues in ascending order whose ends are exactly ``mu`` and ``L``.

    The others may equal an end, differ from it in the last bit or by a small cluster's width, lie
    in the middle, where gradient descent of the best step size is fastest, or anywhere.

    Parameters
    ----------
    mu, L
        smallest and largest eigenvalue, 0 < mu <= L.
    largest
        the most eigenvalues; there are at least two, or one where mu = L.

    Returns
    -------
    A strategy of float64 arrays of shape (d,).
    """
    _require_ends(mu, L)
    count = natural("largest", largest)
    if mu == L:
        return st.integers(1, count).map(lambda d: np.full(d, float(mu)))
    if count < 2:
        raise ValueError(f"largest = {count} must be at least 2 where mu < L: pass largest=2")
    special = [mu, np.nextafter(mu, L), min(mu * (1 + 1e-6), L), (mu + L) / 2]
    special += [np.sqrt(mu) * np.sqrt(L), max(L * (1 - 1e-6), mu), np.nextafter(L, mu), L]
    between = st.sampled_from([float(x) for x in special]) | st.floats(mu, L)
    return st.lists(between, max_size=count - 2).map(lambda x: np.sort([mu, *x, L]))


def weights(count: int, decades: float = 12.0) -> "SearchStrategy[Array]":
    """Spectral weights omega_i = lambda_i e_i^2 / 2 > 0, equal ones and tiny ones among them.

    Parameters
    ----------
    count
        how many.
    decades
        over how many powers of ten they spread below 1.

    Returns
    -------
    A strategy of float64 arrays of shape (count,).
    """
    count = natural("count", count)
    reach = number("decades", decades, least=0)
    exponents = st.sampled_from([0.0, -reach]) | st.floats(-reach, 0.0)
    each = st.lists(exponents, min_size=count, max_size=count)
    return each.map(lambda x: 10.0 ** np.array(x))


@st.composite
def quadratics(
    draw: st.DrawFn, mu: float, L: float, largest: int = 6, decades: float = 12.0
) -> problems.Quadratic:
    """Quadratic problems with these extreme eigenvalues.

    Parameters
    ----------
    mu, L, largest
        of their :func:`spectra`.
    decades
        of their :func:`weights`.
    """
    eigenvalues = draw(spectra(mu, L, largest))
    return problems.Quadratic.from_spectrum(
        eigenvalues, weights=draw(weights(len(eigenvalues), decades))
    )


def _quarters(*shape: int) -> "SearchStrategy[Array]":
    """Arrays of -2, -7/4, ..., 2: small rational numbers, with ties and zeros."""
    size = int(np.prod(shape))
    entries = st.lists(st.integers(-8, 8), min_size=size, max_size=size)
    return entries.map(lambda x: np.reshape(x, shape) / 4)


@st.composite
def least_squares(
    draw: st.DrawFn, rows: int = 6, features: int = 4, validation: int = 3
) -> problems.LeastSquares:
    """Least-squares tasks of small rational numbers, of full rank or not, with validation data.

    Parameters
    ----------
    rows, features
        the most rows and features; both orders of the two occur.
    validation
        rows of the validation set.
    """
    n = draw(st.integers(1, natural("rows", rows)))
    d = draw(st.integers(1, natural("features", features)))
    X = draw(_quarters(n, d))
    y = draw(_quarters(n))
    # training from 0 has something to learn
    assume(np.any(X.T @ y))
    held_out = natural("validation", validation)
    return problems.LeastSquares.from_data(
        X, y, (draw(_quarters(held_out, d)), draw(_quarters(held_out)))
    )


def bilevel_problem(kind: str, seed: int) -> tuple[problems.BilevelProblem, Array]:
    """A small bilevel problem of one of the kinds ``BILEVEL``, and hyperparameters alpha for it.

    Parameters
    ----------
    kind
        one of ``BILEVEL``.
    seed
        of everything random in it.

    Examples
    --------
    >>> bilevel_problem("coupled", seed=0)[0]
    Coupled(P=4, h=3)
    """
    if kind not in BILEVEL:
        raise ValueError(f"kind = {kind!r} must be one of {', '.join(BILEVEL)}")
    rng = np.random.default_rng(seed)

    def data(n: int, p: int, *outputs: int) -> tuple[Array, Array]:
        return rng.standard_normal((n, p)), rng.standard_normal((n, *outputs))

    if kind == "coupled":
        # equal eigenvalues are as likely as others
        spectrum = rng.choice([0.3, 0.3, 1.0, 2.0], 4)
        return problems.Coupled.random(spectrum, h=3, seed=seed), rng.standard_normal(3)
    if kind == "ridge":
        return problems.Ridge(data(9, 4, 2), data(5, 4, 2)), rng.uniform(0.05, 1, 1)
    if kind == "task_weights":
        tasks = [data(6, 3), data(4, 3), data(2, 3)]
        return problems.TaskWeights(tasks, data(6, 3), rho=0.1), rng.uniform(0, 1, 3)
    if kind == "auxiliary_tasks":
        main, tasks = data(6, 3), [data(4, 3), data(2, 3)]
        return problems.AuxiliaryTasks(main, tasks, data(6, 3)), rng.uniform(0, 1, 2)
    if kind == "softplus":
        main, tasks = data(6, 3, 2), [data(4, 3, 2), data(1, 3, 2)]
        soft = problems.AuxiliaryTasks(main, tasks, data(6, 3, 2), rho=0.1, softplus=True)
        return soft, rng.standard_normal(2)
    if kind == "data_cleaning":
        return problems.DataCleaning(data(8, 3, 2), data(6, 3, 2)), rng.standard_normal(8)
    return problems.LogCosh.random(4, 3, seed), rng.standard_normal(3)


def bilevel_problems(
    *kinds: str,
) -> "SearchStrategy[tuple[problems.BilevelProblem, Array]]":
    """Pairs of a small bilevel problem and hyperparameters alpha for it.

    Parameters
    ----------
    kinds
        which of ``BILEVEL``; without any, all.
    """
    unknown = set(kinds) - set(BILEVEL)
    if unknown:
        raise ValueError(f"kind = {min(unknown)!r} must be one of {', '.join(BILEVEL)}")
    return st.builds(bilevel_problem, st.sampled_from(kinds or BILEVEL), SEEDS)


def instances(claim: Claim, form: str = "printed") -> "SearchStrategy[Instance]":
    """Rational instances of a claim that meet its assumptions.

    Parameters
    ----------
    claim
        such as ``qm.claim("derived_log_convexity")``, or one's own.
    form
        whose assumptions: "printed" or "repaired".

    Returns
    -------
    A strategy of mappings from the parameters of the claim to ``Fraction``, ``int`` or tuples.
    """
    found: SearchStrategy[Instance] = strategy(claim, form)
    return found


def _require_ends(mu: float, L: float) -> None:
    if not 0 < number("mu", mu) <= number("L", L):
        raise ValueError(f"mu = {mu} must be > 0 and at most L = {L}: pass the smaller one as mu")
