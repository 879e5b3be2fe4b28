"""One experiment of a run: is it fresh, compute what is missing, assert the claim, draw, write, say so."""
import json
import shlex
import shutil
import sys
import traceback
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from experiments import _provenance as origin, _results as results
from experiments._harness import Interrupted, Places, PointsFailed, Refused, compute
from experiments._points import Store
from experiments._progress import Progress
from quadmeta._files import write
from quadmeta.sweep import ClusterError, WorkerKilled, workers

FINE, CLAIM_FAILED, BAD_USE, NOT_COMPUTED = 0, 1, 2, 3
SHOWN = 20  # failed points printed one by one


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
            script = self.places.script(self.name).read_text(encoding="utf-8")
            if self.asked.redraw:
                return self.redraw()
            key = origin.digest(self.package, origin.whole(script), str(origin.HARNESS), str(self.asked.smoke),
                                json.dumps(origin.versions(), sort_keys=True))
            if not self.asked.force and self.fresh(key):
                print(f"{self.name}: fresh", flush=True)
                return FINE
            return self.compute(key, script)
        except AssertionError as error:
            return self.fail(CLAIM_FAILED, f"claim failed: {line(error) or _source(error)}")
        except PointsFailed as error:
            return self.fail(NOT_COMPUTED, *self.advice(error))
        except (WorkerKilled, Refused) as error:
            return self.fail(NOT_COMPUTED, str(error))
        except KeyboardInterrupt as stop:
            kept = f": {stop}" if isinstance(stop, Interrupted) else ""
            again = "without --force " if self.asked.force else ""
            raise Interrupted(f"interrupted in {self.name}{kept}; the same command {again}resumes") from None
        except ClusterError:
            raise  # the next experiment would meet the same cluster
        except Exception as error:
            traceback.print_exc()
            return self.fail(NOT_COMPUTED, f"stopped: {line(error)}")

    def compute(self, key: str, script: str) -> int:
        """Compute what is missing, assert the claim, draw; then write, mark as fresh, drop what is old."""
        store = self.store(script)
        if self.asked.force:
            shutil.rmtree(store.folder, ignore_errors=True)
        module = self.places.load(self.name)
        settings = results.plain(module.SMOKE if self.asked.smoke else module.FULL)
        where = 1 if self.asked.smoke else workers(self.asked.workers)
        progress = Progress(self.name)
        try:
            rows = compute(module, settings, where, store, progress)
        finally:
            progress.close()
        table = results.to_csv(rows)
        hashes = {"csv": sha256(table).hexdigest(), "package": self.package,
                  "script": origin.digest(origin.whole(script))}
        last = origin.commit(self.places.root, ["quadmeta", f"{self.places.package}/{self.name}.py"])
        record = origin.provenance(self.name, module, settings, len(rows), hashes, last, None if where == 1 else 1)
        more = module.files(results.from_csv(table)) if hasattr(module, "files") else {}
        record |= {"files": sorted(more)} if more else {}
        self.write({".csv": table, ".json": results.to_json(record)} | self.drawn(module, table))
        for name, data in more.items():
            write(self.places.figures(self.asked.smoke) / name, data)
        write(self.mark, results.to_json({"key": key, "csv": hashes["csv"]}))
        store.drop_others()
        print(f"{self.name}: {len(rows)} rows, {self.file('.svg').relative_to(self.places.root)}", flush=True)
        return FINE

    def redraw(self) -> int:
        """Assert the claim on the table as it is and draw it; only heading, caption and drawing library are updated."""
        if not self.file(".csv").exists() or not self.file(".json").exists():
            raise Refused("there is no table with provenance to draw again: run it without --redraw first")
        module = self.places.load(self.name)
        table, record = self.file(".csv").read_bytes(), json.loads(self.file(".json").read_bytes())
        if sha256(table).hexdigest() != record["sha256"]["csv"]:
            print(f"{self.name}: warning: {self.file('.csv').name} is not the table that {self.file('.json').name} "
                  "records, it was edited: run with --force to compute it again", file=sys.stderr)
        record |= {"title": origin.title(module.__doc__), "caption": module.CAPTION}
        record["versions"]["matplotlib"] = origin.versions()["matplotlib"]
        self.write({".json": results.to_json(record)} | self.drawn(module, table))
        print(f"{self.name}: drawn again, {self.file('.svg').relative_to(self.places.root)}", flush=True)
        return FINE

    def drawn(self, module: Any, table: bytes) -> dict[str, bytes]:
        """Both pictures of a table. What is checked and drawn is what the table says when it is read back."""
        from quadmeta import plotting
        rows = results.from_csv(table)
        module.check(rows)
        with plotting.style():
            try:
                return plotting.render(module.draw(rows), f"{self.name} {sha256(table).hexdigest()[:12]}")
            except AssertionError as error:
                raise RuntimeError(f"draw raised AssertionError: {line(error)}") from error

    def fresh(self, key: str) -> bool:
        """Whether sources, settings, libraries and the table are as they were when the files were written."""
        files = [self.file(ending) for ending in (".csv", ".json", ".svg", ".png")]
        if not self.mark.exists() or not all(path.exists() for path in files):
            return False
        more = json.loads(files[1].read_bytes()).get("files", ())
        if not all((self.places.figures(self.asked.smoke) / name).exists() for name in more):
            return False
        mark = {"key": key, "csv": sha256(files[0].read_bytes()).hexdigest()}
        return self.mark.read_bytes() == results.to_json(mark)

    def store(self, script: str) -> Store:
        """Finished points that the present sources and libraries would compute again with the same rows."""
        measured = origin.digest(self.package, origin.measuring(script), str(origin.HARNESS),
                                 json.dumps(origin.versions(), sort_keys=True))
        return Store(self.places.cache(self.name) / "points" / measured[:16])

    @property
    def mark(self) -> Path:
        """The file that says for which sources the results are fresh."""
        return self.places.cache(self.name) / ("smoke.json" if self.asked.smoke else "full.json")

    def file(self, ending: str) -> Path:
        """One of the results."""
        return self.places.figures(self.asked.smoke) / f"{self.name}{ending}"

    def write(self, files: dict[str, bytes]) -> None:
        """Write all results once all of them exist."""
        for ending, data in files.items():
            write(self.file(ending), data)

    def fail(self, code: int, *lines: str) -> int:
        """Say what went wrong."""
        for line in lines:
            print(f"{self.name}: {line}", file=sys.stderr, flush=True)
        return code

    def advice(self, failed: PointsFailed) -> list[str]:
        """Each failed point, with the line that computes it alone."""
        lines = []
        for failure in failed.failures[:SHOWN]:
            code = f"from {self.places.package} import {self.name}; print({self.name}.measure(**{failure.point!r}))"
            quoted = shlex.quote(code) if set(code) & set('"$`\\!') else f'"{code}"'
            lines += [f"{failure.error} at {failure.point}", f"to see it alone: python -c {quoted}"]
        more = len(failed.failures) - SHOWN
        return lines + ([f"and {more} more points failed"] if more > 0 else [])


def line(error: BaseException) -> str:
    """An error as one line; of a claim its message alone."""
    return " ".join((f"{error}" if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}").split())


def _source(error: BaseException) -> str:
    return traceback.extract_tb(error.__traceback__)[-1].line or "an assertion without a message"
