"""Files of finished points: each is what it is looked up for, or the point is computed again."""

import json
import os
import shutil

import pytest

from quadmeta.harness import points as _points
from quadmeta.harness.points import Measured, Store, Unusable

POINT = {"i": 3, "scale": 0.1}
ROWS = [{"b": 0.30000000000000004, "a": True, "c": None}, {"b": 1e300, "a": False, "c": "ok"}]


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "points" / "0123456789abcdef")
    found.put(POINT, ROWS)
    return found


def test_rows_come_back_with_their_types_and_columns_in_order(store):
    found = store.get(dict(reversed(POINT.items())))
    assert found == ROWS and [list(row) for row in found] == [list(row) for row in ROWS]
    assert [[type(cell) for cell in row.values()] for row in found] == [
        [float, bool, type(None)],
        [float, bool, str],
    ]
    assert store.get(POINT | {"i": 4}) is None and store.get(POINT | {"i": 3.0}) is None


def changed(**parts):
    """The file with parts of its record replaced."""

    def change(path, store):
        path.write_text(json.dumps(json.loads(path.read_text()) | parts))

    return change


def swapped(old, new):
    def change(path, store):
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


def written(data):
    def change(path, store):
        path.write_bytes(data)

    return change


def another(point, sources):
    """The file of another point, or of other sources, copied over this one."""

    def change(path, store):
        other = Store(store.folder.with_name(sources or store.folder.name))
        other.put(point, ROWS)
        shutil.copy(other.path(point), path)

    return change


def folder(path, store):
    path.unlink()
    path.mkdir()
    (path / "inside").touch()


def link_to_folder(path, store):
    path.unlink()
    path.symlink_to(store.folder)


def pipe(path, store):
    path.unlink()
    os.mkfifo(path)


def enormous(path, store):
    os.truncate(path, _points.LARGEST + 1)


MALFORMED = {
    "empty": (written(b""), "it is not JSON"),
    "cut short": (lambda path, store: path.write_bytes(path.read_bytes()[:-20]), "it is not JSON"),
    "NUL bytes": (written(b"\0" * 300), "it is not JSON"),
    "not UTF-8": (written(b'{"rows": "\xff"}'), "it is not JSON"),
    "nested": (written(b"[" * 100_000), "it is not JSON"),
    "a list": (written(b"[]"), "it is no record of a point"),
    "no rows": (written(b'{"point": {"i": 3, "scale": 0.1}}'), "it is no record of a point"),
    "an older form": (
        written(json.dumps({"point": POINT, "rows": ROWS}).encode()),
        "it is no record of a point",
    ),
    "more": (changed(more=1), "it is no record of a point"),
    "NaN": (swapped("1e+300", "NaN"), "it holds NaN"),
    "infinite": (swapped("1e+300", "1e999"), "must be finite"),
    "another point": (another({"i": 4, "scale": 0.1}, None), "it is the record of another point"),
    "a point of other sources": (
        another(POINT, "fedcba9876543210"),
        "of other sources, settings or libraries",
    ),
    "its point changed": (
        changed(point={"i": 4, "scale": 0.1}),
        "it is the record of another point",
    ),
    "its point an int": (changed(point=3), "it is the record of another point"),
    "rows of text": (changed(rows="rows"), "its rows are no rows"),
    "a row of text": (changed(rows=["row"]), "its rows are no rows"),
    "a cell that is a list": (changed(rows=[{"a": [1]}]), "must be text, int, float, bool or None"),
    "no row": (changed(rows=[]), "it was changed after it was written"),
    "one digit": (
        swapped("0.30000000000000004", "0.30000000000000010"),
        "it was changed after it was written",
    ),
    "1 for True": (swapped("true", "1"), "it was changed after it was written"),
    "columns in another order": (
        changed(rows=[dict(sorted(row.items())) for row in ROWS]),
        "it was changed after",
    ),
    "a digest of nothing": (changed(sha256=None), "it was changed after it was written"),
    "a number too long": (swapped("1e+300", "9" * 5000), "Exceeds the limit"),
    "a folder": (folder, "it is no file"),
    "a link to a folder": (link_to_folder, "it is no file"),
    "a pipe": (pipe, "it is no file"),
    "enormous": (enormous, "bytes, more than"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_file_that_is_something_else_is_named_and_replaced(store, case):
    spoil, reason = MALFORMED[case]
    path = store.path(POINT)
    spoil(path, store)
    with pytest.raises(Unusable) as caught:
        store.get(POINT)
    message = str(caught.value)
    assert (
        message.startswith(f"{path} is not used, the point is computed again (")
        and reason in message
    )
    assert message.isprintable()
    store.put(POINT, ROWS)
    assert store.get(POINT) == ROWS and not list(store.folder.rglob("*.tmp"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named_and_replaced(store):
    store.path(POINT).chmod(0)
    with pytest.raises(Unusable, match="Permission denied"):
        store.get(POINT)
    store.put(POINT, ROWS)
    assert store.get(POINT) == ROWS


def test_a_link_to_nothing_is_no_file(store, tmp_path):
    store.path(POINT).unlink()
    store.path(POINT).symlink_to(tmp_path / "nowhere")
    assert store.get(POINT) is None
    store.put(POINT, ROWS)
    assert store.get(POINT) == ROWS and not (tmp_path / "nowhere").exists()


def test_what_was_measured_is_kept_by_whoever_measured_it(store):
    point = {"i": 7}
    assert (
        Measured(lambda i: [{"twice": 2 * i}], store)(point) == [{"twice": 14}] == store.get(point)
    )
    assert (
        Measured(lambda i: [{"twice": 2 * i}], None)({"i": 8}) == [{"twice": 16}]
        and store.get({"i": 8}) is None
    )
