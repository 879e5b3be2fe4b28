"""A way to a cluster that is fit for the points of this process, or one line that says what is
wrong with it.
"""

import logging
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from quadmeta.sweep.environment import PACKAGES, differs, unfit
from quadmeta.sweep.executor import ClusterError, line

if TYPE_CHECKING:
    from distributed import Client

# seconds in which a scheduler must answer, at each of the addresses that a host may have
PATIENCE = 4


@contextmanager
def connected(address: str) -> "Iterator[Client]":
    """A client of that scheduler. Raises ClusterError where none answers."""
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            f"workers = {address} needs the package distributed: pip install 'quadmeta[cluster]'"
        ) from None
    try:
        _greet(address)
        with warnings.catch_warnings():
            # of versions that differ: they are refused below, by name
            warnings.simplefilter("ignore")
            client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} within {PATIENCE} s ({line(error)}): "
            "check the address, start one with `dask scheduler`"
        ) from None
    log = logging.getLogger("distributed.client")
    before = log.level
    log.setLevel(logging.CRITICAL)  # of a scheduler that is gone the caller hears once
    try:
        yield client
    finally:
        client.close(timeout=2)
        log.setLevel(before)


def _greet(address: str) -> None:
    """Raise where nobody speaks first as a scheduler does.

    A Client would wait for ever for a door that stays silent. What a scheduler says begins with the
    length of a short message, 8 bytes.
    """
    host, port = address.removeprefix("tcp://").rsplit(":", 1)
    with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as door:
        length = int.from_bytes(door.recv(8, socket.MSG_WAITALL), "little")
    if not 0 < length < 2**20:
        raise OSError("what answers is no scheduler")


def check(client: "Client", address: str, wanted: dict[str, str | None], blob: bytes) -> None:
    """Refuse a cluster without workers, and nodes that differ.

    Versions are asked for, since that works where nothing can be imported.
    """
    found = client.get_versions(packages=PACKAGES)
    if not found["workers"]:
        raise ClusterError(
            f"the cluster {address} has no workers: start one with "
            f"`dask worker {address} --nthreads 1`"
        )
    nodes = {f"scheduler {address}": found["scheduler"]}
    nodes |= {f"worker {place}": found["workers"][place] for place in sorted(found["workers"])}
    for place, node in nodes.items():
        for package in ("python", *PACKAGES):
            if node["packages"].get(package) != wanted[package]:
                raise ClusterError(
                    f"{place} {differs(package, node['packages'].get(package), wanted[package])}"
                )
    for place, reason in sorted(client.run(unfit, wanted, blob, on_error="return").items()):
        if reason is not None:
            text = reason if isinstance(reason, str) else line(reason)
            raise ClusterError(f"worker {place} {text}")
