"""File formats: bytes to arrays, on the assumption that the bytes are hostile.

Everything is parsed in memory and within a limit; nothing is unpickled, no archive extracted.
"""

import gzip
import io
import math
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from repro.data.dataset import DataCorrupt, DataUnavailable

MAX_BYTES = 64 * 2**20  # of any file, packed or unpacked; full MNIST has 55 million bytes

T = TypeVar("T")


def read_file(path: Path, parse: Callable[[bytes], T]) -> T:
    """Return what `parse` makes of the file's bytes.

    Raises `DataUnavailable` if the file can't be read, `DataCorrupt` if its bytes can't be parsed.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataUnavailable(f"{path} is no file")  # a pipe would be waited for
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataUnavailable(f"{path} cannot be read ({error.strerror})") from error
    try:
        return parse(_limited(data))
    except Exception as error:  # hostile bytes make parsers raise nearly anything
        raise DataCorrupt(f"{path} is damaged or another file ({error})") from error


def parse_npz(data: bytes, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Return the named arrays of a NumPy archive, never unpickling one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
        return {name: _parse_npy(archive.read(f"{name}.npy")) for name in names}


def _parse_npy(data: bytes) -> NDArray[Any]:
    return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)


def parse_idx(data: bytes, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the array `name` from a plain or gzipped IDX file, which must have this shape.

    IDX: two zero bytes, the type (8 is uint8), the rank, the lengths (uint32, big-endian), values.
    """
    values = gunzip(data) if data.startswith(b"\x1f\x8b") else data
    magic = b"\0\0\x08" + bytes([len(shape)])
    header = magic + struct.pack(f">{len(shape)}I", *shape)
    if not values.startswith(header) or len(values) != len(header) + math.prod(shape):
        raise ValueError(f"{name} is not a whole IDX file of uint8 {shape}")
    return np.frombuffer(values, np.uint8, offset=len(header)).reshape(shape)


def tar_members(data: bytes, names: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of regular files in a gzipped tar archive, which stays in memory."""
    with tarfile.open(fileobj=io.BytesIO(gunzip(data)), mode="r:") as archive:
        for path in map(PurePosixPath, archive.getnames()):
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"its member {str(path)!r} points outside of it")
        return {name: _member(archive, name) for name in names}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.getmember(name)
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        raise ValueError(f"its member {name!r} is not a regular file")
    return file.read()


def gunzip(data: bytes) -> bytes:
    """Return the unpacked bytes; ValueError past `MAX_BYTES`, so that no bomb goes off."""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        return _limited(file.read(MAX_BYTES + 1))


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    return data
