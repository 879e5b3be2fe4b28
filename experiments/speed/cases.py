"""The workloads of the speed table and their sizes."""

from typing import Any

_SLOTS = ("small", "T1", "T2", "T3", "T4", "large")
_FULL = {
    "W1": ((20, 80), (100, 100), (100, 1000), (100, 10**4), (100, 10**5), (1000, 1000)),
    "W2": {"d": 50, "T": 100, "tasks": 100, "grid": 1000},
    "W3": (
        {"d": 100, "T": 1000, "tasks": 100, "grid": 200, "n": 50},
        {"d": 1000, "T": 1000, "tasks": 10, "grid": 200, "n": 500},
    ),
    "W4": {"d": 65, "n": 1000},
    "steps": (50, 200, 1000),
    "outer": (50, 1000),
    "W5": {"d": 100, "T": 1000},
    "W6": (
        {"d": 100, "T": 40, "tasks": 20, "n": 100},
        {"d": 100, "T": 40, "tasks": 100, "n": 50},
    ),
    "base": {"T": 1000, "d": 100, "grid": 1000},
    "axes": {
        "T": (100, 1000, 10**4, 10**5, 10**9),
        "d": (10, 100, 1000),
        "grid": (10, 100, 1000, 10**4),
    },
}
_SMOKE = {
    "W1": ((5, 8), (10, 10), (10, 20), (10, 40), (10, 60), (20, 20)),
    "W2": {"d": 5, "T": 10, "tasks": 20, "grid": 20},
    "W3": (
        {"d": 10, "T": 30, "tasks": 10, "grid": 40, "n": 5},
        {"d": 20, "T": 30, "tasks": 2, "grid": 40, "n": 10},
    ),
    "W4": {"d": 65, "n": 100},
    "steps": (3, 6, 9),
    "outer": (10, 12),
    "W5": {"d": 10, "T": 20},
    "W6": (
        {"d": 10, "T": 4, "tasks": 2, "n": 10},
        {"d": 10, "T": 4, "tasks": 3, "n": 5},
    ),
    "base": {"T": 20, "d": 5, "grid": 20},
    "axes": {"T": (20, 40, 80, 160, 320), "d": (5, 10, 20), "grid": (20, 40, 60, 80)},
}


def cases(size: str) -> list[dict[str, Any]]:
    """The cases of the table at "full" or "smoke" size; a workload and a slot name one of them."""
    s: Any = {"full": _FULL, "smoke": _SMOKE}[size]
    found = [
        *(_case("W1", slot, d=d, T=T) for slot, (d, T) in zip(_SLOTS, s["W1"], strict=True)),
        _case("W2", "grid", **s["W2"]),
        *_several("W3", ("small", "large"), s["W3"]),
        *(_case("W4", f"T{k}", T=T, **s["W4"]) for k, T in enumerate(s["steps"], 1)),
        _case("W5", "schedule", **s["W5"]),
        *_several("W6", ("few", "many"), s["W6"]),
        *(_case("W7", f"T{k}", T=T, **s["W4"]) for k, T in enumerate(s["outer"], 1)),
        *(
            _case("growth", f"{axis}{k}", **s["base"] | {axis: value})
            for axis, values in s["axes"].items()
            for k, value in enumerate(values, 1)
        ),
    ]
    return [case | {"size": size} for case in found]


def _case(workload: str, slot: str, **sizes: int) -> dict[str, Any]:
    return {"workload": workload, "slot": slot} | sizes


def _several(
    workload: str, slots: tuple[str, ...], sizes: tuple[dict[str, int], ...]
) -> list[dict[str, Any]]:
    return [_case(workload, slot, **each) for slot, each in zip(slots, sizes, strict=True)]
