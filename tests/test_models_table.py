"""The pages show the speeds that were measured, in tables and in prose."""

import re

import pandas as pd
import pytest

from bench import jobs
from bench.contest import RESULTS
from bench.models import NETWORKS, PAGE, in_markdown
from bench.pages import splice

BENCH = RESULTS.parent / "README.md"
FIT, SIDE_BY_SIDE = "mnist_relu, 15 epochs, a seed", "fit_seeds, 16 seeds, blocks side by side"


def test_the_page_shows_every_network_as_it_was_measured():
    table = pd.read_csv(RESULTS / "models.csv")
    assert set(table.network) == set(NETWORKS)
    page = PAGE.read_text(encoding="utf-8")
    assert splice(page, "networks", in_markdown(table)) == page


@pytest.mark.parametrize("path", jobs.PAGES, ids=lambda path: path.stem)
def test_the_pages_show_processes_as_they_were_measured(path):
    page = path.read_text(encoding="utf-8")
    measured = pd.read_csv(RESULTS / "jobs.csv")
    assert splice(page, "processes", jobs.in_markdown(measured)) == page


def number(file, column, **where):
    table = pd.read_csv(RESULTS / f"{file}.csv")
    rows = table[(table[list(where)] == pd.Series(where)).all(axis=1)]
    assert len(rows) == 1, rows
    return rows[column].item()


def times(file, contender, **where):
    return number(file, "times_first", contender=contender, **where)


def grid(contender):
    job = "8 learning rates, 8 seeds, 1 epochs, a call"
    return number("jobs", "seconds", job=job, contender=contender)


def gib(contender):
    return number("peers", "most_mib", contender=contender) / 1024


@pytest.mark.parametrize(
    ("page", "says", "values"),
    [
        (
            PAGE,
            r"Over 15 epochs that is (\S+) times as fast as `fit`, where .*? is (\S+) times",
            lambda: [
                times("fit_seeds", SIDE_BY_SIDE, job=FIT),
                times("fit_seeds", "fit_seeds, 8 seeds at once", job=FIT),
            ],
        ),
        (
            PAGE,
            r"one process is (\S+) times as fast as `fit` for 8 seeds, and two are (\S+) times",
            lambda: [times("peers", f"fit_seeds, n_jobs={n}") for n in (1, 2)],
        ),
        (
            BENCH,
            r"done (\S+) times as fast on 4 cores, (\S+) times on 16 and (\S+) times on 64",
            lambda: [number("jobs_simulated", "times_first", cores=n) for n in (4, 16, 64)],
        ),
        (
            BENCH,
            r"two of them need (\S+) GiB where one needs (\S+) \(",
            lambda: [gib(f"fit_seeds, n_jobs={n}") for n in (2, 1)],
        ),
        (
            BENCH,
            r"takes (\d+) seconds where `fit_seeds` for each takes (\d+): .*? it takes (\d+), too",
            lambda: list(
                map(grid, ["fit_grid, n_jobs=1", "fit_seeds for each", "fit_grid, n_jobs=2"])
            ),
        ),
    ],
)
def test_speeds_in_prose_are_those_of_the_tables(page, says, values):
    text = " ".join(page.read_text(encoding="utf-8").split())
    said = re.search(says, text).groups()
    for one, value in zip(said, values(), strict=True):
        digits = len(one.partition(".")[2])
        assert one == f"{value:.{digits}f}"
