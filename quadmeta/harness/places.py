"""Where the scripts of a study are found, and where their tables and figures go."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from quadmeta.harness.sources import Script

if TYPE_CHECKING:
    from quadmeta.harness.experiment import Experiment

CONTRACT = ("CAPTION", "SEED", "FULL", "SMOKE", "points", "measure", "check", "draw")


class Refused(RuntimeError):
    """An experiment cannot be done as asked; the message says what is missing."""


@dataclass(frozen=True)
class Places:
    """A study: a folder with a package of experiments, whose results go into ``figures`` there.

    Parameters
    ----------
    root
        The folder, whatever the working directory is.
    package
        The name of the package of scripts in it.
    library
        The folder of the library that all scripts depend on: the quadmeta that is imported.
    page
        What writes ``index.html`` from the folder of figures, if anything.
    program
        How the command line is called, for the texts that name it.

    Examples
    --------
    >>> from quadmeta.harness import Places
    >>> Places("study").figures(smoke=True).as_posix()
    'study/figures/smoke'
    """

    root: Path
    package: str = "experiments"
    library: Path = Path(__file__).resolve().parents[1]
    page: Callable[[Path], bytes] | None = None
    program: str = "python -m quadmeta.harness"

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root))

    @property
    def scripts(self) -> Path:
        """The folder of the package."""
        return self.root / self.package

    def names(self) -> list[str]:
        """All experiments: scripts, and folders with a ``figure.py``, without a leading ``_``."""
        alone = [path.stem for path in self.scripts.glob("*.py")]
        folders = [path.parent.name for path in self.scripts.glob("*/figure.py")]
        return sorted(name for name in alone + folders if not name.startswith("_"))

    def path(self, name: str) -> Path:
        """The file of one experiment."""
        folder = self.scripts / name
        if (folder / "figure.py").is_file():
            return folder / "figure.py"
        return folder.with_suffix(".py")

    def module(self, name: str) -> str:
        """The full name of the module of one experiment."""
        inside = self.path(name).relative_to(self.root).with_suffix("")
        return ".".join(inside.parts)

    def script(self, name: str) -> Script:
        """The source of one experiment as it is now."""
        text = self.path(name).read_text(encoding="utf-8")
        parent = self.module(name).rpartition(".")[0]
        return Script(text, parent, self.root, self.library)

    def figures(self, smoke: bool) -> Path:
        """The folder of results; a smoke run never overwrites published ones."""
        if smoke:
            return self.root / "figures" / "smoke"
        return self.root / "figures"

    def cache(self, name: str) -> Path:
        """The folder of finished points and of what says that results are fresh; it may go."""
        return self.root / ".cache" / "experiments" / name

    def load(self, name: str) -> "Experiment":
        """The module of one experiment; ``root`` is put in front of Python's search path.

        Raises
        ------
        Refused
            It lacks a part of what an experiment defines, or a package of the same name from
            another folder stands in the place of this one.
        """
        root = str(self.root.resolve())
        if root not in sys.path:
            sys.path.insert(0, root)
        found = [Path(folder).resolve() for folder in import_module(self.package).__path__]
        if self.scripts.resolve() not in found:
            raise Refused(
                f"{self.package} is imported from {found[0]}, not from {self.scripts}: give that "
                "an __init__.py, or another name as Places(package=...)"
            )
        module = import_module(self.module(name))
        lacking = [part for part in CONTRACT if not hasattr(module, part)]
        if lacking or not module.__doc__:
            script = self.path(name).relative_to(self.root)
            raise Refused(
                f"{script} lacks {', '.join(lacking or ['a docstring'])}: an experiment defines "
                f"{', '.join(CONTRACT)}"
            )
        return cast("Experiment", module)
