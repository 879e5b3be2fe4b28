"""What a table depends on, recorded beside it: settings, seed, versions, BLAS, sources. Nothing
that changes by run.
"""

import ast
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import quadmeta

# raise it when the same script and settings would give another table or another figure
HARNESS = 1
_LIBRARIES = ("numpy", "scipy", "mpmath", "matplotlib", "scikit-learn")


def digest(*parts: str) -> str:
    """One hash of several texts."""
    return sha256("\0".join(parts).encode()).hexdigest()


def sources(folder: Path) -> str:
    """Hash of the names and contents of all modules under a folder but this one. Raises ValueError
    without any.
    """
    paths = sorted(
        (path for path in folder.rglob("*.py") if path.parent != Path(__file__).parent),
        key=lambda path: path.relative_to(folder).as_posix(),
    )
    if not paths:
        raise ValueError(
            f"there are no modules under {folder}: pass the folder of the library that the figures "
            "depend on"
        )
    return digest(
        *(
            text
            for path in paths
            for text in (path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8"))
        )
    )


@dataclass(frozen=True)
class Scripts:
    """A package of experiments and where its modules are."""

    package: str
    folder: Path

    def measuring(self, script: str) -> str:
        """Hash of the part of a script that its rows depend on: all but the docstring, CAPTION,
        check and draw.

        So a figure can be polished without computing its points again. Comments and layout do not
        count either. Modules of these packages that the part imports count whole.
        """
        kept = [node for node in ast.parse(script).body if not _presentation(node)]
        return digest(*(ast.dump(node) for node in kept), *self._imported(kept).values())

    def whole(self, script: str) -> str:
        """The text of a script and of the modules of these packages that it imports, in a fixed
        order.
        """
        return "\0".join([script, *self._imported(ast.parse(script).body).values()])

    def _imported(self, nodes: Iterable[ast.AST]) -> dict[str, str]:
        """{name: text} of the modules of these packages that these nodes import, and what those
        import.
        """
        found: dict[str, str] = {}
        ahead = [
            (name, self.package)
            for top in nodes
            for node in ast.walk(top)
            for name in _names(node, self.package)
        ]
        while ahead:
            name, package = ahead.pop()
            path = self._path(name)
            if name in found or path is None:
                continue
            found[name] = path.read_text(encoding="utf-8")
            if path.name == "__init__.py":
                package = name
            else:
                package = name.rpartition(".")[0]
            ahead += [
                (more, package)
                for node in ast.walk(ast.parse(found[name]))
                for more in _names(node, package)
            ]
        return dict(sorted(found.items()))

    def _path(self, name: str) -> Path | None:
        """The file of a module by its full name, where it is one of this package; not that of the
        package itself.
        """
        if name.startswith(f"{self.package}."):
            place = self.folder.joinpath(*name.removeprefix(f"{self.package}.").split("."))
            for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
                if path.is_file():
                    return path
        return None


def libraries(script: str) -> tuple[str, ...]:
    """What a script says its rows depend on besides the usual: ``LIBRARIES = ("jax", ...)``,
    installed or not.
    """
    for node in ast.parse(script).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "LIBRARIES" for target in node.targets
        ):
            return tuple(ast.literal_eval(node.value))
    return ()


def versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Versions of what computes and draws, of the libraries that are installed."""
    found = {"quadmeta": quadmeta.__version__, "python": platform.python_version()}
    for name in (*_LIBRARIES, *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def blas(threads: int | None = None) -> dict[str, Any]:
    """Name, version, kernel and thread count of the BLAS that numpy uses, as far as they can be
    told.
    """
    import numpy

    try:
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

        found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    except ImportError:
        found = []
    if found:
        pool = next((pool for pool in found if "numpy" in pool["filepath"]), found[0])
        name = pool["internal_api"]
        kernel = pool.get("architecture")
        counted = pool["num_threads"]
        return {
            "name": name,
            "version": pool["version"],
            "kernel": kernel,
            "threads": threads or counted,
        }
    built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    counted = os.environ.get("OPENBLAS_NUM_THREADS", "")
    return {
        "name": built["name"],
        "version": built["version"],
        "kernel": None,
        "threads": threads or (int(counted) if counted.isdigit() else None),
    }


def commit(root: Path, paths: Iterable[str]) -> str | None:
    """The last commit that touched these paths; None outside git."""
    try:
        found = subprocess.run(
            ["git", "log", "-1", "--format=%H", "--", *paths],
            cwd=root,
            text=True,
            capture_output=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def provenance(
    name: str,
    module: Any,
    settings: Mapping[str, Any],
    rows: int,
    hashes: Mapping[str, str],
    last: str | None,
    threads: int | None = None,
    more: Iterable[str] = (),
) -> dict[str, Any]:
    """The record beside a table; ``hashes`` holds those of the table, the package and the script."""
    return {
        "name": name,
        "title": title(module.__doc__),
        "caption": module.CAPTION,
        "settings": dict(settings),
        "seed": module.SEED,
        "rows": rows,
        "sha256": dict(hashes),
        "commit": last,
        "harness": HARNESS,
        "versions": versions(more),
        "blas": blas(threads),
        "architecture": platform.machine(),
    }


def title(docstring: str | None) -> str:
    """The first paragraph of a docstring without its full stop: the figure's heading."""
    paragraph = (docstring or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).rstrip(".")


def _names(node: ast.AST, package: str) -> list[str]:
    """Full names of what an import statement of a module in this package may import; of names in
    modules as well.
    """
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    parts = package.split(".")
    if node.level:
        base = ".".join(
            [*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])]
        )
    else:
        base = node.module or ""
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def _presentation(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name in ("check", "draw", "keep")
    if isinstance(node, ast.Assign):
        return any(
            isinstance(target, ast.Name) and target.id == "CAPTION" for target in node.targets
        )
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
