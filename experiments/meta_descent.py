"""Meta-gradient descent on the step size: which meta-steps find the best one, and at which speed.

Gradient descent with eta_{k+1} = max(0, eta_k - s G'(eta_k) / sqrt(k)) on the log objective, over
random draws of d = 20, H = X'X, T = 80, eta_1 = 0.1. Source: Wang, Yuan, Wu, Ge 2021, Theorem 4
(second part) and Figure 1.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

import quadmeta as qm

Array = Any
Curve = Iterator[tuple[str, float, float | None, float | None]]  # kind, x, measured, theory
CAPTION = (
    "Meta-gradient descent with step s/√k on the log objective G, 200 draws of the paper's "
    "experiment (d = 20, H = X'X, T = 80, start 0.1). a: share of draws within 1% of the best step "
    "size; the thin line is the share that the explicit bound on the iteration count guarantees "
    "for s = 1/L². As printed (s = 1) no draw arrives, and none does on the naive objective F with "
    "the figure's s = 1/100. Newton's iteration starts at 2/(L + μ), which is no tuning. b: the "
    "share after 1000 iterations against the meta-step in its natural unit, 1/L² for G and "
    "1/(L|F'(0)|) for F: G tolerates two decades, F one lucky value; dotted, s as given, in units "
    "of the median 1/L². c: one spectrum (κ = 20, s = 1/L²) from far right: G' ≈ 2/η first, then "
    "the kink's envelope sB/√k, left at k_c ∝ T² for an exponential tail; markers are maxima over "
    "windows of k, the dashed vertical is k_c at T = 100, the thin line is the bound at T = 10⁵."
)
SEED = 2021
FULL = {
    "d": 20,
    "tasks": 200,
    "T": 80,
    "iterations": 10000,
    "scan": 1000,
    "multiples": 19,
    "long": 23000,
}
SMOKE = {
    "d": 20,
    "tasks": 12,
    "T": 80,
    "iterations": 300,
    "scan": 150,
    "multiples": 13,
    "long": 1600,
}
METHODS = ("G, as printed", "G, as in the figure", "G, covariant", "F, as in the figure")
NEAR = 0.01
START = 0.1
FAR = 8.0
SHORT = 2
MIDDLE = 100
LONG = 10**5


def points(
    d: int, tasks: int, T: int, iterations: int, scan: int, multiples: int, long: int
) -> list[dict[str, Any]]:
    """Four descents and Newton over the draws, two scans of the meta-step, three long runs on one
    spectrum.
    """
    draws = {"seed": SEED, "d": d, "tasks": tasks, "T": T}
    shares = [
        {"kind": "share", "method": method, "steps": iterations, **draws} for method in METHODS
    ]
    scans = [
        {"kind": "scan", "method": name, "steps": scan, "multiples": multiples, **draws}
        for name in "GF"
    ]
    laws = [
        {"kind": "law", "method": "G, covariant", "T": steps, "steps": long}
        for steps in (SHORT, MIDDLE, LONG)
    ]
    return [*shares, {"kind": "newton", "method": "Newton", "steps": 6, **draws}, *scans, *laws]


def measure(kind: str, method: str, steps: int, T: int, **rest: Any) -> list[dict[str, Any]]:
    """Rows of one curve: x is an iteration, a meta-step or a tolerance; theory is the law, or the
    bound, if any.
    """
    parts: dict[str, Callable[..., Curve]] = {
        "share": _share,
        "newton": _newton,
        "scan": _scan,
        "law": _laws,
    }
    return [
        {"kind": name, "method": method, "T": T, "x": x, "measured": found, "theory": theory}
        for name, x, found, theory in parts[kind](method, steps, T, **rest)
    ]


def _draws(T: int, seed: int, d: int, tasks: int) -> tuple[qm.Quadratic, qm.LogObjective]:
    problem = qm.Quadratic.random(d, seed, tasks)
    return problem, qm.LogObjective(problem, qm.GradientDescent(T), pooled=False)


def _descent(log: qm.LogObjective, method: str, start: Array, scale: Array) -> Iterator[Array]:
    """On G, or on F: past the range of float64 F' > 0, so that any step so large ends at 0."""
    if method.startswith("G"):
        yield from qm.meta_descent(log, start, scale)  # without end
    naive = qm.NaiveObjective(log.problem, log.optimizer, pooled=False)
    eta = start
    k = 1
    while True:
        yield eta
        slope = naive.gradient(eta)
        eta = np.maximum(
            0, eta - scale / np.sqrt(k) * slope.sign * np.exp(np.minimum(slope.log, 700))
        )
        k += 1


def _share(method: str, steps: int, T: int, **draws: int) -> Curve:
    problem, log = _draws(T, **draws)
    keep = set(np.geomspace(1, steps, 60).astype(int).tolist())
    best = log.minimizer()
    L = problem.L
    ready = None
    scale = {"printed": np.ones(L.shape), "figure": np.full(L.shape, 0.01), "covariant": 1 / L**2}[
        method.split()[-1]
    ]
    last = np.zeros(L.shape, dtype=int)
    if method == "G, covariant":
        spectra = zip(*log.spectrum(), best, scale, strict=True)
        ready = np.array(
            [
                qm.iteration_bound(
                    qm.LogObjective(
                        qm.Quadratic.from_spectrum(lam, weights=weights), log.optimizer
                    ),
                    START,
                    float(s),
                    NEAR * goal,
                )
                for lam, weights, goal, s in spectra
            ]
        )
    for k, eta in enumerate(
        islice(_descent(log, method, np.full(L.shape, START), scale), steps), 1
    ):
        far = np.abs(eta / best - 1) > NEAR
        last[far] = k
        if k in keep:
            yield "share", k, 1 - far.mean(), None if ready is None else float((ready <= k).mean())
    if ready is not None:
        for k in np.geomspace(steps, 1e7, 40)[1:]:
            yield "guarantee", k, None, float((ready <= k).mean())
        yield from (
            ("arrival", draw, int(found), int(bound))
            for draw, (found, bound) in enumerate(zip(last, ready, strict=False))
        )


def _newton(method: str, steps: int, T: int, **draws: int) -> Curve:
    """On h = log sum_{a<0} |f| - log sum_{a>0} |f|, f = omega lambda a^(2T-1), from 2/(L + mu),
    which is no tuning.
    """
    problem, log = _draws(T, **draws)
    lam, omega = log.spectrum()
    best = log.minimizer()
    eta = 2 / (problem.L + problem.mu)
    for k in range(1, steps + 1):
        yield "share", k, float((np.abs(eta / best - 1) <= NEAR).mean()), None
        a = 1 - eta[:, None] * lam
        terms = np.log(omega * lam) + (2 * T - 1) * np.log(np.abs(a))
        right, left = (
            np.logaddexp.reduce(np.where(side, terms, -np.inf), axis=-1) for side in (a > 0, a < 0)
        )
        pull = np.exp(terms - np.where(a > 0, right[:, None], left[:, None])) * lam / np.abs(a)
        eta = eta - (left - right) / ((2 * T - 1) * pull.sum(axis=-1))


def _scan(method: str, steps: int, T: int, multiples: int, **draws: int) -> Curve:
    problem, log = _draws(T, **draws)
    sizes = np.geomspace(1e-2, 1e4, multiples)
    L = problem.L
    edge = qm.NaiveObjective(problem, log.optimizer, pooled=False).gradient(np.zeros(L.shape))
    if method == "G":
        unit = 1 / L**2
    else:
        unit = np.exp(-edge.log) / L
    start = np.full((multiples, *L.shape), START)
    eta = next(islice(_descent(log, method, start, sizes[:, None] * unit), steps, None))
    near = np.abs(eta / log.minimizer() - 1) <= NEAR
    if method == "G":
        yield from (("step", float(np.median(s / unit)), None, s) for s in (0.01, 1.0))
    yield from (
        ("scan", size, float(share), None)
        for size, share in zip(sizes, near.mean(axis=-1), strict=True)
    )


def _laws(method: str, steps: int, T: int) -> Curve:
    """Windows of k against the three laws; then the last k with an error above epsilon against the
    bound.
    """
    log = qm.LogObjective(
        qm.Quadratic.from_spectrum(np.geomspace(0.05, 1, 10), weights=np.full(10, 0.1)),
        qm.GradientDescent(T),
    )
    best = log.minimizer()
    bound = log.gradient_bound()
    curvature = log.curvature(log.minimizer())
    errors = np.array([abs(eta - best) for eta in islice(qm.meta_descent(log, FAR, 1.0), steps)])
    edges = np.unique(np.geomspace(1, steps, 60).astype(int))
    tail = None
    for first, last in zip(edges, edges[1:], strict=False):
        k = int(first)
        found = float(errors[first - 1 : last - 1].max())
        right = FAR**2 - 8 * np.sqrt(k)
        if right > (best + bound / np.sqrt(k)) ** 2:
            yield "far right", k, found, float(np.sqrt(right) - best)
        elif curvature < 2 or k > curvature**2:
            if found > 1e-11:
                tail = tail or (np.sqrt(k), found)
                yield (
                    "tail",
                    k,
                    found,
                    float(tail[1] * np.exp(-2 * curvature * (np.sqrt(k) - tail[0]))),
                )
        else:
            yield "kink", k, found, float(bound / np.sqrt(k))
    yield "k_c", (curvature / 2) ** 2, None, float(bound / (curvature / 2))
    for epsilon in np.geomspace(1, 0.02, 12):
        enough = qm.iteration_bound(log, FAR, 1.0, epsilon)
        yield (
            "last",
            epsilon,
            int(np.flatnonzero(errors > epsilon).max()) + 1 if enough <= steps else None,
            enough,
        )


def _curve(
    rows: Sequence[Mapping[str, Any]], kind: str, column: str = "measured", **where: Any
) -> tuple[Array, Array]:
    """x and one column of the rows of a kind that have it."""
    chosen = [
        (row["x"], row[column])
        for row in rows
        if row["kind"] == kind
        and row[column] is not None
        and all(row[key] == is_ for key, is_ in where.items())
    ]
    x, y = np.array(chosen, dtype=float).reshape(-1, 2).T
    return x, y


def check(rows: Sequence[Mapping[str, Any]]) -> None:
    """The bounds hold and are not vacuous, the laws are followed, the printed step and the naive
    objective fail.
    """
    printed, figure, covariant, naive = (
        _curve(rows, "share", method=method)[1] for method in METHODS
    )
    assert printed.max() == naive.max() == 0, "a draw arrived with the printed step, or on F"
    assert covariant[-1] >= 0.6 and figure[-1] >= 0.15, "descent on G does not arrive"
    assert covariant.mean() > figure.mean(), "the scale-covariant step is not the faster one"
    newton = _curve(rows, "share", method="Newton")[1]
    assert newton[0] < 0.2 and newton[-1] == 1, (
        "Newton's iteration needs more than a few steps, or none"
    )
    last, bound = (_curve(rows, "arrival", column)[1] for column in ("measured", "theory"))
    assert (last < bound).all() and np.median(bound / last) < 1e4, (
        "the bound on k fails, or is vacuous"
    )
    widths = [np.mean(_curve(rows, "scan", method=name)[1] >= 0.3) for name in "GF"]
    assert widths[0] > 3 * widths[1], (
        "the naive objective tolerates as many meta-steps as the log objective"
    )
    for kind, low, high, least in (("far right", 0.9, 1.12, 2.8), ("tail", 0.2, 1.01, 1e-9)):
        theory, found = (
            _curve(rows, kind, column, T=SHORT)[1] for column in ("theory", "measured")
        )
        away = theory > least
        assert away.sum() >= 5, f"too few points to see the law {kind}"
        assert ((low < found / theory) & (found / theory < high))[away].all(), (
            f"the law {kind} is not followed"
        )
    k, found = _curve(rows, "kink", T=LONG)
    theory = _curve(rows, "kink", "theory", T=LONG)[1]
    settled = found[k >= 150] / theory[k >= 150]
    assert settled.size >= 5, "too few points to see the envelope s B / sqrt k"
    assert 0.7 < settled.min() and 0.9 < settled.max() <= 1.02, (
        "the envelope s B / sqrt k is not met"
    )
    k, found = _curve(rows, "kink", T=MIDDLE)
    theory = _curve(rows, "kink", "theory", T=MIDDLE)[1]
    late = k > 2 * _curve(rows, "k_c", "theory", T=MIDDLE)[0][0]
    assert late.any() and (found < 1e-3 * theory)[late].all(), "the kink phase does not end at k_c"
    for T in (SHORT, MIDDLE, LONG):
        (epsilon, seen), (all_, enough) = (
            _curve(rows, "last", column, T=T) for column in ("measured", "theory")
        )
        enough = enough[np.isin(all_, epsilon)]
        assert seen.size and (seen <= enough).all(), "the bound on k fails on the spectrum"
    assert (enough / seen).min() < 40, "the bound on k is vacuous on the spectrum"


def draw(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Share against iterations, share against the meta-step, error against iterations with its
    laws.
    """
    from quadmeta import plotting as look

    fig, (a, b, c) = look.figure(height=2.6, columns=3, width_ratios=(1.2, 0.9, 1.1))
    for hue, method in enumerate(METHODS):
        x, y = _curve(rows, "share", method=method)
        # two curves lie on the axis: alternate
        part = slice(3 * (hue == 3), None, 6 if hue in (0, 3) else 1)
        look.measured(a, x[part], y[part], hue, markersize=3)
    look.measured(a, *_curve(rows, "share", method="Newton"), 6)
    x, y = (
        np.concatenate(pair)
        for pair in zip(
            _curve(rows, "share", "theory", method=METHODS[2]),
            _curve(rows, "guarantee", "theory"),
            strict=True,
        )
    )
    look.repaired_bound(a, x[y > 0], y[y > 0], 2)
    for k, share, text, hue in (
        (1, 0.9, "Newton", 6),
        (1.2, 0.55, "$s=1/L^2$", 2),
        (1500, 0.55, "$s=1/100$", 1),
        (4e5, 0.3, "bound", 2),
        (1, -0.1, "$s=1$ as printed", 0),
        (3e4, -0.1, "naive $F$", 3),
    ):
        look.direct_label(a, k, share, text, hue, (0, 0))
    a.set(
        xscale="log",
        xlabel="meta-iteration $k$",
        ylabel=r"share of draws within 1% of $\eta^*_T$",
        xlim=(0.6, 2e7),
    )
    for hue, name in ((2, "G"), (3, "F")):
        look.measured(b, *_curve(rows, "scan", method=name), hue, linestyle=":", linewidth=0.6)
    for size, text in zip(_curve(rows, "step", "theory")[0], ("$1/100$", "$1$"), strict=True):
        b.axvline(size, color="0.5", linewidth=0.6, linestyle=":", ymax=0.92)
        b.text(size, 1.09, text, ha="center", va="bottom", fontsize=8, color="0.3")
    look.direct_label(b, 0.08, 0.5, "$G$", 2, (0, 0), ha="right")
    look.direct_label(b, 5, 0.5, "$F$", 3, (0, 0), ha="right")
    b.set(xscale="log", xlabel="meta-step $s$, natural units", yticklabels=[])
    for ax in (a, b):
        ax.set(ylim=(-0.17, 1.2), yticks=np.linspace(0, 1, 6))
    for hue, T, kinds in (
        (4, SHORT, ("far right", "tail")),
        (0, MIDDLE, ("kink",)),
        (5, LONG, ("kink",)),
    ):
        for kind in kinds:
            look.measured(
                c,
                *_curve(rows, kind, T=T),
                hue,
                markersize=3.5,
                markerfacecolor="none",
                markevery=2 if T == LONG else 1,
            )
    for kind, T in (("far right", SHORT), ("tail", SHORT), ("kink", LONG)):
        look.theory(c, *_curve(rows, kind, "theory", T=T), 6, linewidth=1)
    k_c, height = (float(value[0]) for value in _curve(rows, "k_c", "theory", T=MIDDLE))
    look.theory(c, [k_c, k_c], [1e-9, height], 0, linestyle=look.DASHES[6], linewidth=0.8)
    look.repaired_bound(c, *_curve(rows, "last", "theory", T=LONG)[::-1], 5)
    for k, error, text, hue in (
        (15, 1e-5, f"$T={SHORT}$", 4),
        (200, 1e-4, f"$T={MIDDLE}$", 0),
        (400, 0.01, "$T=10^5$", 5),
        (4000, 0.4, "bound", 5),
        (k_c * 1.6, 1e-6, "$k_c$", 0),
        (1.2, 0.8, r"$G'\approx2/\eta$", 6),
        (140, 1.2, r"$sB/\sqrt{k}$", 6),
        (3, 3e-8, r"$e^{-2sG''\sqrt{k}}$", 6),
    ):
        look.direct_label(c, k, error, text, hue, (0, 0))
    c.set(
        xscale="log",
        yscale="log",
        xlabel="meta-iteration $k$",
        ylabel=r"error $|\eta_k-\eta^*_T|$, in $1/L$",
        ylim=(1e-9, 20),
        xlim=(0.7, 6e4),
        yticks=[1, 1e-3, 1e-6, 1e-9],
    )
    c.minorticks_off()
    for ax, label in zip((a, b, c), "abc", strict=True):
        look.panel_label(ax, label)
    return fig
