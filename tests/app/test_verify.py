"""A study run again and compared: a tiny one, whose committed results are spoilt.

Slow: other parts and other reasons of the same verdicts.
"""

import json
import math
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.app.cli.main import main
from repro.store.tables import read_table, write_table
from repro.study.errors import StudyError
from repro.study.plan import make_plan
from repro.study.schema import load_study
from repro.study.selection import choose_blocks
from tests.forged import forge_digests, forge_provenance

ROOT = Path(__file__).parents[2]


@pytest.fixture
def results(finished, tmp_path):
    """A folder with a copy of the results, to be spoilt."""
    target = tmp_path / "results" / "absolute_value"
    shutil.copytree(finished / "results" / "absolute_value", target)
    return target


def verify(commands, results, *args):
    folder = results.parents[1]
    return commands.call(folder, "verify", "absolute_value", "--workers", 1, *args)


def spoil(results, table, column, change, where=lambda rows: rows.index == 0):
    """Change a table, and the digests with it: what is forged must not be seen by these alone."""
    rows = read_table(results / f"{table}.csv")
    rows.loc[where(rows), column] = rows.loc[where(rows), column].map(change)
    write_table(rows, results / f"{table}.csv")
    forge_digests(results)


def made_by_other_code(results):
    recorded = json.loads((results / "provenance.json").read_text(encoding="utf-8"))
    fingerprint = recorded["fingerprint"]
    fingerprint["libraries"]["numpy"] = "1.0"
    fingerprint["instruction_sets"].append("abacus")
    forge_provenance(results, code="0123456789", fingerprint=fingerprint)
    forge_digests(results)


@pytest.mark.long
def test_the_same_code_on_the_same_machine_gives_the_same_bits(commands, results):
    done = verify(commands, results)
    assert done.returncode == 0
    assert "on the same fingerprint: every bit must be the same" in done.stdout
    assert "runs: 1,800 runs compared, 1,800 equal to the bit.\n" in done.stdout
    assert "curves: 360 runs compared, 360 equal to the bit.\n" in done.stdout
    assert "All 4 verdicts stand, judged on the rerun." in done.stdout


def test_one_bit_fails_and_is_named(commands, results):
    spoil(results, "runs", "mse", lambda mse: math.nextafter(mse, 1.0))
    done = verify(commands, results, "--variants", "posted", "--seeds", "3:5")
    assert done.returncode == 1
    assert "100 of 1,800 runs, 1 of 18 blocks" in done.stdout  # the whole block that has 3 and 4
    assert (
        "runs: 100 runs compared, 99 equal to the bit; the largest relative difference"
        in done.stdout
    )
    assert "is in mse of posted, seed 0" in done.stdout
    assert re.search(r"mse +100 +99 +1 +0 ", done.stdout)  # within the tolerance
    assert "judged on the committed runs with those run again in their place" in done.stdout


@pytest.mark.slow
def test_a_column_that_was_cut_out_fails_too(commands, results):
    write_table(read_table(results / "runs.csv").drop(columns="units"), results / "runs.csv")
    forge_digests(results)
    done = verify(commands, results, "--variants", "posted", "--seeds", "1")
    assert done.returncode == 1
    assert re.search(r"units +100 +0 ", done.stdout)


@pytest.mark.slow
def test_a_spoilt_curve_fails_too(commands, results):
    spoil(results, "curves", "mse", lambda mse: mse + 1)
    done = verify(commands, results, "--variants", "posted", "--seeds", "1")
    assert done.returncode == 1
    assert "curves: 40 runs compared, 39 equal to the bit" in done.stdout


@pytest.mark.slow
def test_a_part_without_drawn_curves_compares_none(commands, results):
    done = verify(commands, results, "--variants", "posted", "--seeds", "150:151")
    assert done.returncode == 0
    assert "runs: 100 runs compared, 100 equal" in done.stdout
    assert "curves: 0 runs compared" in done.stdout


def test_elsewhere_numbers_may_differ_and_what_has_changed_is_said(commands, results):
    made_by_other_code(results)
    spoil(results, "runs", "mse", lambda mse: math.nextafter(mse, 1.0))
    done = verify(commands, results, "--variants", "posted", "--seeds", "1")
    assert done.returncode == 0
    assert "code: then 01234567, now " in done.stdout
    assert "libraries.numpy: then 1.0, now " in done.stdout
    assert "instruction_sets.abacus: then there, now nothing" in done.stdout
    assert "99 equal to the bit" in done.stdout


def test_elsewhere_a_number_beyond_the_tolerance_fails_unless_rounding_is_taken_for_it(
    commands, results
):
    """One run forged, with digests and provenance to suit: no verdict moves, nor does a mean."""
    made_by_other_code(results)
    spoil(results, "runs", "mse", lambda mse: mse + 0.2)
    assert commands.call(results.parents[1], "verdicts", "absolute_value").returncode == 0
    done = verify(commands, results, "--variants", "posted", "--seeds", "1")
    assert done.returncode == 1
    assert "All 4 verdicts stand" in done.stdout
    assert "1 numbers are beyond their tolerance" in done.stdout
    there = verify(commands, results, "--variants", "posted", "--seeds", "1", "--elsewhere")
    assert there.returncode == 0
    assert "taken for another machine's rounding" in there.stdout


def test_an_estimate_that_the_runs_do_not_give_is_found(commands, results):
    spoil(results, "claims", "estimate", lambda estimate: estimate + 0.01)
    args = ("--variants", "posted", "--seeds", "1")
    refused = verify(commands, results, *args)
    assert refused.returncode == 2
    assert "edited since they were made: claims.csv: estimate of" in refused.stderr
    compared = verify(commands, results, *args, "--anyway")
    assert compared.returncode == 1
    assert "All 4 verdicts stand" in compared.stdout
    assert "1 estimates differ" in compared.stdout


@pytest.mark.slow
def test_elsewhere_another_verdict_fails(commands, results):
    made_by_other_code(results)
    spoil(results, "claims", "verdict", lambda _: "holds")
    done = verify(commands, results, "--variants", "posted", "--seeds", "1")
    assert done.returncode == 2
    assert (
        "claims.csv: verdict of two_are_enough is 'holds', the runs give 'refuted'" in done.stderr
    )
    done = verify(commands, results, "--variants", "posted", "--seeds", "1", "--anyway")
    assert done.returncode == 1
    assert "1 of 4 verdicts differ" in done.stdout
    assert re.search(r"two_are_enough +holds +refuted", done.stdout)


@pytest.mark.slow
def test_runs_run_again_count_in_the_verdicts(commands, results):
    """Committed runs that all learned: the rerun half of them decides otherwise."""
    made_by_other_code(results)
    spoil(results, "runs", "learned", lambda _: 1, lambda rows: rows.variant == "posted")
    spoil(results, "claims", "verdict", lambda _: "holds")
    done = verify(commands, results, "--variants", "posted", "--seeds", "1", "--anyway")
    assert done.returncode == 1
    assert re.search(r"two_are_enough +holds +refuted", done.stdout)


@pytest.mark.slow
def test_out_keeps_the_rerun_and_goes_on_with_it(commands, results, tmp_path):
    spoil(results, "runs", "mse", lambda mse: mse + 1)
    args = ["--sample", "1", "--variants", "posted", "--out", tmp_path / "kept"]
    assert verify(commands, results, *args).returncode in (0, 1)  # by which block is drawn
    kept = tmp_path / "kept" / "absolute_value"
    assert len(read_table(kept / "runs.csv")) == 100
    columns = read_table(kept / "differences.csv").columns
    assert list(columns[:4]) == ["variant", "seed", "point", "metric"]
    store = (kept / ".store.sqlite").read_bytes()
    verify(commands, results, *args)
    assert (kept / ".store.sqlite").read_bytes() == store


def test_what_is_verified_is_not_written_to(commands, results):
    before = (results / "runs.csv").read_bytes()
    done = verify(commands, results, "--out", results.parent)
    assert done.returncode == 2
    assert "is what is to be verified" in done.stderr
    assert (results / "runs.csv").read_bytes() == before


def test_results_that_lack_a_run_are_refused(commands, results):
    for table in ("runs", "curves"):
        rows = read_table(results / f"{table}.csv")
        lost = (rows.variant == "posted") & (rows.seed == 7)
        write_table(rows[~lost], results / f"{table}.csv")
    forge_digests(results)
    assert commands.call(results.parents[1], "verdicts", "absolute_value").returncode == 0
    done = verify(commands, results)
    assert done.returncode == 2
    assert "has no run of posted, seed 7" in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nope"], "no study is named 'nope'"),
        (["truth_table", "--seeds", "2", "--sample", "2"], "not both"),
        (["truth_table", "--sample", "0"], "x>=1"),
        (["truth_table"], "runs.csv is not there; run python -m repro.truth_table first"),
    ],
)
def test_bad_input_is_named(args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["verify", *args])
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize(("option", "code"), [([], 2), (["--skip-unavailable"], 0)])
def test_without_the_data_it_says_so(option, code, tmp_path, monkeypatch):
    nowhere = {"HOME": str(tmp_path), "PATH": "", "https_proxy": "http://127.0.0.1:9"}
    for name in [name for name in os.environ if name.startswith(("REPRO_", "KERAS_"))]:
        monkeypatch.delenv(name)
    for name, value in nowhere.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(main, ["verify", "mnist_relu", "--sample", "1", *option])
    assert done.exit_code == code, done.output
    said = " ".join(done.output.split())
    assert "mnist_relu can only be verified on mnist: MNIST is not in reach" in said


PLAN = make_plan(load_study("mnist_relu"))


def test_a_sample_is_whole_blocks_and_the_same_each_time():
    parts = [choose_blocks(PLAN, sample=5) for _ in range(2)]
    assert parts[0].blocks == parts[1].blocks
    assert len(parts[0].blocks) == 5
    assert set(parts[0].blocks) <= set(PLAN.blocks)
    cells = {(v, s) for v, seeds in parts[0].seeds.items() for s in seeds}
    assert len(cells) == len(parts[0].identities) == sum(len(b.seeds) for b in parts[0].blocks)
    assert choose_blocks(PLAN, sample=10_000).blocks == PLAN.blocks


def test_seeds_bring_the_block_that_they_are_trained_in():
    part = choose_blocks(PLAN, seeds=[19, 20], variants=["relu_raw"])
    assert part.seeds == {"relu_raw": tuple(range(15, 25))}
    assert set(part.identities) <= set(PLAN.identities)


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"seeds": [9999]}, "none of these"), ({"variants": ["rleu"]}, "is named 'rleu'")],
)
def test_a_part_that_there_is_not_is_named(asked, message):
    with pytest.raises(StudyError, match=message):
        choose_blocks(PLAN, **asked)
