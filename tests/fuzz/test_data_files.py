"""Data files of any content: `DataCorrupt`, never another error and never a wrong array."""

import gzip
import io
import tarfile

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.data.dataset import DataCorrupt
from repro.data.formats import parse_idx, parse_npz, read_file, tar_members

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LABELS = np.arange(10, dtype=np.uint8)
IDX = bytes([0, 0, 8, 1, 0, 0, 0, 10]) + LABELS.tobytes()


def npz():
    content = io.BytesIO()
    np.savez_compressed(content, y=LABELS)
    return content.getvalue()


def tarball():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        member = tarfile.TarInfo("y")
        member.size = len(IDX)
        archive.addfile(member, io.BytesIO(IDX))
    return content.getvalue()


SOUND = {"npz": npz(), "idx": IDX, "idx.gz": gzip.compress(IDX), "tgz": tarball()}


def parse(kind, content):
    if kind == "npz":
        return parse_npz(content, ["y"])["y"]
    if kind == "tgz":
        content = tar_members(content, ["y"])["y"]
    return parse_idx(content, "y", (10,))


@st.composite
def damaged(draw):
    """A kind of file, and such a file with some bytes replaced, cut out or added."""
    kind = draw(st.sampled_from(list(SOUND)))
    content = SOUND[kind]
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 8)))
    return kind, content[:start] + draw(st.binary(max_size=8)) + content[end:]


@given(file=damaged() | st.tuples(st.sampled_from(list(SOUND)), st.binary(max_size=200)))
@unhurried
def test_any_content_gives_an_array_or_is_refused(tmp_path, file):
    kind, content = file
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        array = read_file(path, lambda data: parse(kind, data))
    except DataCorrupt as error:
        assert str(path) in str(error)
    else:
        assert array.dtype != object
