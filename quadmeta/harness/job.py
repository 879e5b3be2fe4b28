"""One experiment of a run: if it is not fresh, compute what is missing, assert, draw, write."""

import json
import os
import platform
import shlex
import shutil
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from quadmeta._files import write
from quadmeta.harness import provenance as origin, results
from quadmeta.harness.experiment import SHOWN, Experiment, Interrupted, PointsFailed, compute
from quadmeta.harness.places import Places, Refused
from quadmeta.harness.points import Store
from quadmeta.harness.progress import Progress
from quadmeta.harness.results import BrokenFile, line
from quadmeta.harness.sources import Script, digest
from quadmeta.sweep import ClusterError, WorkerKilled, workers

FINE = 0
CLAIM_FAILED = 1
NOT_COMPUTED = 3
PICTURES = (".svg", ".png")


@dataclass(frozen=True)
class Run:
    """What was asked for on the command line."""

    smoke: bool = False
    redraw: bool = False
    force: bool = False
    workers: int | str = 1


@dataclass(frozen=True)
class Job:
    """One experiment of a run. ``package`` is the hash of the library's sources."""

    name: str
    asked: Run
    places: Places
    package: str

    def run(self) -> int:
        """Bring its files up to date; say on stdout what was done and on stderr what failed."""
        try:
            script = self.places.script(self.name)
            if self.asked.redraw:
                return self.redraw()
            key = self.key(script)
            if not self.asked.force and self.fresh(key):
                self.say("fresh")
                return FINE
            if not self.asked.force and not self.asked.smoke and (reason := self.kept()):
                return self.keep(reason)
            return self.compute(key, script)
        except AssertionError as error:
            return self.fail(CLAIM_FAILED, f"claim failed: {line(error) or _source(error)}")
        except PointsFailed as error:
            return self.fail(NOT_COMPUTED, *self.advice(error))
        except WorkerKilled as error:
            if error.index is None:
                return self.fail(NOT_COMPUTED, str(error))
            return self.fail(NOT_COMPUTED, str(error), self.alone(error.point))
        except (Refused, BrokenFile) as error:
            return self.fail(NOT_COMPUTED, str(error))
        except KeyboardInterrupt as stop:
            raise Interrupted(self.resume(stop)) from None
        except ClusterError:
            raise  # the next experiment would meet the same cluster
        except Exception as error:
            ours = self.ours(error)
            if ours is None:
                traceback.print_exc()
            return self.fail(NOT_COMPUTED, f"stopped: {ours or line(error)}")

    def compute(self, key: str, script: Script) -> int:
        """Compute what is missing, assert the claim, draw; write all; drop what is old."""
        store = self.store(script)
        if self.asked.force:
            shutil.rmtree(store.folder, ignore_errors=True)
        self.clear(self.mark)
        store.folder.mkdir(parents=True, exist_ok=True)  # if it cannot be, no point is to blame
        module = self.places.load(self.name)
        settings = results.plain(module.SMOKE if self.asked.smoke else module.FULL)
        where = 1 if self.asked.smoke else workers(self.asked.workers)
        progress = Progress(self.name)
        try:
            rows = compute(module, settings, where, store, progress)
        finally:
            progress.close()
        table = results.to_csv(rows)
        threads = None if where == 1 else 1  # each worker has one BLAS thread
        record = self.record(module, script, settings, table, threads)
        more: dict[str, bytes] = {}
        if hasattr(module, "files"):
            more = module.files(results.from_csv(table))
        if more:
            record["files"] = sorted(more)
        files = {".csv": table, ".json": results.to_json(record)} | self.drawn(module, table)
        written = {f"{self.name}{ending}": data for ending, data in files.items()} | more
        self.write(written)
        write(self.mark, results.to_json({"key": key, "files": _digests(written.items())}))
        store.drop_others()
        self.say(f"{len(rows)} rows, {self.file('.svg').relative_to(self.places.root)}")
        return FINE

    def record(
        self,
        module: Experiment,
        script: Script,
        settings: dict[str, Any],
        table: bytes,
        threads: int | None,
    ) -> dict[str, Any]:
        """What is written beside a table: settings, versions, hashes, the last commit."""
        sources = [self.places.library, self.places.path(self.name), *script.imported().values()]
        return {
            "name": self.name,
            "title": origin.title(module.__doc__),
            "caption": module.CAPTION,
            "settings": settings,
            "seed": module.SEED,
            "rows": len(results.from_csv(table)),
            "sha256": {
                "csv": sha256(table).hexdigest(),
                "package": self.package,
                "script": script.whole(),
            },
            "commit": origin.commit(self.places.root, sources),
            "harness": origin.HARNESS,
            "versions": origin.versions(script.libraries()),
            "blas": origin.blas(threads),
            "architecture": platform.machine(),
        }

    def redraw(self) -> int:
        """Assert the claim on the table as it is and draw it.

        Of its record, heading, caption and the version of the drawing library are updated.
        """
        if not self.file(".csv").exists() or not self.file(".json").exists():
            raise Refused(
                "there is no table with provenance to draw again: run it without --redraw first"
            )
        module = self.places.load(self.name)
        table = results.content(self.file(".csv"))
        record = results.read_record(self.file(".json"), "sha256", "versions")
        try:
            results.from_csv(table)
        except ValueError as error:
            raise BrokenFile(
                f"{self.file('.csv')} is no table ({line(error)}): run it without --redraw"
            ) from None
        if sha256(table).hexdigest() != record["sha256"]["csv"]:
            self.fail(
                FINE,
                f"warning: {self.name}.csv is not the table that {self.name}.json records, it was "
                "edited: run with --force to compute it again",
            )
        record |= {"title": origin.title(module.__doc__), "caption": module.CAPTION}
        record["versions"]["matplotlib"] = origin.versions()["matplotlib"]
        files = {".json": results.to_json(record)} | self.drawn(module, table)
        self.write({f"{self.name}{ending}": data for ending, data in files.items()})
        self.say(f"drawn again, {self.file('.svg').relative_to(self.places.root)}")
        return FINE

    def kept(self) -> str | None:
        """Why a published table that is not fresh must stay; None where it may be replaced."""
        module = self.places.load(self.name)
        if not hasattr(module, "keep"):
            return None
        try:
            rows = results.from_csv(results.content(self.file(".csv")))
            reason: str | None = module.keep(rows)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # there is no table that could be kept
        return reason

    def keep(self, reason: str) -> int:
        """Leave the published table; draw it where a picture is missing or is of another table."""
        table = results.content(self.file(".csv"))
        stamp = sha256(table).hexdigest()
        try:
            published = results.read_record(self.file(".json"), "sha256")["sha256"]["csv"] == stamp
        except BrokenFile:
            published = False
        if not published:
            raise Refused(
                f"{self.file('.csv')} and {self.name}.json are not as they were published, and "
                f"{reason}: restore both, or pass --force to replace them"
            )
        for path in map(self.file, PICTURES):
            if not path.is_file() or stamp[:12].encode() not in path.read_bytes():
                return self.redraw()
        self.places.load(self.name).check(_as_drawn(table))
        self.say(f"left as published: {reason}; --force replaces it")
        return FINE

    def drawn(self, module: Experiment, table: bytes) -> dict[str, bytes]:
        """Both pictures of a table. What is checked and drawn is the table as it reads back."""
        from quadmeta import plotting

        rows = _as_drawn(table)
        module.check(rows)
        description = f"{self.name} {sha256(table).hexdigest()[:12]}"
        with plotting.style():
            try:
                return plotting.render(module.draw(rows), description)
            except AssertionError as error:
                raise RuntimeError(f"draw raised AssertionError: {line(error)}") from error

    def fresh(self, key: str) -> bool:
        """Whether sources, settings, libraries and all files written are as they were then."""
        figures = self.places.figures(self.asked.smoke)
        needed = {f"{self.name}{ending}" for ending in (".csv", ".json", *PICTURES)}
        try:
            mark = results.read_json(results.content(self.mark))
            names = list(mark["files"])
            written = _digests((name, results.content(figures / name)) for name in names)
            return needed <= set(names) and bool(mark == {"key": key, "files": written})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False

    def key(self, script: Script) -> str:
        """A hash of what the files of this experiment depend on."""
        harness = str(origin.HARNESS)
        smoke = str(self.asked.smoke)
        return digest(self.package, script.whole(), harness, smoke, self.versions(script))

    def versions(self, script: Script) -> str:
        """The versions that the rows of this script depend on, as one text."""
        return json.dumps(origin.versions(script.libraries()), sort_keys=True)

    def store(self, script: Script) -> Store:
        """Finished points that the present sources and libraries would compute alike again."""
        harness = str(origin.HARNESS)
        measured = digest(self.package, script.measuring(), harness, self.versions(script))
        return Store(self.places.cache(self.name) / "points" / measured[:16])

    @property
    def mark(self) -> Path:
        """The file that says for which sources the results are fresh."""
        return self.places.cache(self.name) / ("smoke.json" if self.asked.smoke else "full.json")

    def file(self, ending: str) -> Path:
        """One of the results."""
        return self.places.figures(self.asked.smoke) / f"{self.name}{ending}"

    def write(self, files: dict[str, bytes]) -> None:
        """Write all results, {path below the figures: bytes}, once all of them exist."""
        for name, data in files.items():
            write(self.places.figures(self.asked.smoke) / name, data)

    def clear(self, path: Path) -> None:
        """Remove a folder that stands where a file of the cache should be."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)

    def ours(self, error: Exception) -> str | None:
        """What to do about a result or a file of the cache that cannot be read or written."""
        if not isinstance(error, OSError) or error.filename is None:
            return None
        path = Path(os.fsdecode(error.filename2 or error.filename))
        cache = self.places.cache(self.name)
        if path.is_relative_to(cache):
            return f"{path}: {error.strerror}: remove {cache}, which is a cache"
        if path.is_relative_to(self.places.figures(False)):
            return f"{path}: {error.strerror}: make it a file that can be written, or remove it"
        return None

    def say(self, done: str) -> None:
        """Say on stdout what was done."""
        print(f"{self.name}: {done}", flush=True)

    def fail(self, code: int, *lines: str) -> int:
        """Say what went wrong."""
        for said in lines:
            print(f"{self.name}: {said}", file=sys.stderr, flush=True)
        return code

    def advice(self, failed: PointsFailed) -> list[str]:
        """Each failed point, with the line that computes it alone."""
        lines = []
        for failure in failed.failures[:SHOWN]:
            lines += [f"{failure.error} at {failure.point}", self.alone(failure.point)]
        if len(failed.failures) > SHOWN:
            lines.append(f"and {len(failed.failures) - SHOWN} more points failed")
        return lines

    def resume(self, stop: KeyboardInterrupt) -> str:
        """How to go on after Ctrl-C."""
        kept = f": {stop}" if isinstance(stop, Interrupted) else ""
        again = "without --force " if self.asked.force else ""
        return f"interrupted in {self.name}{kept}; the same command {again}resumes"

    def alone(self, point: object) -> str:
        """The line that computes one point alone."""
        package, _, module = self.places.module(self.name).rpartition(".")
        code = f"from {package} import {module}; print({module}.measure(**{point!r}))"
        if not set(code) & set('"$`\\!'):
            return f'to see it alone: python -c "{code}"'
        return f"to see it alone: python -c {shlex.quote(code)}"


def _as_drawn(table: bytes) -> list[dict[str, Any]]:
    """The rows of a table for a script, which knows the types of its columns."""
    return [dict(row) for row in results.from_csv(table)]


def _digests(files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: sha256(data).hexdigest() for name, data in files}


def _source(error: BaseException) -> str:
    return traceback.extract_tb(error.__traceback__)[-1].line or "an assertion without a message"
