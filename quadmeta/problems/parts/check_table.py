"""What checks of a bilevel problem found, as a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One property of a problem: how far it is from holding, and how far it may be."""

    name: str
    value: float
    bound: float
    meaning: str
    """What it means where it fails, and the remedy."""

    @property
    def passes(self) -> bool:
        """Whether the value is within its bound."""
        return self.value <= self.bound


@dataclass(frozen=True)
class Checks:
    """What was checked of a problem, and what was found out about it beside that."""

    problem: str
    results: tuple[Check, ...]
    facts: dict[str, float | bool]
    """Reported, not judged: whether L_1 is quadratic in w, whether the losses use alpha, the
    largest eigenvalue of the Hessian at w, 2 / L, and up to 400 weights the smallest.
    """

    @property
    def passes(self) -> bool:
        """Whether every check does."""
        return not self.failing

    @property
    def failing(self) -> tuple[Check, ...]:
        """The checks that do not pass."""
        return tuple(result for result in self.results if not result.passes)

    def __getitem__(self, name: str) -> Check:
        return {result.name: result for result in self.results}[name]

    def __repr__(self) -> str:
        wide = max(len(result.name) for result in self.results)
        passing = len(self.results) - len(self.failing)
        lines = [f"{self.problem}: {passing} of {len(self.results)} checks pass"]
        for result in self.results:
            word = "ok" if result.passes else f"FAILS: {result.meaning}"
            lines.append(
                f"  {result.name:<{wide}}  {result.value:8.1e} <= {result.bound:8.1e}  {word}"
            )
        facts = [f"{name}: {_short(value)}" for name, value in self.facts.items()]
        return "\n".join([*lines, "  " + ", ".join(facts)])


def _short(value: float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}"
