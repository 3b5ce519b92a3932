"""The main job as a reader calls it: real processes, real training, real signals.

Slow: Ctrl-C and a kill; tests/faults tries both on the compiled studies.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.app.cli.main import study_command
from tests.undrawn import UNDRAWN

ROOT = Path(__file__).parents[2]
VARIANTS = ["sigmoid_raw", "relu_scaled"]
SMALL = ["--data", "mnist5k", "--seeds", "2", "--epochs", "1"]
SMALL += ["--workers", "1"]  # TensorFlow starts once
TWO = [*SMALL, "--variants", ",".join(VARIANTS)]
THREE = [*SMALL, "--variants", "sigmoid_raw,relu_raw,relu_scaled"]
TABLES = ("runs.csv", "curves.csv", "claims.csv")


def command(*args):
    return [sys.executable, "-m", "repro.mnist_relu", *map(str, args)]


def call(*args, cwd=ROOT):
    return subprocess.run(
        command(*args),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "140"},
    )


def tables(folder):
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    done = call(*TWO, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.long
def test_tables_figures_and_provenance_are_written(undisturbed):
    folder, shown = undisturbed
    with (folder / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["variant"], r["seed"], r["status"]) for r in rows] == [
        (variant, seed, "ok") for variant in VARIANTS for seed in ("0", "1")
    ]
    assert (folder / "runs.svg").stat().st_size > 1000
    assert (folder / "learning_curves.png").stat().st_size > 1000
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["fingerprint"]["libraries"]["tensorflow"]
    assert provenance["command"].startswith("python -m repro.mnist_relu --data mnist5k")
    assert "ReLU, pixels/255" in shown
    assert str(folder) in shown


def test_small_data_says_so_and_gives_no_verdict_on_figures_for_the_full_set(undisturbed):
    folder, shown = undisturbed
    lines = shown.strip().splitlines()
    assert "On mnist5k, not on mnist" in lines[0]
    assert "On mnist5k, not on mnist" in lines[-1]
    with (folder / "claims.csv").open(newline="", encoding="utf-8") as file:
        verdicts = {row["claim"]: row["verdict"] for row in csv.DictReader(file)}
    assert verdicts["relu_scaled_about_93"] == ""
    assert verdicts["scaled_units_live"] == "inconclusive"  # two seeds decide nothing


@pytest.mark.long
def test_a_repeated_run_is_the_same_byte_for_byte_and_trains_nothing_twice(undisturbed, tmp_path):
    folder, _ = undisturbed
    again = Path(shutil.copytree(folder, tmp_path / "again"))
    for name in (*TABLES, "runs.png"):
        (again / name).unlink()
    assert call(*TWO, "--out", again).returncode == 0
    for name in (".store.sqlite", "runs.png", *TABLES):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.fixture(scope="module")
def undisturbed_three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed_three")
    assert call(*THREE, "--out", folder).returncode == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGKILL]])
def test_an_interrupted_run_goes_on_where_it_was(undisturbed_three, tmp_path, signals):
    command = [sys.executable, "-c", UNDRAWN, "run", "mnist_relu", *THREE, "--out", tmp_path]
    # when the first block is stored, the second is in flight and the third waits
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        for line in driver.stdout:
            if "runs  sigmoid" in line:
                break
        for number in signals:
            driver.send_signal(number)
        code = driver.wait(timeout=120)
    assert code == (130 if signals == [signal.SIGINT] else -signal.SIGKILL)
    assert not (tmp_path / "runs.csv").exists()
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert tables(tmp_path) == tables(undisturbed_three)


def test_no_worker_trains_on_when_the_driver_is_killed(tmp_path):
    with subprocess.Popen(
        command("--data", "mnist5k", "--variants", "relu_raw", "--out", tmp_path),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as driver:
        deadline = time.monotonic() + 60
        while not (workers := children(driver.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert workers
        driver.kill()
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--seeds", "0"], "names no seed"),
        (["--seeds", "-1"], "neither a count"),
        (["--seeds", "5:5"], "names no seed"),
        (["--seeds", "1000000000"], "at most 100,000 seeds"),
        (["--seeds", "1,1"], "neither a count"),
        (["--epochs", "0"], "1<=x<=1000000"),
        (["--variants", "rleu_raw"], "no variant of mnist_relu is named 'rleu_raw'"),
        (["--variants", "relu_raw,relu_raw"], "empty or repeated"),
        (["--data", "cifar"], "'cifar' is not one of"),
        (["--out", "/proc/nowhere"], "can't be written"),
        (["--speed", "9"], "No such option"),
    ],
)
def test_bad_input_is_named_and_nothing_is_trained(args, message, tmp_path):
    done = CliRunner().invoke(
        study_command("mnist_relu"), ["--data", "mnist5k", "--out", str(tmp_path), *args]
    )
    assert done.exit_code == 2
    assert message in done.stderr
    assert isinstance(done.exception, SystemExit)
    assert list(tmp_path.iterdir()) == []


def test_bad_input_ends_the_process_without_a_traceback(tmp_path):
    done = call("--data", "mnist5k", "--out", tmp_path, "--variants", "rleu_raw")
    assert done.returncode == 2
    assert "no variant of mnist_relu is named 'rleu_raw'" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_an_example():
    done = call("--help")
    assert done.returncode == 0
    assert "Example: python -m repro.mnist_relu --seeds 4" in done.stdout
