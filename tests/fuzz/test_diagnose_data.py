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
from repro.instruments.diagnose.setup import parquet as parquets
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


@pytest.fixture
def parquet(tmp_path):
    """A function that writes a Parquet file of columns and returns its path."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    def write(columns, **options):
        write_table(arrow.table(columns), tmp_path / "data.parquet", **options)
        return tmp_path / "data.parquet"

    return write


def test_a_table_of_a_few_bytes_that_says_millions_of_rows_is_not_unpacked(parquet, monkeypatch):
    path = parquet({"x": np.zeros(10**6), "y": np.zeros(10**6)})
    monkeypatch.setattr(parquets, "MOST_CELLS", 10**6)
    monkeypatch.setattr(pd, "read_parquet", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(DiagnoseError, match="has 1,000,000 rows of 2 columns; at most 1,000,000"):
        load_data(str(path), "y")


def test_a_table_that_unpacks_to_too_much_is_not_unpacked(parquet, monkeypatch):
    path = parquet({"x": np.arange(10**5), "y": np.zeros(10**5)}, compression="gzip")
    monkeypatch.setattr(parquets, "MOST_BYTES", 10**5)
    monkeypatch.setattr(pd, "read_parquet", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(DiagnoseError, match="unpacks to"):
        load_data(str(path), "y")


@pytest.mark.parametrize("kind", ["string", "binary"])
def test_a_long_text_that_is_in_every_row_is_held_once(parquet, kind):
    """Each for itself they would take 200 GB; the file has some kilobytes."""
    import pyarrow

    long = pyarrow.array(["a" * 10**6, "b"], kind)
    classes = pyarrow.DictionaryArray.from_arrays(np.zeros(200_000, "int32"), long)
    path = parquet({"x": np.zeros(200_000), "y": classes}, store_schema=False)
    assert path.stat().st_size < 10**6
    assert load_data(str(path), "y")["y"].tolist() == [0] * 200_000


NESTED = {
    "list": [[0.0] * 10**4] * 3,
    "record": [{"a": {"b": 1}}] * 3,
    "empty": [[], [], []],
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("target", ["y", "nested"])
def test_a_column_of_more_than_single_values_is_refused_by_its_name(parquet, kind, target):
    path = parquet({"x": [1.0] * 3, "y": [0, 1, 0], "nested": NESTED[kind]})
    with pytest.raises(DiagnoseError, match="column 'nested' holds lists or records; leave it out"):
        load_data(str(path), target)


@given(data=st.data())
def test_a_changed_parquet_file_gives_a_table_or_is_refused_in_a_line(tmp_path_factory, data):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    path = tmp_path_factory.mktemp("parquet") / "data.parquet"
    write_table(arrow.table({"x": [1.0, 2.0], "t": ["a", "b"], "y": ["b", "a"]}), path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] or content)
    try:
        load_data(str(path), "y")
    except DiagnoseError as refusal:
        assert str(refusal).startswith(str(path))
        assert "\n" not in str(refusal)


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
