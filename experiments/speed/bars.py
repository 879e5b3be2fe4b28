"""What the speed table should reach."""

from experiments.speed.descents import BARE, ESTIMATORS
from experiments.speed.targets import PASSES, SECOND, Key, Pair, Target

CLOSED = "closed form"
FULL = "closed form, full accuracy"
EIGH = "closed form with eigh"
ONE = "closed form, one thread"
GRAM = "jax, Gram first"


def against(workload: str, slot: str, slow: str, fast: str) -> tuple[Pair, ...]:
    """One route over another of the same case; on a grid the faster mode of jax unrolled."""
    slows = [(workload, slot, slow)]
    if slow == "jax" and workload == "W2":
        slows.append((workload, slot, "jax, reverse"))
    return (Pair(tuple(slows), (workload, slot, fast)),)


def growth(workload: str, route: str, ends: tuple[str, str]) -> tuple[Pair, ...]:
    """The time of one route at the far end over that at the near one."""
    near, far = ends
    return (Pair(((workload, far, route),), (workload, near, route)),)


def share(workload: str, slot: str, route: str) -> tuple[Pair, ...]:
    """The least time over that of a route."""
    return (Pair((("least", f"{workload} {slot}", route),), (workload, slot, route)),)


def within(*keys: Key) -> tuple[Pair, ...]:
    """Times in seconds."""
    return tuple(Pair((key,), SECOND) for key in keys)


LINE = ("T1", "T4")
SPEEDUPS = (
    Target("one gradient, d = T = 1000", against("W1", "large", "jax", CLOSED), 7000),
    Target("one gradient, d = 100, T = 1000", against("W1", "T2", "jax", CLOSED), 150),
    Target("one gradient, d = 100, T = 10^5", against("W1", "T4", "jax", CLOSED), 10_000),
    Target("full accuracy, d = 20, T = 80", against("W1", "small", "jax", FULL), 3),
    Target("the same, jax in forward mode", against("W1", "small", "jax, forward", FULL), 1),
    Target("full accuracy, d = T = 100", against("W1", "T1", "jax", FULL), 5),
    Target("with eigh, d = 20, T = 80", against("W1", "small", "jax", EIGH), 1),
    Target("with eigh, d = 100, T = 10^5", against("W1", "T4", "jax", EIGH), 200),
    Target("with eigh, d = T = 1000", against("W1", "large", "jax", EIGH), 1),
    Target("by Lanczos, d = T = 1000", against("W1", "large", "jax", "Lanczos"), 5),
    Target("1000 step sizes x 100 tasks, with eigh", against("W2", "grid", "jax", CLOSED), 95),
    Target(
        "the same, jax given the eigenbases",
        against("W2", "grid", "jax, in modes", "closed form without eigh"),
        30,
    ),
    Target("train / validation sweep, d = 100", against("W3", "small", "jax", CLOSED), 600),
    Target("train / validation sweep, d = 1000", against("W3", "large", "jax", CLOSED), 350),
    Target("1000 sample weights, T = 50", against("W4", "T1", "jax", CLOSED), 5),
    Target("1000 sample weights, T = 1000", against("W4", "T3", "jax", CLOSED), 150),
    Target("1000 sample weights, T = 1000, torch", against("W4", "T3", "torch", CLOSED), 150),
    Target("the same, jax given the Gram form", against("W4", "T3", GRAM, CLOSED), 10),
    Target("implicit against unrolled, T = 1000", against("W4", "T3", "jax", "implicit"), 400),
    Target("implicit against implicit jax", against("W4", "T3", "jax, implicit", "implicit"), 2),
    Target(
        "implicit against its formula in jax",
        against("W4", "T3", "jax, implicit by hand", "implicit"),
        1,
    ),
    Target("schedule of 1000 steps, d = 100", against("W5", "schedule", "jax", CLOSED), 10),
)
SHARES = (
    Target("one matrix, d = 1000", share("W1", "large", EIGH), 0.85, share=True),
    Target("step sizes x tasks", share("W2", "grid", ONE), 0.8, share=True),
    Target("sweep, d = 1000", share("W3", "large", ONE), 0.85, share=True),
    Target("sample weights", share("W4", "T3", CLOSED), 0.65, share=True),
    Target("implicit", share("W4", "T3", "implicit"), 0.55, share=True),
    Target("schedule", share("W5", "schedule", CLOSED), 0.55, share=True),
)
GROWTH = (
    Target("gradient, T = 10^5 over 100", growth("W1", CLOSED, LINE), 1.5, most=True),
    Target("full accuracy, T = 10^5 over 100", growth("W1", FULL, LINE), 1.5, most=True),
    Target(
        "momentum, the same (log T)", growth("W1", "closed form, momentum", LINE), 2.5, most=True
    ),
    Target(
        "grid, the same (or 70% of the least)",
        growth("growth", CLOSED, LINE),
        1.5,
        most=True,
        instead=share("growth", LINE[0], CLOSED) + share("growth", LINE[1], CLOSED),
        enough=0.7,
    ),
    Target(
        "a grid over a log and an exp each",
        (Pair((("W2", "grid", "closed form without eigh"),), PASSES),),
        2,
        most=True,
    ),
    Target("sample weights, T = 1000 over 50", growth("W4", CLOSED, ("T1", "T3")), 1.2, most=True),
)


def _scans(name: str) -> tuple[Pair, ...]:
    return tuple(
        Pair((("W6", slot, f"{name}, minimizer"),), ("W6", slot, f"{name}, scanned"))
        for slot in ("few", "many")
    )


SMALL = (
    Target(
        "value and gradient over gradient",
        against("W1", "small", "closed form, value and gradient", FULL)
        + against("W1", "T1", "closed form, value and gradient", FULL),
        1.3,
        most=True,
    ),
    Target("minimum over scan, validation", _scans("validation"), 3, most=True),
    Target("minimum over scan, population", _scans("population"), 3, most=True),
    Target("minimum of log f, d = 20 (s)", within(("W1", "small", "minimizer")), 3e-3, most=True),
    Target(
        "the same with momentum (s)",
        within(("W1", "small", "minimizer, heavy ball"), ("W1", "small", "minimizer, Nesterov")),
        0.2,
        most=True,
    ),
    Target(
        "descent by any estimator (s)",
        within(*(("W7", slot, name) for slot in ("T1", "T2") for name in ESTIMATORS)),
        3,
        most=True,
    ),
    Target(
        "descent over its products", against("W7", "T1", BARE, "products alone"), 1.1, most=True
    ),
    Target(
        "import quadmeta over numpy",
        (Pair((("import", "", "quadmeta"),), ("import", "", "numpy")),),
        1.3,
        most=True,
    ),
)
SCANS = (
    Target(
        "scans for minima, over their first form",
        tuple(
            Pair((("before", slot, f"{name}, scanned"),), ("W6", slot, f"{name}, scanned"))
            for slot in ("few", "many")
            for name in ("validation", "population")
        ),
        2,
    ),
)
TARGETS = SPEEDUPS + SCANS + SHARES + GROWTH + SMALL
