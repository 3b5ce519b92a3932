"""`diagnose --data FILE.npz` of any content: its arrays, or a line that names the file."""

import io
import os
import zipfile

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


def test_classes_take_no_more_room_than_their_texts(tmp_path):
    """As an array of texts of one length they would take 45 GiB."""
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" + "1,b\n" * 200_000 + f"1,{'a' * 60_000}\n")
    classes = load_data(str(path), "y")["y"]
    assert (classes.size, classes[0], classes[-1]) == (200_001, 1, 0)  # in alphabetical order


LONG = "c" * 10**5
WIDE = ",".join(f"c{i}" for i in range(1000))


@pytest.mark.parametrize(
    ("columns", "target"), [(WIDE, None), (WIDE, "zzz"), (f"{LONG},b", None), (f"{LONG},b", "b")]
)
def test_a_message_does_not_hold_all_names_of_a_table_nor_all_of_one(tmp_path, columns, target):
    path = tmp_path / "data.csv"
    path.write_text(f"{columns}\n{','.join('x' for _ in columns.split(','))}\n")
    with pytest.raises(DiagnoseError) as refusal:
        load_data(str(path), target)
    assert len(str(refusal.value)) < 1000


def test_an_archive_of_many_arrays_is_told_by_the_first(tmp_path):
    np.savez(tmp_path / "data.npz", **{f"n{i}": X for i in range(1000)})
    with pytest.raises(DiagnoseError, match=r"it has n0, .* and 976 more") as refusal:
        load_data(str(tmp_path / "data.npz"))
    assert len(str(refusal.value)) < 1000


def test_a_target_is_named_once(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(DiagnoseError, match="the column 'b' is there, or named, twice"):
        load_data(str(path), "b,b")


@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b,b\n1,2,3\n", "the column 'b' is there twice"),  # one would tell the other
        ("a,a,b\n1,2,3\n", "the column 'a' is there twice"),
        ("a,b\n0,2,3\n1,5,6\n", "its rows have more cells than its heading"),
        ("," * 100_000 + "b", "has more than 100,000 columns"),
    ],
)
def test_what_the_heading_of_a_table_does_not_say_is_not_guessed(tmp_path, ending, text, reason):
    path = tmp_path / f"data.{ending}"
    path.write_text(text if ending == "csv" else text.replace(",", "\t"))
    with pytest.raises(DiagnoseError, match=f"{reason}; mend its heading: a name for each"):
        load_data(str(path), "b")


def member(descr, shape):
    """An array's member without numbers."""
    content = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(content, header)
    return content.getvalue()


@pytest.mark.parametrize(
    "x",
    [b"hello", b"", member("|V0", (10**12,)), member("<U0", (10**12,)), member("<f8", (0, 10**18))],
)
def test_a_member_that_is_no_array_or_holds_nothing_is_refused(tmp_path, x):
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", member("<f8", (0,)))
    with pytest.raises(DiagnoseError, match="its x is no array, or says a false shape"):
        load_data(str(tmp_path / "data.npz"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twice", ["x", "x.npy"])
def test_a_name_that_two_members_have_is_refused(tmp_path, twice):
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        for name in ("x.npy", "y.npy", twice):
            archive.writestr(name, member("<f8", (0,)))
    with pytest.raises(DiagnoseError, match=r"data\.npz must be an \.npz file"):
        load_data(str(tmp_path / "data.npz"))


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
