"""Read files that somebody else may have put there: regular ones, never more than a limit."""

import errno
import os
import stat
from pathlib import Path

MAX_BYTES = 512 * 2**20  # of a table; the largest committed one has 8 million
KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}


def read_regular(path: Path, limit: int = MAX_BYTES, *, follow: bool = False) -> bytes:
    """Return the content of a regular file, without waiting for what is none.

    Args:
        path: the file.
        limit: the most bytes that it may have.
        follow: whether it may be a link to such a file.

    Raises:
        OSError: if it is not there, is something else, or is larger; names the path.
    """
    with os.fdopen(open_regular(path, os.O_RDONLY, follow=follow), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"has more than {limit:,} bytes", str(path))
    return content


def open_regular(path: Path, flags: int, *, follow: bool = False) -> int:
    """Return a descriptor of a regular file, opened or made; raises as `read_regular` does."""
    links = 0 if follow else os.O_NOFOLLOW
    try:
        handle = os.open(path, flags | links | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:  # ELOOP: a link; ENXIO: a pipe without a reader, a socket
        raise _explained(error, path) from None
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    if kind != stat.S_IFREG:
        os.close(handle)
        raise OSError(errno.EINVAL, f"is {KINDS.get(kind, 'no file')}, not a file", str(path))
    return handle


def require_regular(path: Path) -> None:
    """Raise `OSError`, as `open_regular` does, if something is there that is no regular file."""
    try:
        kind = stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"is {KINDS.get(kind, 'no file')}, not a file", str(path))


def real_path(path: Path) -> Path:
    """Return a path without its links; one whose links lead back to themselves keeps those.

    >>> real_path(Path("/..")).as_posix()
    '/'
    """
    # Path.resolve raises RuntimeError, before Python 3.13
    return Path(os.path.realpath(path))


def _explained(error: OSError, path: Path) -> OSError:
    try:
        require_regular(path)
    except OSError as explained:
        return explained
    return OSError(error.errno, error.strerror, str(path))
