"""Whatever a thread's words are, they are shown as text: CSV, Markdown ledger, terminal."""

import csv
import re

import pandas as pd
import pytest
from rich.console import Console

from repro.app.terminal.display import claims_summary, variants_summary
from repro.findings.ledger import claims_table, numbers_table
from repro.findings.summary import summarize
from repro.findings.verdicts import judge
from repro.store.tables import read_table, write_table
from repro.study.schema import load_study

HOSTILE = [
    "<script>alert(1)</script>",
    "\\input{/etc/passwd} 100 % & $x$",
    "=1+1",
    "[red]no markup[/red] [link=https://example.org]x[/link]",
    "a | b `c` **d** [e](https://example.org) <!-- end -->",
    'quotes " and, commas; and\nlines',
]


@pytest.fixture(params=HOSTILE)
def hostile(request):
    """A study with two runs whose words are hostile, and its tables."""
    study = load_study("add_numbers")
    [name, variant], *_ = study.variants.items()
    text = request.param
    study = study.model_copy(
        update={
            "title": text,
            "variants": {name: variant.model_copy(update={"label": text})},
            "claims": {
                "it": next(iter(study.claims.values())).model_copy(
                    update={"says": text, "variant": name, "metric": "mse"}
                )
            },
        }
    )
    rows = [{"variant": name, "seed": seed, "mse": seed / 2, "status": "ok"} for seed in (0, 1)]
    runs = pd.DataFrame(rows)
    return (
        text,
        study,
        runs,
        judge(runs, study.claims, better="lower", kinds={study.metric: "number"}),
    )


def test_csv_gives_the_very_text_back(hostile, tmp_path):
    text, _, _, claims = hostile
    write_table(claims, tmp_path / "claims.csv")
    assert read_table(tmp_path / "claims.csv").says.tolist() == [text]
    with (tmp_path / "claims.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    guard = "'" if text.startswith("=") else ""  # against spreadsheets, which would run it
    assert row["says"] == guard + text


def test_the_ledger_stays_two_tables_of_text(hostile):
    _, study, runs, claims = hostile
    tables = (numbers_table(study, runs), claims_table(study, claims, runs))
    lines = "\n\n".join(tables).splitlines()
    assert [len(cells(line)) for line in lines] == [7, 7, 7, 0, 10, 10, 10]
    shown = "\n".join(lines)
    for active in ("<script", "<!--", "](", " **d", "\\input"):
        assert active not in shown.replace("\\\\input", "")


def cells(line):
    return re.sub(r"\\.", "", line).split("|")[1:-1]


def test_the_terminal_shows_markup_as_text(hostile):
    text, study, runs, claims = hostile
    console = Console(width=200)
    with console.capture() as capture:
        console.print(variants_summary(study, summarize(study, runs)))
        console.print(claims_summary(claims))
    words = capture.get().split()
    for word in text.split():
        assert sum(word in shown for shown in words) >= 3, word
