"""The style stays where it is put, pictures are deterministic, and text does not collide."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from quadmeta import plotting

X = np.linspace(0.1, 1, 20)


def example(**options):
    with plotting.style():
        fig, (left, right) = plotting.figure(height=2.2, columns=2, **options)
        for ax, label in ((left, "a"), (right, "b")):
            line = plotting.theory(ax, X, X**2)
            plotting.measured(ax, X[::4], X[::4] ** 2)
            plotting.printed_bound(ax, X, X**2 + 0.3)
            plotting.repaired_bound(ax, X, X**2 + 0.2)
            plotting.panel_label(ax, label)
            plotting.direct_label(ax, *line.get_data(), r"$\rho(\eta)^{2T}$")
            ax.set_xlabel(r"step size $\eta$")
            ax.set_ylabel(r"meta-objective $F(\eta)$")
    return fig


def test_the_same_figure_gives_the_same_bytes():
    first, second = (plotting.render(example(), "abc123") for _ in range(2))
    assert first == second and set(first) == {".svg", ".png"}
    assert (
        b"abc123" in first[".svg"]
        and b"abc123" in first[".png"]
        and b"<dc:date>" not in first[".svg"]
    )


def test_a_users_own_settings_neither_leak_in_nor_out():
    plain = plotting.render(example())
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "svg.hashsalt": None}):
        before = dict(matplotlib.rcParams)
        assert plotting.render(example()) == plain
        assert dict(matplotlib.rcParams) == before


def test_save_writes_whole_files_only(tmp_path):
    plotting.save(example(), tmp_path / "bias", "abc")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bias.png", "bias.svg"]
    assert (tmp_path / "bias.svg").read_bytes() == plotting.render(example(), "abc")[".svg"]
    assert (tmp_path / "bias.png").read_bytes()[:4] == b"\x89PNG"


def test_theory_is_a_line_measurement_is_markers_a_printed_bound_dashed_a_repaired_one_thin():
    line, marks, printed, repaired = example().axes[0].get_lines()
    assert line.get_linestyle() == "-" and line.get_marker() == "none"
    assert (
        marks.get_linestyle() == "None"
        and marks.get_marker() == "o"
        and marks.get_color() == line.get_color()
    )
    assert (
        printed.is_dashed()
        and not repaired.is_dashed()
        and repaired.get_linewidth() < line.get_linewidth()
    )
    assert len({line.get_color(), printed.get_color(), repaired.get_color()}) == 3


def test_each_hue_has_its_own_colour_marker_and_dash():
    assert (
        len(set(plotting.COLOURS)) == len(set(plotting.MARKERS)) == len(set(plotting.DASHES)) == 8
    )
    with plotting.style():
        _, ax = plotting.figure()
        lines = [plotting.measured(ax, X, X, hue=hue) for hue in range(9)]
    assert lines[8].get_color() == lines[0].get_color() and lines[1].get_marker() == "s"


def test_sizes_and_options_of_a_figure():
    with plotting.style():
        fig, axes = plotting.figure(plotting.COLUMN, 3, rows=2, columns=2, sharex=True)
    assert (
        tuple(fig.get_size_inches()) == (3.3, 3)
        and axes.shape == (2, 2)
        and fig.get_layout_engine() is not None
    )


def test_a_label_stands_at_the_last_finite_point():
    with plotting.style():
        _, ax = plotting.figure()
        assert plotting.direct_label(ax, [1, 2, 3], [4, 5, np.inf], "F").xy == (2, 5)
        assert plotting.direct_label(ax, 0.5, 2, "G", hue=3, ha="right").xy == (0.5, 2)
        with pytest.raises(ValueError, match="no finite point"):
            plotting.direct_label(ax, [1.0], [np.nan], "F")


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_no_text_overlaps_in_a_clean_figure(scale):
    fig = example()
    for ax in fig.axes:
        ax.set_yscale(scale)
    before = fig.canvas
    assert plotting.overlapping_text(fig) == [] and fig.canvas is before


def test_planted_collisions_are_found():
    fig = example()
    fig.axes[0].text(0.5, 0.5, "one of two", transform=fig.axes[0].transAxes)
    fig.axes[0].text(0.52, 0.51, "the other", transform=fig.axes[0].transAxes)
    fig.axes[1].text(0.5, 0.5, "hidden", transform=fig.axes[1].transAxes, visible=False)
    fig.axes[1].text(0.5, 0.5, "shown", transform=fig.axes[1].transAxes)
    fig.text(0.99, 0.5, "beyond the edge")
    found = plotting.overlapping_text(fig)
    assert ("one of two", "the other") in found and ("beyond the edge", "(canvas)") in found
    assert not any("hidden" in pair for pair in found)


def test_pyplot_is_never_imported():
    code = (
        "import sys, quadmeta; assert 'matplotlib' not in sys.modules; quadmeta.plotting.figure(); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
