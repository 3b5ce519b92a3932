"""`python -m repro cite`."""

import re
import sys
from collections.abc import Sequence

import click

from repro.app.cli import anyway_option
from repro.app.exits import reported
from repro.app.streams import say


@click.command(epilog="Example: python -m repro cite mnist_relu relu_raw")
@click.argument("names", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["bibtex", "text"]),
    help="Only BibTeX, or only plain text; by default both.",
)
@anyway_option
def command(names: tuple[str, ...], form: str | None, anyway: bool) -> None:
    """Print how to cite this package, the threads and the works behind them.

    Of all studies, or of those of these NAMES. Names of a study and of one of its variants or
    claims give a sentence with that number, too.
    """
    sys.exit(reported(lambda: _print(names, form, anyway=anyway)))


def _print(names: Sequence[str], form: str | None, *, anyway: bool) -> int:
    from repro.app.regenerate import read_believed
    from repro.findings.citation import bibtex, plain, references
    from repro.findings.sentence import require_citable, sentence
    from repro.store.results import require_file
    from repro.study.folder import RESULTS, study_names
    from repro.study.schema import load_study

    studies, cited = list(names) or study_names(), []
    if len(names) > 1 and names[0] in study_names() and not set(names[1:]) & set(study_names()):
        studies, cited = [names[0]], list(names[1:])
    entries = references(load_study(name) for name in studies)
    if cited:
        study = load_study(studies[0])
        for name in cited:
            require_citable(study, name)
        require_file(RESULTS / study.name / "claims.csv")
        results = read_believed(study, RESULTS / study.name, anyway=anyway)
    for name in cited:
        prefix = "% " if form == "bibtex" else ""
        say(prefix + sentence(study, name, results) + "\n")
    if cited and form is None:
        form = "bibtex"
    if form != "bibtex":
        say("\n\n".join(plain(entry) for entry in entries.values()))
    if form is None:
        say("")
    if form != "text":
        works = "\n\n".join(bibtex(key, entry) for key, entry in entries.items())
        if re.search("[\u4e00-\u9fff]", works):
            say("% Titles in Chinese need XeLaTeX or LuaLaTeX, and a font that has them.\n")
        say(works)
    return 0
