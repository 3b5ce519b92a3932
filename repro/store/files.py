"""Files that appear whole: the old one or the new one, never a part."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step."""
    with scratch_file(path, content) as scratch:
        scratch.replace(path)


@contextmanager
def scratch_file(path: Path, content: bytes) -> Iterator[Path]:
    """Yield a file that is on disk with this content, beside `path`, to be put in its place.

    Raises:
        OSError: if it can't be; names `path`.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(0o644)
        yield scratch
    except OSError as error:  # of a write, it names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        scratch.unlink(missing_ok=True)
