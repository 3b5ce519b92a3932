"""Blocks that other processes train have the numbers that this process gives them.

To the bit where this process computes in one thread, too; else to rounding. The first tests leave
the workers that they start to the next ones; the last test of those ends them.

Slow: three processes and other networks, a training on after a stop, workers with another model,
a process of its own that is stopped.
"""

import builtins
import multiprocessing
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

from repro import fit_grid, fit_seeds
from repro.training.fit import DEFAULTS
from repro.training.job import make_job
from repro.training.jobs import heartbeat
from repro.training.jobs import workers as workers_of_calls
from repro.training.jobs.choice import processes_for
from repro.training.jobs.epochs import ToldEpochs
from repro.training.jobs.first_steps import expected_steps, what_is_unexpected
from repro.training.jobs.parcel import keras_settings, take_over
from repro.training.jobs.processes import Processes, Stalled
from repro.training.jobs.workers import Workers, end_workers
from repro.training.trainer import Trainer

ONE_THREAD = os.environ.get("TF_NUM_INTRAOP_THREADS") == "1"
ROOT = Path(__file__).parents[3]
SEEDS = 4  # two blocks
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
    usual = {"seeds": SEEDS, "epochs": 2, "block_size": 2, "batch_size": 35, "check": False}
    return fit_seeds(build, X, Y, n_jobs=n_jobs, **usual | {"verbose": 0} | given)


@pytest.fixture(scope="module")
def here():
    """What this process trains."""
    return fit(builder(), 1)


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


@pytest.mark.long
def test_processes_give_the_numbers_of_this_one():
    given = {"validation_data": (X, Y)}
    here, two = fit(builder(), 1, **given), fit(builder(), 2, **given, check=True)
    assert (here.processes, two.processes) == (1, 2)
    assert here.one_process is two.one_process is None
    assert_same_numbers(here, two)


def grid_build(units=4):
    return builder(lambda: [layers.Dense(units, "tanh")])()


@pytest.mark.long
def test_the_cells_of_a_grid_have_the_numbers_of_this_process():
    given = {"grid": {"units": [3, 5]}, "seeds": 2, "block_size": 1, "check": False, "verbose": 0}
    here, there = (fit_grid(grid_build, X, Y, n_jobs=n_jobs, **given) for n_jobs in (1, 2))
    assert {own.processes for own in there.fits} == {2}
    for one, other in zip(here.fits, there.fits, strict=True):
        np.testing.assert_allclose(one.frame, other.frame, rtol=1e-4)
        for ours, theirs in zip(one.trained[1].state, other.trained[1].state, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_settings_of_keras_are_those_of_this_process():
    usual = keras_settings()
    take_over(usual | {"floatx": "float64", "dtype_policy": "float64"})
    try:
        here, there = (fit(builder(), n_jobs) for n_jobs in (1, 2))
        assert there.trained[0].state[0].dtype == "float64"
        assert there.processes == 2
        assert_same_numbers(here, there)
    finally:
        take_over(usual)


@pytest.mark.long
@pytest.mark.parametrize("n_jobs", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_each_epoch_of_each_seed_is_told_once(n_jobs, capsys):
    fit(builder(), n_jobs, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert sum(int(line.split()[0]) for line in lines) == SEEDS * 2
    assert all("mean of each: loss: " in line for line in lines)


def interrupt(seen):
    """Send Ctrl-C to this process and its workers, as a terminal does, once blocks are trained."""
    while not list(seen.glob("fit_seeds_*/*.jsonl")):
        time.sleep(0.01)
    for worker in workers():
        worker.send_signal(signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.long
def test_a_worker_that_has_grown_by_a_graph_and_its_data_is_kept_for_the_next_block():
    def grow():  # for longer than loky waits between two looks at a worker's memory
        builtins.kept = np.ones(2**26)
        time.sleep(1.5)
        return os.getpid()

    end_workers()
    own = Workers.take(1)
    workers = [own.submit(task).result(timeout=60) for task in (os.getpid, grow, os.getpid)]
    own.end()
    assert len(set(workers)) == 1


@pytest.mark.long
def test_joblib_has_workers_of_its_own():
    assert fit(builder(), 2).processes == 2
    assert joblib.Parallel(2)(joblib.delayed(abs)(i) for i in (-1, 2)) == [1, 2]
    kept = {worker.pid for worker in workers()}
    assert fit(builder(), 2).processes == 2
    assert {worker.pid for worker in workers()} == kept


class Counted:
    """Counts how often it is sent."""

    sent = 0

    def __call__(self):
        return builder()()

    def __getstate__(self):
        Counted.sent += 1
        return {}


@pytest.mark.long
def test_build_is_sent_once_for_all_blocks():
    assert fit(Counted(), 2, seeds=6).processes == 2
    assert Counted.sent == 1


@pytest.mark.long
def test_a_worker_ends_although_somebodys_thread_goes_on(monkeypatch):
    def begin_a_thread():
        threading.Thread(target=time.sleep, args=[10**6]).start()
        return os.getpid()

    monkeypatch.setattr(workers_of_calls, "IDLE", 0.5)
    own = Workers(1)
    number = own.submit(begin_a_thread).result(timeout=60)
    deadline = time.monotonic() + 20
    while psutil.pid_exists(number) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(number)
    own.end()


# as errors, which a user's filter may make of warnings, too
@pytest.mark.long
@pytest.mark.filterwarnings(
    "ignore:Exception in thread ExecutorManagerThread:pytest.PytestUnhandledThreadExceptionWarning"
)
def test_a_call_ends_if_nobody_hears_the_workers_any_more(tmp_path):
    def grow():
        from joblib.externals.loky import process_executor

        process_executor._MAX_MEMORY_LEAK_SIZE = 0  # so that loky replaces this worker, and warns
        builtins.kept = np.ones(2**22)
        time.sleep(1.5)

    own = Workers(1)
    for task in (os.getpid, grow):
        own.submit(task).result(timeout=60)
    future = own.submit(os.getpid)
    processes = Processes(2, lambda *_: None, blocks=2)
    processes._folder, processes._workers = tempfile.TemporaryDirectory(dir=tmp_path), own
    with pytest.raises(Stalled, match="the thread that takes what workers return has ended"):
        processes._await(future)
    numbers = own.numbers
    own.end()
    assert not [number for number in numbers if psutil.pid_exists(number)]
    processes._folder.cleanup()


def test_an_epoch_that_is_trained_again_is_told_once(tmp_path):
    seen = []
    told = ToldEpochs(lambda count, logs: seen.append(count))
    for place, epochs in enumerate((2, 1)):
        (tmp_path / f"0_{place}.jsonl").write_text('{"count": 2, "logs": {}}\n' * epochs)
    told.read(tmp_path)
    assert not seen  # nobody knows yet whether the models are alike
    (tmp_path / "0.alike").touch()
    told.read(tmp_path)
    told.finish(tmp_path / "0_0.jsonl")
    told.lost()
    for _ in range(2):  # of the other block, one of which has been told
        told.advance(2, {})
    assert seen == [2] * 4


def kill_one(seen):
    while not list(seen.glob("fit_seeds_*/*.jsonl")):
        time.sleep(0.01)
    workers()[0].kill()


@pytest.mark.slow
def test_what_a_lost_worker_has_told_is_not_told_again(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threading.Thread(target=kill_one, args=[tmp_path], daemon=True).start()
    with pytest.warns(UserWarning, match="one process: a worker was lost"):
        there = fit(builder(), 2, epochs=1000, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert sum(int(line.split()[0]) for line in lines) == SEEDS * 1000
    assert_same_numbers(fit(builder(), 1, epochs=1000), there)


@pytest.mark.slow
def test_a_call_that_fails_takes_no_workers_from_another_one():
    fits = {}
    other = threading.Thread(target=lambda: fits.update(one=fit(builder(), 2, epochs=500)))
    other.start()
    with pytest.warns(UserWarning, match="one process: build can not be sent"):
        fit(locked(), 2)
    other.join()
    assert fits["one"].one_process is None


@pytest.mark.long
def test_ctrl_c_ends_the_workers_and_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threading.Thread(target=interrupt, args=[tmp_path], daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        fit(builder(), 2, epochs=10**6)
    assert not workers()
    assert not list(tmp_path.glob("fit_seeds_*"))


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [dense, normalized, recurrent, convolutional])
def test_any_number_of_processes_give_the_same_bits(hidden):
    given = {"validation_data": (X, Y), "seeds": 6}  # three blocks
    build = builder(hidden, "sgd" if hidden is dense else "adam")
    here, two, three = (fit(build, n_jobs, **given) for n_jobs in (1, 2, 3))
    assert [own.processes for own in (here, two, three)] == [1, 2, 3]
    assert_same_bits(two, three)
    assert_same_numbers(here, two)


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


@pytest.mark.long
@pytest.mark.parametrize(
    ("build", "given", "reason"),
    [
        (locked(), {}, "build can not be sent to another process .*lock"),
        pytest.param(
            elsewhere_other(),
            {},
            "build\\(\\) makes another model in another process",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            builder(),
            {"callbacks": keras.callbacks.EarlyStopping("loss")},
            "callbacks belong",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_others_can_not_train_this_process_trains_and_says_why(build, given, reason):
    with pytest.warns(UserWarning, match=f"one process: .*{reason}"):
        there = fit(build, 2, **given)
    assert re.search(reason, there.one_process)
    assert there.processes == 1
    assert_same_bits(fit(build, 1, **given), there)


def job_of(build, **given):
    return make_job(build, [0], **DEFAULTS | {"x": X, "y": Y} | given)


def first_block(rate, units=4):
    def build():
        model = builder(lambda: [layers.Dense(units, "tanh")])()
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        return model

    return Trainer(job_of(build, check=False), {}, lambda *_: None).prepare([0])


@pytest.mark.long
def test_first_steps_tell_another_model_from_the_same():
    (seeds, models, block), (_, others, other) = first_block(0.1), first_block(0.2)
    steps = expected_steps(block, seeds, models)
    assert what_is_unexpected(block, seeds, models, steps) is None
    assert "differs by" in what_is_unexpected(other, seeds, others, steps)
    _, others, other = first_block(0.1, units=5)
    assert what_is_unexpected(other, seeds, others, steps) == "weights have other shapes"


@pytest.mark.slow
def test_without_room_for_the_data_this_process_trains(monkeypatch, here):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.warns(UserWarning, match="one process: others can not be .* given the data"):
        there = fit(builder(), 2)
    assert_same_bits(here, there)


def stop_workers(stopped):
    while len(started := workers()) < 2:
        time.sleep(0.01)
    for worker in started:
        worker.suspend()  # alive, and idle for good
        stopped.append(worker)


@pytest.mark.slow
def test_workers_that_stall_are_given_up_after_the_patience(monkeypatch, here):
    end_workers()
    monkeypatch.setattr(heartbeat, "PATIENCE", 1.0)
    stopped = []
    thread = threading.Thread(target=stop_workers, args=[stopped], daemon=True)
    thread.start()
    with pytest.warns(UserWarning, match="one process: no worker used processor time for 1 s"):
        there = fit(builder(), 2)
    assert stopped
    assert_same_bits(here, there)


def drawn(seed):
    np.random.seed(seed)
    return np.random.rand()


class Holding(Exception):
    """An error that can not be sent."""

    def __init__(self, message):
        super().__init__(message)
        self.lock = threading.Lock()


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    [
        SystemExit,
        pytest.param(LookupError, marks=pytest.mark.slow),
        pytest.param(KeyboardInterrupt, marks=pytest.mark.slow),
        pytest.param(Holding, marks=pytest.mark.slow),
    ],
)
def test_a_build_that_fails_in_other_processes_trains_in_this_one(kind, here):
    home = os.getpid()

    def build():
        if os.getpid() != home:
            raise kind("no such file here")
        return builder()()

    with pytest.warns(UserWarning, match=f"one process: a worker failed with {kind.__name__}"):
        there = fit(build, 2)
    assert "no such file here" in there.one_process
    assert_same_bits(here, there)


@pytest.mark.slow
def test_an_error_comes_back_as_it_was_raised_and_the_workers_are_gone():
    last = drawn(SEEDS - 1)

    def build():
        if np.random.rand() == last:
            raise LookupError("no such network")
        return builder()()

    note = rf"build\(\) raised this for seed {SEEDS - 1}"
    with (
        pytest.warns(
            UserWarning,
            match=rf"one process: a worker failed with LookupError \('?no such network'?; {note}\)",
        ),
        pytest.raises(LookupError, match=rf"^'?no such network'?\n{note}$"),
    ):
        fit(build, 2)
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
            fits.append(fit(build, n_jobs))
    assert_same_numbers(*fits)


@pytest.mark.parametrize(
    ("n_jobs", "error"), [(0, "-1 all cores"), (1.5, "an integer or None"), (True, "an integer")]
)
def test_a_wrong_number_is_refused(n_jobs, error):
    with pytest.raises((ValueError, TypeError), match=error):
        fit(builder(), n_jobs)


def test_a_long_job_goes_to_all_cores_and_a_short_one_stays(monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    assert processes_for(None, job_of(builder(), epochs=2), models=5) == 1
    long = job_of(builder(), epochs=10**6)
    assert processes_for(None, long, models=100) == joblib.cpu_count()
    assert processes_for(1, long, models=100) == 1
    stopping = keras.callbacks.EarlyStopping("loss")
    assert processes_for(None, job_of(builder(), epochs=10**6, callbacks=stopping), models=100) == 1
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")  # blocks train side by side in threads
    assert processes_for(None, long, models=100) == 1


def test_joblib_says_how_many_where_the_call_does_not():
    with joblib.parallel_config(n_jobs=3):
        assert processes_for(None, job_of(builder(), epochs=1), models=5) == 3
    assert processes_for(-1, job_of(builder(), epochs=1), models=5) == joblib.cpu_count()


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


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
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


def one_process_of_a_daemon(_):
    return fit(builder(), 2).one_process


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:one process")
def test_a_daemon_says_that_it_starts_no_others():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert "a daemon" in pool.map(one_process_of_a_daemon, [0])[0]


FACTOR = """
import keras
from keras import ops

factor = 1.0


class Later(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return ops.where(step < 40, 0.01, 0.01 * factor)

    def get_config(self):
        return {}
"""


@pytest.mark.long
def test_a_modules_global_that_this_process_has_set_and_others_have_not_is_told(
    tmp_path, monkeypatch
):
    (tmp_path / "later_rates.py").write_text(FACTOR)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    import later_rates

    later_rates.factor = 3.0  # shows from the 41st step on, in no first one

    def build():
        return builder(optimizer=keras.optimizers.SGD(later_rates.Later()))()

    with pytest.warns(UserWarning, match="one process: .*factor is 1.0, and 3.0 in this process"):
        assert fit(build, 2).processes == 1


def test_the_code_of_a_set_is_told_alike_in_every_process():
    program = (
        "from repro.training.held import held_by\n"
        "def f(word): return word in {'red', 'green', 'blue', 'black'}\n"
        "print(list(held_by(f, 'f')))"
    )
    told = {
        subprocess.check_output(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, cwd=ROOT
        )
        for seed in "123"
    }
    assert len(told) == 1


OF_MAIN = """
import dataclasses, logging, os, warnings
import keras, numpy as np
from repro import fit_seeds

warnings.simplefilter("error", UserWarning)
BETA, ALPHA = 2.0, 0.5
log = logging.getLogger("script")
log.setLevel(logging.INFO)
environ = os.environ
environ["OF_THIS_PROCESS"] = str(os.getpid())

def helper(x):
    log.debug(environ.get("HOME"))
    return x * ALPHA

@dataclasses.dataclass(frozen=True)
class Settings:
    scale: float = 1.0

    def use(self, x):
        return x * self.scale

    def again(self, x):
        return self.use(x)

class Slots:
    __slots__ = ("b", "a")

    def __init__(self):
        self.b, self.a = 1.0, 2.0

class Layer(keras.layers.Layer):
    words = {"red", "green", "blue"}

    def __init__(self):
        super().__init__()
        self.settings, self.slots, self.of = Settings(), Slots(), {"z": [1], "a": (2,)}

    def call(self, x):
        return self.settings.again(self.act(x)) * BETA * self.slots.a

    def act(self, x):
        return helper(x)

def build():
    doubled = keras.layers.Lambda(lambda x: x * ALPHA)
    model = keras.Sequential([keras.Input((3,)), Layer(), doubled, keras.layers.Dense(1)])
    model.compile("sgd", lambda t, p: keras.ops.mean((t - p) ** 2))
    return model

x = np.random.default_rng(0).random((20, 3))
fit = fit_seeds(build, x, x[:, :1], seeds=4, block_size=2, n_jobs=2, verbose=0)
print(fit.processes, fit.one_process)
"""


@pytest.mark.long
def test_classes_of_a_script_are_the_same_ones_in_its_processes(tmp_path):
    (tmp_path / "script.py").write_text(OF_MAIN)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    told = subprocess.check_output(
        [sys.executable, "script.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}
    )
    assert told.split() == [b"2", b"None"]
