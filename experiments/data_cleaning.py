"""Data cleaning on real digits: what a hypergradient estimate costs, how far off it is, and what
it is good for.

Half of the training labels are redrawn at random; one weight sigmoid(alpha_i) a sample is learned
on clean validation data. The inner problem is ridge regression, so the exact unrolled
hypergradient is known in closed form and every estimate is compared with it at the same (alpha,
w_0), never at the estimators' own iterates. Accuracy is that of the last outer step on a test set
which nothing else sees. From w_0 = w_* every discounted sum is S_T(gamma) times the one-step
estimate, DrMAD is exact, and so are T Neumann terms.

Source: Yakovlev, Bakhteev, Strijov 2023, table of methods; data hyper-cleaning as in Franceschi et
al. 2017.
"""

from typing import Any

import numpy as np

import quadmeta as qm

Rows = list[dict[str, Any]]
METHODS: dict[str, Any] = {
    "one step": qm.OneStep(),
    "discounted, 0.9": qm.Discounted(0.9),
    "discounted, 0.99": qm.Discounted(0.99),
    "fixed gradient, 0.99": qm.FixedGradient(0.99),
    "truncated, 5": qm.Truncated(5),
    "DrMAD": qm.DrMad(),
    "matrix discount": qm.MatrixDiscount(),
    "exact": qm.Reverse(),
    "Neumann, 9": qm.Neumann(9),
    "Neumann, (9, 5)": qm.Neumann(9, 5),
    "Neumann, (4, 10)": qm.Neumann(4, 10),
    "conj. gradients, 10": qm.ConjugateGradient(10),
    "implicit": qm.Implicit(),
}
BASELINES = ("no tuning", "oracle")

# settings
CAPTION = (
    r"Half of 600 training labels of the digits are redrawn at random; one weight a sample is "
    r"tuned on 600 clean images. $T=50$ inner steps, warm starts, 100 steps of Adam outside. Mean "
    r"and standard deviation over 10 seeds. (a) Test accuracy at the last outer step and (b) area "
    r"under the curve (AUC) for finding the wrong labels, against the products of one outer step "
    r"(similar costs are spread sideways). The table is their key; oracle: weights 1 on right, 0 "
    r"on wrong labels; products: Hessian + mixed (outer gradients). Differences to the exact "
    r"hypergradient are paired by seed, ≈ where the mean is within one standard deviation of 0. "
    r"(c) Cosine and (d) relative error to the exact hypergradient at the same point: equal "
    r"weights from $w_0=0$ (cold) and $w_0=w_*$ (warm), and along the exact run; at the left edge "
    r"of (d): exact to rounding. Discounts lose direction along the run. Closer is not more "
    r"accurate: implicit differentiation, which aims at $T\to\infty$, has the highest accuracy and "
    r"the lowest AUC."
)
SEED = 0
FULL: dict[str, Any] = {"seeds": 10, "samples": 600, "T": 50, "outer": 100, "every": 10}
SMOKE: dict[str, Any] = FULL | {"seeds": 2, "samples": 150, "outer": 6, "every": 3}


def points(seeds: int, samples: int, T: int, outer: int, every: int) -> list[dict[str, Any]]:
    """One run a seed and method, one comparison of all methods a seed."""
    setting = {"samples": samples, "T": T, "outer": outer, "every": every}
    names = [("run", name) for name in (*BASELINES, *METHODS)] + [("comparison", "all")]
    return [
        {"part": part, "seed": SEED + seed, "method": name} | setting
        for seed in range(seeds)
        for part, name in names
    ]


# compute
def measure(
    part: str, seed: int, method: str, samples: int, T: int, outer: int, every: int
) -> Rows:
    """The result of one outer run; or all estimators at the places where they are compared."""
    problem = qm.DataCleaning.digits(noise=0.5, seed=seed, samples=samples)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1 / problem.smoothness))
    if part == "run":
        return run(loss, seed, method, outer)
    zero = np.zeros(samples)
    places = [
        ("cold", 0, zero, problem.start),
        ("warm", 0, zero, problem.at(zero).minimizer.ravel()),
    ]
    descent = qm.bilevel_descent(loss, zero, qm.ClosedForm(), qm.Adam(0.1))
    states = [state for state, _ in zip(descent, range(outer))][every - 1 :: every]
    places += [("along the run", state.step, state.alpha, state.start) for state in states]
    return [row for place in places for row in comparison(loss, seed, *place)]


def row(
    loss: Any, seed: int, method: str, estimator: Any = None, found: Any = None, **given: Any
) -> dict[str, Any]:
    """One row: what an outer step spends as counted and as published, and the columns that are
    ``given``.
    """
    empty = {
        "place": "last",
        "step": None,
        "accuracy": None,
        "auc": None,
        "cosine": None,
        "error": None,
        "ratio": None,
        "ratio_theory": None,
        "published": 0,
    }
    spent = {name: getattr(found, name, 0) for name in ("hvps", "mixed", "outer_gradients")}
    if estimator:
        cost = estimator.cost(
            loss.optimizer.steps, loss.problem.hyperparameters, len(loss.problem.start)
        )
        spent["published"] = cost["hvps"] + cost["mixed"]
    return {"seed": seed, "method": method} | empty | spent | given


def run(loss: Any, seed: int, method: str, outer: int) -> Rows:
    """Accuracy and AUC at the last outer step; the exact run takes the closed form, at the price
    of reverse mode.
    """
    problem = loss.problem
    zero = np.zeros(loss.problem.hyperparameters)
    T = loss.optimizer.steps
    if method in BASELINES:
        if method == "oracle":
            alpha = np.where(problem.corrupted, -40.0, 40.0)
        else:
            alpha = zero
        trained = qm.OuterLoss(problem, qm.GradientDescent(T * outer, loss.step_size)).trained(
            alpha
        )
        return [
            row(
                loss,
                seed,
                method,
                step=outer,
                accuracy=problem.accuracy(trained),
                auc=auc(problem.corrupted, alpha),
            )
        ]
    estimator = METHODS[method]
    descent = qm.bilevel_descent(
        loss, zero, qm.ClosedForm() if method == "exact" else estimator, qm.Adam(0.1)
    )
    state = next(state for state in descent if state.step == outer)
    found = qm.hypergradient(loss, state.alpha, estimator, start=state.start)
    return [
        row(
            loss,
            seed,
            method,
            estimator,
            found,
            step=outer,
            accuracy=problem.accuracy(state.start),
            auc=auc(problem.corrupted, state.alpha),
        )
    ]


def auc(corrupted: Any, alpha: Any) -> float:
    """Probability that a corrupted sample has a smaller alpha than a clean one, ties one half."""
    low = alpha[corrupted][:, None]
    high = alpha[~corrupted]
    return float((low < high).mean() + (low == high).mean() / 2)


def comparison(loss: Any, seed: int, place: str, step: int, alpha: Any, start: Any) -> Rows:
    """Every estimator against the closed form; at the first two places also those that must be
    exact there.
    """
    T = loss.optimizer.steps
    controls = {
        "forward": qm.Forward(),
        "truncated, T": qm.Truncated(T),
        "Neumann, T - 1": qm.Neumann(T - 1),
    }
    exact = loss.gradient(alpha, start)
    unit = np.linalg.norm(qm.hypergradient(loss, alpha, qm.OneStep(), start=start).value)
    rows = []
    for name, estimator in (METHODS | (controls if place != "along the run" else {})).items():
        found = qm.hypergradient(loss, alpha, estimator, start=start)
        gamma = getattr(estimator, "gamma", 0.0 if name == "one step" else None)
        if gamma is not None and place == "warm":
            theory = sum(gamma**k for k in range(T))
        else:
            theory = None
        size = np.linalg.norm(found.value)
        rows.append(
            row(
                loss,
                seed,
                name,
                estimator,
                found,
                place=place,
                step=step,
                cosine=float(found.value @ exact / (size * np.linalg.norm(exact))),
                error=float(np.linalg.norm(found.value - exact) / np.linalg.norm(exact)),
                ratio=float(size / unit),
                ratio_theory=theory,
            )
        )
    return rows


def check(rows: Rows) -> None:
    """Costs, exactness at each place, one direction for all discounts at the warm start, the
    baselines' order.
    """
    for row in rows:
        spent = row["hvps"] + row["mixed"]
        assert spent == row["published"], (
            f"{row['method']}: {spent} products against {row['published']} published"
        )
    compared = [row for row in rows if row["place"] != "last"]
    always = ("exact", "forward", "truncated, T")
    warm = ("DrMAD", "matrix discount", "Neumann, T - 1")
    for row in compared:
        zero = row["method"] in always or row["method"] in warm and row["place"] == "warm"
        assert (row["error"] < 1e-10) == zero, (
            f"{row['method']}, {row['place']}: relative error {row['error']:.2g}"
        )
        theory = row["ratio_theory"]
        assert theory is None or abs(row["ratio"] / theory - 1) < 1e-10, (
            f"{row['method']}: its length is not S_T(gamma) times that of one step"
        )
    for seed in sorted({row["seed"] for row in compared}):
        same = [
            row["cosine"]
            for row in compared
            if row["ratio_theory"] is not None and row["seed"] == seed
        ]
        assert len(same) == 4 and max(same) - min(same) < 1e-10, (
            f"seed {seed}: discounts differ in direction: {same}"
        )
    accuracies, areas = (last(rows, key) for key in ("accuracy", "auc"))
    assert accuracies["oracle"].mean() > accuracies["no tuning"].mean(), (
        "the oracle is no better than no tuning"
    )
    assert set(areas["oracle"]) == {1.0} and set(areas["no tuning"]) == {0.5}, (
        "the baselines' areas are not 1 and 1/2"
    )
    for name in METHODS:
        assert areas[name].min() > 0.6, f"{name} does not find the wrong labels: {areas[name]}"
    if max(row["step"] for row in rows) >= FULL["outer"]:
        check_caption(compared, accuracies, areas)


def check_caption(compared: Rows, accuracies: dict[str, Any], areas: dict[str, Any]) -> None:
    """What the caption says of long runs."""
    for name in ("one step", "discounted, 0.9", "discounted, 0.99", "fixed gradient, 0.99"):
        cold, along = (
            np.mean(
                [
                    row["cosine"]
                    for row in compared
                    if row["method"] == name and row["place"] == place
                ]
            )
            for place in ("cold", "along the run")
        )
        assert along < cold - 0.2, (
            f"{name} keeps its direction along the run: cosine {along:.2f} from {cold:.2f}"
        )
    for values, sign in ((accuracies, 1), (areas, -1)):
        off = sign * (values["implicit"] - values["exact"])
        assert off.mean() > off.std(ddof=1), "implicit and exact are within one standard deviation"
        assert all(
            sign * values["implicit"].mean() > sign * values[name].mean() - 1e-3 for name in METHODS
        ), "implicit differentiation is not extreme"


def last(rows: Rows, key: str) -> dict[str, Any]:
    """{method: values over seeds} at the last outer step."""
    return {
        name: np.array(
            [row[key] for row in rows if row["method"] == name and row["place"] == "last"]
        )
        for name in (*BASELINES, *METHODS)
    }


# draw
LOOKS = dict(
    zip(
        METHODS,
        [
            (1, "o", "full"),
            (1, "s", "full"),
            (1, "^", "full"),
            (1, "D", "full"),
            (0, "o", "none"),
            (0, "s", "none"),
            (0, "^", "none"),
            (0, "*", "full"),
            (2, "v", "full"),
            (2, "<", "full"),
            (2, ">", "full"),
            (2, "P", "full"),
            (2, "X", "full"),
        ],
        strict=True,
    )
)


def draw(rows: Rows) -> Any:
    """Accuracy and AUC against cost; the table that is their key; cosine and relative error."""
    from quadmeta import plotting as p

    fig, axes = p.figure(height=6.3, rows=2, columns=1, height_ratios=[1, 1.55])
    grid = axes[0].get_gridspec()
    for ax in axes:
        ax.remove()
    top = grid[0].subgridspec(1, 2)
    low = grid[1].subgridspec(1, 3, width_ratios=[4.1, 1, 1.1], wspace=0.02)
    a, b = (fig.add_subplot(top[i]) for i in range(2))
    table, c, d = (fig.add_subplot(low[i]) for i in range(3))
    against_cost(p, a, rows, "accuracy")
    against_cost(p, b, rows, "auc")
    a.set(ylabel="test accuracy")
    b.set(ylabel="AUC of finding wrong labels")
    tabulate(p, table, rows)
    for ax, key in ((c, "cosine"), (d, "error")):
        compare(p, ax, rows, key)
    c.set(xlabel=r"cosine to $g$", xlim=(0.25, 1.05))
    d.set(xlabel=r"$\Vert\hat g-g\Vert/\Vert g\Vert$", xscale="log", xlim=(2e-4, 20))
    handles, labels = c.get_legend_handles_labels()
    fig.legend(
        handles, labels, loc="outside lower right", ncols=3, handletextpad=0.2, columnspacing=1
    )
    for ax, label in zip((a, b, c, d), "abcd", strict=True):
        p.panel_label(ax, label)
    return fig


def against_cost(p: Any, ax: Any, rows: Rows, key: str) -> None:
    """Mean and standard deviation over seeds against products, baselines as lines."""
    values = last(rows, key)
    cost = {row["method"]: row["published"] for row in rows if row["place"] == "last"}
    groups: list[list[str]] = []
    for name in sorted(METHODS, key=lambda name: cost[name]):
        if groups and cost[name] < 1.2 * cost[groups[-1][0]]:
            groups[-1].append(name)
        else:
            groups.append([name])
    for group in groups:
        middle = np.exp(np.mean([np.log(cost[name]) for name in group]))
        for place, name in enumerate(group):
            hue, marker, fill = LOOKS[name]
            ax.errorbar(
                middle * 1.14 ** (place - (len(group) - 1) / 2),
                values[name].mean(),
                values[name].std(ddof=1),
                color=p.COLOURS[hue],
                marker=marker,
                fillstyle=fill,
                linestyle="none",
                linewidth=0.7,
                markersize=7 if marker == "*" else 5,
            )
    for name in BASELINES:
        level = values[name].mean()
        if key == "auc" and name == "no tuning":
            ax.text(0.03, 0.03, "no tuning: 0.5", fontsize=8, color="0.25", transform=ax.transAxes)
            continue
        ax.axhline(level, color="0.4", linewidth=0.8, linestyle="--" if name == "oracle" else ":")
        gap, side = (-2, "top") if name == "oracle" else (2, "bottom")
        ax.annotate(
            name,
            (1, level),
            (0, gap),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=8,
            ha="right",
            va=side,
            color="0.25",
        )
    ax.set(xscale="log", xlabel="products of an outer step, #JVPs", xlim=(0.7, 2000))


def tabulate(p: Any, ax: Any, rows: Rows) -> None:
    """One line a method in the order of the panels beside it: marker, cost, means and paired
    differences.
    """
    heads = [
        (0.06, "method"),
        (0.385, "products\n(o.g.)"),
        (0.515, "accuracy\n%"),
        (0.69, "difference\nto exact"),
        (0.83, "AUC\n%"),
        (1.0, "difference\nto exact"),
    ]
    for x, head in heads:
        ax.text(
            x,
            -1.35,
            head,
            fontsize=7,
            ha="left" if x < 0.1 else "right",
            va="center",
            style="italic",
        )
    spent = {row["method"]: row for row in rows if row["place"] == "last"}
    for line, name in enumerate((*METHODS, *BASELINES)):
        if name in LOOKS:
            hue, marker, fill = LOOKS[name]
            p.measured(
                ax,
                0.02,
                line,
                hue,
                marker=marker,
                fillstyle=fill,
                markersize=7 if marker == "*" else 5,
            )
        row = spent[name]
        if name in METHODS:
            cost = f"{row['hvps']} + {row['mixed']} ({row['outer_gradients']})"
        else:
            cost = "0"
        cells = [name, cost]
        for key in ("accuracy", "auc"):
            values = last(rows, key)
            own = 100 * values[name]
            off = 100 * (values[name] - values["exact"])
            cells += [
                f"{own.mean():.1f} ± {own.std(ddof=1):.1f}",
                difference(off) if name != "exact" else "",
            ]
        for (x, _), cell in zip(heads, cells, strict=True):
            ax.text(x, line, cell, fontsize=7, ha="left" if x < 0.1 else "right", va="center")
    ax.set(ylim=(len(spent) - 0.5, -2.1), xlim=(0, 1))
    ax.axhline(-0.5, color="black", linewidth=0.6)
    ax.axhline(len(METHODS) - 0.5, color="black", linewidth=0.4)
    ax.set_axis_off()


def difference(off: Any) -> str:
    """Mean and standard deviation of paired differences, marked where they do not tell two methods
    apart.
    """
    mean = off.mean()
    deviation = off.std(ddof=1)
    near = "≈ " if abs(mean) <= deviation else ""
    return f"{near}{'−' if mean < 0 else '+'}{abs(mean):.2f} ± {deviation:.2f}"


def compare(p: Any, ax: Any, rows: Rows, key: str) -> None:
    """Means over seeds at the three places, one line a method; exact ones at the left edge of the
    error axis.
    """
    for hue, place, shift in ((3, "cold", -0.2), (4, "warm", 0.0), (6, "along the run", 0.2)):
        for line, name in enumerate(METHODS):
            own = [row[key] for row in rows if row["method"] == name and row["place"] == place]
            mean = float(np.mean(own))
            if key == "error" and mean < 1e-10:
                p.measured(
                    ax, 2.6e-4, line + shift, hue, markersize=4, marker="<", markerfacecolor="none"
                )
                continue
            p.measured(ax, mean, line + shift, hue, markersize=4, label=place if not line else None)
    ax.set(ylim=(len(METHODS) + len(BASELINES) - 0.5, -2.1), yticks=range(len(METHODS)))
    ax.grid(axis="y", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines["left"].set_visible(False)
