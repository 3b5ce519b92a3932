"""Ctrl-C and SIGTERM: the first finishes and stores the block, the second stops at once."""

import os
import random
import signal
from itertools import cycle

import pytest

from tests.faults.processes import TABLES, Study, contents, stored

ONE, TWO = [signal.SIGINT], [signal.SIGINT, signal.SIGTERM]


def send(driver, number):
    """Send a signal to the whole process group, as a terminal does."""
    os.killpg(driver.pid, number)


@pytest.fixture(scope="module")
def long_study():
    """With two workers: blocks of a moment beside one of seconds."""
    variants = ["relu_posted", "sigmoid_posted_100k", "relu_momentum", "relu_linear"]
    return Study("add_numbers", "--seeds", 20, "--workers", 2, "--variants", ",".join(variants))


@pytest.fixture(scope="module")
def undisturbed_long(long_study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed_long")
    long_study.run(folder)
    return contents(folder)


def variants_stored(folder):
    return [variant for variant, _ in stored(folder)[::20]]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_the_first_signal_finishes_and_stores_what_is_in_flight(
    long_study, undisturbed_long, tmp_path, number
):
    with long_study.start_and_await_block(tmp_path) as driver:
        send(driver, number)
        rest, errors = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert "Stopped after the block in flight, which is stored; run again to go on." in rest
    assert errors == ""
    assert "sigmoid_posted_100k" in variants_stored(tmp_path)
    assert not contents(tmp_path)
    long_study.run(tmp_path)
    assert contents(tmp_path) == undisturbed_long


def test_the_second_signal_stops_at_once_and_loses_that_block_alone(
    long_study, undisturbed_long, tmp_path
):
    with long_study.start_and_await_block(tmp_path) as driver:
        for number in TWO:
            send(driver, number)
        _, errors = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert errors == "Stopped at once: blocks in flight are lost; run again to go on.\n"
    assert "sigmoid_posted_100k" not in variants_stored(tmp_path)
    assert "relu_posted" in variants_stored(tmp_path)
    long_study.run(tmp_path)
    assert contents(tmp_path) == undisturbed_long


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
