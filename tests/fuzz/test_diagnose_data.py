"""`diagnose --data FILE.npz` of any content: its arrays, or a line that names the file."""

import io
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.instruments.diagnose import DiagnoseError
from repro.instruments.diagnose.setup import tables
from repro.instruments.diagnose.setup.loading import load_data

unhurried = settings(
    max_examples=4 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
X, Y = np.arange(40.0).reshape(20, 2), np.arange(20)


def npz(**arrays):
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


SOUND = npz(x=X, y=Y)


@st.composite
def damaged(draw):
    """The sound file with some bytes replaced, cut out or added."""
    start = draw(st.integers(0, len(SOUND)))
    end = draw(st.just(len(SOUND)) | st.integers(start, min(len(SOUND), start + 8)))
    return SOUND[:start] + draw(st.binary(max_size=8)) + SOUND[end:]


@given(content=damaged() | st.binary(max_size=200))
@unhurried
def test_any_content_gives_the_arrays_or_is_refused(tmp_path, content):
    file = tmp_path / "data.npz"
    file.write_bytes(content)
    try:
        arrays = load_data(str(file))
    except DiagnoseError as error:
        assert str(file) in str(error)
    else:
        assert arrays["x"].dtype != object
        assert arrays["y"].dtype != object


MAKE = {
    "a named pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("ending", ["npz", "csv", "tsv", "parquet"])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path, kind, ending):
    path = tmp_path / f"data.{ending}"
    MAKE[kind](path)
    with pytest.raises(DiagnoseError, match=f"can't be read: is {kind}, not a file"):
        load_data(str(path), "y")


def test_a_table_of_a_few_bytes_that_says_millions_of_rows_is_not_unpacked(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": np.zeros(10**6), "y": np.zeros(10**6)}).to_parquet(tmp_path / "data.parquet")
    monkeypatch.setattr(tables, "MOST_CELLS", 10**6)
    monkeypatch.setattr(pd, "read_parquet", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(DiagnoseError, match="has 1,000,000 rows of 2 columns; at most 1,000,000"):
        load_data(str(tmp_path / "data.parquet"), "y")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", npz(x=X), npz(x=np.array([{}]), y=Y), npz(x=X, y=Y, x_val=X)]
)
def test_what_is_no_data_is_refused(tmp_path, content):
    file = tmp_path / "data.npz"
    file.write_bytes(content)
    with pytest.raises(DiagnoseError, match=r"data\.npz"):
        load_data(str(file))
    with pytest.raises(DiagnoseError, match="can't be read"):
        load_data(str(tmp_path))
