"""Ctrl-C and SIGTERM: the first finishes and stores the block, the second stops at once.

Slow: both while a long block is trained, which tests/app/test_cli.py tries with Ctrl-C, and sixteen
rounds of signals at any moment; while figures alone are drawn; while a scratch folder is trained
in, where a quick test holds one.
"""

import os
import random
import shutil
import signal
import time
from itertools import cycle
from pathlib import Path

import pytest

from repro.running.signals import ENDING
from tests.faults.processes import FIGURES, TABLES, Study, contents, stored

ONE, TWO = [signal.SIGINT], [signal.SIGINT, signal.SIGTERM]


def send(driver, number):
    """Send a signal to the whole process group, as a terminal does."""
    os.killpg(driver.pid, number)


@pytest.fixture(scope="module")
def long_study():
    """With two workers: blocks of a moment beside one of seconds."""
    variants = ["relu_posted", "sigmoid_posted_100k", "relu_momentum", "relu_linear"]
    args = ("--seeds", 20, "--workers", 2, "--variants", ",".join(variants))
    return Study("add_numbers", *args, drawn=False)


@pytest.fixture(scope="module")
def undisturbed_long(long_study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed_long")
    long_study.run(folder)
    return contents(folder)


def variants_stored(folder):
    return [variant for variant, _ in stored(folder)[::20]]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_and_stores_what_is_in_flight(
    long_study, undisturbed_long, tmp_path, number
):
    with long_study.start_and_await_block(tmp_path) as driver:
        send(driver, number)
        rest, errors = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert "Stopped: what was in flight is finished and stored; run again to go on." in rest
    assert errors == ""
    assert "sigmoid_posted_100k" in variants_stored(tmp_path)
    assert not contents(tmp_path)
    long_study.run(tmp_path)
    assert contents(tmp_path) == undisturbed_long


@pytest.mark.slow
def test_a_signal_that_is_ignored_stops_nothing(undrawn_study, undisturbed, tmp_path):
    """As of a job in a script's background, whose Ctrl-C is meant for another."""
    before = ["sh", "-c", 'trap "" INT; exec "$0" "$@"']
    study = Study(undrawn_study.name, *undrawn_study.args, before=before, drawn=False)
    with study.start_and_await_block(tmp_path) as driver:
        send(driver, signal.SIGINT)
        _, errors = driver.communicate(timeout=120)
    assert (driver.returncode, errors) == (0, "")
    assert contents(tmp_path, TABLES) == contents(undisturbed, TABLES)


@pytest.mark.slow
def test_the_second_signal_stops_at_once_and_loses_that_block_alone(
    long_study, undisturbed_long, tmp_path
):
    with long_study.start_and_await_block(tmp_path) as driver:
        errors = stop(driver, *TWO)
    assert errors == "Stopped at once: blocks in flight are lost; run again to go on.\n"
    assert "sigmoid_posted_100k" not in variants_stored(tmp_path)
    assert "relu_posted" in variants_stored(tmp_path)
    long_study.run(tmp_path)
    assert contents(tmp_path) == undisturbed_long


def stop(driver, *numbers):
    """Send the signals, await the end; returns what was said on the error stream."""
    for number in numbers:
        send(driver, number)
    _, errors = driver.communicate(timeout=120)
    assert driver.returncode == 130, errors
    return errors


def wait_for(path):
    while not path.exists():
        time.sleep(0.005)


@pytest.mark.long
def test_while_tables_and_figures_are_written(small_study, run_again, undisturbed, tmp_path):
    with small_study.start_and_await_block(tmp_path, blocks=12) as driver:
        wait_for(tmp_path / "runs.csv")
        errors = stop(driver, signal.SIGINT)
    assert errors == (
        "Stopped at once: what was trained is stored; "
        "run again to write the rest of tables and figures.\n"
    )
    assert len(stored(tmp_path)) == 36
    assert not (tmp_path / "learning_curves.svg").exists()
    assert run_again(tmp_path).returncode == 0
    assert contents(tmp_path, TABLES) == contents(undisturbed, TABLES)


@pytest.mark.slow
@pytest.mark.parametrize("signals", [ONE, ONE * 2], ids=["once", "twice"])
def test_while_figures_are_drawn_again(small_study, undisturbed, tmp_path, signals):
    folder = tmp_path / "results" / "add_numbers"
    shutil.copytree(undisturbed, folder)
    for name in FIGURES:
        (folder / name).unlink()
    with small_study.start_module("repro", "figures", "add_numbers", cwd=tmp_path) as command:
        wait_for(folder / "runs.png")
        errors = stop(command, *signals)
    line = "Stopped at once: what was stored or written before is whole; run again."
    assert set(errors.splitlines()) == {line}  # which the second may say again
    assert contents(folder, ["runs.png"]) == contents(undisturbed, ["runs.png"])


@pytest.mark.slow
def test_while_a_scratch_folder_is_trained_in(small_study):
    args = ("verify", "truth_table", "--workers", 1, "--variants", "relu_posted")
    with small_study.start_module("repro", *args) as command:
        next(line for line in command.stdout if "runs  " in line)
        errors = stop(command, *TWO)
    assert errors == (
        "Stopped at once: its scratch folder is gone; with --out FOLDER it could go on.\n"
    )


HOLD_A_FOLDER = """
import time
from repro.app.cli.scratch import scratch_folder
with scratch_folder("repro-test-") as folder:
    (folder / "file").write_text("")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", ENDING)
def test_no_scratch_folder_outlives_a_signal_that_ends_the_program(tmp_path, number):
    study = Study("", before=["env", f"TMPDIR={tmp_path}"])
    with study.start_python("-c", HOLD_A_FOLDER) as holder:
        folder = Path(holder.stdout.readline().strip())
        assert (folder / "file").exists()
        send(holder, number)
        holder.wait(timeout=60)
        assert holder.stderr.read() == ""
    assert holder.returncode == -number
    assert list(tmp_path.iterdir()) == []


HOLD_A_POOL = """
import time
from repro.running.processes import processes
if __name__ == "__main__":
    with processes(1) as pool:
        pool.submit(time.sleep, 0).result()
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_that_ends_the_program_leaves_no_word_of_its_pool(tmp_path, number):
    """Python would warn of semaphores that were left."""
    (tmp_path / "hold.py").write_text(HOLD_A_POOL)
    with Study("").start_python(tmp_path / "hold.py") as holder:
        holder.stdout.readline()
        os.kill(holder.pid, number)
        _, errors = holder.communicate(timeout=60)  # returns when the pool has ended, too
    assert (holder.returncode, errors) == (-number, "")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGXCPU])
def test_a_signal_that_ends_a_run_leaves_no_word_of_its_workers(undrawn_study, tmp_path, number):
    with undrawn_study.start_and_await_block(tmp_path) as driver:
        os.kill(driver.pid, number)
        _, errors = driver.communicate(timeout=60)  # returns when the workers have ended, too
    assert (driver.returncode, errors) == (-number, "")
    assert stored(tmp_path)


HOLD_MANY_FILES = """
import sys, time
import click
from repro.app.cli.exits import reported, run_to_end
from repro.app.cli.scratch import scratch_folder

def hold():
    with scratch_folder("repro-test-") as folder:
        for number in range(3000):
            (folder / str(number)).write_text("")
        print("held", flush=True)
        time.sleep(60)

@click.command()
def command():
    sys.exit(reported(hold))

run_to_end(command, "hold")
"""
IMPATIENT = {"ctrl-c": [signal.SIGINT] * 8, "mixed": [signal.SIGINT, signal.SIGTERM] * 4}


@pytest.mark.parametrize("name", IMPATIENT)
def test_no_scratch_folder_outlives_impatience(tmp_path, name):
    """A signal more comes while the folder is being deleted."""
    study = Study("", before=["env", f"TMPDIR={tmp_path}"])
    with study.start_python("-c", HOLD_MANY_FILES) as holder:
        holder.stdout.readline()
        for number in IMPATIENT[name]:
            send(holder, number)
            time.sleep(0.003)
        _, errors = holder.communicate(timeout=60)
    assert holder.returncode in (130, -signal.SIGTERM), errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_signals_at_any_moment_after_the_first_block(small_study, undisturbed, tmp_path):
    moments = random.Random(0)  # noqa: S311
    rounds = zip(range(16), cycle([ONE, TWO]), strict=False)
    for number, signals in rounds:
        folder = tmp_path / str(number)
        with small_study.start_and_await_block(folder, blocks=moments.randint(1, 12)) as driver:
            for each in signals:
                send(driver, each)
            _, errors = driver.communicate(timeout=120)
        # 0: nothing was left to do; SIGTERM: nothing was left to store
        assert driver.returncode in (130, 0, -signal.SIGTERM), errors
        assert "Traceback" not in errors
        small_study.run(folder)
        assert contents(folder, TABLES) == contents(undisturbed, TABLES)
