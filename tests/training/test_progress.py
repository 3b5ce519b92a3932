"""The bar of a fit: it never lies about the time, and a notebook keeps it once an epoch."""

import time
from types import SimpleNamespace

import pytest

from repro.training import progress as module
from repro.training.progress import progress

EPOCHS = SimpleNamespace(epochs=3, initial_epoch=0)


@pytest.fixture
def shown(monkeypatch, capsys):
    monkeypatch.setattr(module, "_in_notebook", lambda: True)
    with progress(EPOCHS, range(2), "auto") as advance:
        time.sleep(0.3)  # in which a terminal's bar is written some times more
        for loss in (0.5, 0.25, 0.125):
            advance(2, {"loss": [loss, loss]})
    return capsys.readouterr().err


def test_a_notebook_keeps_the_bar_once_an_epoch(shown):
    assert shown.count("0/6 epochs") == 1
    assert shown.count("2/6 epochs") == shown.count("4/6 epochs") == 1
    assert "loss 0.125" in shown


def test_the_time_left_is_said_once_it_is_known(shown):
    assert "0 s so far" in shown
    assert "-:--:--" not in shown
