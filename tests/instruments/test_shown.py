"""A diagnosis is shown in a few lines, as HTML and as a plot; progress only where it is wanted."""

import re
import sys
import time
from types import SimpleNamespace

import keras
import matplotlib
import numpy as np
import pytest

import repro
from repro.instruments.diagnose.progress import progress
from repro.instruments.diagnose.report.text import headline


def build():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "softmax")])
    model.compile("sgd", "binary_crossentropy")
    return model


@pytest.fixture(scope="module")
def diagnosis():
    x = np.random.default_rng(0).normal(size=(60, 2))
    y = (x[:, 0] > 0).astype(int)
    return repro.diagnose(
        build, x.tolist(), y.tolist(), epochs=2, seeds=2, budget=5, retune=False, verbose=0
    )


@pytest.mark.long
def test_a_count_of_seeds_is_the_first_so_many(diagnosis):
    assert diagnosis.setup.seeds == (0, 1)


def test_it_is_shown_in_a_few_lines(diagnosis):
    lines = repr(diagnosis).splitlines()
    assert 3 <= len(lines) <= 8 and max(map(len, lines)) < 80
    text = " ".join(" ".join(lines).split())
    assert headline(diagnosis) in text
    assert f"skill {diagnosis.table.skill[0]:.2f} as it is" in text


@pytest.mark.parametrize("columns", [60, 80])
def test_a_terminal_gets_no_wider_lines_than_it_has(diagnosis, columns, monkeypatch, tmp_path):
    wide = str(diagnosis)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(columns))
    told = str(diagnosis).removesuffix(f"{diagnosis.code}\n")  # which is to be pasted as it is
    assert max(map(len, [*told.splitlines(), *diagnosis.details.splitlines()])) <= columns
    assert told.split() == wide.removesuffix(f"{diagnosis.code}\n").split()
    diagnosis.save(tmp_path)
    assert (tmp_path / "diagnosis.txt").read_text(encoding="utf-8").startswith(wide)


def test_a_notebook_shows_verdict_changes_and_figure(diagnosis):
    page = diagnosis._repr_html_()
    assert headline(diagnosis).split(".")[0].split("'")[0] in page
    assert page.count("<tr") == 1 + min(len(diagnosis.table), 9)
    assert 'src="data:image/png;base64,' in page


def test_what_the_user_wrote_is_text_in_a_notebook(diagnosis, monkeypatch):
    from repro.instruments.diagnose.report import shown

    monkeypatch.setattr(shown, "headline", lambda conclusion: "<script>alert(1)</script>")
    assert "<script" not in diagnosis._repr_html_()


def test_the_plot_has_a_row_a_change_and_takes_axes(diagnosis):
    matplotlib.use("agg")
    axes = diagnosis.plot()
    assert len(axes.get_yticklabels()) == min(len(diagnosis.table) - 1, 12)
    assert axes.figure.number in matplotlib.pyplot.get_fignums()  # so that a notebook shows it
    assert diagnosis.plot(axes) is axes
    matplotlib.pyplot.close(axes.figure)


@pytest.mark.parametrize(
    ("verbose", "terminal", "notebook", "shown"),
    [("auto", False, False, ""), (0, True, True, ""), ("auto", False, True, "\r2/3 a task")],
)
def test_progress_is_shown_where_it_is_wanted(
    verbose, terminal, notebook, shown, monkeypatch, capsys
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace() if notebook else None)
    if not notebook:
        monkeypatch.delitem(sys.modules, "ipykernel")
    with progress(verbose, 60) as say:
        say("a task", 1, 3)
    assert capsys.readouterr().err.startswith(shown)
    assert bool(shown) or not capsys.readouterr().err


def test_a_bar_that_is_asked_for_says_each_task_where_there_is_no_terminal(capsys):
    with progress(1, 60) as say:
        say("a task", 1, 3)
    assert "2/3 a task" in capsys.readouterr().err


def test_a_line_that_is_written_over_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    with progress(1, 60) as say:
        say("a change " * 12, 0, 2)
        say("another", 1, 2)
    _, long, short, _ = capsys.readouterr().err.split("\r")
    assert len(short) >= len(long)


def test_a_bar_says_how_much_time_of_the_budget_has_passed(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal
    monkeypatch.setenv("TERM", "xterm")
    with progress(1, 60) as say:
        say("standardize the input; batch normalization in front of the activations", 1, 6)
        time.sleep(1.2)
    shown = re.sub(r"\x1b\[[\d;?]*\w", "", capsys.readouterr().err)
    assert "1 s; about 60 s at most" in shown
    assert "standardize the input; batch" in shown
    assert max(map(len, re.split(r"[\r\n]", shown))) <= 80


@pytest.mark.parametrize("notebook", [False, True])
def test_the_first_suspect_stays_on_the_screen(notebook, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    if not notebook:
        monkeypatch.delitem(sys.modules, "ipykernel")
    with progress(1, 60) as say:
        say("first suspect: a", 0, 0)
        say("a task", 1, 3)
    shown = capsys.readouterr().err
    line = next(line for line in shown.splitlines() if "first suspect: a" in line)
    assert "task" not in line  # which would have been written over it


def test_an_unknown_verbosity_is_refused():
    with pytest.raises(ValueError, match="verbose must be one of"), progress("loud", 60):
        pass
