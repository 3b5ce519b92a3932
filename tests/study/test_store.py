"""What the store has acknowledged stays, whole; what it can't keep safe it refuses."""

import sqlite3
import subprocess
import sys

import pytest

from repro.study.store import FILE, Store, StoredRun, StoreError


def a_run(identity="a", seed=0, accuracy=0.5):
    return StoredRun(identity, "raw", seed, {"accuracy": accuracy}, [{"epoch": 1}], 0.1)


def test_runs_come_back_after_closing(tmp_path):
    runs = [a_run("a", 0), a_run("b", 1, float("nan"))]
    with Store(tmp_path) as store:
        store.add(runs)
    with Store(tmp_path) as store:
        found = store.find(["a", "b", "c"])
    assert found["a"] == runs[0]
    assert list(found) == ["a", "b"]
    assert found["b"].metrics["accuracy"] != found["b"].metrics["accuracy"]


def test_a_block_is_stored_whole_or_not_at_all(tmp_path):
    with Store(tmp_path) as store:
        store.add([a_run("a")])
        with pytest.raises(StoreError, match="can't store runs"):
            store.add([a_run("b"), a_run("a")])
        assert list(store.find(["a", "b"])) == ["a"]


HOLD = """
import sys
from pathlib import Path
from repro.study.store import Store
store = Store(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_held_folder_is_refused_and_free_again_when_the_holder_is_killed(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=rf"process {holder.pid} on .* is writing there"):
            Store(tmp_path)
        holder.kill()
    Store(tmp_path).close()


def corrupt_header(path):
    path.write_bytes(b"not a database" + path.read_bytes()[14:])


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_bits(path):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle - 2000 : middle + 2000] = bytes(
        255 - b for b in content[middle - 2000 : middle + 2000]
    )
    path.write_bytes(content)


def other_version(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("damage", [corrupt_header, truncate, flip_bits, other_version])
def test_a_damaged_store_is_noticed_and_left_as_it_is(tmp_path, damage):
    with Store(tmp_path) as store:
        store.add([a_run(str(i), i) for i in range(500)])
    damage(tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match="not a sound run store"):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be written"):
        Store(tmp_path / "file" / "folder")
