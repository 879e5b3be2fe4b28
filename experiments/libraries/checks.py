"""What the figure on public libraries claims, asserted of its rows."""

from experiments.libraries.outcome import ANOTHER, LOOSE, RIGHT, WRONG, by_mode, outcome
from experiments.libraries.rows import MISSING
from experiments.shared.tables import Rows
from quadmeta.conformance import Verdict

PLAIN = ("own reverse mode", "own conjugate gradients", "jax reverse", "jax forward", "optax sgd")
PLAIN_TORCH = ("torch backward", "higher SGD", "torchopt MetaSGD", "betty neumann")
CAUSES = {
    "control: CG without its last step": "CG: last step lost",
    "betty cg": "CG: residual of the step before in the direction, d steps",
    "jaxopt GradientDescent, unrolled, default": "mostly accelerated (FISTA) inner run",
}
"""The mistake, or the other method, that explains every wrong case of a mode."""
STOPS = ("jaxopt GradientDescent, implicit, default",)
"""Modes that do not reach the minimum at a condition number of 2^13, and do not say so."""


def check(rows: Rows) -> None:
    """Plain modes are right, wrong ones have their cause, loose ones stop early; each if run."""
    modes = {name: own for name, own in by_mode(rows).items() if own[0]["verdict"] != MISSING}
    for name in (*PLAIN, *PLAIN_TORCH):
        assert name not in modes or outcome(modes[name]) == RIGHT, f"{name} is not right"
    for name, cause in CAUSES.items():
        own = modes.get(name, [])
        wrong = [row for row in own if row["verdict"] in (Verdict.WRONG, Verdict.ZERO)]
        assert not own or outcome(own) in (WRONG, ANOTHER), f"{name} is not wrong"
        for row in wrong:
            assert row["cause"] == cause, f"{name} on {row['case']}: {row['cause']}, not {cause}"
    for name in STOPS:
        own = modes.get(name, [])
        assert not own or outcome(own) == LOOSE, f"{name} converges"
        assert not own or _at(own, "condition_2^13") == Verdict.UNCONVERGED, f"{name} at 2^13"
    solver = modes.get("torchopt custom_root, solve_cg", [])
    assert not solver or _at(solver, "scalar") == Verdict.ZERO, "TorchOpt keeps a 0-d parameter"
    adam = modes.get("optax adam", [])
    assert not adam or _at(adam, "adam_zero") == Verdict.NAN, "optax differentiates sqrt at 0"
    assert not adam or _at(adam, "adam_root") == Verdict.RIGHT, "optax with eps_root is not right"
    for row in rows:
        _consistent(row)


def _consistent(row: dict[str, object]) -> None:
    """A right row is within its tolerance, a wrong one is not."""
    if not isinstance(row["error"], float) or not isinstance(row["tolerance"], float):
        return
    within = row["error"] <= row["tolerance"]
    where = f"{row['mode']} on {row['case']}"
    if row["verdict"] == Verdict.RIGHT:
        assert within, f"{where}: called right with an error above the tolerance"
    if row["verdict"] in (Verdict.WRONG, Verdict.UNCONVERGED):
        assert not within, f"{where}: called {row['verdict']} with an error within the tolerance"


def _at(rows: Rows, case: str) -> str:
    return str(next(row["verdict"] for row in rows if row["case"] == case))
