"""Write files so that a reader finds the old content or the new one, never a part of either."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from repro.study.files import open_regular, read_regular

# The readers are here, too, for the instruments, which know the store and no studies.
__all__ = [
    "content_digest",
    "open_regular",
    "read_regular",
    "scratch_file",
    "write_note",
    "write_whole",
]


def content_digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step; a link in its place is replaced, not followed."""
    with scratch_file(path, content) as scratch:
        scratch.replace(path)


def write_note(path: Path, text: str) -> None:
    """Write a short text into a file where it lies, which must be regular; raises `OSError`."""
    with os.fdopen(open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as file:
        file.write(text)


@contextmanager
def scratch_file(path: Path, content: bytes) -> Iterator[Path]:
    """Yield a file that is on disk with this content, beside `path`, to be put in its place.

    Its rights are those that the umask leaves.

    Raises:
        OSError: if it can't be; names `path`.
    """
    scratch = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    try:
        handle = open_regular(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield scratch
    except OSError as error:  # of a write, it names no file; of the rest, the scratch file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):  # such as of a folder that there is not
            scratch.unlink()
