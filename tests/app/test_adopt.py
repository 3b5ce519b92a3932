"""A change of code that changes no number costs a sample; one that does is found.

Slow: without the store, with a rerun as the reference, after still earlier code, on images;
variants and seeds that were asked for; training again in place of adopting.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from sqlite3 import connect

import pytest

from tests.forged import forge_digests, forge_provenance
from tests.undrawn import UNDRAWN, Commands

TABLES = ("runs.csv", "curves.csv", "claims.csv")
STUDY = "absolute_value"
MODULE = f"repro/{STUDY}.py"


@pytest.fixture
def package(finished, tmp_path):
    """Another copy, to be changed."""
    copy = tmp_path / "package"
    shutil.copytree(finished, copy)
    return copy


def call(package, *args, code=0):
    done = subprocess.run(
        [sys.executable, "-c", UNDRAWN, *args, "--workers", "1"],
        cwd=package,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def edit(package, file, before, after):
    path = package / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def add_parameter(package, study=MODULE):
    edit(
        package,
        study,
        "    steps: PositiveInt = 500,\n",
        "    steps: PositiveInt = 500,\n    offset: float = 0.0,\n",
    )
    edit(package, study, "leak * z)", "leak * z) + offset")


def add_variant(package):
    with (package / f"experiments/{STUDY}.toml").open("a") as file:
        file.write(
            '\n[variants.shifted]\nlabel = "shifted"\ngroup = "fix of ours"\n'
            "parameters = { offset = 0.1 }\n"
        )


def results(package):
    folder = package / "results" / STUDY
    return {name: (folder / name).read_bytes() for name in TABLES}


def provenance(package, study=STUDY):
    return json.loads((package / "results" / study / "provenance.json").read_text())


def rows(package, study=STUDY):
    with closing(connect(package / "results" / study / ".store.sqlite")) as connection:
        return connection.execute("SELECT count(*) FROM runs").fetchone()[0]


def forget_store(package):
    (package / "results" / STUDY / ".store.sqlite").unlink()


@pytest.mark.long
@pytest.mark.parametrize(
    "before", [lambda package: None, pytest.param(forget_store, marks=pytest.mark.slow)]
)
def test_runs_are_carried_over_and_a_new_variant_alone_is_trained(package, before):
    before(package)
    tables, code = results(package), provenance(package)["code"]
    add_parameter(package)
    with Commands(package) as commands:
        assert_the_new_variant_alone_is_trained(package, commands, tables, code)


def assert_the_new_variant_alone_is_trained(package, commands, tables, code):
    def call(*words):
        done = commands.call(package, *words, "--workers", 1)
        assert done.returncode == 0
        return " ".join((done.stdout + done.stderr).split())

    said = call("adopt", STUDY)
    assert "a block of every variant, 7 blocks with 700 of 1,400 runs" in said
    assert "The sample is the same to the bit: 1,400 runs are carried over." in said
    assert re.search(r"At the sample's pace all of them take \d+ (s|min) on 1 cores?\.", said)
    assert results(package) == tables
    (adoption,) = provenance(package)["adopted"]
    assert (adoption["code_before"], adoption["code_after"]) == (code, provenance(package)["code"])
    assert code != provenance(package)["code"]
    stored = rows(package)
    add_variant(package)
    assert "will be trained again" not in call("run", STUDY)
    assert rows(package) == stored + 200
    assert provenance(package)["adopted"] == [adoption]
    assert "nothing to adopt" in call("adopt", STUDY)
    forget_store(package)  # as in a clone
    assert "will be trained again" not in call("run", STUDY)
    assert provenance(package)["adopted"] == [adoption]


@pytest.mark.long
@pytest.mark.parametrize(
    "before", [lambda package: None, pytest.param(forget_store, marks=pytest.mark.slow)]
)
def test_runs_in_blocks_of_another_size_are_carried_over(package, before):
    before(package)
    tables, file = results(package), f"experiments/{STUDY}.toml"
    edit(package, file, "block = 100", "block = 40")
    said = " ".join(call(package, "adopt", STUDY).split())
    assert "a block of every variant" in said
    assert "in blocks of 40 where they were in blocks of 100" in said
    assert "1,400 runs are carried over" in said
    assert results(package) == tables
    assert provenance(package)["block"] == 40
    stored = rows(package)
    call(package, "run", STUDY)
    assert rows(package) == stored
    assert "nothing to adopt" in call(package, "adopt", STUDY)


@pytest.mark.slow
def test_a_variant_that_is_new_is_left_to_run(package):
    tables = results(package)
    add_parameter(package)
    add_variant(package)
    said = call(package, "adopt", STUDY)
    assert "now has shifted, seed 0, too: python -m repro run absolute_value trains" in said
    assert "1,400 runs are carried over." in said
    assert results(package) == tables
    stored = rows(package)
    assert "trained again" not in call(package, "run", STUDY)
    assert rows(package) == stored + 200


@pytest.mark.long
def test_a_change_of_numbers_is_named_and_nothing_is_carried_over(package):
    tables, stored, recorded = results(package), rows(package), provenance(package)
    edit(package, MODULE, "slope * x", "slope * x * 1.0000001")
    said = call(package, "adopt", STUDY, code=1)
    assert re.search(r"posted, seed \d+: mse was .*, is ", said)
    assert "The change of code changes numbers" in said
    assert (results(package), rows(package), provenance(package)) == (tables, stored, recorded)


@pytest.mark.slow
def test_variants_that_change_are_left_to_run_and_all_others_carried_over(package):
    before = results(package)
    edit(package, MODULE, "leak * z)", "(leak + 0.01 * (leak > 0)) * z)")
    assert "nothing is carried over" in call(package, "adopt", STUDY, code=1)
    assert "did you mean 'leaky'?" in call(package, "adopt", STUDY, "--except", "leakyy", code=2)
    said = " ".join(call(package, "adopt", STUDY, "--except", "leaky").split())
    assert "a block of every variant but leaky, 6 blocks" in said
    stored = rows(package)
    call(package, "run", STUDY)
    assert rows(package) == stored + 200
    assert results(package)["runs.csv"] != before["runs.csv"]
    assert "leaky" in provenance(package)["adopted"][0]["sample"]


@pytest.mark.slow
def test_runs_of_other_code_are_announced_before_they_are_trained_again(package):
    add_parameter(package)
    said = call(package, "run", STUDY)
    announced = "1,800 stored runs are of other code; they will be trained again (about 1 minute)"
    assert announced in said
    assert said.index(announced) < said.index("runs  ")
    assert provenance(package)["adopted"] == []


@pytest.mark.long
def test_committed_runs_count_as_finished(package):
    tables = results(package)
    forget_store(package)
    said = call(package, "run", STUDY)
    assert "trained again" not in said
    assert said.startswith("All 1,800 runs are there already, made by this code on such a machine")
    assert results(package) == tables


@pytest.mark.slow
def test_a_selection_of_variants_finds_runs_where_they_are(package):
    stored = rows(package)
    call(package, "run", STUDY, "--variants", "posted,leaky")
    assert rows(package) == stored
    folder = package / "results" / f"{STUDY}@variants=posted+leaky"
    assert {path.name for path in folder.iterdir()} >= set(TABLES)
    assert not (folder / ".store.sqlite").exists()


@pytest.mark.long
def test_runs_that_once_came_from_tables_are_carried_over_again(package):
    """The store has their curves as the tables had them: rounded, or of the first seeds alone."""
    forget_store(package)
    add_parameter(package)
    assert "1,400 runs are carried over" in call(package, "adopt", STUDY)
    edit(package, MODULE, "leak * z) + offset", "leak * z) + offset * 1.0")
    assert "1,400 runs are carried over" in call(package, "adopt", STUDY)
    edit(package, MODULE, "offset * 1.0", "offset + 1e-9")
    assert "The change of code changes numbers" in call(package, "adopt", STUDY, code=1)


@pytest.mark.slow
def test_of_another_machine_a_rerun_by_the_same_code_is_the_reference(package, tmp_path):
    recorded = provenance(package)
    recorded["fingerprint"]["libraries"]["numpy"] = "1.0"
    forge_provenance(package / "results" / STUDY, fingerprint=recorded["fingerprint"])
    forge_digests(package / "results" / STUDY)
    forget_store(package)
    call(package, "verify", STUDY, "--seeds", "1", "--out", str(tmp_path))
    tables = results(package)
    add_parameter(package)
    assert "give --rerun" in call(package, "adopt", STUDY, code=2)
    said = call(package, "adopt", STUDY, "--rerun", str(tmp_path / STUDY))
    assert "1,400 runs are carried over" in said
    assert results(package) == tables
    assert provenance(package)["fingerprint"] == recorded["fingerprint"]


@pytest.mark.slow
def test_runs_of_still_earlier_code_do_not_come_back(package):
    """Numbers change, then a neutral edit is adopted: the latest numbers stay."""
    edit(package, MODULE, "slope * x", "slope * x * 1.01")
    call(package, "run", STUDY)
    tables = results(package)
    add_parameter(package)
    assert "1,400 runs are carried over" in call(package, "adopt", STUDY)
    call(package, "run", STUDY)
    assert results(package) == tables


@pytest.mark.slow
def test_curves_of_later_seeds_are_trained_where_the_tables_have_none(package):
    forget_store(package)
    call(package, "run", STUDY, "--seeds", "100:200", "--variants", "posted")
    curves = package / "results" / f"{STUDY}@seeds=100-199,variants=posted" / "curves.csv"
    assert len(curves.read_text().splitlines()) > 40


@pytest.mark.long
def test_a_new_metric_is_no_change_that_can_be_adopted(package):
    edit(package, MODULE, '"learned": "flag"}', '"learned": "flag", "twice": "nonnegative"}')
    edit(
        package,
        MODULE,
        '    runs["learned"]',
        '    runs["twice"] = 2 * runs.mse\n    runs["learned"]',
    )
    forget_tables(package)
    assert "twice is a new metric" in call(package, "adopt", STUDY, code=1)


def forget_tables(package):
    for file in (package / "results" / STUDY).glob("*.*"):
        if file.name != ".store.sqlite":
            file.unlink()


@pytest.mark.slow
def test_a_parameter_of_mnist_relu(package):
    study, file = "mnist_relu", "repro/mnist_relu/experiment.py"
    asked = ("--data", "mnist5k", "--seeds", "2", "--epochs", "1", "--variants")
    call(package, "run", study, *asked, "relu_raw,relu_scaled")
    edit(
        package,
        file,
        "    batch_size: PositiveInt = 100,\n",
        "    batch_size: PositiveInt = 100,\n    brightness: float = 0.0,\n",
    )
    assert "4 runs are carried over" in call(package, "adopt", study)
    with (package / f"experiments/{study}.toml").open("a") as toml:
        toml.write(
            '\n[variants.bright]\nlabel = "bright"\ngroup = "fix of ours"\n'
            "parameters = { brightness = 0.1 }\n"
        )
    stored = rows(package, study)
    call(package, "run", study, *asked, "relu_raw,relu_scaled,bright")
    assert rows(package, study) == stored + 2
