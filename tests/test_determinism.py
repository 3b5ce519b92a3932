"""Two processes give the same bits; the page on it says what was measured.

Slow: all trainings but one; that another seed is told by them.
"""

import pandas as pd
import pytest

from bench.determinism import PAGE, RESULTS, TRAININGS, first_run, in_markdown
from bench.pages import splice


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "add_numbers",
        *(pytest.param(n, marks=pytest.mark.slow) for n in set(TRAININGS) - {"add_numbers"}),
    ],
)
def test_two_processes_give_the_same_bits(name):
    first, second = first_run(name, {}), first_run(name, {})
    assert repr(first) == repr(second)


@pytest.mark.slow
def test_another_seed_gives_other_bits():
    assert repr(first_run("add_numbers", {}, first=1)) != repr(first_run("add_numbers", {}))


def test_the_page_says_what_was_measured():
    table = pd.read_csv(RESULTS)
    assert set(table[table.changed == "another process"].same_bits) == {"yes"}
    page = PAGE.read_text(encoding="utf-8")
    assert splice(page, "determinism", in_markdown(table)) == page
