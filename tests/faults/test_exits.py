"""One meaning for each exit code, of real processes; no command ends with a traceback.

0 done, 1 found, 2 wrong use or environment, 130 interrupted, 141 nobody reads.

Slow: more commands, options and moments of the same kind.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from repro.app.cli.environment import check_figure_settings
from repro.app.cli.exits import reported
from repro.study.keras_settings import require_defaults
from tests.faults.processes import ROOT

TABLES_READ = ("cite truth_table relu_posted", "ledger", "figures", "report", "verdicts", "verify")
COMMANDS = (*TABLES_READ, "adopt nope", "export --latex x", "lint nope", "new Nope", "run nope")
QUICK = ("", "cite truth_table relu_posted")


def call(*args, cwd, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    done = subprocess.run(
        [sys.executable, "-m", "repro", *args],
        cwd=cwd,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        **{"stdout": subprocess.PIPE} | options,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def with_slow(quick, every):
    """Return all cases, those that are not quick marked."""
    return [case if case in quick else pytest.param(case, marks=pytest.mark.slow) for case in every]


@pytest.mark.parametrize("command", with_slow(QUICK, ["", *COMMANDS]))
def test_wrong_use_is_2_and_one_line_however_it_is_wrong(tmp_path, command):
    """In a folder without results, all of them are."""
    if command:
        done = call(*command.split(), cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(("Error: ", "Usage: "))
    assert call(*command.split(), "--nope", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    "args", with_slow([(), ("cite",)], [(), ("--help",), ("cite",), ("nope",)])
)
def test_a_full_device_is_said_in_one_line(tmp_path, args):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = call(*args, cwd=tmp_path, stdout=full)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr or "no command is named" in done.stderr


@pytest.mark.parametrize("args", with_slow([("cite",)], [(), ("--help",), ("cite",)]))
def test_a_reader_that_has_gone_is_141_without_a_word(tmp_path, args):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = call(*args, cwd=tmp_path, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("args", with_slow([("nope",)], [("nope",), ("report",), ("--nope",)]))
def test_a_full_error_stream_changes_no_exit_code(tmp_path, args):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "repro", *args],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=full,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2


MAKE = {
    "is a named pipe": os.mkfifo,
    "is no text": lambda path: path.write_bytes(b"\x99"),
}


@pytest.mark.parametrize("kind", with_slow(["is no text"], MAKE))
def test_settings_of_figures_that_are_none_are_named(tmp_path, kind):
    MAKE[kind](tmp_path / "matplotlibrc")
    done = call("figures", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: matplotlibrc: {kind}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"])
def test_settings_of_figures_elsewhere_are_not_waited_for_either(tmp_path, monkeypatch, name):
    folder = tmp_path / "matplotlib" if name == "XDG_CONFIG_HOME" else tmp_path
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "matplotlibrc")
    for other in ("MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(OSError, match="is a named pipe, not a file") as refusal:
        check_figure_settings()
    assert refusal.value.filename == str(folder / "matplotlibrc")


def test_a_folder_that_can_not_be_looked_into_has_no_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("MATPLOTLIBRC", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "KERAS_HOME"):
        monkeypatch.setenv(name, f"/{'x' * 300}")  # no disk takes such a name
    check_figure_settings()
    require_defaults()


@pytest.mark.long
@pytest.mark.parametrize("names", [["truth_table"], ["truth_table", "four_layers"]])
def test_a_home_that_can_not_be_written_is_not_told_of(tmp_path, names):
    """Drawn by the command itself, or by processes of its own."""
    for name in names:
        results = tmp_path / "results" / name
        shutil.copytree(ROOT / "results" / name, results, ignore=shutil.ignore_patterns("*g"))
    elsewhere = {"MPLCONFIGDIR": "", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    done = call("figures", *names, cwd=tmp_path, env={"HOME": "/proc"} | elsewhere)
    assert (done.returncode, done.stderr) == (0, "")


WARNING = """
import warnings
from repro.app.terminal.streams import prepare_streams
prepare_streams()
warnings.warn("\x1b[2J\u202e")
"""


def run_script(path, text):
    """Write a script that imports this package, run it, and return the finished process."""
    path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", path.stem],
        cwd=path.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_warning_is_shown_without_controls(tmp_path):
    done = run_script(tmp_path / "script.py", WARNING)
    assert done.returncode == 0
    assert "UserWarning: \\x1b[2J\\u202e" in done.stderr


def test_where_only_ascii_can_be_written_it_is(tmp_path):
    done = call("cite", cwd=tmp_path, env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()


@pytest.mark.parametrize("encoding", with_slow(["idna"], ["idna", "punycode"]))
def test_an_encoding_that_takes_no_replacement_is_ascii_then(tmp_path, encoding):
    done = call("cite", cwd=tmp_path, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, "")


OTHERS = ("MPLBACKEND", "KERAS_BACKEND", "SOURCE_DATE_EPOCH")


@pytest.mark.slow
def test_another_librarys_setting_stops_no_command(tmp_path):
    done = call("report", cwd=tmp_path, env=dict.fromkeys(OTHERS, "nonsense"))
    assert done.returncode == 2
    assert "no study has tables in results/" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "name", with_slow(["KERAS_HOME"], ["KERAS_HOME", "REPRO_DATA", "REPRO_CACHE"])
)
def test_a_home_of_nobody_is_named(tmp_path, name):
    done = call("report", cwd=tmp_path, env={name: "~nosuchuser/x"})
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {name}='~nosuchuser/x': there is no such user")


@pytest.mark.slow
def test_what_a_path_does_to_a_terminal_is_written_out(tmp_path):
    done = call("report", "\x1b[2J\u202e", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "\\x1b[2J\\u202e" in done.stderr


WICKED = [("--\x1b[2J\u202e",), ("explore", "\x1b[2J\u202e"), ("run", "--data", "\x1b[2J\u202e")]


@pytest.mark.parametrize("args", with_slow(WICKED[:2], WICKED))
def test_what_was_typed_wrong_is_repeated_without_its_controls(tmp_path, args):
    done = call(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert "\\x1b[2J" in done.stderr
    assert not set("\x1b\u202e") & set(done.stderr)


STREAMS = ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("streams", with_slow(STREAMS[-1:], STREAMS))
@pytest.mark.parametrize("command", with_slow(["cite"], ["cite", "check model.py:build"]))
def test_closed_streams_change_no_exit_code(tmp_path, command, streams):
    (tmp_path / "model.py").write_text(MODEL)
    command = f'"{sys.executable}" -m repro {command} {streams}'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0


MODEL = """
import keras

def build():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model
"""


@pytest.mark.long
def test_a_function_that_would_have_to_be_awaited_is_told_in_one_line(tmp_path):
    (tmp_path / "model.py").write_text("async def build():\n    return 1\n")
    done = call("check", "model.py:build", cwd=tmp_path)
    says = "Error: build() must return a compiled keras.Model, got coroutine\n"
    assert (done.returncode, done.stderr) == (2, says)


NO_MEMORY = "lib.so: failed to map segment from shared object"


def import_wrapped():
    try:
        raise ImportError(NO_MEMORY)
    except ImportError as error:  # as TensorFlow and numpy do
        raise ImportError("Traceback …\n\nPLEASE READ THIS") from error


def import_one_of_two():
    try:
        raise ImportError("no fast one")
    except ImportError:
        raise ImportError(NO_MEMORY) from None


def allocate():
    raise MemoryError


def import_half():
    raise SystemError("error return without exception set")  # as Python itself, out of memory


IMPORTS = f"what is installed can't be imported: {NO_MEMORY}"
UNABLE = {
    import_wrapped: IMPORTS,
    import_one_of_two: IMPORTS,
    allocate: "there is not enough memory",
    import_half: "there is not enough memory, perhaps: error return without exception set",
}


@pytest.mark.parametrize("job", UNABLE)
def test_what_memory_is_missing_for_is_said_in_one_line(monkeypatch, capsys, job):
    for name in ("KERAS_BACKEND", "MPLBACKEND", "SOURCE_DATE_EPOCH"):
        monkeypatch.setenv(name, "")  # for it to be as before afterwards
    assert reported(job) == 2
    assert capsys.readouterr().err == f"Error: {UNABLE[job]}; nothing is lost\n"


@pytest.mark.slow
def test_a_library_that_does_not_fit_is_said_in_one_line(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    limit = 400 * 2**20  # bytes of addresses; TensorFlow alone has more
    done = call(
        "check",
        "model.py:build",
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: what is installed can't be imported: ")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_is_130_when_nobody_reads_that_it_was(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "repro", "run", "truth_table"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as driver:
        driver.stderr.close()
        time.sleep(0.5)
        os.killpg(driver.pid, signal.SIGINT)
        driver.wait(timeout=60)
    assert driver.returncode == 130


@pytest.mark.parametrize("seconds", [0.3, 1.0])
@pytest.mark.parametrize(
    "args",
    with_slow([("repro.truth_table",)], [("repro", "run", "truth_table"), ("repro.truth_table",)]),
)
def test_ctrl_c_at_the_start_is_130_without_a_traceback(tmp_path, seconds, args):
    with subprocess.Popen(
        [sys.executable, "-m", *args],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as driver:
        time.sleep(seconds)
        for _ in range(3):
            os.killpg(driver.pid, signal.SIGINT)
            time.sleep(0.05)
        _, errors = driver.communicate(timeout=60)
    assert driver.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.count("\n") <= 2


EXECUTING = """
import sys
import click
from repro.app.cli.exits import reported, run_to_end

@click.command()
def command():
    sys.exit(reported(lambda: exec("raise KeyboardInterrupt")))

run_to_end(command, "command")
"""


def test_ctrl_c_is_130_while_a_text_is_executed(tmp_path):
    """As where a dataclass is made; Python itself would end by the signal."""
    done = run_script(tmp_path / "script.py", EXECUTING)
    assert done.returncode == 130
    assert done.stderr.startswith("Stopped at once")


LATE = """
import os, signal
import click
from repro.app.cli.exits import run_to_end

class Late:
    def __del__(self, kill=os.kill, own=os.getpid()):
        kill(own, signal.SIGINT)

late = Late()

@click.command()
def command():
    pass

run_to_end(command, "command")
"""


def test_ctrl_c_while_python_ends_changes_no_exit_code(tmp_path):
    """Python has given up its handlers by then; all is done, too."""
    done = run_script(tmp_path / "script.py", LATE)
    assert (done.returncode, done.stderr) == (0, "")


STALL = """
import itertools, multiprocessing, os, signal, threading, time
from repro.running import workers
from repro.training.jobs import heartbeat
from repro.study.plan import make_plan
from repro.study.schema import load_study

def starve():
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.1)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGSTOP)  # alive, and idle for good

def blocks():
    for start in itertools.count(0, 100):  # the other worker is busy until it is noticed
        if any(isinstance(result, Exception) for result in results):
            return
        yield make_plan(study, seeds=range(start, start + 100), variants=["relu_posted"]).blocks[0]

if __name__ == "__main__":
    heartbeat.PATIENCE, results, study = 1.0, [], load_study("truth_table")
    threading.Thread(target=starve, daemon=True).start()
    with workers.Workers(2) as pool:
        for _, result in pool.train("truth_table", None, blocks()):
            results.append(result)
    print([str(result) for result in results if isinstance(result, Exception)])
"""


@pytest.mark.long
def test_a_worker_that_stalls_beside_a_busy_one_is_given_up_after_the_patience(tmp_path):
    done = run_script(tmp_path / "stall.py", STALL)
    assert done.stdout.startswith("['its worker used no processor time for 1 s"), done.stderr
    assert done.returncode == 0
