"""What is checked: each way to call a library, and what it is meant to compute."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from experiments.libraries.adapters import jax_side, own, torch_side
from quadmeta.conformance import CASES, Given, Report, check
from quadmeta.conformance.selection import QUICK

DESCENT = ("matrix", "scalar", "float32")
"""What an implicit or a plain unrolled code may meet besides vectors."""
EVERYTHING = ("momentum", "schedule", "start", "preconditioner", *DESCENT)
"""What the loops around JAX and PyTorch here follow."""
FEW = ("generic", "scaled", "small_outer", "small_inner", "condition_2^13", "scalar")
SETS = {
    "few": FEW,
    "some": (
        *QUICK,
        "condition_2^27",
        "float32",
        "multi_output",
        "cross_only",
        "zero_outer_gradient",
    ),
    "adam": ("adam_zero", "adam_root"),
    "all": tuple(case.name for case in CASES),
}
"""Cases by the name of their set: a library that compiles each of them anew is given fewer."""
TIME_LIMIT = 600.0
"""Seconds a case, on a busy machine."""
DOCUMENTED = {"solve_cg": 1e-5, "solve_normal_cg": 1e-5}
"""The relative residual at which the iterative solvers of jaxopt and TorchOpt stop."""


@dataclass(frozen=True)
class Mode:
    """One way to call one library.

    ``library`` is the name of its distribution, "" for code of our own; ``environment`` that of
    the pin file, "" for this process; ``options`` are what its documented stopping rule may leave
    of the value: where that is a gradient or a step of 1e-12, up to 1e-8 at the condition numbers
    here.
    """

    name: str
    library: str
    environment: str
    kind: str
    function: Callable[[Given], Any]
    supports: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def xp(self) -> str:
        """The array library."""
        return self.environment or "numpy"

    def check(self, cases: str = "all") -> Report:
        """The report on a set of cases, made in this process."""
        chosen = SETS[cases]
        names = [case.name for case in CASES if self.kind in case.kinds and case.name in chosen]
        side: ModuleType | None = {"jax": jax_side, "torch": torch_side}.get(self.environment)
        if side is not None:
            side.prepare()
        return check(
            self.function,
            kind=self.kind,
            xp=self.xp,
            supports=self.supports,
            cases=names,
            time_limit=TIME_LIMIT,
            name=self.name,
            **self.options,
        )


def _jax(name: str, library: str, kind: str, function: Any, supports: Any, **options: Any) -> Mode:
    return Mode(name, library, "jax", kind, function, supports, options)


def _torch(
    name: str, library: str, kind: str, function: Any, supports: Any, **options: Any
) -> Mode:
    return Mode(name, library, "torch", kind, function, supports, options)


_ALL = (
    Mode("own reverse mode", "", "", "unrolled", own.reverse, ("schedule", *DESCENT)),
    Mode("own conjugate gradients", "", "", "implicit", own.solved, DESCENT),
    Mode("control: CG without its last step", "", "", "implicit", own.last_step_lost, DESCENT),
    _jax("jax reverse", "jax", "unrolled", jax_side.reverse, EVERYTHING),
    _jax("jax forward", "jax", "unrolled", jax_side.forward, EVERYTHING),
    _jax("optax sgd", "optax", "unrolled", jax_side.optax_unrolled, ("momentum", *DESCENT)),
    _jax("optax adam", "optax", "unrolled", jax_side.optax_unrolled, ("adam",)),
    _jax(
        "jaxopt GradientDescent, unrolled, acceleration off",
        "jaxopt",
        "unrolled",
        jax_side.jaxopt_unrolled(acceleration=False),
        DESCENT,
    ),
    _jax(
        "jaxopt GradientDescent, unrolled, default",
        "jaxopt",
        "unrolled",
        jax_side.jaxopt_unrolled(),
        DESCENT,
    ),
    *(
        _jax(
            f"jaxopt custom_root, {solver}",
            "jaxopt",
            "implicit",
            jax_side.jaxopt_root(solver),
            DESCENT,
            rtol=DOCUMENTED.get(solver, 0.0),
        )
        for solver in ("solve_cg", "solve_lu", "solve_cholesky", "solve_normal_cg")
    ),
    _jax(
        "jaxopt custom_root, solve_normal_cg, tol 1e-12",
        "jaxopt",
        "implicit",
        jax_side.jaxopt_root("solve_normal_cg", tol=1e-12),
        DESCENT,
        rtol=1e-10,
    ),
    _jax(
        "jaxopt GradientDescent, implicit, default",
        "jaxopt",
        "solved",
        jax_side.jaxopt_solved,
        DESCENT,
        rtol=DOCUMENTED["solve_normal_cg"],
        inner_tol=1e-3,
    ),
    _jax(
        "jaxopt GradientDescent, implicit, tol 1e-12",
        "jaxopt",
        "solved",
        jax_side.jaxopt_solved_tight,
        DESCENT,
        rtol=DOCUMENTED["solve_normal_cg"],
        inner_tol=1e-8,
    ),
    _jax(
        "optimistix BFGS, 1e-5",
        "optimistix",
        "solved",
        jax_side.optimistix_bfgs(1e-5, 256),
        DESCENT,
        inner_tol=1e-5,
    ),
    _jax(
        "optimistix BFGS, 1e-12",
        "optimistix",
        "solved",
        jax_side.optimistix_bfgs(1e-12, 20_000),
        DESCENT,
        inner_tol=1e-8,
    ),
    _jax(
        "optimistix GradientDescent, 1e-5",
        "optimistix",
        "solved",
        jax_side.optimistix_descent(1e-5, 256),
        DESCENT,
        inner_tol=1e-5,
    ),
    _jax(
        "optimistix GradientDescent, 1e-12",
        "optimistix",
        "solved",
        jax_side.optimistix_descent(1e-12, 500_000),
        DESCENT,
        inner_tol=1e-8,
    ),
    _jax("gradhpo Greedy", "gradhpo", "discounted", jax_side.gradhpo_greedy, DESCENT),
    _torch("torch backward", "torch", "unrolled", torch_side.backward, EVERYTHING),
    _torch("higher SGD", "higher", "unrolled", torch_side.higher_sgd, ("momentum", *DESCENT)),
    _torch(
        "torchopt MetaSGD", "torchopt", "unrolled", torch_side.torchopt_sgd, ("momentum", *DESCENT)
    ),
    *(
        _torch(
            f"torchopt custom_root, {solver}",
            "torchopt",
            "implicit",
            torch_side.torchopt_root(solver),
            DESCENT,
            rtol=DOCUMENTED.get(solver, 0.0),
        )
        for solver in ("solve_cg", "solve_normal_cg", "solve_inv")
    ),
    _torch(
        "torchopt custom_root, solve_normal_cg, rtol 1e-12",
        "torchopt",
        "implicit",
        torch_side.torchopt_root("solve_normal_cg", rtol=1e-12),
        DESCENT,
        rtol=1e-10,
    ),
    _torch("betty neumann", "betty-ml", "neumann", torch_side.betty_neumann, DESCENT),
    _torch("betty cg", "betty-ml", "implicit", torch_side.betty_cg, DESCENT),
)

MODES = {mode.name: mode for mode in _ALL}
