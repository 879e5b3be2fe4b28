"""Several codes side by side, saved, joined and drawn."""

import pytest

import quadmeta as qm
from quadmeta import conformance
from quadmeta.conformance import Scoreboard, Verdict
from tests.conformance import codes

CASES = ["generic", "isotropic", "one_dimension", "direct_term", "scalar"]


@pytest.fixture(scope="module")
def board():
    shared = {"kind": "implicit", "cases": CASES}
    return conformance.scoreboard(
        {
            "a dense solve": {"function": codes.implicit, **shared},
            "CG without its last step": {
                "function": lambda g: codes.conjugate_gradients(g, drop=1),
                **shared,
            },
            "nothing": {"function": lambda g: None, **shared},
        }
    )


def test_a_row_a_code(board):
    assert board.cases == tuple(CASES)
    assert board["a dense solve"].passes
    assert board["CG without its last step"]["isotropic"].verdict == Verdict.ZERO
    assert len(board.rows()) == 3 * len(CASES)
    assert repr(board).count("\n") == 2


def test_saved_and_joined_it_is_the_same(board, tmp_path):
    board["a dense solve"].save(tmp_path / "one.json")
    Scoreboard(board.reports[1:]).save(tmp_path / "others.json")
    joined = Scoreboard.load(tmp_path / "one.json", tmp_path / "others.json")
    assert joined.to_json() == board.to_json()
    assert repr(joined) == repr(board)


def test_a_file_without_a_report_is_named(tmp_path):
    path = tmp_path / "other.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match="holds no report"):
        Scoreboard.load(path)


def test_triples_are_codes_too():
    board = conformance.scoreboard([("mine", codes.implicit, "implicit_at")])
    assert board["mine"].passes


def test_what_is_missing_is_said():
    with pytest.raises(ValueError, match="'mine' has no 'kind'"):
        conformance.scoreboard({"mine": {"function": codes.implicit}})


def test_pages_and_pictures(board):
    html = board._repr_html_()
    assert html.count("<tr>") == 4
    figure = board.plot()
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == [f"{report.name} (implicit)" for report in board.reports]
    assert not qm.plotting.overlapping_text(figure)


def test_two_codes_of_one_name_are_refused():
    triples = [("mine", codes.implicit, "implicit"), ("mine", codes.neumann, "neumann")]
    with pytest.raises(ValueError, match="two are called 'mine'"):
        conformance.scoreboard(triples)


def test_options_are_named_and_files_too(tmp_path):
    with pytest.raises(ValueError, match="'mine' is 5"):
        conformance.scoreboard({"mine": 5})
    (tmp_path / "half.json").write_text("[{")
    with pytest.raises(ValueError, match=r"half\.json holds no report"):
        Scoreboard.load(tmp_path / "half.json")
