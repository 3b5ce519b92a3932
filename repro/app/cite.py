"""Print how to cite the package, its threads and the works behind them, or a number of a study."""

import re
from collections.abc import Sequence

from repro.app.regenerate import read_checked
from repro.app.terminal.streams import say
from repro.findings.citation import bibtex, plain, references
from repro.findings.sentence import require_citable, sentence
from repro.store.results import require_file
from repro.study.folder import RESULTS, study_names
from repro.study.schema import load_study

CHINESE = "[\u4e00-\u9fff]"


def cite(names: Sequence[str], form: str | None, *, anyway: bool = False) -> int:
    """Print references, and sentences with the numbers that are named; return the exit status, 0.

    Args:
        names: studies, all if none are given; or a study, then variants and claims of it.
        form: `bibtex` or `text`; None for both, or for BibTeX alone beside a number.
        anyway: whether numbers of tables that were edited are printed, marked as such.

    Raises:
        StudyError: for a name that is no study's, or no variant's or claim's of the study.
    """
    studies, cited = _split(names)
    entries = references(load_study(name) for name in studies)
    if cited:
        comment = "% " if form == "bibtex" else ""
        for text in _sentences(studies[0], cited, anyway=anyway):
            say(f"{comment}{text}\n")
        form = form or "bibtex"
    if form != "bibtex":
        say("\n\n".join(map(plain, entries.values())))
    if form is None:
        say("")
    if form != "text":
        _say_bibtex("\n\n".join(bibtex(key, entry) for key, entry in entries.items()))
    return 0


def _split(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the studies that are named, and the variants and claims of the one that is."""
    known = set(study_names())
    if len(names) > 1 and names[0] in known and known.isdisjoint(names[1:]):
        return [names[0]], list(names[1:])
    return list(names) or study_names(), []


def _sentences(name: str, cited: Sequence[str], *, anyway: bool) -> list[str]:
    study = load_study(name)
    for variant_or_claim in cited:
        require_citable(study, variant_or_claim)
    require_file(RESULTS / name / "claims.csv")
    results = read_checked(study, RESULTS / name, anyway=anyway)
    return [sentence(study, variant_or_claim, results) for variant_or_claim in cited]


def _say_bibtex(works: str) -> None:
    if re.search(CHINESE, works):
        say("% Titles in Chinese need XeLaTeX or LuaLaTeX, and a font that has them.\n")
    say(works)
