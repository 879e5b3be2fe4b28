"""A sample of the bad-call fuzzer, and what the fuzzer itself must notice."""

import inspect
import math
import warnings

import pytest

import quadmeta as qm
from tests.bad_calls import run
from tests.bad_calls.arguments import Number
from tests.bad_calls.catalog import CALLS, LEFT_OUT, Call


def test_every_public_name_is_called_or_left_out():
    reached = {call.name.replace(" ", ".").split(".")[0] for call in CALLS}
    reached |= {part for call in CALLS for part in call.name.split(" ")[0].split(".")}
    names = {name for name in dir(qm) if not name.startswith("_")}
    never_called = {name for name in names if no_call(getattr(qm, name))}
    missing = names - never_called - reached - set(LEFT_OUT)
    assert not missing


def no_call(thing):
    """Modules, base classes and errors: nobody calls them."""
    if inspect.isclass(thing):
        return inspect.isabstract(thing) or issubclass(thing, Exception)
    return inspect.ismodule(thing)


@pytest.mark.parametrize("offset", range(4))
def test_a_sample_of_bad_calls_is_refused_by_name(offset):
    found = list(run.outcomes(every=60, offset=17 * offset))
    broken = [str(outcome) for outcome in found if outcome.kind in run.BAD]
    assert len(found) > 300 and not broken, "\n".join(broken)


def careless(what):
    """A function that treats a wrong argument in one of the ways that the fuzzer exists for."""

    def function(x):
        if isinstance(x, float) and math.isfinite(x):
            return x
        if what == "hung":
            while True:
                pass
        if what == "warned":
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        if what == "unnamed":
            raise ValueError("wrong")
        if what == "two lines":
            raise ValueError("x is\nwrong")
        if what == "raw":
            return x.no_such_attribute
        return x

    return function


@pytest.mark.parametrize(
    "what, kind",
    [
        ("accepted", "accepted"),
        ("raw", "raw"),
        ("unnamed", "unnamed"),
        ("two lines", "raw"),
        ("warned", "warned"),
        ("hung", "hung"),
    ],
)
def test_careless_functions_are_noticed(monkeypatch, what, kind):
    monkeypatch.setattr(run, "SECONDS", 0.05)
    assert run.judge(Call("f", careless(what), {"x": Number(1.0)}), "x", "text", "abc").kind == kind


def test_a_result_that_depends_on_the_layout_is_noticed():
    call = Call("f", lambda x: 1.0 if type(x) is float else 2.0, {"x": Number(1.0)})
    assert {outcome.kind for outcome in run.layouts(call, "x", Number(1.0))} == {"differs"}
