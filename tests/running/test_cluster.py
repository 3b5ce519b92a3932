"""A study on a dask cluster: a real scheduler and real workers in processes of their own.

Slow: the rest of what a driver, a worker or a scheduler may suffer, real studies in place of the
probe, and the page's commands but those for certificates.
"""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from distributed import Client

from repro.running.cluster.address import find_scheduler
from repro.running.pool import make_pool
from repro.running.processes import PoolError
from repro.study.plan import make_plan
from repro.study.schema import load_study
from tests.undrawn import UNDRAWN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale-out.md").read_text(encoding="utf-8")
TABLES = ("runs.csv", "curves.csv", "claims.csv")
DEADLINE = 150  # seconds; machines are busy
ALONE = ("--workers", "1")
WAITS = ("--variants", "waits")

# A study of seconds, beside the five in a copy of the package. It says which process trains it and
# who is its parent, a dask worker; then it does what its parameters say.
PROBE = """
import os, signal, time
from pathlib import Path
from typing import Literal
import numpy as np
import pandas as pd

DATA = None
METRICS = {"value": "number", "threads": "count"}

def experiment(*, seeds, waits: bool = False, kills: Literal["", "trainer", "worker"] = ""):
    notes = Path(os.environ["PROBE_NOTES"])
    (notes / f"{os.getpid()}.pid").write_text(f"{os.getpid()} {os.getppid()}")
    while waits and not (notes / "go").exists():
        time.sleep(0.02)
    if kills:
        os.kill(os.getpid() if kills == "trainer" else os.getppid(), signal.SIGKILL)
        time.sleep(60)
    draws = [np.random.RandomState(seed).random_sample(3) for seed in seeds]
    runs = pd.DataFrame({"seed": seeds, "value": [d.mean() for d in draws], "status": "ok"})
    runs["threads"] = int(os.environ["OMP_NUM_THREADS"])
    curves = [{"seed": s, "epoch": i, "value": v} for s, d in zip(seeds, draws)
              for i, v in enumerate(d)]
    return runs, pd.DataFrame(curves)
"""
STUDY = """
name = "probe"
title = "A study of seconds"
question = "Who trains it?"
seeds = 6
block = 2
metric = "value"
better = "higher"
thread = { title = "none", language = "en", source = "none", licence = "none" }

[variants.plain]
label = "plain"
group = "as posted"

[variants.waits]
label = "waits for a sign"
group = "as posted"
parameters = { waits = true }

[variants.kills_trainer]
label = "kills its process"
group = "as posted"
seeds = 2
parameters = { kills = "trainer" }

[variants.kills_worker]
label = "kills its worker"
group = "as posted"
seeds = 2
parameters = { kills = "worker" }
"""


class Place:
    """A folder, and the processes that are started in it."""

    def __init__(self, folder, package=None):
        self.folder, self.notes = folder, folder / "notes"
        self.notes.mkdir()
        self.environment = os.environ | {
            "PYTHONPATH": str(package or copy_with_probe(folder)),
            "PROBE_NOTES": str(self.notes),
            "COLUMNS": "300",
            "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error",
        }
        self.scheduler_file = folder / "scheduler.json"
        self.log = folder / "log.txt"
        self.started = []

    def start(self, *args, **environment):
        environment = self.environment | environment
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, args)],
                cwd=environment["PYTHONPATH"],  # comes before it on Python's path
                env=environment,
                stdout=log if args[0] == "dask" else subprocess.PIPE,
                stderr=log if args[0] == "dask" else subprocess.PIPE,
                text=True,
            )
        self.started.append(process)
        return process

    def scheduler(self, *args):
        self.scheduler_file.unlink(missing_ok=True)
        local = ["--host", "127.0.0.1", "--port", 0, "--dashboard-address", "127.0.0.1:0"]
        written = ["--scheduler-file", self.scheduler_file]
        process = self.start("dask", "scheduler", *local, *written, *args)
        wait_until(self.scheduler_file.exists)
        return process

    def worker(self, *args, **environment):
        single = ["worker", "--scheduler-file", self.scheduler_file, "--nthreads", 1]
        return self.start("dask", *single, *(args or ["--no-nanny"]), **environment)

    def driver(self, out, *args, on=None):
        where = on or ["--scheduler-file", self.scheduler_file]
        return self.start("drive", "run", "probe", "--out", self.folder / out, *where, *args)

    def call(self, *args, **given):
        return finish(self.driver(*args, **given))

    def workers(self):
        """Return the addresses of the workers that the scheduler knows."""
        with Client(scheduler_file=str(self.scheduler_file), set_as_default=False) as client:
            return list(client.scheduler_info(n_workers=-1)["workers"])

    def tables(self, out):
        return {name: (self.folder / out / name).read_bytes() for name in TABLES}

    def notes_of(self, blocks):
        """Return (process that trains, its parent) once so many blocks began."""
        wait_until(lambda: len(list(self.notes.glob("*.pid"))) >= blocks)
        time.sleep(0.05)
        return [tuple(map(int, f.read_text().split())) for f in self.notes.glob("*.pid")]

    def go(self):
        (self.notes / "go").touch()

    def clear(self):
        for process in self.started:
            process.kill()
            process.communicate()
        self.started.clear()
        for note in self.notes.iterdir():
            note.unlink()


def copy_with_probe(folder, probe=PROBE):
    """Copy the package into the folder, with another study; return the folder."""
    shutil.copytree(ROOT / "repro", folder / "repro")  # compiled code too: dates are kept
    shutil.copytree(ROOT / "experiments", folder / "experiments")
    (folder / "repro" / "probe.py").write_text(probe)
    (folder / "experiments" / "probe.toml").write_text(STUDY)
    (folder / "drive.py").write_text(UNDRAWN)
    return folder


def finish(process):
    output, errors = process.communicate(timeout=DEADLINE)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def wait_until(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def original(tmp_path):
    """The package itself, whose compiled loops are cached beside it."""
    place = Place(tmp_path, package=ROOT)
    yield place
    place.clear()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("package"))


@pytest.fixture
def place(copy):
    yield copy
    copy.clear()


@pytest.fixture(scope="module")
def alone(copy):
    """The tables of `waits` by one process of this machine."""
    copy.go()
    done = copy.call("alone", "--variants", "waits", on=ALONE)
    assert done.returncode == 0, done.stderr
    copy.clear()
    return copy.tables("alone")


@pytest.mark.long
def test_a_killed_workers_block_is_retried_and_the_tables_are_those_of_one_process(place, alone):
    place.scheduler()
    place.worker(), place.worker()
    driver = place.driver("killed", *WAITS)
    trainer, worker = place.notes_of(2)[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not alive(trainer))
    place.go()
    assert finish(driver).returncode == 0
    assert place.tables("killed") == alone
    assert b"0,1\n" not in alone["runs.csv"]
    assert all(row.endswith(b",1,ok") for row in alone["runs.csv"].splitlines()[1:])


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["trainer", "worker"])
def test_a_block_that_always_kills_is_recorded_after_three_tries_and_the_others_finish(
    place, victim
):
    place.scheduler()
    place.worker("--nworkers", 2)  # behind nannies, which start them anew
    done = place.call(victim, "--variants", f"plain,kills_{victim}")
    assert done.returncode == 1, done.stderr
    assert f"kills_{victim}, seeds 0..1: its worker was killed" in done.stdout
    killers = {worker if victim == "worker" else trainer for trainer, worker in place.notes_of(3)}
    assert sum(not alive(pid) for pid in killers) >= 3
    runs = (place.folder / victim / "runs.csv").read_text().splitlines()
    assert sum(row.endswith(",ok") for row in runs) == 6
    assert sum(row.endswith(",crashed") for row in runs) == 2


@pytest.mark.slow
def test_without_its_scheduler_a_driver_ends_and_another_goes_on(place, alone):
    scheduler = place.scheduler()
    place.worker()
    driver = place.driver("lost", *WAITS)
    (trainer, _), *_ = place.notes_of(1)
    scheduler.kill()
    done = finish(driver)
    assert done.returncode == 2
    assert "Error: the scheduler is gone; what was finished is stored; run again" in done.stderr
    assert "Traceback" not in done.stderr
    wait_until(lambda: not alive(trainer))
    place.go()
    assert place.call("lost", *WAITS, on=ALONE).returncode == 0
    assert place.tables("lost") == alone


@pytest.mark.slow
def test_no_worker_trains_on_for_a_killed_driver_and_the_next_one_is_served(place, alone):
    place.scheduler()
    place.worker(), place.worker()
    driver = place.driver("driverless", *WAITS)
    notes = place.notes_of(2)
    driver.kill()
    wait_until(lambda: not any(alive(trainer) for trainer, _ in notes))
    assert all(alive(worker) for _, worker in notes)
    place.go()
    assert place.call("driverless", *WAITS).returncode == 0
    assert place.tables("driverless") == alone


@pytest.mark.slow
def test_an_idle_workers_process_ends_with_the_driver(place):
    place.scheduler()
    place.worker()
    assert place.call("idle", "--variants", "plain").returncode == 0
    [(trainer, worker)] = place.notes_of(1)
    wait_until(lambda: not alive(trainer))
    assert alive(worker)


@pytest.mark.slow
def test_ctrl_c_twice_gives_up_what_is_in_flight(place):
    place.scheduler()
    place.worker()
    driver = place.driver("given up", *WAITS)
    (trainer, _), *_ = place.notes_of(1)
    driver.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert alive(trainer)
    driver.send_signal(signal.SIGINT)
    done = finish(driver)
    assert (done.returncode, "Stopped at once" in done.stderr) == (130, True)
    wait_until(lambda: not alive(trainer))


@pytest.mark.slow
def test_ctrl_c_once_stores_what_is_in_flight(place, alone):
    place.scheduler()
    place.worker()
    driver = place.driver("stopped", *WAITS)
    place.notes_of(1)
    driver.send_signal(signal.SIGINT)
    time.sleep(0.5)
    place.go()
    done = finish(driver)
    assert (done.returncode, "2/6 runs" in done.stdout) == (130, True)
    assert "4/6 runs" not in done.stdout
    assert place.call("stopped", *WAITS).returncode == 0
    assert place.tables("stopped") == alone


@pytest.mark.slow
def test_workers_that_would_give_other_numbers_are_named_and_nothing_is_trained(place, tmp_path):
    place.scheduler()
    changed = copy_with_probe(tmp_path, PROBE.replace("0.02", "0.03"))
    place.worker()
    place.worker(XLA_FLAGS="--xla_cpu_enable_fast_math=true")
    place.worker(PYTHONPATH=str(changed))
    wait_until(lambda: len(place.workers()) == 3)
    done = place.call("refused", "--variants", "plain")
    assert done.returncode == 2
    assert "2 of 3 workers can't give this machine's numbers" in done.stderr
    named = dict(re.findall(r"\n  (tcp://127.0.0.1:\d+): (.*)", done.stderr))
    assert set(named) < set(place.workers())
    code, flags = sorted(named.values())
    assert re.fullmatch(r"code is '\w{12}' there, '\w{12}' here", code)
    assert flags == "flags.XLA_FLAGS is '--xla_cpu_enable_fast_math=true' there, '' here"
    assert not list(place.notes.iterdir())


# --------------------------------------------------------------------------- real studies


def same_tables_by_cluster_and_alone(place, name, *args):
    # two threads asked for, to see that one trains
    threads = {"NUMBA_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2", "OMP_NUM_THREADS": "2"}
    place.scheduler()
    place.worker("--nworkers", 2, **threads)
    for out, where in (
        ("of one", ALONE),
        ("of many", ["--scheduler-file", place.scheduler_file]),
    ):
        out = place.folder / name / out
        done = finish(place.start("repro", "run", name, *args, "--out", out, *where))
        assert done.returncode == 0, done.stderr
    for table in TABLES:
        one, many = (place.folder / name / out / table for out in ("of one", "of many"))
        assert one.read_bytes() == many.read_bytes()


@pytest.mark.slow
def test_compiled_loops_give_the_same_tables_on_a_cluster(original):
    args = ("--seeds", 300, "--variants", "relu_posted,tanh_posted")
    same_tables_by_cluster_and_alone(original, "add_numbers", *args)


@pytest.mark.slow
def test_tensorflow_gives_the_same_tables_on_a_cluster(original):
    args = ("--data", "mnist5k", "--seeds", 2, "--epochs", 1, "--variants", "relu_raw,relu_scaled")
    same_tables_by_cluster_and_alone(original, "mnist_relu", *args)


# ------------------------------------------------------------------------- who else could listen


def no_files():
    return {"tls_ca": None, "tls_cert": None, "tls_key": None}


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "tcp://[::1]:8786", "localhost:8786"])
def test_loopback_needs_no_tls(address):
    place = find_scheduler(address, None, no_files())
    assert place.address.endswith(address)
    assert place.address.startswith("tcp://")
    assert not place.security.require_encryption


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://192.0.2.1:8786", "tcp://192.0.2.1:8786 can be reached by others"),
        ("node1:8786", "tcp://node1:8786 can be reached by others"),
        ("0.0.0.0:8786", "can be reached by others"),
        ("127.0.0.1.example:8786", "can be reached by others"),
        ("tls://node1:8786", "needs --tls-ca, --tls-cert, --tls-key too"),
        ("ws://127.0.0.1:8786", "is no address such as 127.0.0.1:8786"),
        ("127.0.0.1", "is no address such as 127.0.0.1:8786"),
        ("127.0.0.1:port", "is no address such as 127.0.0.1:8786"),
        ("", "is no address such as 127.0.0.1:8786"),
    ],
)
def test_an_address_that_others_can_reach_needs_tls(address, message):
    with pytest.raises(PoolError, match=re.escape(message)):
        find_scheduler(address, None, no_files())


def test_certificates_are_not_left_unused(tmp_path):
    certificate = tmp_path / "x.pem"
    certificate.touch()
    files = dict.fromkeys(("tls_ca", "tls_cert", "tls_key"), certificate)
    with pytest.raises(PoolError, match=r"tcp://127\.0\.0\.1:8786 does not use TLS"):
        find_scheduler("tcp://127.0.0.1:8786", None, files)
    assert find_scheduler("127.0.0.1:8786", None, files).address == "tls://127.0.0.1:8786"
    with pytest.raises(PoolError, match="needs --tls-key too"):
        find_scheduler("tls://127.0.0.1:8786", None, files | {"tls_key": None})
    with pytest.raises(PoolError, match="go with --scheduler"):
        make_pool(tls_ca=certificate)


def test_options_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(PoolError, match="leave it out with a scheduler"):
        make_pool(2, scheduler="127.0.0.1:8786")
    (tmp_path / "scheduler.json").write_text("{}")
    with pytest.raises(PoolError, match="give one of"):
        make_pool(None, "127.0.0.1:8786", tmp_path / "scheduler.json")
    with pytest.raises(PoolError, match=r"scheduler\.json names no address"):
        make_pool(None, None, tmp_path / "scheduler.json")


def test_a_scheduler_that_listens_to_others_is_refused(place):
    place.scheduler("--host", "0.0.0.0")  # noqa: S104
    address = json.loads(place.scheduler_file.read_text())["address"]
    if "127.0.0.1" in address:
        pytest.skip("this machine has no address but loopback")
    loopback = re.sub(r"//.*:", "//127.0.0.1:", address)
    done = place.call("open", "--variants", "plain", on=["--scheduler", loopback])
    assert done.returncode == 2
    assert f"Error: {address} can be reached by others, who could run code here" in done.stderr


def test_without_the_extra_a_line_says_which(place):
    code = (
        "import sys; sys.modules['distributed'] = None; from repro.app.cli.main import main;"
        "main(['run', 'probe', '--scheduler', '127.0.0.1:1'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=place.environment,
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Error: --scheduler needs the extra cluster: pip install 'repro-relu[cluster]'" in (
        done.stderr
    )


@pytest.mark.long
def test_no_scheduler_and_no_worker_are_errors_soon(place, monkeypatch):
    monkeypatch.setattr("repro.running.cluster.cluster.CONNECT", 1.0)
    with pytest.raises(PoolError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"):
        make_pool(scheduler="127.0.0.1:9").__enter__()
    monkeypatch.undo()
    place.scheduler()
    monkeypatch.setattr("repro.running.cluster.roster.PATIENCE", 1.0)
    blocks = make_plan(load_study("truth_table"), seeds=[0], variants=["relu_posted"]).blocks
    with make_pool(scheduler_file=place.scheduler_file) as pool:  # noqa: SIM117
        with pytest.raises(PoolError, match="no worker for 1 seconds; start some"):
            list(pool.train("truth_table", None, blocks))


# --------------------------------------------------------------------------- what the page says


def commands(start):
    """Return the page's block of commands that starts so and says that it is run here."""
    ours = r"run by tests/running/test_cluster.py -->\n```sh\n(.*?)```"
    blocks = re.findall(ours, PAGE, re.DOTALL)
    [block] = [block for block in blocks if block.startswith(start)]
    return block


def test_the_pages_measurements_are_those_of_the_bench():
    with (ROOT / "bench" / "results" / "scale_out.csv").open(newline="") as file:
        values = {row["measured"]: float(row["value"]) for row in csv.DictReader(file)}
    paragraph = PAGE.partition("## How far it scales")[2]
    for value in values.values():
        assert re.search(rf"\b{re.escape(f'{value:,.10g}')}\b", paragraph), value
    most = values["blocks a second, at most"]
    assert most * 30 == pytest.approx(1600, rel=0.05)
    assert most / 4 == pytest.approx(13, rel=0.1)


def shell(place, script, *args, **environment):
    bin_folder = Path(sys.executable).parent
    (place.folder / "script.sh").write_text(script)
    path = f"{place.folder}:{bin_folder}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "script.sh", *args],
        cwd=place.folder,
        text=True,
        capture_output=True,
        env=place.environment | {"PATH": path} | environment,
        timeout=DEADLINE,
        check=False,
    )


@pytest.mark.slow
def test_the_pages_commands_for_one_machine_run(place):
    script = commands("dask scheduler").replace("8786", "28786").replace("8787", "28787")
    script = script.replace("truth_table", "probe --variants plain --out one")
    done = shell(place, f"{script}kill %1 %2\n")
    assert (place.folder / "one" / "runs.csv").exists(), done.stderr


@pytest.mark.slow
def test_the_pages_certificates_and_slurm_script_run(place, alone):
    assert shell(place, commands("mkdir -p tls")).returncode == 0
    srun = place.folder / "srun"
    srun.write_text('#!/bin/bash\nexec "$@"\n')
    srun.chmod(0o755)
    script = commands("#!/bin/bash")
    place.go()
    done = shell(place, script, "probe", *WAITS, "--out", "slurm", HOST="127.0.0.1")
    assert done.returncode == 0, done.stderr
    assert place.tables("slurm") == alone


@pytest.mark.slow
def test_who_has_no_certificate_of_the_cluster_is_not_let_in(place, monkeypatch):
    ours, theirs = place.folder / "tls", place.folder / "theirs"
    assert shell(place, commands("mkdir -p tls")).returncode == 0
    ours.rename(theirs)
    assert shell(place, commands("mkdir -p tls")).returncode == 0
    files = {name: ours / f"{name}.pem" for name in ("ca", "cert", "key")}
    options = [f"--tls-{'ca-file' if n == 'ca' else n}={path}" for n, path in files.items()]
    place.scheduler("--protocol", "tls", *options)
    own = {f"tls_{name}": path for name, path in files.items()}
    with make_pool(scheduler_file=place.scheduler_file, **own):
        pass
    strange = {name: theirs / path.name for name, path in own.items()}
    monkeypatch.setattr("repro.running.cluster.cluster.CONNECT", 2.0)
    with pytest.raises(PoolError, match=r"no scheduler answers at tls://127\.0\.0\.1"):
        make_pool(scheduler_file=place.scheduler_file, **strange).__enter__()
