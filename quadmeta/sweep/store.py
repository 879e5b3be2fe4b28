"""What has landed of a mean over tasks, in one file that is written whole or not at all."""

import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from quadmeta._files import write
from quadmeta._validate import show
from quadmeta.sweep.environment import environment
from quadmeta.sweep.executor import line
from quadmeta.sweep.tree import Moments, Tree

EVERY = 1.0  # seconds between two writes


class Store:
    """The file of one call, or nothing where ``path`` is None.

    ``call`` is what the file must say of the call that wrote it, besides its versions.

    Raises
    ------
    ValueError
        no path.
    """

    def __init__(self, path: str | Path | None, call: dict[str, int]) -> None:
        self.path = None
        if path is not None:
            if not isinstance(path, str | Path):
                raise ValueError(f"store = {show(path)} must be the path of a file, or None")
            self.path = Path(path)
            self.call: dict[str, Any] = {**call, **environment()}
        self.written = time.monotonic()

    def read(self, leaves: int) -> tuple[Tree, bool]:
        """The tree as it is in the file, and whether its function returns a tuple.

        Raises
        ------
        ValueError
            the file is none of this call, or cannot be read.
        """
        tree = Tree(leaves)
        if self.path is None or not self.path.exists():
            return tree, False
        try:
            with np.load(self.path, allow_pickle=False) as file:
                head = json.loads(str(file["head"]))
                for level, index, tasks in head["nodes"]:
                    name = f"{level}-{index}"
                    parts = range(head["parts"])
                    tree.nodes[level, index] = Moments(
                        tasks,
                        [file[f"{name}-mean-{k}"] for k in parts],
                        [file[f"{name}-squares-{k}"] for k in parts],
                    )
        except Exception as error:
            raise ValueError(
                f"store = {str(self.path)!r} cannot be read ({line(error)}): remove it"
            ) from None
        differs = [name for name, value in self.call.items() if head["call"].get(name) != value]
        if differs:
            raise ValueError(
                f"store = {str(self.path)!r} is of a call with other {', '.join(differs)}: remove "
                "it, or pass another path"
            )
        return tree, head["several"]

    def write(self, tree: Tree, several: bool, now: bool = False) -> None:
        """Write the tree, unless that was done just before; ``now``: anyway."""
        if self.path is None or not tree.nodes:
            return
        if not now and time.monotonic() - self.written < EVERY:
            return
        arrays = dict[str, Any]()
        for (level, index), node in tree.nodes.items():
            for k, (mean, squares) in enumerate(zip(node.means, node.squares, strict=True)):
                arrays[f"{level}-{index}-mean-{k}"] = mean
                arrays[f"{level}-{index}-squares-{k}"] = squares
        head = {
            "call": self.call,
            "several": several,
            "parts": len(next(iter(tree.nodes.values())).means),
            "nodes": [[*place, node.tasks] for place, node in tree.nodes.items()],
        }
        buffer = io.BytesIO()
        np.savez(buffer, head=np.array(json.dumps(head)), **arrays)
        write(self.path, buffer.getvalue())
        self.written = time.monotonic()
