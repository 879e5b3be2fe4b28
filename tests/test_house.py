"""The measures of ``make house``: each counts what is planted for it, and nothing that only looks
like it.
"""

from textwrap import dedent

import pytest

from tests.house import __main__ as house
from tests.house.expressions import conditional_expressions, parallel_assignments
from tests.house.graph import import_cycles, imports, ladder, private_imports, upward_arrows
from tests.house.layout import largest_folder, long_lines, longest_module, median_module
from tests.house.measure import Measure, sources
from tests.house.repetition import RUN, duplicated
from tests.house.types import untyped_arguments


@pytest.fixture
def plant(tmp_path):
    """Write modules below an empty root and read them."""

    def write(**modules):
        for name, text in modules.items():
            path = tmp_path.joinpath(*name.split("/")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return sources(["."], tmp_path)

    return write


def body(lines, first=0):
    """A function of so many different lines."""
    return "def f(x):\n" + "".join(f"    x = x + {first + k}\n" for k in range(lines))


def test_the_bar_itself_is_allowed():
    assert Measure("m", 3, 3).reached and not Measure("m", 3.01, 3).reached
    assert str(Measure("m", 4, 3)).startswith("! ") and str(Measure("m", 3, 3)).startswith("  ")


def test_a_folder_without_modules_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="folder = 'nowhere' holds no modules"):
        sources(["nowhere"], tmp_path)


def test_one_module_can_be_measured(plant, tmp_path):
    plant(a="x = 1\n", b="y = 2\n")
    (one,) = sources(["b.py"], tmp_path)
    assert one.module == "b" and one.place(1) == "b.py:1"


def test_the_largest_folder_counts_every_file(plant, tmp_path):
    for k in range(31):
        (tmp_path / f"data{k}.csv").touch()
    measure = largest_folder(plant(**{"a": "x = 1\n", "sub/b": "y = 1\n"}))
    assert measure.value == 32 and not measure.reached and len(measure.places) == 1


def test_long_lines(plant):
    measure = long_lines(plant(a="x = 1\n# " + 98 * "x" + "\n# " + 99 * "x" + "\n"))
    assert measure.places == ["a.py:3"]


def test_the_length_of_modules(plant):
    found = plant(a="x = 1\n" * 401, b="x = 1\n" * 10, c="\n\nx = 1\n" * 7)
    assert median_module(found).value == 21
    assert longest_module(found).value == 401 and longest_module(found).places == ["a.py: 401"]


@pytest.mark.parametrize(
    "line",
    [
        "a, b = 1, 2",
        "(a, b) = (1, 2)",
        "[a, b] = 1, 2",
        "c = a, b = 1, 2",
        "a, *b = x, y, z",
        "a, b = (1, 2) if x else (3, 4)",
        "for a, b in [(1, 2)]: pass",
        "a, b = b + 1, 2",
        "self.a, self.b = x, y",
    ],
)
def test_parallel_assignments_count(plant, line):
    assert parallel_assignments(plant(a=line + "\n")).places == ["a.py:1"]


@pytest.mark.parametrize(
    "line",
    [
        "a, b = f(x)",
        "a, b = b, a",
        "a, b = b, a + b",
        "a[i], a[j] = a[j], a[i]",
        "a = 1, 2",
        "a, b = (f(x) for x in (1, 2))",
        "for a, b in [(1, 2), (3, 4)]: pass",
    ],
)
def test_one_result_and_a_swap_are_no_parallel_assignments(plant, line):
    assert parallel_assignments(plant(a=line + "\n")).places == []


def test_fields_without_a_value_are_no_assignments(plant):
    found = plant(a="a, b = 1, 2\nclass C:\n" + "    x: int\n" * 99)
    assert parallel_assignments(found).value == 100


def test_conditional_expressions_in_any_disguise(plant):
    found = plant(
        a="""
        x = 1 if c else 2
        x = (1, 2)[c]
        x = {True: 1, False: 2}[c > 0]
        x = f(1 if c else (2 if d else 3))
        x = (1, 2)[0]
        x = (1, 2, 3)[k]
        x = [y for y in z if y]
        if c:
            x = 1
        """
    )
    measure = conditional_expressions(found)
    assert [place.partition(":")[2] for place in measure.places] == ["2", "3", "4", "5", "5"]
    assert measure.value == pytest.approx(100 * 5 / len(found[0].lines))


TYPES = {
    "names/types": "import typing\nfrom typing import Any as Whatever\nArray = Whatever\n"
    "Later: typing.TypeAlias = 'typing.Any'\nNumber = float\n",
    "names/__init__": "from .types import Array as Field\n",
}


@pytest.mark.parametrize(
    "head, annotation",
    [
        ("from typing import Any", "Any"),
        ("from typing import Any", "'Any'"),
        ("from typing import Any as X", "X"),
        ("import typing", "typing.Any"),
        ("import typing as t", "t.Any"),
        ("from typing import Any\nX = Any\nY = X", "Y"),
        ("from typing import Any, TypeAlias\nX: TypeAlias = Any", "X"),
        ("from typing import Any, TYPE_CHECKING\nif TYPE_CHECKING:\n    X = Any", "X"),
        ("from names.types import Array", "Array"),
        ("from names.types import Later as Number", "Number"),
        ("from names import Field", "Field"),
        ("import names.types", "names.types.Array"),
        ("import names.types as types", "types.Array"),
        ("from names import types", "types.Array"),
        ("from typing import Any", "Any | None"),
        ("from typing import Any, Optional", "Optional[Any]"),
        ("from typing import Annotated, Any", "Annotated[Any, 1]"),
        ("", "object"),
        ("from typing import Any, NewType\nX = NewType('X', Any)", "X"),
    ],
)
def test_arguments_that_are_any(plant, head, annotation):
    found = plant(**TYPES, a=f"{head}\ndef f(x: {annotation}, *y: int) -> None: ...\n")
    measure = untyped_arguments([one for one in found if one.module == "a"], found)
    assert measure.value == 50 and len(measure.places) == 1


@pytest.mark.parametrize(
    "head, annotation",
    [
        ("from typing import Any", "list[Any]"),
        ("from typing import Any", "Callable[..., Any]"),
        ("from names.types import Number", "Number"),
        ("class Any: pass", "float"),
        ("X = X", "X"),
    ],
)
def test_arguments_that_have_a_type(plant, head, annotation):
    found = plant(**TYPES, a=f"{head}\ndef f(x: {annotation}) -> None: ...\n")
    assert untyped_arguments(found, found).value == 0


def test_methods_that_python_hands_any_object(plant):
    found = plant(a="class C:\n    def __eq__(self, other: object) -> bool: ...\n")
    assert untyped_arguments(found, found).places == []


def test_every_kind_of_argument_counts(plant):
    found = plant(
        a="""
        from typing import Any
        class C:
            async def f(self, a: Any, /, b: Any, *c: Any, d: Any, **e: Any) -> None: ...
        """
    )
    assert len(untyped_arguments(found, found).places) == 5


def test_a_repeated_run_counts_once_whatever_its_length(plant):
    measure = duplicated(plant(a=body(20), b="y = 0\n" + body(20)))
    assert measure.value == 1 and measure.places == ["a.py:2 = b.py:3"]


def test_a_run_may_be_repeated_within_a_module(plant):
    assert duplicated(plant(a=body(RUN) + "y = 0\n" + body(RUN))).value == 1
    assert duplicated(plant(a=body(RUN) + body(RUN))).value == 1


def test_shorter_runs_and_equal_lines_do_not_count(plant):
    assert duplicated(plant(a=body(RUN - 1), b=body(RUN - 1))).value == 0
    assert duplicated(plant(a="x = 1\n" * (2 * RUN - 1))).value == 0
    assert duplicated(plant(a="x = 1\n" * (2 * RUN))).value > 0


def test_comments_docstrings_and_spaces_do_not_hide_a_run(plant):
    lines = body(RUN).splitlines()
    hidden = [*lines[:4], "    # a comment", "", '    """Words."""', "    import os", *lines[4:]]
    wider = "\n".join(hidden).replace("    x", "    x ").replace("x  =", "x =")
    assert duplicated(plant(a=body(RUN), b=wider + "\n")).value == 1


def test_signatures_imports_and_documentation_are_boilerplate(plant):
    signature = "def f(\n" + "".join(f"    argument{k}: int,\n" for k in range(9)) + ") -> None:\n"
    head = "import os\n" * 9 + "__all__ = [\n" + "".join(f"    'n{k}',\n" for k in range(9)) + "]\n"
    text = head + signature + '    """' + "\n    ".join("abcdefghij") + '"""\n'
    assert duplicated(plant(a=text + "    return 1\n", b=text + "    return 2\n")).value == 0


def test_fields_of_two_classes_are_not(plant):
    fields = "class C:\n" + "".join(f"    field{k}: int\n" for k in range(RUN))
    assert duplicated(plant(a=fields, b=fields.replace("C", "D"))).value == 1


@pytest.mark.parametrize(
    "text",
    [
        "from quadmeta import _validate",
        "from quadmeta.sweep import (\n    pmap,\n    _hidden,\n)",
        "from quadmeta._validate import finite",
        "import quadmeta._validate as read",
        "def f():\n    from experiments.shared._frame import x",
        "import importlib\nimportlib.import_module('quadmeta._validate')",
        "def f(monkeypatch):\n    monkeypatch.setattr('quadmeta.sweep.worker._kept', [])",
        "from quadmeta.sweep import worker\nworker._kept",
        "import quadmeta.sweep.worker\nquadmeta.sweep.worker._kept",
    ],
)
def test_private_imports_of_tests(plant, text):
    found = plant(test_a=text + "\n", test_b="import quadmeta as qm\nqm.check\n")
    assert private_imports(found).places == ["test_a.py"]
    assert private_imports(found).value == 50


@pytest.mark.parametrize(
    "text",
    [
        "from quadmeta import __version__",
        "from tests._own import x",
        "from quadmeta.sweep import pmap as _pmap",
        "x = 'figures/_draft of quadmeta'",
        "import numpy as np\nnp._core",
        "from quadmeta import sweep\nsweep.__name__",
    ],
)
def test_public_imports_of_tests(plant, text):
    assert private_imports(plant(test_a=text + "\n")).places == []


def cycles(**arrows):
    return import_cycles({name: set(others.split()) for name, others in arrows.items()}).places


def test_cycles_of_modules_whatever_their_length():
    assert cycles(a="b", b="c", c="a", d="a") == ["a <-> b <-> c"]
    assert cycles(a="b c", b="c", c="") == []


def arrows(**given):
    """Imports by names in which ``__`` stands for a dot."""
    return {
        name.replace("__", "."): {other.replace("__", ".") for other in others.split()}
        for name, others in given.items()
    }


def test_rooms_that_import_each_other_through_different_modules():
    two = arrows(p__a__x="p__b__x", p__b__y="p__a__y", p__b__x="", p__a__y="")
    assert import_cycles(two).places == ["p.a <-> p.b"]
    three = arrows(p__a__x="p__b__x", p__b__y="p__c__x", p__c__y="p__a__y")
    assert import_cycles(three).places == ["p.a <-> p.b <-> p.c"]
    deep = arrows(p__r__a__x="p__r__b__x", p__r__b__y="p__r__a__y")
    assert import_cycles(deep).places == ["p.r.a <-> p.r.b"]
    assert import_cycles(arrows(p__a__x="p__b__x p__a__y", p__a__y="p__b__y")).places == []


STEPS = [["scripts"], ["p.top"], ["p.left", "p.right"], ["p.low"]]


@pytest.mark.parametrize(
    "who, whom",
    [
        ("p__low__x", "p__top__x"),
        ("p__low", "p__left"),
        ("p__left__x", "p__right__x"),
        ("p__top", "scripts__a"),
        ("p__top__x", "p"),
    ],
)
def test_arrows_up_the_ladder(who, whom):
    (place,) = upward_arrows(arrows(**{who: whom}), STEPS).places
    assert place == f"{who} -> {whom}".replace("__", ".")


def test_arrows_down_the_ladder():
    down = arrows(
        scripts__a="p p__low",
        p="p__top p__low",
        p__top__x="p__left",
        p__left__y="p__low p__left__x",
    )
    assert upward_arrows(down, STEPS).places == []


def test_a_room_that_the_ladder_forgets():
    forgotten = upward_arrows(arrows(p__new__x="p__top", q="p__top"), STEPS).places
    assert forgotten == ["p.new.x stands on no step", "q stands on no step"]


def test_the_ladder_is_the_one_that_the_gate_checks(tmp_path):
    (tmp_path / "setup.cfg").write_text(
        "[importlinter:contract:ladder]\nlayers =\n    scripts\n    p.left | p.right\n"
    )
    assert ladder(tmp_path / "setup.cfg") == [["scripts"], ["p.left", "p.right"]]
    assert ["quadmeta.certificates"] in [step[-1:] for step in ladder()]


def test_imports_in_functions_and_for_type_checkers_are_seen(tmp_path, monkeypatch):
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a.py").write_text("def f():\n    from planted import b\n")
    (folder / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from planted.a import f\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    imports.cache_clear()
    assert import_cycles(imports(("planted",))).places == ["planted.a <-> planted.b"]
    imports.cache_clear()


def test_the_command_lists_places(monkeypatch, capsys):
    bad = Measure("lines too long", 1, 0, places=["a.py:1"])
    monkeypatch.setattr(house, "measures", lambda folders: [bad, Measure("others", 0, 0)])
    monkeypatch.setattr("sys.argv", ["house", "--where", "LINES"])
    assert house.main() == 1
    assert capsys.readouterr().out.splitlines()[1] == "      a.py:1"


def test_the_command_names_a_folder_that_is_none(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["house", "nowhere"])
    with pytest.raises(SystemExit):
        house.main()
    assert "folder = 'nowhere' holds no modules" in capsys.readouterr().err


def test_the_sources_reach_every_bar():
    short = [measure for measure in house.measures() if not measure.reached]
    assert not short, "\n".join(line for m in short for line in (str(m), *m.places))
