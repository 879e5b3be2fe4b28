"""Public libraries against exact hypergradients: which are right, which stop too early, which are
wrong, and why.

Each way to call a library is checked on the cases of ``quadmeta.conformance`` in an environment of
its own. The libraries are pinned in ``experiments/libraries/pins``; a run without ``--force`` keeps
the published table, since most machines have none of them. After a change of
``quadmeta.conformance``, which judges them, it is to be computed again.
"""

from typing import Any

from matplotlib.figure import Figure

from experiments.libraries.rows import rows as rows_of
from experiments.shared.tables import Rows

# settings
CAPTION = (
    "Each row is one way to call a public library, each column a small bilevel problem whose "
    "hypergradient is known exactly. Green: the error is what rounding explains, or (pale) what "
    "the documented tolerance explains. Yellow: the derivative is right at the weights where the "
    "inner solver stopped, which are not the minimum. Orange, black: wrong, or zero where the "
    "exact value is not; the mistake that explains every such result stands at the end of the "
    "row. Grey: the call raises, or takes more than ten minutes. Blank: not applicable, or not "
    "run (what compiles anew for each problem is given fewer). Default settings are beside the "
    "best ones. A wrong row is not the derivative of the method named in brackets; the "
    "accelerated one is that of another method. The control drops its last step on purpose."
)
SEED = 0
FULL: dict[str, Any] = {
    "few": [
        "jaxopt GradientDescent, implicit, default",
        "jaxopt GradientDescent, implicit, tol 1e-12",
        "optimistix BFGS, 1e-5",
        "optimistix BFGS, 1e-12",
        "optimistix GradientDescent, 1e-5",
        "optimistix GradientDescent, 1e-12",
    ],
    "all": [
        "jaxopt custom_root, solve_normal_cg",
        "jaxopt custom_root, solve_normal_cg, tol 1e-12",
        "jaxopt custom_root, solve_cg",
        "jaxopt custom_root, solve_lu",
        "jaxopt custom_root, solve_cholesky",
        "jax reverse",
        "jax forward",
        "torchopt custom_root, solve_normal_cg",
        "torchopt custom_root, solve_normal_cg, rtol 1e-12",
        "torchopt custom_root, solve_cg",
        "torchopt custom_root, solve_inv",
        "betty neumann",
        "betty cg",
        "torch backward",
        "higher SGD",
        "torchopt MetaSGD",
        "optax sgd",
        "own reverse mode",
        "own conjugate gradients",
        "control: CG without its last step",
    ],
    "some": [
        "jaxopt GradientDescent, unrolled, acceleration off",
        "jaxopt GradientDescent, unrolled, default",
        "gradhpo Greedy",
    ],
    "adam": ["optax adam"],
}
SMOKE: dict[str, Any] = {
    "all": [],
    "some": [],
    "few": [
        "own reverse mode",
        "own conjugate gradients",
        "control: CG without its last step",
    ],
    "adam": [],
}


def points(
    few: list[str], all: list[str], some: list[str], adam: list[str]
) -> list[dict[str, Any]]:
    """One point a mode: its name, and the set of cases that it is given."""
    sets = {"few": few, "all": all, "some": some, "adam": adam}
    return [{"mode": name, "cases": cases} for cases, names in sets.items() for name in names]


# compute
def measure(mode: str, cases: str) -> Rows:
    """One row a case of this mode."""
    return rows_of(mode, cases)


def keep(rows: Rows) -> str:
    """A published table stays: the libraries are no part of this project."""
    libraries = {row["library"] for row in rows} - {"none"}
    return f"{len(libraries)} libraries were checked in environments of their own"


# draw
def draw(rows: Rows) -> Figure:
    """The grid of modes and cases."""
    from experiments.libraries import panels

    return panels.draw(rows)


def check(rows: Rows) -> None:
    """What is known of each library, by name of its mode."""
    from experiments.libraries import checks

    checks.check(rows)
