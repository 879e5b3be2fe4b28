"""What the figure on tuning by training or by validation claims, asserted of its rows."""

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows, select

ALLOWANCE = 5.0  # relative error of the limit at n samples, over 1/n


def check(rows: Rows) -> None:
    """Tasks against the limit; the laws of both step sizes; bounds on both risks; the gap in n;
    the real data.
    """
    drawn = [row for row in rows if row["at_step"] is not None]
    for row in drawn:
        where = f"{row['method']} at n = {row['n']}, sigma = {row['sigma']}, T = {row['T']}"
        allowed = 3 * row["error"] + ALLOWANCE / row["n"] * row["at_step"]
        assert abs(row["measured"] - row["at_step"]) < allowed, f"tasks against the limit: {where}"
    loose = np.median([row["error"] / row["at_step"] for row in drawn])
    assert loose < 0.03, f"the standard error is {loose:.2g} of the risk: too few tasks to tell"
    last = max((row for row in rows if row["part"] == "T"), key=lambda row: row["T"])
    T = last["T"]
    psi = last["d"] / last["n"]
    delta = last["sigma"] ** 2 * last["d"] / last["n"]
    at = {row["method"]: row for row in drawn if row["part"] == "T" and row["T"] == T}
    low = (1 - np.sqrt(psi)) ** 2
    high = (1 + np.sqrt(psi)) ** 2
    shift = np.sqrt(psi) / (2 * (1 + psi)) * np.log((high + delta) / (low + delta))
    ratio = T * (1 - (1 + psi) * at["train"]["step_theory"]) / shift
    assert abs(ratio - 1) < 5 / T + 1e-4, f"eta*_train is not on its 1/T law: {ratio}"
    tau = qm.gradient_flow.optimal_time(last["d"] / (last["n"] // 2), last["sigma"] ** 2)
    assert abs(T * at["validation"]["step_theory"] / tau - 1) < 5 / T + 1e-3, (
        "T eta*_valid is not at tau_*"
    )
    for method, most in (("train", 0.03), ("validation", 0.35)):
        off = at[method]["step"] / at[method]["step_theory"] - 1
        assert abs(off) < most * np.sqrt(1000 / last["d"]), (
            f"tuned on tasks, the {method} step is off by {off:.2f}"
        )
    assert at["train"]["measured"] > 1.2 > 1 > at["validation"]["measured"], (
        "who loses to not training?"
    )
    for row in (row for row in rows if row["part"] != "data"):
        nu = row["n"] / row["d"]
        s = row["sigma"] ** 2
        where = f"n = {row['n']}, sigma = {row['sigma']}, T = {row['T']}"
        gain = nu / (1 + nu + s)
        if row["method"] == "oracle":
            assert gain - 1e-6 < 1 - row["theory"] < 1 - row["ridge"] + 1e-9, (
                f"gain outside its bounds: {where}"
            )
            assert row["T"] > 1 or abs(1 - row["theory"] - gain) < 1e-6, (
                f"no equality at T = 1: {where}"
            )
        elif row["method"] == "train" and nu != 1:
            edges = (
                1 - row["step_theory"] * (1 + np.sqrt(1 / nu)) ** 2,
                1 - row["step_theory"] * (1 - nu**-0.5) ** 2,
            )
            decay = max(map(abs, edges)) ** row["T"]
            least = min(nu, 1 / nu)
            below = max(1 - nu, 0) + s * least * (1 - decay) ** 2
            above = (
                max(1 - nu, 0) + min(1, nu) * decay**2 + (1 + decay) ** 2 * s * least / (1 - least)
            )
            assert below <= row["theory"] <= above + 1e-12, (
                f"risk of train-by-train outside its bounds: {where}"
            )
    bend = abs(at["train"]["theory"] / (1 - 1 / psi + last["sigma"] ** 2 / (psi - 1)) - 1)
    assert bend < 1e-3, f"train-by-train is {bend:.2g} off its limit T = infinity"
    line = {
        row["n"]: row["theory"] - row["ridge"] for row in select(rows, part="n", method="train")
    }
    sizes = sorted(line)
    top = max(sizes, key=lambda n: line[n])
    rise = [line[b] > line[a] for a, b in zip(sizes, sizes[1:], strict=False)]
    assert all(up == (b <= top) for up, b in zip(rise, sizes[1:], strict=False)), (
        "the gap does not rise and then fall with n"
    )
    assert 0.8 * last["d"] < top < 1.2 * last["d"], f"the gap is largest at n = {top}"
    end = next(row for row in select(rows, part="n", method="train", n=sizes[-1]))
    nu = end["n"] / end["d"]
    assert abs(end["theory"] * (nu - 1) / end["sigma"] ** 2 - 1) < 0.01, (
        "risk at the largest n is not sigma^2/(nu-1)"
    )
    assert all(
        row["ridge"] < row["d"] * row["sigma"] ** 2 / row["n"] for row in select(rows, part="n")
    ), "d sigma^2 / n is not beaten by ridge"
    for data in sorted({row["data"] for row in rows if row["part"] == "data"}):
        own = select(rows, part="data", data=data)
        few, many = (
            {row["method"]: row for row in own if row["n"] == n}
            for n in (min(row["n"] for row in own), max(row["n"] for row in own))
        )
        assert few["train"]["wins"] > 0.7 and few["train"]["measured"] > 1.2, (
            f"{data}: few samples, train-by-train"
        )
        assert few["validation"]["measured"] < 1.01, (
            f"{data}: few samples, validation loses to not training"
        )
        assert abs(many["train"]["measured"] / many["validation"]["measured"] - 1) < 0.04, (
            f"{data}: many samples"
        )
        assert many["train"]["measured"] < 0.6, f"{data}: many samples, little is learnt"
