"""What each approximation of the inverse Hessian sees of the spectrum, and what it costs.

At an inner minimum an implicit hypergradient is -J x with H x = g, and each approximation puts
f(H) g for x: its relative error in the direction of an eigenvalue is 1 - lambda f(lambda). Of all
methods with N products none has a smaller worst case over spectra in [mu, L] than 1 / T_N((L + mu)
/ (L - mu)), which Chebyshev's method attains, and conjugate gradients on one instance. A Nystrom
sketch plus a shift is one step of size 1 / shift wherever the sketch sees nothing, and overshoots
there by lambda / shift. What T steps of gradient descent make of the spectrum is a polynomial that
a series of degree sqrt(2 T ln(2 / error)) stands for.

Source: derived; Hataya, Yamada 2023; Frangella, Tropp, Udell 2023; Lorraine, Vicol, Duvenaud 2020;
digits: scikit-learn.
"""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from experiments.inverse_hessians.rows import real, seen, steps, worst
from experiments.shared.tables import Rows
from quadmeta import plotting as p

# settings
CAPTION = (
    r"Approximations $f(H)$ of $H^{-1}$ in implicit hypergradients; markers are estimates, lines "
    r"closed forms. $T_N$: Chebyshev polynomial, $\varsigma=(L+\mu)/(L-\mu)$. (a) Error "
    r"$|1-\lambda f(\lambda)|$ in the direction of each eigenvalue (ticks) of a Hessian on digits "
    r"(160 random features, ridge $10^{-3}$) at $N=16$: polynomials of degree 15 and a Nystrom "
    r"sketch of 15 random directions with the ridge as its shift; its line is that of a sketch of "
    r"the 15 largest eigenvalues, which a real sketch mixes. (b) The worst of all spectra in "
    r"$[0.01,1]$: no method is in the grey. Nystrom with its best shift is there as bad as one "
    r"step, whatever the rank. Conjugate gradients on the instance that is worst for them. (c) "
    r"Relative error of the hypergradient in the weights of 400 images, medians over seeds; "
    r"dotted: shifts best for the ideal sketch; sketch + CG pays 16 products for its sketch "
    r"first. (d) Products that reach $10^{-4}$ of the hypergradient through $T$ steps of gradient "
    r"descent without ridge; line of the surrogate: $1+2\sqrt{2(T-1)\ln(2/10^{-4})}$."
)
SEED = 0
FULL: dict[str, Any] = {
    "order": 16,
    "worst": [1, 2, 3, 5, 8, 12, 16, 20, 26, 32, 40, 50, 60],
    "products": [1, 2, 4, 8, 12, 16, 18, 20, 24, 32, 48, 64, 96],
    "steps": [10, 30, 100, 300, 1000, 3000, 10000],
    "seeds": 3,
}
SMOKE: dict[str, Any] = FULL | {
    "worst": [1, 5, 16, 60],
    "products": [2, 8, 20, 48],
    "steps": [10, 100, 300],
    "seeds": 1,
}
SEEN = ("one step", "Neumann", "Nystrom", "Chebyshev")
WORST = (*SEEN, "heavy ball", "conjugate gradients")
STEPS = ("reverse", "truncated", "surrogate")


def points(
    order: int, worst: list[int], products: list[int], steps: list[int], seeds: int
) -> list[dict[str, Any]]:
    """The filters, the worst cases, errors on digits of each seed, the runs."""
    found = [{"part": "seen", "name": name, "size": order, "seed": SEED} for name in SEEN]
    found += [
        {"part": "worst", "name": name, "size": N, "seed": SEED} for name in WORST for N in worst
    ]
    found += [
        {"part": "real", "name": "all", "size": N, "seed": SEED + seed}
        for N in products
        for seed in range(seeds)
    ]
    return found + [
        {"part": "steps", "name": name, "size": T, "seed": SEED}
        for T in reversed(steps)
        for name in STEPS
        if name != "truncated" or T <= 1000
    ]


# compute
def measure(part: str, name: str, size: int, seed: int) -> Rows:
    """Rows of one part, with the same columns in each."""
    find: dict[str, Callable[..., Any]] = {
        "seen": seen,
        "worst": worst,
        "real": real,
        "steps": steps,
    }
    place = {"part": part, "name": name, "size": size, "seed": seed}
    columns = ("x", "spent", "published", "measured", "theory", "other")
    empty = dict.fromkeys(columns)
    return [place | empty | row for row in find[part](name, seed, size)]


# draw
def draw(rows: Rows) -> Figure:
    """What is seen, the worst spectrum, real data, many steps."""
    from experiments.inverse_hessians import panels

    fig, axes = p.figure(height=5.4, rows=2, columns=2)
    drawn = (panels.seen, panels.worst, panels.real, panels.steps)
    titles = (
        "Nystrom overshoots what its sketch misses",
        "The worst spectrum: nobody gets below $1/T_N$",
        "Real data: Krylov methods, not sketches",
        r"$T$ steps: products grow like $\sqrt{T}$, not $T$",
    )
    for ax, panel, label, title in zip(axes.ravel(), drawn, "abcd", titles, strict=True):
        panel(ax, rows)
        p.panel_label(ax, label)
        ax.set_title(title, fontsize=9)
    return fig


def check(rows: Rows) -> None:
    """Estimates are their closed forms at the published cost; the bound, the overshoot, who is
    ahead on real data, what the surrogate saves.
    """
    from experiments.inverse_hessians import checks

    checks.check(rows)
