"""The cost of a meta-gradient does not grow with the horizon: closed forms beside unrolled
differentiation.

Workloads on the same inputs: one derivative G'(eta) (W1), a grid of step sizes over many tasks
(W2), training and validation losses of least squares with derivatives (W3), the hypergradient of
one weight a sample on digits (W4), the gradient in a whole schedule (W5); the best step size of
many tasks (W6), a descent on the weights of samples (W7), grids of growing size. The first five
are done by the closed form, by loops in numpy, and by JAX (jitted, ``lax.scan``) and PyTorch
(autograd) where these are installed (extra ``peers``). All results are checked against mpmath or
another form in the same run, and the operations of numpy that a workload cannot do without are
timed at its shapes in the same rounds.
"""

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
    r"JAX (reverse mode; on grids the faster of both modes) or PyTorch unrolled on the same data, "
    r"with decompositions counted except where one gradient or full accuracy is asked for; "
    r"two rows give JAX the eigenbases or the Gram form instead; the last one compares with the "
    r"first form of this package. (c) Least time, of the operations of numpy that cannot be "
    r"spared, each at its own shape in the rounds of the workload, over the time on one thread. "
    r"(d) What should stay small. The machine is shared: ratios carry over, seconds do not."
)
SEED = 0
LIBRARIES = ("jax", "torch")
FULL: dict[str, Any] = {"size": "full", "peers": ["jax", "torch"]}
SMOKE: dict[str, Any] = {"size": "smoke", "peers": []}
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
    "needed",
    "name",
    "value",
    "required",
    "most",
    "other",
    "enough",
    "met",
    "loop",
)


def points(size: str, peers: list[str]) -> list[dict[str, Any]]:
    """One point: workloads that run side by side would disturb each other's times."""
    return [{"size": size, "peers": peers}]


# compute
def measure(size: str, peers: list[str]) -> Rows:
    """All workloads by all routes, the operations they are made of, the targets."""
    from experiments.speed import run
    from experiments.speed.bars import TARGETS
    from experiments.speed.cases import cases
    from experiments.speed.inputs import inputs
    from experiments.speed.limits import limited, rates
    from experiments.speed.targets import imports, target_rows

    found = run.installed(peers)
    rows: Rows = []
    with run.processes([*run.OWN, *found], apart=size == "full") as families:
        for case in cases(size):
            rows += limited(case, inputs(case, SEED), run.rows(case, families, SEED))
    rows += [{"part": "limit", "name": name, "value": value} for name, value in rates(rows)]
    rows += [{"part": "peer", "name": name, "met": name in found} for name in ("jax", "torch")]
    rows += [{"part": "import"} | row for row in imports(size)]
    rows = [{column: row.get(column) for column in COLUMNS} for row in rows]
    targets = [{"part": "target"} | row for row in target_rows(TARGETS, rows)]
    return rows + [{column: row.get(column) for column in COLUMNS} for row in targets]


def check(rows: Rows) -> None:
    """Results agree, nothing is missing, and what is called met is met. No time is asserted."""
    from experiments.speed import checks

    checks.check(rows)


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


def draw(rows: Rows) -> Figure:
    """Time against T; speed-ups with targets; growth; limits of the machine."""
    from experiments.speed.panels import panels

    return panels(rows)
