"""``python -m proofs.mutants``: wrong texts of either side, each of which the tie must notice.

A mutant of Coq's text is compiled without proofs and evaluated at Python's instances; one of
Python's is compared with what Python gave before, which Coq has confirmed.
"""

import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from proofs import coq, text
from proofs.check import BUILD, differences, write_table
from proofs.row import BASE, FOLDER, Row, definitions, read
from proofs.table import answer, table
from quadmeta.verification.claim import Claim


@dataclass(frozen=True)
class Mutant:
    """One change of a text: the first place where it stands."""

    claim: str
    form: str
    old: str
    new: str
    module: str = ""
    """The module that is changed, if it is not the row's own."""

    def __str__(self) -> str:
        return f"{self.module or self.claim}: {self.old!r} -> {self.new!r}"


COQ = (
    Mutant(
        "wang2021_naive_lower_bound",
        "stated",
        "(eta * L - 1) ^ (2 * T - 1)",
        "(eta * L - 1) ^ (2 * T)",
    ),
    Mutant("wang2021_naive_lower_bound", "stated", "n ^ (2 * T - 1) / m", "n ^ (2 * T) / m"),
    Mutant(
        "wang2021_naive_lower_bound",
        "stated",
        '("eta > 1/L", Positive',
        '("eta > 1/L", Nonnegative',
    ),
    Mutant("wang2021_naive_lower_bound", "printed", "eta - 2 / L", "eta - 1 / L"),
    Mutant("wang2021_naive_lower_bound", "printed", "related := Ge", "related := Le"),
    Mutant("wang2021_naive_lower_bound", "stated", "if eqb lam v", "if leb lam v", "Base"),
    Mutant("wang2021_naive_lower_bound", "stated", "fst m * snd m / 2", "fst m * snd m", "Base"),
    Mutant(
        "wang2021_naive_lower_bound",
        "stated",
        "if is_open p then ltb",
        "if is_open p then leb",
        "Base",
    ),
    Mutant(
        "wang2021_naive_lower_bound",
        "stated",
        "(Nat.eqb (List.length",
        "(Nat.leb (List.length",
        "Base",
    ),
    Mutant("wang2021_naive_lower_bound", "stated", "low := Some 1%Z", "low := Some 0%Z", "Base"),
    Mutant("wang2021_naive_upper_bound", "stated", "leb eta (1 / L)", "leb (1 / L) eta"),
    Mutant("wang2021_naive_upper_bound", "printed", "c * lam ^ 2 * abs", "c * lam * abs"),
    Mutant("wang2021_log_gradient_bound", "stated", "min (weight_at", "max (weight_at"),
    Mutant("wang2021_log_gradient_bound", "printed", "4 * L ^ 3", "4 * L ^ 2"),
    Mutant("derived_log_gradient_bound", "stated", "2 * L * (L + mu)", "2 * mu * (L + mu)"),
    Mutant("derived_log_curvature", "stated", "(2 * of_nat T - 1) *", "2 * of_nat T *"),
    Mutant("wang2021_naive_strictly_convex", "printed", "1 / smallest lam", "1 / largest lam"),
    Mutant(
        "wang2021_log_unique_minimizer",
        "printed",
        "(0, loss modes left T)",
        "(0, loss modes right T)",
    ),
    Mutant("derived_stop_gradient_parity", "stated", "Nat.modulo T 2", "Nat.modulo T 3"),
    Mutant("derived_discount_bound", "stated", "refined g T 20", "refined g T 19"),
    Mutant("derived_discount_bound", "stated", "max (abs (S high", "min (abs (S high"),
    Mutant("derived_discount_bound", "stated", "turn * (2 * x i", "(2 * x i", "Vectors"),
    Mutant("derived_minimax_discount", "stated", "eta * (mu + L) / 2", "eta * (mu + L)"),
    Mutant("derived_scalar_discount_no_go", "stated", "max (bias mu) (bias L)", "bias mu"),
    Mutant(
        "derived_discount_collinearity", "stated", "gamma * discounted term s", "discounted term s"
    ),
    Mutant("yakovlev2023_asymptotic", "repaired", "gamma x ^ T x / (1 - gamma x)", "gamma x ^ T x"),
    Mutant("yakovlev2023_bound_floor", "repaired", "2 * (eta x * B", "1 * (eta x * B"),
    Mutant(
        "navon2021_neumann_scale",
        "repaired",
        "last i - nu * product i",
        "last i - product i",
        "Neumann",
    ),
    Mutant("derived_neumann_truncation", "stated", "(J x + 1) / lam x i", "J x / lam x i"),
    Mutant(
        "wang2021_backprop_intermediates", "printed", "v * c ^ 2 / 2 else 0", "v * c / 2 else 0"
    ),
    Mutant("wang2021_meta_descent", "repaired", "3 * E ^ 2 / (8 * L)", "E ^ 2 / (8 * L)"),
    Mutant("derived_sign_certificate", "stated", "(v x) (u x)) 0 then 1", "(v x) (u x)) 1 then 1"),
    Mutant("yakovlev2023_hypergradient_formula", "printed", "2 * first * second", "first * second"),
    Mutant("talk2021_shared_parameter", "reading", "skipn (S s) etas", "skipn s etas"),
    Mutant("yakovlev2023_equal_curvature", "printed", "q ^ (steps + 1)", "q ^ steps"),
)
"""Of Coq's text."""

PYTHON = (
    Mutant(
        "wang2021_naive_lower_bound",
        "stated",
        "(eta * L - 1) ** (2 * T - 1)",
        "(eta * L - 1) ** (2 * T)",
    ),
    Mutant("wang2021_naive_lower_bound", "printed", "lam * energy / 2", "lam * energy"),
    Mutant("wang2021_naive_upper_bound", "stated", " or eta >= 1 / lam.min()", ""),
    Mutant("wang2021_naive_upper_bound", "printed", '"energy": ENERGY', '"energy": STEP_SIZE'),
    Mutant("wang2021_log_gradient_bound", "stated", "min(weight_at", "max(weight_at"),
    Mutant("derived_log_gradient_bound", "stated", "(L - mu)) ** (2 * T)", "(L - mu)) ** T"),
    Mutant("derived_log_curvature", "stated", "(2 * T - 1) * slope**2", "2 * T * slope**2"),
    Mutant("wang2021_naive_strictly_convex", "printed", 'relation = ">"', 'relation = ">="'),
    Mutant(
        "wang2021_log_unique_minimizer",
        "printed",
        "1 / lam.max(), 1 / lam.min()",
        "1 / lam.min(), 1 / lam.max()",
    ),
    Mutant("derived_stop_gradient_parity", "stated", '"eta <= 2/L"', '"eta < 2/L"'),
    Mutant("derived_stop_gradient_parity", "stated", "max(np.minimum", "min(np.minimum"),
    Mutant("derived_discount_bound", "stated", "scales(x), 20", "scales(x), 21"),
    Mutant("derived_minimax_discount", "stated", "(1 / mu - 1 / L) / 2,", "(1 / mu - 1 / L),"),
    Mutant("derived_minimax_discount", "stated", '"gamma": DISCOUNT', '"gamma": STEP_SIZE'),
    Mutant("derived_scalar_discount_no_go", "stated", "weight * eta * g for", "eta * g for"),
    Mutant("derived_discount_collinearity", "stated", "gamma * total + last", "total + last"),
    Mutant("yakovlev2023_asymptotic", "repaired", "- geometric_sum(a, T) * moved", "- moved"),
    Mutant("yakovlev2023_bound_floor", "repaired", "(2 * least(", "(least("),
    Mutant(
        "navon2021_neumann_scale", "repaired", 'range(x["products"] + 1)', 'range(x["products"])'
    ),
    Mutant("derived_neumann_truncation", "stated", "max(factors**2)", "min(factors**2)"),
    Mutant("wang2021_meta_descent", "repaired", '"M >= 1/L"', '"M > 1/L"'),
    Mutant(
        "wang2021_backprop_intermediates", "printed", "omega[a == max(a)]", "omega[a <= max(a)]"
    ),
    Mutant("derived_sign_certificate", "stated", "[1][0, 1] <= 0", "[1][0, 1] < 0"),
    Mutant("yakovlev2023_hypergradient_formula", "printed", "2 * k * w_t * p", "k * w_t * p"),
    Mutant("talk2021_shared_parameter", "reading", "[whole / T] * T", "[whole] * T"),
    Mutant("yakovlev2023_equal_curvature", "printed", "q ** (T + 1)", "q**T"),
)
"""Of Python's."""


def changed(source: str, mutant: Mutant) -> str:
    """The text with the change; ValueError if it has no such place."""
    if mutant.old not in source:
        raise ValueError(f"{mutant}: the text has no such place: write the mutant anew")
    return source.replace(mutant.old, mutant.new, 1)


def python_notices(mutant: Mutant) -> bool:
    """Whether a mutant of Python differs from what Coq has confirmed."""
    row = Row(mutant.claim)
    other = _mutated(row.claim, mutant)
    if other.relation != row.claim.relation or text.domain(other) != text.domain(row.claim):
        return True
    return any(
        answer(other, mutant.form, one.given) != one for one in table(row.claim, mutant.form)
    )


def _mutated(claim: Claim, mutant: Mutant) -> Claim:
    kind = type(claim)
    file = importlib.import_module(kind.__module__).__file__ or ""
    module = ModuleType(kind.__module__)
    code = changed(Path(file).read_text(encoding="utf-8"), mutant)
    exec(compile(code, f"<{mutant}>", "exec"), vars(module))
    found: Claim = getattr(module, kind.__name__)()
    return found


def coq_notices(mutant: Mutant, folder: Path) -> bool:
    """Whether a mutant of Coq's text gives other numbers than Python; ``folder`` is written.

    What does not depend on the change is as ``make proofs`` compiled it.
    """
    row = Row(mutant.claim)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    touched = mutant.module or mutant.claim
    needed = [name for name in [*row.needs, "Tie"] if name != "Lemmas" and name not in claims()]
    again = [row.name] if touched == row.name else [*needed, row.name]
    if touched != "Base":
        again = [name for name in again if name not in BASE]
    kept = [path for path in BUILD.glob("*.vo") if touched != "Base" and path.stem not in again]
    for path in kept:
        shutil.copy(path, folder)
    for name in dict.fromkeys(again):
        if (folder / f"{name}.vo").is_file():
            continue
        code = definitions(read(name))
        (folder / f"{name}.v").write_text(
            changed(code, mutant) if name == touched else code, encoding="utf-8"
        )
        coq.compile_file(folder, f"{name}.v")
    if touched == "Base":
        write_table(row, {form: table(row.claim, form) for form in row.forms}, folder)
    return bool(differences(row, folder)[mutant.form])


def claims() -> set[str]:
    """The names of all rows."""
    return {path.stem for path in FOLDER.glob("*_*.v")}


def survivors() -> Iterator[Mutant]:
    """The mutants of Coq's text that nothing notices."""
    for mutant in COQ:
        noticed = coq_notices(mutant, BUILD.with_name("proofs-mutants"))
        print(f"{'noticed' if noticed else 'SURVIVED'}: {mutant}", flush=True)
        if not noticed:
            yield mutant


if __name__ == "__main__":
    if not coq.installed():
        print(coq.MISSING)
        sys.exit(1)
    left = list(survivors())
    print(f"{len(COQ) - len(left)} of {len(COQ)} mutants of Coq's text noticed")
    sys.exit(bool(left))
