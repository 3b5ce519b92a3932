"""What the terminal shows while a study runs, and when it ends, at 80 x 24."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.text import Text

from repro.app.terminal.display import decided_claims, variants_summary
from repro.app.terminal.live_table import FRAME_LINES, LiveTable
from repro.findings.numbers import interval
from repro.findings.summary import summarize
from repro.findings.wording import words
from repro.store.results import EarlierCosts
from repro.store.runs import StoredRun
from repro.study.folder import study_names
from repro.study.plan import make_plan
from repro.study.schema import load_study

STUDY = load_study("mnist_relu").model_copy(update={"block": 10})
LEVEL = 0.48912345  # as wide as numbers are


def terminal(width=80, height=24):
    return Console(file=io.StringIO(), width=width, height=height, force_terminal=True)


@pytest.fixture(params=[(name, done) for name in study_names() for done in (0, 1000)], ids=str)
def table(request):
    """Return a live table of all of a study's variants, with none or all of its blocks done."""
    return live_table(*request.param, terminal())


def live_table(name, done, console):
    study = load_study(name)
    plan = make_plan(study, seeds=range(10))
    live = LiveTable(plan, console)
    for block in plan.blocks[:done]:
        metrics = {study.metric: LEVEL}
        runs = {
            identity: StoredRun(identity, block.variant, seed, metrics, [], 1.0)
            for identity, seed in zip(block.identities, block.seeds, strict=True)
        }
        live.finished(block, runs)
    return live


def shown(table, console=None):
    console = console or terminal()
    table.console = console
    console.print(table._render())
    return re.sub(r"\x1b\[[\d;]*m", "", console.file.getvalue())


SIZES = [(80, 24), (80, 10), (60, 24), (50, 15), (40, 12), (200, 50)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("done", [0, 20, 1000])
@pytest.mark.parametrize("name", study_names())
def test_the_live_table_fits_with_its_bar_and_its_names(name, done, width, height):
    live = live_table(name, done, terminal(width, height))
    _, headings, *rows, bar = lines = shown(live, live.console).splitlines()
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert re.search(r"[\d,]+/[\d,]+ runs (about .* left|training, .* so far|)\s*$", bar)
    assert headings.startswith("variant")
    assert words(live.plan.study.metric) in headings or width < 50
    labels = {variant.label[:10] for variant in live.plan.study.variants.values()}
    assert sum(row[:10] in labels for row in rows) >= 3


@pytest.mark.parametrize(
    ("hidden", "said"), [(1, "and 1 more variant"), (2, "and 2 more variants")]
)
def test_the_live_table_says_what_it_leaves_out(table, hidden, said):
    height = FRAME_LINES + len(table._named()) - hidden
    lines = shown(table, terminal(80, height)).splitlines()
    assert lines[-2].rstrip() == said


def test_the_headline_variants_stay(table):
    text = shown(table, terminal(100, 24))
    study = table.plan.study
    for name in study.report.variants[:6]:
        assert study.variants[name].label in text


def test_before_the_first_block_is_done_the_time_passes():
    live = LiveTable(make_plan(STUDY, seeds=range(10)), terminal())
    assert "training, 1 s so far" in shown(live)


def half_done(seconds):
    """Return a live table of two blocks, and the second; the first is done, at `seconds` a run."""
    plan = make_plan(STUDY, seeds=range(10), variants=["sigmoid_raw", "relu_raw"])
    live = LiveTable(plan, terminal())
    first, second = plan.blocks
    run = {"variant": first.variant, "seed": 0, "metrics": {STUDY.metric: 0.5}, "curve": []}
    live.finished(
        first, {i: StoredRun(identity=i, seconds=seconds, **run) for i in first.identities}
    )
    return live, second


def test_the_time_left_is_at_the_bar():
    live, _ = half_done(6.0)
    assert "about 1 min left" in shown(live)


def test_a_first_interrupt_says_what_it_waits_for():
    live, second = half_done(2.0)
    live.started(second)
    live.stopping()
    said = re.sub(r"\x1b\[[\d;]*m", "", live.console.file.getvalue())
    assert "Stopping after the 1 block in flight, about 20 s; Ctrl-C again stops now" in said


def test_after_an_interrupt_the_bar_says_what_it_still_waits_for():
    live, second = half_done(2.0)
    live.started(second)
    live.stopping()
    assert "stopping, about 20 s" in shown(live)


def test_an_interrupt_before_any_block_is_done_goes_by_earlier_results():
    plan = make_plan(STUDY, seeds=range(10), variants=["sigmoid_raw", "relu_raw"])
    live = LiveTable(plan, terminal(), EarlierCosts(dict.fromkeys(plan.seeds, 3.0), True))
    live.started(plan.blocks[0])
    live.stopping()
    said = re.sub(r"\x1b\[[\d;]*m", "", live.console.file.getvalue())
    assert "Stopping after the 1 block in flight, about 30 s by earlier results;" in said


def test_an_interrupt_before_any_block_is_done_says_how_long_they_have_taken():
    plan = make_plan(STUDY, seeds=range(10))
    live = LiveTable(plan, terminal())
    live.started(plan.blocks[0])
    live.stopping()
    said = re.sub(r"\x1b\[[\d;]*m", "", live.console.file.getvalue())
    assert "Stopping after the 1 block in flight, begun up to 1 s ago; Ctrl-C again" in said


def runs_of(seeds):
    rows = [("relu_raw", 0.5), ("sigmoid_raw", 0.9)]
    return pd.DataFrame(
        {"variant": variant, "seed": seed, "test_accuracy": level, "status": "ok"}
        for variant, level in rows
        for seed in range(seeds)
    )


@pytest.mark.parametrize(("seeds", "heading"), [(2, "least … greatest"), (8, "95 % interval")])
def test_few_seeds_have_no_interval(seeds, heading):
    console = Console(file=io.StringIO(), width=100)
    console.print(variants_summary(STUDY, summarize(STUDY, runs_of(seeds))))
    assert heading in console.file.getvalue()


def test_the_summary_breaks_no_interval_and_has_no_column_of_nothing():
    runs = runs_of(8)
    runs["test_accuracy"] += np.arange(len(runs)) * 1.2345e-5
    console = terminal(60)
    console.print(variants_summary(STUDY, summarize(STUDY, runs)))
    table = console.file.getvalue()
    assert table.count("…") == len(re.findall(r"\d … \d", table)) == 2
    assert "diverged" not in table
    console.print(variants_summary(STUDY, summarize(STUDY, runs.assign(status="diverged"))))
    assert "diverged" in console.file.getvalue()


def test_the_end_tells_the_decided_claims_and_counts_the_rest():
    claims = pd.DataFrame(
        {
            "says": [f"Statement {i}." for i in range(20)],
            "made_by": ["us"] * 10 + ["answer"] * 10,
            "verdict": ["holds"] * 5 + ["refuted"] * 5 + ["holds"] * 5 + ["inconclusive"] * 5,
            "n": np.full(20, 30),
        }
    )
    *told, count = decided_claims(STUDY, claims)
    assert len(told) == 8
    assert "Statement 10." in told[0]  # the thread's come first
    shown = Text.from_markup("\n".join(told)).plain.splitlines()
    assert {line.index("Statement") for line in shown} == {len("refuted  ")}
    assert f"Of {len(STUDY.claims)} claims 10 hold and 5 are refuted" in count
    *_, few = decided_claims(STUDY, claims.assign(verdict="inconclusive", n=2))
    assert few.endswith(f"2 seeds decide nothing, {STUDY.seeds} do.")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", "-2.5x10^-7 ... 1.2x10^19"), ("utf-8", "−2.5×10⁻⁷ … 1.2×10¹⁹")],
)
def test_powers_of_ten_are_powers_in_any_encoding(encoding, shown):
    program = (
        "from repro.app.terminal.streams import prepare_streams; prepare_streams();"
        f"print({interval(-2.5e-7, 1.2e19, 2)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == shown
