"""Tables read back as they were written; nothing that is not finite gets in."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.harness.results import BrokenFile, from_csv, gallery, plain, tidy, to_csv, to_json

CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\r")).map("w{}".format)
)


@given(st.lists(st.fixed_dictionaries({"first": CELLS, "the, second": CELLS}), min_size=1))
def test_a_table_reads_back_with_its_types(rows):
    back = from_csv(to_csv(rows))
    assert back == rows
    assert all(
        type(row[column]) is type(other[column]) for row, other in zip(rows, back) for column in row
    )


def test_numpy_scalars_become_python_ones_and_floats_their_shortest_decimals():
    row = tidy(
        {
            "a": np.float64(0.1),
            "b": np.int64(3),
            "c": np.bool_(True),
            "d": np.str_("ok"),
            "e": np.array(1e300),
            "f": 1 / 3,
            "g": None,
            "h": np.float32(0.5),
            "i": -0.0,
        }
    )
    assert (
        to_csv([row]) == b"a,b,c,d,e,f,g,h,i\n0.1,3,True,ok,1e+300,0.3333333333333333,,0.5,-0.0\n"
    )


@pytest.mark.parametrize("value", [float("nan"), np.inf, -np.inf, np.float32("nan")])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="column 'bias' is .* at {'eta': 1}: it must be finite"):
        tidy({"bias": value}, {"eta": 1})


@pytest.mark.parametrize("value", [Fraction(1, 2), np.zeros(1), [1], 1j, np.longdouble(1)])
def test_what_is_no_cell_is_refused(value):
    with pytest.raises(
        ValueError, match="column 'x' holds .* must be text, int, float, bool or None"
    ):
        tidy({"x": value})


@pytest.mark.parametrize("text", ["", "1", "1e5", "-0.5", "True", "007"])
def test_text_that_would_read_back_as_something_else_is_refused(text):
    with pytest.raises(ValueError, match="reads back as"):
        to_csv([{"x": text}])


def test_a_carriage_return_is_refused():
    with pytest.raises(ValueError, match="no carriage return"):
        tidy({"x": "a\r\nb"})


def test_rows_must_have_the_same_columns_and_there_must_be_some():
    with pytest.raises(ValueError, match=r"row 1 has the columns \['b'\]"):
        to_csv([{"a": 1}, {"b": 1}])
    with pytest.raises(ValueError, match="no rows"):
        to_csv([])
    assert from_csv(to_csv([{"a": 1, "b": 2}, {"b": 3, "a": 4}])) == [
        {"a": 1, "b": 2},
        {"a": 4, "b": 3},
    ]


def test_points_and_settings_become_what_json_gives_back():
    assert plain({"eta": np.float64(0.1), "T": np.int64(5), "d": (1, 2)}) == {
        "eta": 0.1,
        "T": 5,
        "d": [1, 2],
    }
    assert type(plain(np.float64(0.1))) is float
    for wrong in ({"x": float("nan")}, {"x": np.zeros(2)}, {"x": Fraction(1)}):
        with pytest.raises((ValueError, TypeError)):
            plain(wrong)


def test_gallery_is_sorted_and_takes_only_what_has_a_picture(tmp_path):
    for name in ("b", "a", "no_picture"):
        (tmp_path / f"{name}.json").write_bytes(
            to_json({"title": f"Title {name}", "caption": "Caption é."})
        )
        (tmp_path / f"{name}.png").touch()
    (tmp_path / "no_picture.png").unlink()
    page = gallery(tmp_path, "python -m study").decode()
    assert (
        page.index("## Title a") < page.index("## Title b")
        and "no_picture" not in page
        and "Caption é." in page
    )
    assert page == gallery(tmp_path, "python -m study").decode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\0\0",
        b"\xff",
        b"[" * 10**5,
        b'{"title": 1, "caption": "c"}',
        b'{"title": "t", "caption": "c", "x": NaN}',
    ],
)
def test_what_is_no_record_is_named_with_what_to_do(tmp_path, data):
    path = tmp_path / "other.json"
    path.write_bytes(data)
    assert (
        "other" not in gallery(tmp_path, "python -m study").decode()
    )  # without a picture it is none
    path.with_suffix(".png").touch()
    with pytest.raises(BrokenFile) as caught:
        gallery(tmp_path, "python -m study")
    message = str(caught.value)
    assert message.startswith(f"{path} is no record of a figure (") and "`run other`" in message
    assert message.isprintable() and len(message) < 500


def test_json_is_sorted_and_strict():
    assert (
        json.loads(to_json({"b": 1, "a": 2})) == {"a": 2, "b": 1}
        and to_json({"b": 1, "a": 2}).index(b'"a"') == 3
    )
    with pytest.raises(ValueError):
        to_json({"a": float("inf")})
