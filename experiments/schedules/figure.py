"""Tuning a whole schedule has no bad minima, only saddles, and its minimum is that of conjugate
gradients.

One step size a step, p_T(lambda) = prod_t (1 - eta_t lambda), F = sum_i omega_i p_T(lambda_i)^2.
Where two steps agree, a stationary point is a strict saddle; the best constant schedule is one of
Morse index T - 1, and symmetry keeps descent from a constant start on it. Otherwise it is the
global minimum: 1/eta_t are the Ritz values and F = 1 / K_T(0, 0), K_T the sum of the squared
orthonormal polynomials of omega. Chebyshev's steps are the best on an instance of their own only.
Steps rounded to relative errors of variance v add about v/2 sum_t eta_t^2 F_tt. Heavy ball and
Nesterov have many minima and, at the usual tunings, G' ~ T (pi_L L - pi_mu mu) / (3 sqrt beta) and
-T mu L / (3 (L - mu)).

Source: derived; Young 1953, Lebedev and Finogenov 1971, Polyak 1964; digits: scikit-learn.
"""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from experiments.schedules.checks import minima
from experiments.schedules.rows import (
    METHODS,
    ORDERS,
    RIPPLES,
    SPREAD,
    descent,
    horizon,
    ripples,
    roots,
    rounding,
    slope,
)
from experiments.shared.tables import Rows
from quadmeta import plotting as p

# settings
CAPTION = (
    r"One step size for each of $T$ steps. (a) Descent of $G$ over schedules on digits "
    r"($\kappa=146$, $T=8$): filled, BFGS, from random starts and from one that is constant up to "
    r"$10^{-3}$; open, plain meta-gradient descent. (b) Learned steps as $1/(\eta_tL)$ (circles) "
    r"on the Ritz values of conjugate gradients (bars); Chebyshev's steps below (crosses). (c) "
    r"Loss of runs (markers) against closed forms (lines) on digits. Open circles: the best "
    r"schedule with its steps rounded to float64, and the predicted effect (dotted); conjugate "
    r"gradients lose their orthogonality more gently. (d) Error of the computed $w_T$ with "
    r"Chebyshev's steps in four orders ($w_*=0$, unit start), against $2^{-53}$ times the growth "
    r"of partial products (lines). (e) One step size, $T=12$, $\lambda=1,3,5,7,9$: with momentum, "
    r"$\beta=0.7$, there are many minima. (f) There $|G'|$ at the usual tunings grows like $T$ "
    r"(lines); the largest $|G'|$ of gradient descent stays below its bound (thin)."
)
SEED = 3
FULL: dict[str, Any] = {
    "T": 8,
    "random": 3,
    "plain": 1000,
    "horizons": [1, 2, 4, 6, 8, 12, 16, 20, 22, 23, 24, 25, 28, 32],
    "orders": [4, 8, 16, 32, 64, 128],
    "grid": 1200,
    "ripple": 12,
    "slopes": [1, 3, 10, 30, 100, 300, 1000],
}
SMOKE: dict[str, Any] = FULL | {
    "random": 1,
    "plain": 300,
    "horizons": [1, 8, 32],
    "slopes": [1, 10, 1000],
}


def points(
    T: int,
    random: int,
    plain: int,
    horizons: list[int],
    orders: list[int],
    grid: int,
    ripple: int,
    slopes: list[int],
) -> list[dict[str, Any]]:
    """Starts, problems, methods at each T, orders at each T, landscapes, slopes."""
    starts = [*SPREAD, *(f"random {k}" for k in range(random)), "plain, random"]
    found = [{"part": "descent", "kind": kind, "T": T, "size": plain} for kind in starts]
    found += [
        {"part": "root", "kind": kind, "T": T} for kind in ("chebyshev", "geometric", "digits")
    ]
    found += [
        {"part": "horizon", "kind": kind, "T": n} for n in reversed(horizons) for kind in METHODS
    ]
    found += [{"part": "order", "kind": kind, "T": n} for kind in ORDERS for n in orders]
    found += [{"part": "ripple", "kind": kind, "T": ripple, "size": grid} for kind in RIPPLES]
    found += [
        {"part": "slope", "kind": kind, "T": n}
        for kind in RIPPLES
        for n in slopes
        if n >= 10 or kind == "gradient descent"
    ]  # the law is that of large T
    return [{"size": 0, "seed": SEED} | point for point in found]


# compute
def measure(part: str, kind: str, T: int, size: int, seed: int) -> Rows:
    """Rows of one part, with the same columns in each."""
    find: dict[str, Callable[..., Any]] = {
        "descent": descent,
        "root": roots,
        "horizon": horizon,
        "order": rounding,
        "ripple": ripples,
        "slope": slope,
    }
    columns = ("x", "measured", "theory", "other", "index")
    return [
        {"part": part, "kind": kind, "T": T} | dict(zip(columns, row, strict=True))
        for row in find[part](kind, T, size, seed)
    ]


# draw
def draw(rows: Rows) -> Figure:
    """Descents, learned steps, losses, orders, landscapes, slopes."""
    from experiments.schedules import panels

    fig, axes = p.figure(height=4.9, rows=2, columns=3)
    for ax, panel in zip(
        axes.ravel(), (panels.descents, panels.roots, panels.horizons, panels.orders), strict=False
    ):
        panel(ax, rows)
    panels.ripples(axes[1, 1], rows, minima(rows))
    panels.slopes(axes[1, 2], rows)
    for ax, label in zip(axes.ravel(), "abcdef", strict=True):
        ax.minorticks_off()
        p.panel_label(ax, label)
    return fig


def check(rows: Rows) -> None:
    """Where each descent ends, the learned steps, every loss at every T, the orders, the
    landscapes and the slopes.
    """
    from experiments.schedules import checks

    checks.check(rows)
