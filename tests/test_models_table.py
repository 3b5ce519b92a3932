"""The page on `fit_seeds` shows the speeds that were measured."""

import pandas as pd

from bench.contest import RESULTS
from bench.models import NETWORKS, PAGE, in_markdown
from bench.pages import splice


def test_the_page_shows_every_network_as_it_was_measured():
    table = pd.read_csv(RESULTS / "models.csv")
    assert set(table.network) == set(NETWORKS)
    page = PAGE.read_text(encoding="utf-8")
    assert splice(page, "networks", in_markdown(table)) == page
