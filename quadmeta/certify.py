"""``python -m quadmeta.certify [N]``: N random rational instances of each repaired bound and sign test."""
import sys
from collections.abc import Sequence
from random import Random
from time import perf_counter
from typing import NamedTuple

from quadmeta.claims._domain import draw
from quadmeta.claims._finding import broken, examine
from quadmeta.claims._ledger import claim

BOUNDS = (("yakovlev2023_bias_bound", "repaired"), ("yakovlev2023_bias_bound_cross", "repaired"),
          ("yakovlev2023_bias_bound_step_size", "repaired"), ("derived_discount_bound", "printed"),
          ("derived_matrix_discount", "printed"), ("yakovlev2023_equal_curvature", "repaired"),
          ("derived_sign_certificate", "printed"), ("derived_gradient_sign", "printed"))


class Tally(NamedTuple):
    """What a sample of a claim lhs <= rhs found."""

    violations: int
    ratio: float
    """Largest lhs/rhs."""
    certified: int
    """Instances with lhs < -rhs in some component: of a sign test, those whose sign it certifies."""


def sample(name: str, form: str, count: int, seed: int = 1) -> Tally:
    """``count`` random instances that meet every assumption."""
    statement, random, bad, ratio, certified, done = claim(name), Random(seed), 0, 0.0, 0, 0
    while done < count:
        x = statement.prepare(draw(statement.domain, random))
        if not broken(statement, form, x):
            found, done = examine(statement, form, x), done + 1
            bad += not found.holds
            ratio = max(ratio, *found.ratios.values(), 0.0)
            certified += any(l < -r for l, r in zip(found.lhs, found.rhs, strict=True))
    return Tally(bad, ratio, certified)


def main(arguments: Sequence[str]) -> int:
    """One line a bound; exit code 1 if any instance violates one."""
    count, total = int(arguments[0]) if arguments else 100000, 0
    for name, form in BOUNDS:
        start = perf_counter()
        found = sample(name, form, count)
        total += found.violations
        share = f"sign certified in {found.certified / count:.1%}, " if found.certified else ""
        print(f"{name}, {form}: {found.violations} violations in {count} instances, largest ratio {found.ratio:.9f}, "
              f"{share}{perf_counter() - start:.0f} s", flush=True)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
