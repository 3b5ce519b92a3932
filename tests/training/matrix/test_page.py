"""The page of the matrix names every case; what became of each is seen by training them all."""

from pathlib import Path

from tests.training.matrix.__main__ import groups

PAGE = Path(__file__).parents[3] / "docs" / "fit-seeds-matrix.md"


def test_the_page_names_every_case():
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    named = {(row[0].removeprefix("| "), row[1].removesuffix(" |")) for row in rows if len(row) > 1}
    on_page = {(kind, name) for kind, names in named for name in names.split("; ")}
    cases = {(kind, case.name) for kind, _, each in groups() for case in each}
    assert cases <= on_page
    assert {name for kind, name in on_page if kind in dict(cases)} <= {name for _, name in cases}
