"""Figure style as data, and the few marks that a figure is made of.

Theory is a line and measurement is markers; a printed bound is dashed, a repaired one thin and
solid. Each hue is a colour with its own marker and dash, so that a figure survives grey printing.
Nothing here touches pyplot or any global setting: draw inside ``with style():``.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from numpy.typing import ArrayLike

from quadmeta._files import sweep, write

# inches: a paper's column and its page
COLUMN = 3.3
PAGE = 6.75
# Okabe and Ito's colours, yellow last: it is too light for a thin line
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "x", "*")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (6, 1, 1, 1)),
    (0, (1, 1)),
    (0, (4, 1, 1, 1, 1, 1)),
    (0, (3, 1, 1, 1)),
    (0, (8, 2, 1, 2)),
    (0, (2, 1)),
    (0, (1, 2)),
)
PRINTED = (0, (5, 2.5))

STYLE: dict[str, Any] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "STIX Two Text", "Times New Roman", "Times"],
    "mathtext.fontset": "stix",
    "text.usetex": False,
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=DASHES),
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "image.cmap": "cividis",
    "svg.fonttype": "none",
    "svg.hashsalt": "quadmeta",
    "pdf.fonttype": 42,
}


@contextmanager
def style() -> Iterator[None]:
    """The house style on top of matplotlib's defaults; the user's own settings return after it."""
    with matplotlib.style.context(STYLE, after_reset=True):
        yield


def figure(
    width: float = PAGE, height: float = 2.4, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """A figure in inches with its axes: one, or an array as of ``Figure.subplots``.

    ``options`` are those of ``Figure.subplots``.
    """
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(rows, columns, **options)


def theory(ax: Axes, x: ArrayLike, y: ArrayLike, hue: int = 0, **options: Any) -> Line2D:
    """What is predicted: a line.

    ``linestyle=DASHES[hue]`` tells several lines apart that no markers accompany.
    """
    return _line(ax, x, y, hue, {"linestyle": "-", "marker": "none"} | options)


def measured(
    ax: Axes, x: ArrayLike, y: ArrayLike, hue: int = 0, filled: bool = True, **options: Any
) -> Line2D:
    """What was measured: markers, above the lines; white inside if not ``filled``."""
    marks: dict[str, Any] = {
        "linestyle": "none",
        "marker": MARKERS[hue % len(MARKERS)],
        "zorder": 3,
        "clip_on": True,
    }
    if not filled:
        marks["markerfacecolor"] = "white"
    return _line(ax, x, y, hue, marks | options)


def printed_bound(ax: Axes, x: ArrayLike, y: ArrayLike, hue: int = 1, **options: Any) -> Line2D:
    """A bound as its source prints it: dashed."""
    return _line(ax, x, y, hue, {"linestyle": PRINTED, "marker": "none"} | options)


def repaired_bound(ax: Axes, x: ArrayLike, y: ArrayLike, hue: int = 2, **options: Any) -> Line2D:
    """A bound as it holds: thin and solid."""
    return _line(ax, x, y, hue, {"linestyle": "-", "linewidth": 0.7, "marker": "none"} | options)


def steps_label(T: int) -> str:
    """A number of steps as a formula: $T=100$, and $T=10^6$ from 10^4 on."""
    if T < 10**4:
        return f"$T={T}$"
    return f"$T=10^{len(str(T)) - 1}$"


def panel_label(ax: Axes, label: str) -> Text:
    """A bold letter above the upper left corner of a panel."""
    return ax.set_title(label, loc="left", fontweight="bold")


def direct_label(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    text: str,
    hue: int = 0,
    shift: tuple[float, float] = (4, 0),
    **options: Any,
) -> Annotation:
    """A name at a line's last finite point, shifted by points; it may stand outside the axes.

    Raises
    ------
    ValueError
        the line has no finite point.
    """
    where = np.stack(np.broadcast_arrays(np.atleast_1d(np.asarray(x, float)), np.asarray(y, float)))
    where = where[:, np.isfinite(where).all(axis=0)]
    if not where.size:
        raise ValueError(f"the line labelled {text!r} has no finite point: label another line")
    place: dict[str, Any] = {
        "color": COLOURS[hue % len(COLOURS)],
        "va": "center",
        "ha": "left",
        "fontsize": 8,
    }
    return ax.annotate(
        text,
        (where[0, -1], where[1, -1]),
        shift,
        textcoords="offset points",
        annotation_clip=False,
        **(place | options),
    )


def render(fig: Figure, description: str = "") -> dict[str, bytes]:
    """``{".svg": ..., ".png": ...}``, the same bytes for the same figure and matplotlib."""
    found = {}
    for ending, date in ((".svg", {"Date": None}), (".png", {})):
        with style(), io.BytesIO() as buffer:
            fig.savefig(buffer, format=ending[1:], metadata={"Description": description} | date)
            found[ending] = buffer.getvalue()
    return found


def save(fig: Figure, stem: str | os.PathLike[str], description: str = "") -> None:
    """Write ``stem.svg`` and ``stem.png``, each whole or not at all."""
    for ending, data in render(fig, description).items():
        path = Path(f"{os.fspath(stem)}{ending}")
        sweep(path.parent, deep=False)
        write(path, data)


def overlapping_text(fig: Figure, slack: float = 1.0) -> list[tuple[str, str]]:
    """Pairs of visible texts whose boxes overlap by more than ``slack`` pixels both ways.

    A text that leaves the canvas is paired with ``"(canvas)"``. The boxes are those of the figure
    drawn as PNG.
    """
    canvas = fig.canvas
    with style():
        drawn: Any = FigureCanvasAgg(fig)
        fig.draw_without_rendering()
        renderer = drawn.get_renderer()
        boxes = [(text.get_text(), Text.get_window_extent(text, renderer)) for text in _texts(fig)]
    fig.set_canvas(canvas)
    page = fig.bbox
    pairs = [
        (text, "(canvas)")
        for text, box in boxes
        if min(box.x0 - page.x0, box.y0 - page.y0, page.x1 - box.x1, page.y1 - box.y1) < -slack
    ]
    for (first, one), (second, other) in combinations(boxes, 2):
        if (
            min(one.x1, other.x1) - max(one.x0, other.x0) > slack
            and min(one.y1, other.y1) - max(one.y0, other.y0) > slack
        ):
            pairs.append((first, second))
    return pairs


def _line(ax: Axes, x: ArrayLike, y: ArrayLike, hue: int, options: dict[str, Any]) -> Line2D:
    (line,) = ax.plot(x, y, **({"color": COLOURS[hue % len(COLOURS)]} | options))
    return line


def _texts(artist: Artist) -> Iterator[Text]:
    """Texts that are drawn: matplotlib keeps more ticks than it shows."""
    if not artist.get_visible():
        return
    if isinstance(artist, Text):
        if artist.get_text().strip():
            yield artist
        return
    children = artist.get_children()
    if isinstance(artist, Axis):
        low, high = np.sort(artist.get_transform().transform(artist.get_view_interval()))
        margin = 1e-9 * (high - low)
        ticks = [*artist.get_major_ticks(), *artist.get_minor_ticks()]
        places = artist.get_transform().transform([tick.get_loc() for tick in ticks])
        shown = [
            tick
            for tick, at in zip(ticks, places, strict=True)
            if low - margin <= at <= high + margin
        ]
        children = [artist.label, artist.offsetText, *shown]
    for child in children:
        yield from _texts(child)
