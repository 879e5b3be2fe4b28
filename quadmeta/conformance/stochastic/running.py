"""Draw from a tested code on every case, and judge."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import flag, function as callable_, instance, natural, number, seeded, show
from quadmeta.conformance.kinds import STOCHASTIC
from quadmeta.conformance.match import Match
from quadmeta.conformance.report import Report
from quadmeta.conformance.stochastic import trial as trials
from quadmeta.conformance.stochastic.case import STOCHASTIC_CASES, StochasticCase
from quadmeta.conformance.stochastic.expected import Expected, expected, too_heavy
from quadmeta.conformance.stochastic.mistakes import mistakes
from quadmeta.conformance.stochastic.naming import Sample, estimand, explained
from quadmeta.conformance.stochastic.trial import GROUPS, SURE, trial
from quadmeta.conformance.verdict import NotApplicable, Result, Verdict
from quadmeta.sampled.parts.base import SampledEstimator

RAREST = 1e-12
"""Below this a rate of false alarms is refused."""
LEAST = 100
"""Draws a case: ten in each group."""


@dataclass(frozen=True)
class _Drawing:
    """How draws are taken."""

    function: Callable[..., Any]
    draws: int
    seed: int
    vectorized: bool

    def values(self, case: StochasticCase, place: int) -> Array:
        """(n, h) draws of the case at this place of the list."""
        random = np.random.default_rng([self.seed, place])
        if self.vectorized:
            found = self.function(case, random, self.draws)
        else:
            found = [self.function(case, random) for _ in range(self.draws)]
        return np.asarray(found, dtype=float).reshape(len(found), -1)


def check_stochastic(
    function: Callable[..., Any],
    reference: SampledEstimator,
    *,
    cases: str | Iterable[StochasticCase] = "all",
    draws: int = 10_000,
    seed: int = 0,
    false_alarm: float = 1e-3,
    vectorized: bool = False,
    name: str | None = None,
) -> Report:
    """Is this stochastic estimator right? Compare draws with an exact mean and covariance.

    A right code is called wrong with a chance of at most ``false_alarm`` for the whole report: the
    draws of a case are cut into ten groups, and a deviation counts where all ten groups lie beyond
    what Cantelli's inequality allows, shared out over all sides of all cases (Bonferroni). Nothing
    is assumed of the distribution, except that its fourth moments are those of the reference. What
    n draws cannot tell, because the moments are too heavy, is not applicable, and says so.

    Parameters
    ----------
    function
        takes a :class:`StochasticCase` ``g`` and a numpy generator, from which it takes all its
        chance, and returns one estimate, independent of the others: a number, or an array (h,).
        ``g.loss(w)``, ``g.gradient(w)``, ``g.w``, ``g.step_size`` and ``g.steps`` are the run;
        sigma and the like are those of the reference.
    reference
        what it is meant to be, with its settings.
    cases
        "all", or one's own.
    draws
        how many a case, 100 at least.
    seed
        of the random streams, a whole number.
    false_alarm
        from 1e-12 to below 1.
    vectorized
        whether the function takes a third argument n and returns n estimates as rows.
    name
        of the code in the report; by default the function's own.

    Returns
    -------
    A :class:`Report` of kind "stochastic". ``value`` of a result is the sample mean, ``tolerance``
    what chance explains of its error, ``distance`` how far the exact mean is from the derivative.
    What is wrong is named where one mistake explains the draws of every case; else the remark says
    what their mean is the mean of, where that is known.

    Raises
    ------
    ValueError
        an argument of another kind, no cases, too few draws, or a seed that is no whole number.

    Examples
    --------
    Evolution strategies that forget to divide the difference by two:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> def loss(g, eta):
    ...     w = np.tile(g.w, (len(eta), 1))
    ...     for _ in range(g.steps):
    ...         w = w - eta[:, None] * g.gradient(w)
    ...     return g.loss(w)
    >>> def mine(g, random, count):
    ...     xi = random.standard_normal(count)
    ...     upper, lower = loss(g, g.step_size + 0.05 * xi), loss(g, g.step_size - 0.05 * xi)
    ...     return xi * (upper - lower) / 0.05
    >>> es = qm.EvolutionStrategies(sigma=0.05)
    >>> report = qm.conformance.check_stochastic(mine, es, vectorized=True)
    >>> report.verdict, [match.name for match in report.fingerprints]
    (<Verdict.WRONG: 'wrong'>, ['factor 1/2 of the antithetic difference missing'])
    """
    callable_("function", function, "a function of a case and a generator")
    instance("reference", reference, SampledEstimator, "EvolutionStrategies(sigma=0.1)")
    count = natural("draws", draws, least=LEAST)
    rate = number("false_alarm", false_alarm, least=RAREST)
    if rate >= 1:
        raise ValueError(f"false_alarm = {show(false_alarm)} must be below 1: pass 1e-3")
    flag("vectorized", vectorized)
    drawing = _Drawing(function, count, seeded("seed", seed), vectorized)
    chosen = _chosen(cases)
    known = [_expected(reference, case) for case in chosen]
    tested = sum(trials.sides(len(k.truth)) for k in known if isinstance(k, Expected))
    level = rate / max(tested, 1)
    results = []
    samples = []
    for place, (case, right) in enumerate(zip(chosen, known, strict=True)):
        result, sample = _one(drawing, case, place, right, level)
        results.append(result)
        if sample is not None:
            samples.append(sample)
    matches: tuple[Match, ...] = ()
    remark = ""
    if any(result.verdict == Verdict.WRONG for result in results):
        candidates = list(mistakes(reference))
        matches = explained(candidates, samples)
        remark = "" if matches else estimand(candidates, samples)
    return Report(
        name=name or str(getattr(function, "__qualname__", type(function).__name__)),
        kind=STOCHASTIC,
        library="numpy",
        results=tuple(results),
        fingerprints=matches,
        remark=remark,
    )


def _chosen(cases: str | Iterable[StochasticCase]) -> tuple[StochasticCase, ...]:
    """The cases, checked."""
    if isinstance(cases, str) and cases == "all":
        return STOCHASTIC_CASES
    if isinstance(cases, str) or not isinstance(cases, Iterable):
        raise ValueError(f"cases = {show(cases)}: pass 'all' or a list of StochasticCase")
    found = tuple(cases)
    if not found:
        raise ValueError("cases is empty: pass 'all' or a list of StochasticCase")
    for case in found:
        instance("cases", case, StochasticCase, "a list of StochasticCase")
    return found


def _expected(reference: SampledEstimator, case: StochasticCase) -> Expected | str:
    """What is expected, or why nothing is."""
    try:
        return expected(reference, case)
    except (ValueError, OverflowError) as error:
        return f"the reference has no moments: {error}"


def _one(
    drawing: _Drawing, case: StochasticCase, place: int, right: Expected | str, level: float
) -> tuple[Result, Sample | None]:
    """The result of a case, and its draws where there are any."""
    result = Result(case.name, case.catches, Verdict.NOT_APPLICABLE, np.array([np.nan]), np.nan)
    if isinstance(right, str):
        return replace(result, message=right), None
    law = right.law
    size = drawing.draws // GROUPS
    limit = trials.limit(level)
    spread = np.sqrt(np.diag(law.covariance).max())
    result = replace(
        result,
        exact=law.mean,
        tolerance=float(limit * spread / np.sqrt(size)),
        distance=_distance(right),
    )
    heavy = too_heavy(law, size, limit)
    if heavy:
        return replace(result, message=heavy), None
    start = perf_counter()
    try:
        values = drawing.values(case, place)
    except NotApplicable:
        return replace(result, message="refused by the tested code"), None
    except Exception as error:  # whatever a stranger's code raises is its verdict
        said = f"{type(error).__name__}: {error}".split("\n")[0]
        return replace(result, verdict=Verdict.RAISES, message=said), None
    result = replace(result, seconds=perf_counter() - start)
    if values.shape != (drawing.draws, len(law.mean)):
        said = f"estimates of shape {values.shape[1:]}, {len(values)} of them"
        return replace(result, verdict=Verdict.UNUSABLE, message=said), None
    for verdict, bad in ((Verdict.NAN, np.isnan(values)), (Verdict.INFINITE, np.isinf(values))):
        if bad.any():
            return replace(result, verdict=verdict, message=f"{bad.any(axis=1).sum()} draws"), None
    sample = Sample(case, values, right, level)
    return _judged(result, sample), sample


def _judged(result: Result, sample: Sample) -> Result:
    """The verdict on draws."""
    law = sample.right.law
    found = trial(sample.values, law, sample.level)
    mean = sample.values.mean(axis=0)
    parts = []
    if not found.mean_agrees:
        parts.append(f"another mean{_scores(sample)}")
    if not found.variance_agrees:
        ratio = sample.values.var(axis=0, ddof=1) / np.maximum(np.diag(law.covariance), 1e-300)
        parts.append(f"another variance: {_listed(ratio)} of the exact one")
    if law.sampled:
        parts.append("fourth moments are sampled")
    return replace(
        result,
        verdict=Verdict.RIGHT if found.agrees else Verdict.WRONG,
        value=mean,
        error=float(np.abs(mean - law.mean).max()),
        message=", ".join(parts),
    )


def _distance(right: Expected) -> float | None:
    """How far the mean of the reference is from the derivative, relative; None where it is that, or
    where the derivative is 0.
    """
    size = float(np.linalg.norm(right.truth))
    apart = float(np.linalg.norm(right.law.mean - right.truth))
    if apart <= SURE * size or size == 0:
        return None
    return apart / size


def _scores(sample: Sample) -> str:
    """The z scores of the sample mean, where the estimator scatters."""
    spread = np.sqrt(np.diag(sample.right.law.covariance) / len(sample.values))
    if not spread.all():
        return ""
    z = (sample.values.mean(axis=0) - sample.right.law.mean) / spread
    return f", z = {_listed(z)}"


def _listed(values: Array) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
