"""Files that are written whole or not at all."""
import os
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write a whole file or none: under a temporary name in the same folder, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
