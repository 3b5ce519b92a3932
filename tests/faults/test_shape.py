"""Rows of a store whose checksums are right and whose content is not; what else is in the file."""

import json
import sqlite3
from contextlib import closing

import pytest

from repro.store.database import checksum, text_digest
from repro.store.runs import FILE, Store, StoredRun, StoreError
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
    {"metrics": "[]"}, {"metrics": "{"}, {"metrics": '{"loss": [1]}'}, {"metrics": "[" * 10**5},
    {"curve": "{}"}, {"curve": "[1]"}, {"curve": '[{"a": {}}]'}, {"seed": 7}, {"seed": -1},
    {"copy": -1}, {"identity": ""}, {"variant": "\x1b[2J"}, {"settings": "0"}, {"seconds": -1.0},
    {"seconds": float("inf")}, {"metrics": json.dumps({"a\u202e": 1})},
]  # fmt: skip


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
    "content", ["[]", '{"seeds": [0]}', '{"seeds": [], "parameters": {}}', "x"]
)
def test_settings_of_a_wrong_shape_are_refused(folder, content):
    change(folder, "INSERT INTO settings VALUES (?, ?)", text_digest(content), content)
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


def test_a_run_that_lacks_a_metric_of_its_experiment_is_refused(tmp_path):
    plan = make_plan(load_study("truth_table"), seeds=[0], variants=["relu_posted"])
    (block,) = plan.blocks
    run = StoredRun(
        identity=block.identities[0],
        variant="relu_posted",
        seed=0,
        metrics={"status": "ok"},
        curve=[],
        seconds=0.1,
    )
    with Store(tmp_path) as store:
        store.add(block, [run])
        with pytest.raises(StoreError, match="the run of relu_posted, seed 0 has no number as its"):
            store.find_planned(plan)
