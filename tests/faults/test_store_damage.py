"""A damaged store is noticed on opening, left as it is, and never silently made anew."""

import random
import sqlite3
from contextlib import closing

import pytest

from repro.store.database import StoreError
from repro.store.runs import FILE, Store, StoredRun
from repro.study.plan import Block
from tests.faults.processes import SETTINGS

RUNS = {
    str(i): StoredRun(
        identity=str(i),
        variant="raw",
        seed=i,
        metrics={"loss": i / 7},
        curve=[{"epoch": epoch, "loss": i / 3} for epoch in range(40)],
        seconds=0.1,
    )
    for i in range(60)
}
BLOCK = Block("raw", {"seeds": list(range(60)), "parameters": {"rate": 0.1}, **SETTINGS})


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A store of 60 runs, as a file."""
    folder = tmp_path_factory.mktemp("store")
    with Store(folder) as store:
        store.add(BLOCK, RUNS.values())
    return (folder / FILE).read_bytes()


def opened(folder, content):
    """Return the runs of a store with this content."""
    (folder / FILE).write_bytes(content)
    with Store(folder) as store:
        return store.find(RUNS)


def assert_refused(folder, content, reason="not a sound run store"):
    with pytest.raises(StoreError, match=reason) as refusal:
        opened(folder, content)
    assert (folder / FILE).read_bytes() == content
    return str(refusal.value)


@pytest.mark.long
@pytest.mark.parametrize("flips", [120, pytest.param(40_000, marks=pytest.mark.slow)])
def test_a_flipped_byte_anywhere_is_refused_or_harmless(tmp_path, content, flips):
    draw = random.Random(flips)  # noqa: S311
    refused = 0
    for _ in range(flips):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= draw.randint(1, 255)
        try:
            assert opened(tmp_path, damaged) == RUNS
        except StoreError:
            refused += 1
    assert refused > flips / 2  # most bytes are runs


def test_a_changed_number_in_a_sound_database_is_noticed(tmp_path, content):
    """SQLite's own checks pass it: the file is well-formed."""
    position = content.rindex(b'{"loss": 8.42')
    damaged = content.replace(b'{"loss": 8.42', b'{"loss": 9.42', 1)
    assert damaged[position:] != content[position:]
    (tmp_path / FILE).write_bytes(damaged)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert_refused(tmp_path, damaged, "the run '59' is not what was stored")


def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path, content):
    draw = random.Random(0)  # noqa: S311
    pages = range(0, len(content), 4096)
    for length in (*pages, 1, 16, 99, 100, *(draw.randrange(len(content)) for _ in range(50))):
        assert_refused(tmp_path, content[:length])


@pytest.mark.parametrize("start", [b"not a database", bytes(100), bytes(8192)])
def test_another_file_is_refused(tmp_path, content, start):
    assert_refused(tmp_path, start)
    assert_refused(tmp_path, start + content[len(start) :])


VERSION_1 = """
CREATE TABLE runs (
    identity TEXT PRIMARY KEY,
    variant TEXT NOT NULL,
    seed INTEGER NOT NULL,
    metrics TEXT NOT NULL,
    curve TEXT NOT NULL,
    seconds REAL NOT NULL
) STRICT
"""


def test_a_store_of_another_version_says_what_to_do(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(VERSION_1)
        connection.execute("INSERT INTO runs VALUES ('a', 'raw', 0, '{}', '[]', 0.1)")
        connection.commit()
        connection.execute("PRAGMA user_version = 1")
    message = assert_refused(tmp_path, (tmp_path / FILE).read_bytes(), "its version is 1")
    assert "go on with the program that wrote it, or train its runs again" in message
    assert f"move {FILE}* away" in message


def test_an_unwritable_folder_is_no_damage(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be written"):
        Store(tmp_path / "file" / "folder")
