"""Blocks that other processes train have the numbers that this process gives them.

To the bit where this process computes in one thread, too; else to rounding.

Slow: other networks than the first and a training on after a stop.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import joblib
import keras
import numpy as np
import psutil
import pytest
from keras import layers

from repro import fit_seeds
from repro.training.fit import DEFAULTS
from repro.training.job import make_job
from repro.training.jobs import heartbeat
from repro.training.jobs.choice import processes_for
from repro.training.jobs.parcel import keras_settings, take_over
from repro.training.jobs.processes import end_workers

ONE_THREAD = os.environ.get("TF_NUM_INTRAOP_THREADS") == "1"
ROOT = Path(__file__).parents[3]
SEEDS = 5  # three blocks
DATA = np.random.default_rng(0)
X = DATA.random((70, 28), dtype="float32")
Y = DATA.integers(0, 3, 70)


def dense():
    return [layers.Dense(4, "tanh")]


def normalized():
    return [layers.Dense(16, "tanh"), layers.BatchNormalization(), layers.Dropout(0.2)]


def recurrent():
    return [layers.Reshape((7, 4)), layers.LSTM(8)]


def convolutional():
    return [layers.Reshape((7, 4, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten()]


def builder(hidden=dense, optimizer="sgd"):
    def build():
        output = layers.Dense(3, "softmax")
        model = keras.Sequential([keras.Input((28,)), *hidden(), output])
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model

    return build


def fit(build, n_jobs, **given):
    given = {"epochs": 2, "block_size": 2, "batch_size": 35, "verbose": 0, **given}
    return fit_seeds(build, X, Y, seeds=SEEDS, n_jobs=n_jobs, **given)


def assert_same_bits(one, other):
    assert one.frame.equals(other.frame)
    for seed in one.seeds:
        states = zip(one.trained[seed].state, other.trained[seed].state, strict=True)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in states)
        assert all(np.asarray(a).dtype == np.asarray(b).dtype for a, b in states)


def assert_same_numbers(one, other):
    if ONE_THREAD:
        assert_same_bits(one, other)
    np.testing.assert_allclose(one.frame, other.frame, rtol=1e-4)


def workers():
    """Return the loky processes that this one has started, idle or not."""
    children = psutil.Process().children()
    return [c for c in children if any("popen_loky" in word for word in c.cmdline())]


@pytest.mark.parametrize(
    "hidden",
    [
        dense,
        pytest.param(normalized, marks=pytest.mark.slow),
        pytest.param(recurrent, marks=pytest.mark.slow),
        pytest.param(convolutional, marks=pytest.mark.slow),
    ],
)
def test_processes_give_the_numbers_of_this_one_and_any_number_of_them_the_same_bits(hidden):
    optimizer = "sgd" if hidden is dense else "adam"
    given = {"validation_data": (X, Y), "check": hidden is dense}
    here, two, three = (fit(builder(hidden, optimizer), n, **given) for n in (1, 2, 3))
    assert [own.processes for own in (here, two, three)] == [1, 2, 3]
    assert here.one_process is two.one_process is None
    assert_same_bits(two, three)
    assert_same_numbers(here, two)


def test_settings_of_keras_are_those_of_this_process():
    usual = keras_settings()
    take_over(usual | {"floatx": "float64", "dtype_policy": "float64"})
    try:
        here, there = (fit(builder(), n_jobs, check=False) for n_jobs in (1, 2))
        assert there.trained[0].state[0].dtype == "float64"
        assert there.processes == 2
        assert_same_numbers(here, there)
    finally:
        take_over(usual)


@pytest.mark.slow
def test_a_resumed_training_has_the_same_numbers():
    here, there = (fit(builder(), n_jobs).resume(epochs=4) for n_jobs in (1, 2))
    assert_same_numbers(here, there)


def locked():
    lock = threading.Lock()

    def build():
        with lock:
            return builder()()

    return build


def elsewhere_other():
    """A network that learns at a rate of its own in every other process."""
    own = os.getpid()

    def build():
        model = builder()()
        rate = 0.1 if os.getpid() == own else 0.2
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        return model

    return build


@pytest.mark.parametrize(
    ("build", "given", "reason"),
    [
        (locked(), {}, "build can not be sent to another process .*lock"),
        (elsewhere_other(), {}, "build\\(\\) makes another model in another process"),
        pytest.param(
            builder(),
            {"callbacks": keras.callbacks.EarlyStopping("loss")},
            "callbacks belong",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_others_can_not_train_this_process_trains_and_says_why(build, given, reason):
    given = {"check": False, **given}
    with pytest.warns(UserWarning, match=f"one process: .*{reason}"):
        there = fit(build, 2, **given)
    assert re.search(reason, there.one_process)
    assert there.processes == 1
    assert_same_bits(fit(build, 1, **given), there)


def test_without_room_for_the_data_this_process_trains(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.warns(UserWarning, match="one process: others can not be .* given the data"):
        there = fit(builder(), 2, check=False)
    assert_same_bits(fit(builder(), 1, check=False), there)


def stop_workers(stopped):
    while len(started := workers()) < 2:
        time.sleep(0.01)
    for worker in started:
        worker.suspend()  # alive, and idle for good
        stopped.append(worker)


def test_workers_that_stall_are_given_up_after_the_patience(monkeypatch):
    end_workers()
    monkeypatch.setattr(heartbeat, "PATIENCE", 1.0)
    stopped = []
    thread = threading.Thread(target=stop_workers, args=[stopped], daemon=True)
    thread.start()
    with pytest.warns(UserWarning, match="one process: no worker used processor time for 1 s"):
        there = fit(builder(), 2, check=False)
    assert stopped
    assert_same_bits(fit(builder(), 1, check=False), there)


def drawn(seed):
    np.random.seed(seed)
    return np.random.rand()


def test_an_error_comes_back_as_it_was_raised_and_the_workers_are_gone():
    last = drawn(SEEDS - 1)

    def build():
        if np.random.rand() == last:
            raise LookupError("no such network")
        return builder()()

    with pytest.raises(LookupError, match=r"^'?no such network'?$"):
        fit(build, 2, check=False)
    assert not workers()


@pytest.mark.slow
def test_seeds_that_can_not_be_fused_are_trained_alone_from_the_same_block_on():
    last = drawn(SEEDS - 1)

    def build():
        kind = "relu" if np.random.rand() == last else "tanh"
        return builder(lambda: [layers.Dense(4, kind)])()

    fits = []
    for n_jobs in (1, 2):
        with pytest.warns(UserWarning, match="one seed at a time: .*activation"):
            fits.append(fit(build, n_jobs, check=False))
    assert_same_numbers(*fits)


@pytest.mark.parametrize("n_jobs", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_each_epoch_of_each_seed_is_told_once(n_jobs, capsys):
    fit(builder(), n_jobs, verbose=2, check=False)
    lines = capsys.readouterr().out.splitlines()
    assert sum(int(line.split()[0]) for line in lines) == SEEDS * 2
    assert all("mean of each: loss: " in line for line in lines)


@pytest.mark.parametrize(
    ("n_jobs", "error"), [(0, "-1 all cores"), (1.5, "an integer or None"), (True, "an integer")]
)
def test_a_wrong_number_is_refused(n_jobs, error):
    with pytest.raises((ValueError, TypeError), match=error):
        fit(builder(), n_jobs)


def job_of(**given):
    return make_job(builder(), [0], **{**DEFAULTS, **given, "x": X, "y": Y})


def test_a_long_job_goes_to_all_cores_and_a_short_one_stays(monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    assert processes_for(None, job_of(epochs=2), models=5) == 1
    long = job_of(epochs=10**6)
    assert processes_for(None, long, models=100) == joblib.cpu_count()
    assert processes_for(1, long, models=100) == 1
    stopping = keras.callbacks.EarlyStopping("loss")
    assert processes_for(None, job_of(epochs=10**6, callbacks=stopping), models=100) == 1
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # blocks train side by side in threads
    assert processes_for(None, long, models=100) == 1


def test_joblib_says_how_many_where_the_call_does_not():
    with joblib.parallel_config(n_jobs=3):
        assert processes_for(None, job_of(epochs=1), models=5) == 3
    assert processes_for(-1, job_of(epochs=1), models=5) == joblib.cpu_count()


SCRIPT = """
import numpy as np
from repro import fit_seeds
from repro.training.fit import DEFAULTS
from repro.training.job import make_job
from repro.training.jobs.choice import processes_for
from repro.training.jobs.parcel import keras_settings, take_over
from tests.training.jobs.test_processes import builder, X, Y
fit_seeds(builder(), X, Y, seeds=4, block_size=2, epochs=10**6, verbose=2, n_jobs=2)
"""


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_nothing_is_left_of_a_training_that_is_stopped(number, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-u", "-c", SCRIPT],
        cwd=ROOT,
        env=os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert "2 seeds" in process.stdout.readline()
            if number == signal.SIGINT:  # as a terminal does: to all of them
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    deadline = time.monotonic() + 60
    while in_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert in_session(process.pid) == []
    assert not list(tmp_path.glob("fit_seeds_*"))  # which the workers delete if this one can't
    if number == signal.SIGINT:
        assert said.count("KeyboardInterrupt") == 1, said


def in_session(session):
    """Return the command lines of a session's processes."""
    lines = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session:
                lines.append(process.cmdline())
        except (ProcessLookupError, psutil.Error):
            continue
    return lines
