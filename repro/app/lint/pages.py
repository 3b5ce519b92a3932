"""Checks of the pages on which a reader finds a study."""

import re
from collections.abc import Iterator
from pathlib import Path

from repro.app.lint.problem import Problem, Repository, text_of
from repro.store.tables import read_table
from repro.study.experiments import metric_kinds
from repro.study.models import CITATION, CITED_VERDICT, Study

LICENCES = "docs/supply-chain.md"
README = "README.md"
FINDINGS = "What was found"  # the section of a thread's page whose sentences name their evidence
SENTENCE_END = r"(?<=[.!])\s+(?=[A-Z“*])"
LEFT_OPEN = r"\b(open|undecided|whether|can't tell|too few)\b"  # what is said of an open claim
SAID_OPEN = r"\b[Ww]hether\b.*\b(open|undecided)\b"  # and of no other


def page_is_there_and_linked(study: Study, repository: Repository) -> Iterator[Problem]:
    """The thread has a page, and the README leads to it."""
    page = repository.short(repository.page(study.name))
    if not (repository.root / page).is_file():
        yield Problem(page, "is not there", "tell there what was found, and why")
    if f"]({page})" not in _text(repository, README):
        yield Problem(README, f"has no link to {page}", "add a line with the thread's answer")


def licence_is_listed(study: Study, repository: Repository) -> Iterator[Problem]:
    """The table of licences has the thread, with what its study file says."""
    rows = [line for line in _text(repository, LICENCES).splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row.startswith("| the thread") and f"`{study.name}`" in row]
    licence = study.thread.licence
    if not any(row.split("|")[2].strip() == licence for row in rows):
        yield Problem(
            LICENCES,
            f"its table does not say that {study.name} is under {licence!r}",
            f"add the row: | the thread of `{study.name}` | {licence} |",
        )


def findings_name_their_evidence(study: Study, repository: Repository) -> Iterator[Problem]:
    """Each sentence on what was found names, in backticks, a claim or a variant's metric."""
    page = repository.page(study.name)
    if not page.is_file():
        return  # said already
    text = text_of(page)
    if f"\n## {FINDINGS}\n" not in text:
        yield Problem(
            repository.short(page), f"has no section {FINDINGS!r}", "tell there what was found"
        )
    for sentence in findings(text):
        if not evidence(study, sentence):
            yield Problem(
                repository.short(page),
                f"names no evidence: {_start(sentence)}",
                "end it with a claim's id or a measurement, such as (`variant.metric`)",
            )


def answer_names_its_evidence(study: Study, repository: Repository) -> Iterator[Problem]:
    """Each sentence of the README's answer names a claim or a variant's metric."""
    for sentence in answer(_text(repository, README), study.name):
        if not evidence(study, sentence):
            yield Problem(
                README,
                f"names no evidence: {_start(sentence)}",
                "end it with a claim's id or a measurement, such as (`variant.metric`)",
            )


def report_names_its_evidence(study: Study, repository: Repository) -> Iterator[Problem]:
    """Each sentence of the report's prose cites a claim."""
    for prose in (study.report.lead, study.report.answer, study.report.mechanism):
        for sentence in _sentences(prose):
            if not re.search(f"{CITATION}|{CITED_VERDICT}", sentence):
                yield Problem(
                    repository.short(repository.study_file(study.name)),
                    f"report: cites no claim: {_start(sentence)}",
                    "cite one that says it, or leave it out",
                )


def open_claims_are_said_to_be_open(study: Study, repository: Repository) -> Iterator[Problem]:
    """A sentence of report or page that leans on an inconclusive claim says that it is open."""
    report = study.report
    prose = f"{report.lead} {report.answer} {report.mechanism}"
    for sentence in _sentences(prose):
        if re.search(r"\[\w+ inconclusive\]", sentence):
            place = repository.short(repository.study_file(study.name))
            yield from _unless_open(place, sentence)
    for place, sentence, verdicts in _judged_sentences(study, repository):
        if "inconclusive" in verdicts:
            yield from _unless_open(place, sentence)


def _unless_open(place: Path, sentence: str) -> Iterator[Problem]:
    if not re.search(LEFT_OPEN, " ".join(sentence.split())):
        yield Problem(
            place, f"leans on an open claim: {_start(sentence)}", "say that it is undecided"
        )


def claims_said_to_be_open_are(study: Study, repository: Repository) -> Iterator[Problem]:
    """A sentence that calls something undecided names a claim that is."""
    for place, sentence, verdicts in _judged_sentences(study, repository):
        says_so = re.search(SAID_OPEN, " ".join(sentence.split()))
        if says_so and verdicts and "inconclusive" not in verdicts:
            yield Problem(
                place, f"calls a decided claim open: {_start(sentence)}", "say what the verdict is"
            )


def _judged_sentences(study: Study, repository: Repository) -> Iterator[tuple[Path, str, set[str]]]:
    """Yield the sentences of a page's findings, with the verdicts of the claims that each names."""
    table, page = repository.results(study.name) / "claims.csv", repository.page(study.name)
    if not table.is_file() or not page.is_file():
        return  # said already
    verdicts = read_table(table).set_index("claim")["verdict"]
    for sentence in findings(text_of(page)):
        named = verdicts.index.isin(evidence(study, sentence))
        yield repository.short(page), sentence, set(verdicts[named])


def findings(page: str) -> Iterator[str]:
    """Yield the sentences of a page's findings; marks are found by another rule."""
    _, _, rest = page.partition(f"\n## {FINDINGS}\n")
    yield from page_sentences(re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0])


def rows(page: str) -> Iterator[str]:
    """Yield the rows of a page's tables; the two ends of a span are numbers of their own."""
    yield from (line.replace("–", " to ") for line in page.splitlines() if line.startswith("|"))


def page_sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a page or of a part of it."""
    for block in re.split(r"\n\s*\n|^[-*] ", text, flags=re.MULTILINE):
        if not block.lstrip().startswith(("![", "|", "#", "<", "*a*")):  # nor figures' captions
            yield from (line for line in _sentences(block) if not line.startswith("TODO"))


def answer(readme: str, name: str) -> list[str]:
    """Return the sentences of a thread's answer, without its question and its links."""
    start = rf"^- \[`{name}`\].*?\?\*\s"
    answer = re.search(rf"{start}(.*?)\(\[", readme, flags=re.MULTILINE | re.DOTALL)
    return _sentences(answer[1]) if answer else []


def _sentences(prose: str) -> list[str]:
    return [sentence.strip() for sentence in re.split(SENTENCE_END, prose) if sentence.strip()]


def evidence(study: Study, sentence: str) -> list[str]:
    """Return the claims and the variants' metrics that a sentence names in backticks."""
    return [name for name in re.findall(r"`([^`]+)`", sentence) if _is_evidence(study, name)]


def _is_evidence(study: Study, name: str) -> bool:
    variant, _, metric = name.rpartition(".")
    is_measured = variant in study.all_variants and metric in metric_kinds(study.name)
    return name in study.claims or is_measured


def _start(sentence: str) -> str:
    return " ".join(sentence.split())[:60]


def _text(repository: Repository, name: str) -> str:
    return text_of(repository.root / name)


CHECKS = (
    page_is_there_and_linked,
    licence_is_listed,
    findings_name_their_evidence,
    answer_names_its_evidence,
    report_names_its_evidence,
    open_claims_are_said_to_be_open,
    claims_said_to_be_open_are,
)
