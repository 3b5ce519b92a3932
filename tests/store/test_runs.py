"""What the store has acknowledged stays, whole; what it can't keep safe it refuses."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from repro.store.database import StoreError
from repro.store.runs import Store, StoredRun
from repro.study.plan import Block


def a_block(*seeds, code="c"):
    settings = {"code": code, "parameters": {}, "seeds": seeds, "data": "", "fingerprint": {}}
    return Block("raw", settings)


BLOCK = a_block(0, 1)


def a_run(identity="a", seed=0, accuracy=0.5):
    return StoredRun(
        identity=identity,
        variant="raw",
        seed=seed,
        metrics={"accuracy": accuracy},
        curve=[{"epoch": 1}],
        seconds=0.1,
    )


def test_runs_come_back_after_closing(tmp_path):
    runs = [a_run("a", 0), a_run("b", 1, float("nan"))]
    with Store(tmp_path) as store:
        store.add(BLOCK, runs)
    with Store(tmp_path) as store:
        found = store.find(["a", "b", "c"])
    assert found["a"] == runs[0]
    assert list(found) == ["a", "b"]
    assert found["b"].metrics["accuracy"] != found["b"].metrics["accuracy"]


def test_a_block_is_stored_whole_or_not_at_all(tmp_path):
    with Store(tmp_path) as store:
        store.add(BLOCK, [a_run("a")])
        with pytest.raises(StoreError, match=r"can't store runs .* stored before are whole"):
            store.add(BLOCK, [a_run("b"), a_run("c", seed="not a number")])
        assert list(store.find(["a", "b", "c"])) == ["a"]


def test_a_run_that_finishes_again_with_the_same_numbers_is_stored_once(tmp_path):
    run = a_run("a", 0, float("nan"))
    with Store(tmp_path) as store:
        store.add(BLOCK, [run, run])
        store.add(BLOCK, [replace(run, seconds=9.0)])
        assert store.disputed(["a"]) == {}
        assert store.find(["a"])["a"].seconds == run.seconds


def test_a_run_that_finishes_again_with_other_numbers_is_kept_beside_the_first(tmp_path):
    runs = [a_run("a", accuracy=accuracy) for accuracy in (0.5, 0.6, 0.5, 0.7)]
    with Store(tmp_path) as store:
        store.add(BLOCK, [runs[0], a_run("b")])
        for run in runs[1:]:
            store.add(BLOCK, [run])
    with Store(tmp_path) as store:
        assert store.disputed(["a", "b"]) == {"a": [runs[0], runs[1], runs[3]]}
        assert store.disputed(["b"]) == {}
        assert store.find(["a"]) == {"a": runs[0]}


def test_a_block_is_found_with_its_settings_when_all_its_runs_are_there(tmp_path):
    blocks = [a_block(0, 1), a_block(0, 1, code="d"), a_block(2, 3)]
    runs = {
        block: [a_run(i, s) for s, i in zip(block.seeds, block.identities, strict=True)]
        for block in blocks
    }
    with Store(tmp_path) as store:
        for block in blocks[:2]:
            store.add(block, runs[block])
        store.add(blocks[2], runs[blocks[2]][:1])
    with Store(tmp_path) as store:
        found = store.blocks()
    assert [block.settings["code"] for block, _ in found] == ["c", "d"]
    assert [block.identities for block, _ in found] == [block.identities for block in blocks[:2]]
    assert [stored for _, stored in found] == [runs[block] for block in blocks[:2]]


HOLD = """
import sys
from pathlib import Path
from repro.store.database import StoreError
from repro.store.runs import Store
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


def test_a_file_system_without_hard_links(tmp_path, monkeypatch):
    def refused(self, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    with Store(tmp_path) as store:
        store.add(BLOCK, [a_run("a")])
        assert store.find(["a"]) == {"a": a_run("a")}
    assert [path.name for path in tmp_path.iterdir()] == [".store.sqlite"]
