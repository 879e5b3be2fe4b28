"""The cost of a meta-gradient does not grow with the horizon: closed forms beside unrolled
differentiation.

Five workloads on the same inputs: one derivative G'(eta) (W1), a grid of step sizes over many
tasks (W2), training and validation losses of least squares with derivatives (W3), the
hypergradient of one weight a sample on digits (W4), the gradient in a whole schedule (W5). Each is
done by the closed form, by loops in numpy, and by JAX (jitted, ``lax.scan``) and PyTorch
(autograd) where these are installed (extra ``peers``); results are checked against mpmath or
another form.
"""

import math
from typing import Any

from matplotlib.figure import Figure

from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Medians of five rounds in float64 (of two where one run takes over 5 s): closed forms with "
    r"one BLAS thread (grid and sweeps: tasks on two threads; one matrix of $d=1000$: BLAS on "
    r"two), JAX and PyTorch with threads of their own. (a) One derivative $G'(\eta)$ at $d=100$ "
    r"once the eigenvalues are known: unrolled routes grow with the horizon, closed forms do not "
    r"(hollow: scaled from fewer steps). (b) How many times faster the closed form is than jitted "
    r"JAX (or PyTorch) unrolled on the same matrices and data, with decompositions counted except "
    r"for the first three; two rows give JAX the eigenbases or the Gram form instead. (c) What "
    r"should stay small, how the time of a grid of step sizes grows, and the rates of this machine "
    r"in the same run. The machine is shared: ratios carry over, seconds do not."
)
SEED = 0
LIBRARIES = ("jax", "torch")
FULL: dict[str, Any] = {"size": "full", "peers": ["jax", "torch"]}
SMOKE: dict[str, Any] = {"size": "smoke", "peers": []}
# estimates; another optimizer
UNCHECKED = ("discounted", "DrMAD", "Neumann", "CG", "closed form, momentum")
COLUMNS = (
    "part",
    "workload",
    "slot",
    "route",
    "d",
    "n",
    "T",
    "tasks",
    "grid",
    "seconds",
    "repeats",
    "share",
    "error",
    "memory",
    "gflop",
    "mbytes",
    "multiplied",
    "exps",
    "needed",
    "name",
    "value",
    "required",
    "most",
    "met",
    "loop",
)


def points(size: str, peers: list[str]) -> list[dict[str, Any]]:
    """One point: workloads that run side by side would disturb each other's times."""
    return [{"size": size, "peers": peers}]


# compute
def measure(size: str, peers: list[str]) -> Rows:
    """All workloads by all routes, the machine's limits, the targets."""
    from experiments.speed import run
    from experiments.speed.growth import growth_rows
    from experiments.speed.inputs import cases
    from experiments.speed.limits import needed, rates
    from experiments.speed.targets import target_rows

    found = run.installed(peers)
    with run.processes([*run.OWN, *found], apart=size == "full") as families:
        rate = rates(1000 if size == "full" else 50, size)
        times = [row for case in cases(size) for row in run.rows(case, families, SEED)]
    rows: Rows = [{"part": "time"} | row | needed(row, rate) for row in times]
    rows += [{"part": "growth"} | row for row in growth_rows(size)]
    rows += [{"part": "limit", "name": name, "value": value} for name, value in rate.items()]
    rows += [{"part": "peer", "name": name, "met": name in found} for name in ("jax", "torch")]
    rows += [{"part": "target"} | row for row in target_rows(times, rate["log and exp"], size)]
    return [{column: row.get(column) for column in COLUMNS} for row in rows]


def check(rows: Rows) -> None:
    """Results agree, nothing is missing, and what is called met is met. No time is asserted."""
    from experiments.speed.clock import FEW, REPEATS
    from experiments.speed.targets import TARGETS

    times = [row for row in rows if row["part"] == "time"]
    peers = {row["name"]: row["met"] for row in rows if row["part"] == "peer"}
    count = {
        "closed form": 13,
        "numpy": 10,
        "jax": 13 * peers["jax"],
        "torch": 10 * peers["torch"],
        "implicit": 3,
        "reverse": 3,
        "discounted": 3,
        "DrMAD": 3,
        "Neumann": 3,
        "CG": 3,
        "Lanczos": 1,
    }
    for route, wanted in count.items():
        own = [row for row in times if row["route"] == route]
        assert len(own) == wanted, f"{route}: {len(own)} rows, not {wanted}"
    for row in times:
        where = f"{row['workload']}, d = {row['d']}, T = {row['T']}, {row['route']}"
        assert row["seconds"] > 0 and 0 < row["share"] <= 1, f"{where}: no time"
        assert row["repeats"] in (REPEATS, FEW), f"{where}: a median of {row['repeats']}"
        if row["error"] is None:
            assert row["route"] in UNCHECKED, f"{where}: unchecked"
            continue
        assert row["error"] <= allowed(row), f"{where}: results differ by {row['error']:.2g}"
    for axis in ("T", "d", "grid"):
        own = [row for row in rows if row["part"] == "growth" and row["name"] == axis]
        assert len({row["value"] for row in own}) == len(own) > 1, (
            f"growth with {axis}: {len(own)} rows"
        )
        timed = all(row["seconds"] > 0 and row["repeats"] in (REPEATS, FEW) for row in own)
        assert timed, f"growth with {axis}: no time"
        assert all(row[axis] == row["value"] for row in own), f"growth with {axis}: another {axis}"
    targets = [row for row in rows if row["part"] == "target"]
    assert [row["name"] for row in targets] == [target.name for target in TARGETS], (
        "a target is missing"
    )
    for row in targets:
        if row["value"] is not None:
            if row["most"]:
                reached = row["value"] <= row["required"]
            else:
                reached = row["value"] >= row["required"]
            assert reached == row["met"], (
                f"{row['name']}: {row['value']:.3g} is called {row['met']}"
            )
        else:
            assert row["met"] is None and not all(peers.values()), f"{row['name']}: not measured"
    for target, row in zip(TARGETS, targets, strict=True):
        both = [
            sum(x["seconds"] for x in times if (x["workload"], x["slot"], x["route"]) == key)
            for key in (target.slow, target.fast)
        ]
        if all(both):
            ratio = both[0] / both[1]
            assert math.isclose(row["value"], ratio, rel_tol=1e-9), (
                f"{row['name']}: not the ratio of the times"
            )


def keep(rows: Rows) -> str | None:
    """A table with times of a peer is not replaced where that peer is not installed."""
    from experiments.speed.run import installed

    timed = [row["name"] for row in rows if row["part"] == "peer" and row["met"]]
    missing = [name for name in timed if name not in installed(timed)]
    if not missing:
        return None
    return (
        f"it has times of {' and '.join(missing)}, not installed here (pip install -e '.[peers]')"
    )


def allowed(row: dict[str, Any]) -> float:
    """Largest deviation from the reference: rounding once a step; full accuracy has none of it."""
    if row["route"] == "closed form, full accuracy":
        return 1e-13
    if row["route"] == "Lanczos":
        return 1e-12
    return 1e-12 + 1e-14 * float(row["T"])


def draw(rows: Rows) -> Figure:
    """Time against T; speed-ups with targets; growth; limits of the machine."""
    from experiments.speed.panels import panels

    return panels(rows)
