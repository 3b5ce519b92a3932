"""Rows of a store whose checksums are right and whose content is not; what else is in the file."""

import dataclasses
import json
import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from repro.store.database import StoreError, checksum
from repro.store.files import content_digest
from repro.store.runs import FILE, Store, StoredRun
from repro.study.plan import Block, make_plan
from repro.study.schema import load_study
from tests.faults.processes import SETTINGS

BLOCK = Block("raw", {"seeds": [0, 1], "parameters": {"rate": 0.1}, **SETTINGS})
SOUND = StoredRun(
    identity="a", variant="raw", seed=0, metrics={"loss": 0.5}, curve=[{"epoch": 1}], seconds=0.1
)
COLUMNS = ("identity", "copy", "settings", "variant", "seed", "metrics", "curve", "seconds")


@pytest.fixture
def folder(tmp_path):
    with Store(tmp_path) as store:
        store.add(BLOCK, [SOUND])
    return tmp_path


def change(folder, statement, *values):
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute(statement, values)
        connection.commit()


def forge(folder, **fields):
    """Change a row, and its checksum to suit."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        ((*row, _),) = connection.execute("SELECT * FROM runs").fetchall()
        forged = dict(zip(COLUMNS, row, strict=True)) | fields
        values = [*forged.values(), checksum(tuple(forged.values()))]
        connection.execute("DELETE FROM runs")
        connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        connection.commit()


FORGED = [
    {"metrics": "[]"},
    {"metrics": "{"},
    {"metrics": '{"loss": [1]}'},
    {"metrics": "[" * 10**5},
    {"curve": "{}"},
    {"curve": "[1]"},
    {"curve": '[{"a": {}}]'},
    {"seed": 7},
    {"seed": -1},
    {"copy": -1},
    {"identity": ""},
    {"variant": "\x1b[2J"},
    {"settings": "0"},
    {"seconds": -1.0},
    {"seconds": float("inf")},
    {"metrics": json.dumps({"a\u202e": 1})},
    {"seconds": 1e308},
    {"curve": '[{"loss": 1}]'},
    {"curve": '[{"epoch": -1}]'},
    {"curve": '[{"epoch": 1, "a": "x"}]'},
    {"curve": '[{"epoch": 1, "seed": 9}]'},
    {"curve": '[{"epoch": 1, "variant": "other"}]'},
    {"curve": '[{"epoch": true}]'},
    {"curve": '[{"epoch": 1}, {"epoch": 1}]'},
    {"curve": '[{"epoch": 1}, {"step": 2}]'},
    {"curve": '[{"epoch": 1, "step": 1}]'},
    {"curve": f'[{{"step": {2**63}}}]'},
    {"curve": '[{"epoch": 1, "=cmd()": 1}]'},
    {"curve": f'[{{"epoch": 1, "loss": 1{"0" * 400}}}]'},
]


@pytest.mark.parametrize("fields", FORGED, ids=lambda fields: ascii(fields)[:30])
def test_a_row_of_a_wrong_shape_is_refused_whatever_its_checksum_says(folder, fields):
    forge(folder, **fields)
    with pytest.raises(StoreError, match="not a sound run store"):
        Store(folder)


def test_a_row_that_is_forged_to_the_same_is_taken(folder):
    forge(folder)
    with Store(folder) as store:
        assert store.find(["a"]) == {"a": SOUND}


@pytest.mark.parametrize(
    "content",
    ["[]", "x", json.dumps({"seeds": [0], "parameters": {}})]
    + [
        json.dumps({**BLOCK.settings, **wrong})
        for wrong in (
            {"seeds": []},
            {"seeds": [True]},
            {"data": None},
            {"code": 7},
            {"fingerprint": []},
        )
    ],
)
def test_settings_of_a_wrong_shape_are_refused(folder, content):
    change(folder, "INSERT INTO settings VALUES (?, ?)", content_digest(content.encode()), content)
    with pytest.raises(StoreError, match=r"not a sound run store \(the settings"):
        Store(folder)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END",
        "CREATE VIEW v AS SELECT * FROM runs",
        "CREATE TABLE notes (text TEXT)",
        "CREATE INDEX i ON runs (seed)",
        "ALTER TABLE runs ADD COLUMN more TEXT",
        "DROP TABLE adoptions",
    ],
)
def test_a_file_that_holds_something_else_is_refused(folder, statement):
    change(folder, statement)
    with pytest.raises(StoreError, match="other tables, views or triggers"):
        Store(folder)


SOUND_NOTE = {"code_before": "a", "code_after": "b", "sample": "c", "date": "2026-01-01T00:00:00"}


@pytest.mark.parametrize(
    "note",
    [
        "x",
        "[]",
        "{}",
        json.dumps(SOUND_NOTE | {"date": "now"}),
        json.dumps(SOUND_NOTE | {"sample": 1}),
        json.dumps(SOUND_NOTE | {"sample": "\x1b[2J"}),
        json.dumps(SOUND_NOTE | {"sample": "c\n\n# A heading"}),
    ],
)
def test_a_note_on_runs_carried_over_is_looked_at_too(folder, note):
    change(folder, "INSERT INTO adoptions VALUES (?)", json.dumps(SOUND_NOTE))
    Store(folder).close()
    change(folder, "INSERT INTO adoptions VALUES (?)", note)
    with pytest.raises(StoreError, match=r"not a sound run store \(an adoption"):
        Store(folder)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"learned": None}, "has no number as its learned"),
        ({"learned": 10**400}, "has no number as its learned"),
        ({"dead_fraction": 7.0}, "has a dead_fraction that is no share"),
        ({"moving_error": -1.0}, "has a moving_error that is no nonnegative"),
        ({"learned": 0.5}, "has a learned that is no flag"),
        ({"dead_fraction": 7.0, "status": "diverged"}, "has a dead_fraction that is no share"),
        ({"dead_fraction": float("nan")}, ""),
        ({"status": "fine"}, "has no status"),
    ],
)
def test_metrics_that_the_experiment_can_not_give_are_refused(tmp_path, wrong, reason):
    check_run(tmp_path, reason, **wrong)


def check_run(folder, reason, **numbers):
    """Store a run; it must be refused for the reason, or be found if there is none."""
    plan, block, run = a_run(**numbers)
    with Store(folder) as store:
        store.add(block, [run])
        if not reason:
            assert store.find_planned(plan)
            return
        with pytest.raises(StoreError, match=f"the run of relu_posted, seed 0 {reason}"):
            store.find_planned(plan)


def a_run(curve=(), seed=0, **metrics):
    """Return a plan of two runs, its block, and a run of it."""
    plan = make_plan(load_study("truth_table"), seeds=[0, 1], variants=["relu_posted"])
    (block,) = plan.blocks
    run = StoredRun(
        identity=block.identities[seed],
        variant="relu_posted",
        seed=seed,
        metrics=dict.fromkeys(plan.experiment.metrics, 1) | {"status": "ok"} | metrics,
        curve=list(curve),
        seconds=0.1,
    )
    return plan, block, run


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ({"step": 0, "mean_abs_error": -1.0}, "has a curve with a mean_abs_error that is no"),
        ({"step": 0, "constant_output": 0.5}, ""),  # a curve has shares of what a run has once
        ({"step": 0, "mean_abs_error": None}, ""),
    ],
)
def test_curves_that_the_experiment_can_not_give_are_refused(tmp_path, point, reason):
    check_run(tmp_path, reason, curve=[point])


def test_curves_that_can_not_stand_in_one_table_are_refused(tmp_path):
    plan, block, first = a_run([{"step": 0}])
    with Store(tmp_path) as store:
        store.add(block, [first, a_run([{"epoch": 0}], seed=1)[2]])
        with pytest.raises(StoreError, match="some curves count epochs and some count steps"):
            store.find_planned(plan)


def move(path):
    path.rename(path.with_name("elsewhere"))


def replace(path):
    move(path)
    path.write_bytes(path.with_name("elsewhere").read_bytes())


def cut(path):
    os.truncate(path, 200)


DISPLACED = {move: "was moved", replace: "was moved, replaced", Path.unlink: "deleted", cut: "cut"}


@pytest.mark.parametrize("change", DISPLACED)
def test_a_file_that_is_no_more_what_was_opened_takes_no_runs(folder, change):
    """They would be stored where nobody looks for them."""
    with Store(folder) as store:
        change(folder / FILE)
        with pytest.raises(StoreError, match=DISPLACED[change]):
            store.add(BLOCK, [with_another_seed(SOUND)])


def with_another_seed(run):
    return dataclasses.replace(run, identity="b", seed=1)


def test_a_journal_that_names_another_file_deletes_none(folder):
    """SQLite takes it for one of several databases, and deletes the file that it names."""
    mine = folder / "mine"
    mine.write_text("precious")
    name, magic = bytes(mine), bytes.fromhex("d9d505f920a163d7")
    header = magic + struct.pack(">5I", 0, 0, (folder / FILE).stat().st_size // 4096, 512, 4096)
    end = struct.pack(f">I{len(name)}sII", 2**18 + 1, name, len(name), sum(name))
    (folder / f"{FILE}-journal").write_bytes(header.ljust(512, b"\0") + end + magic)
    with pytest.raises(StoreError, match="its journal names another file"):
        Store(folder)
    assert mine.read_text() == "precious"
