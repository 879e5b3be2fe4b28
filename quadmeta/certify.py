"""``python -m quadmeta.certify [N]``: N random rational instances of each repaired bound of the bias, in fractions."""
import sys
from collections.abc import Sequence
from random import Random
from time import perf_counter

from quadmeta.claims._domain import draw
from quadmeta.claims._finding import broken, examine
from quadmeta.claims._ledger import claim

BOUNDS = (("yakovlev2023_bias_bound", "repaired"), ("yakovlev2023_bias_bound_cross", "repaired"),
          ("yakovlev2023_bias_bound_step_size", "repaired"), ("derived_discount_bound", "printed"),
          ("derived_matrix_discount", "printed"), ("yakovlev2023_equal_curvature", "repaired"))


def violations(name: str, form: str, count: int, seed: int = 1) -> tuple[int, float]:
    """(violations, largest lhs/rhs) among ``count`` instances that meet every assumption."""
    statement, random, bad, ratio, done = claim(name), Random(seed), 0, 0.0, 0
    while done < count:
        x = statement.prepare(draw(statement.domain, random))
        if not broken(statement, form, x):
            found, done = examine(statement, form, x), done + 1
            bad += not found.holds
            ratio = max(ratio, *found.ratios.values(), 0.0)
    return bad, ratio


def main(arguments: Sequence[str]) -> int:
    """One line a bound; exit code 1 if any instance violates one."""
    count, total = int(arguments[0]) if arguments else 100000, 0
    for name, form in BOUNDS:
        start = perf_counter()
        bad, ratio = violations(name, form, count)
        total += bad
        print(f"{name}, {form}: {bad} violations in {count} instances, largest ratio {ratio:.9f}, "
              f"{perf_counter() - start:.0f} s", flush=True)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
