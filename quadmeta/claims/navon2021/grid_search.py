"""How many trials a grid search of auxiliary weights needs: a power of the number of tasks, and no
fewer.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values

TRIAL = Parameter(r"\phi_k", axis="N", reach=3)
TARGET = Parameter("c_k", high=Fraction(1), reach=1)


class Navon2021GridSearch(Claim):
    """K tasks, one a coordinate: l_0 = |w|^2/2, l_k = (w_k - 1)^2/2, L_A = |w - c|^2/2, 0 <=
    c_k < 1, min F = 0.

    Searching well with few tasks and not with many, in numbers. N < m^K trials phi, wherever they
    are, leave some problem of the family with an excess of at least 1/(8 m^2); the grid phi_k in
    {(2j - 1)/(2m - 2j + 1): j = 1..m} of m^K trials leaves at most K/(8 m^2) on any of them. One
    hypergradient costs two solves for every K. Sides: 1/(8 m^2) and
    the largest excess over the m^K centres c; the excess of the grid at one c and K/(8 m^2).

    Proof. w_*(phi) = phi/(1 + phi) by coordinates, in [0, 1)^K. Of the m^K half-open cells of side
    1/m one holds no trial; its centre is 1/(2m) or more away from every trial in some coordinate.
    The grid has w_k = (2j - 1)/(2m), within 1/(2m) of any c_k.
    """

    reference = "Note on Navon et al. 2021, on grid search"
    source = SOURCE
    standing = "sentence"
    strength = "tight"
    draws = 25
    forms = {
        "reading": Form(
            r"N<m^K\implies\max_c\min_{i\le N}F(\phi_i)-\min F\ge\tfrac1{8m^2};\quad\text{grid "
            r"of }m^K"
            r":\ \le\tfrac K{8m^2}",
            "holds",
            "proof + exact",
            "fine for few tasks, exponential in their number",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "tasks": Parameter("K", low=Fraction(1), high=Fraction(3), whole=True, reach=2),
        "points": Parameter("m", low=Fraction(1), high=Fraction(3), whole=True, reach=2),
        **{f"phi{k}": TRIAL for k in (1, 2, 3)},
        **{f"c{k}": TARGET for k in (1, 2, 3)},
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Fewer trials than cells."""
        return {"N < m^K": x["points"] ** x["tasks"] - len(x["phi1"])}

    def prepare(self, x: Instance) -> Instance:
        """Fewer trials."""
        fewer = max(1, min(len(x["phi1"]), x["points"] ** x["tasks"] - 1))
        return {**x, **{key: x[key][:fewer] for key in ("phi1", "phi2", "phi3")}}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """1/(8 m^2), excess of the grid; worst excess of the trials, K/(8 m^2)."""
        K = x["tasks"]
        m = x["points"]
        trials = list(zip(*(x[f"phi{k}"] for k in range(1, K + 1)), strict=True))
        grid = list(
            product([Fraction(2 * j - 1, 2 * m - 2 * j + 1) for j in range(1, m + 1)], repeat=K)
        )
        target = tuple(x[f"c{k}"] for k in range(1, K + 1))
        worst = max(_excess(trials, c) for c in _centres(m, K))
        return np.array([Fraction(1, 8 * m * m), _excess(grid, target)]), np.array(
            [worst, Fraction(K, 8 * m * m)]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One trial for two cells, three for four; a corner, where the grid is at its worst."""
        base = {"phi3": (1,), "c1": 0, "c2": 0, "c3": 0}
        yield {**base, "tasks": 1, "points": 2, "phi1": (1,), "phi2": (0,)}
        yield {
            **base,
            "tasks": 2,
            "points": 2,
            "phi1": ("1/3", 3, 1),
            "phi2": (1, 1, 1),
            "phi3": (0, 0, 0),
        }
        yield {**base, "tasks": 3, "points": 2, "phi1": (1,), "phi2": (1,)}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """As many trials as cells."""
        yield {
            "tasks": 1,
            "points": 2,
            "phi1": ("1/3", 3),
            "phi2": (0, 0),
            "phi3": (0, 0),
            "c1": 0,
            "c2": 0,
            "c3": 0,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """By one coordinate: the grid of m points, and fewer trials than m points."""
        yield from map(grid, (2, 3))
        yield few()


def _centres(m: int, K: int) -> Iterator[tuple[Fraction, ...]]:
    return product([Fraction(2 * j - 1, 2 * m) for j in range(1, m + 1)], repeat=K)


def _excess(trials: list[tuple[Any, ...]], c: tuple[Any, ...]) -> Any:
    """min over the trials of F, each by its inner solution."""
    return min(
        sum((p / (1 + p) - t) ** 2 for p, t in zip(phi, c, strict=True)) / 2 for phi in trials
    )


def grid(m: int) -> Box:
    """Distance of C = m c to the nearest of 1/2, 3/2, ..., m - 1/2, by folding [0, m] at its
    middle, at most 1/2.
    """

    def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
        far = abs(x["C"] - Fraction(m, 2))
        half = Fraction(1, 2)
        return abs(far - half) if m == 2 else abs(abs(far - half) - half), half

    def reduce(x: Instance) -> list[Reduced]:
        if x["points"] == m:
            points = [{"C": m * x[f"c{k}"]} for k in range(1, x["tasks"] + 1)]
        else:
            points = []
        return [Reduced(point, sum(sides(point)) / (2 * m * m), 1) for point in points]

    return Box({"C": (0, m)}, sides, f"m = {m}, any K: one coordinate, C = m c", reduce, "C whole")


def few() -> Box:
    """m - 1 trials W = m w leave one of the centres 1/2, ..., m - 1/2 at least 1/2 away:
    max(|1 + q|, |q|) >= 1/2.

    One trial is |W - 1/2| and |W - 3/2| away, q = W - 3/2. Two are | |M - c| - D | away from c, M
    their mean and 2 D their difference: from the two centres farthest from M that is |1 + q| and
    |q|, q = |M - 3/2| - D.
    """

    def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
        A = abs(1 + x["q"])
        B = abs(x["q"])
        return 1, A + B + abs(A - B)

    def reduce(x: Instance) -> list[Reduced]:
        m = x["points"]
        W = [x["points"] * p / (1 + p) for p in x["phi1"]]
        if len(W) >= m:
            return []
        middle = (W[0] + W[-1]) / 2
        half = abs(W[0] - W[-1]) / 2
        point = {"q": middle - Fraction(3, 2) if m == 2 else abs(middle - Fraction(3, 2)) - half}
        return [Reduced(point, sum(sides(point)) / (8 * m * m), 0)]

    return Box(
        {"q": ("-3/2", "3/2")},
        sides,
        "m = 2, 3, any K: one coordinate of at most m - 1 trials",
        reduce,
        "q = -1/2: a trial at the border of two cells",
    )
