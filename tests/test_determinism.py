"""Two processes give the same bits; the page on it says what was measured."""

import pandas as pd
import pytest

from bench.determinism import PAGE, RESULTS, TRAININGS, first_run, in_markdown
from bench.pages import splice


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
    assert repr(first_run(name, {}, first=1)) != repr(first)  # another seed: the test can fail


def test_the_page_says_what_was_measured():
    table = pd.read_csv(RESULTS)
    assert set(table[table.changed == "another process"].same_bits) == {"yes"}
    page = PAGE.read_text(encoding="utf-8")
    assert splice(page, "determinism", in_markdown(table)) == page
