"""References to cite: this package, the threads, and the works behind the studies.

The works are those of `references.toml`, in BibTeX's fields; a thread's entry says what the study
file says, and names what the thread does not state.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from repro import __version__
from repro.findings.wording import language
from repro.study.models import NOT_STATED, Study

WORKS = Path(__file__).with_name("references.toml")
VERBATIM = ("doi", "eprint", "url")  # BibTeX styles take them as they are
# BibTeX counts braces, escaped ones too
NAMED = {
    ord("\\"): r"\textbackslash{}",
    ord("{"): r"\textbraceleft{}",
    ord("}"): r"\textbraceright{}",
    ord("~"): r"\textasciitilde{}",
    ord("^"): r"\textasciicircum{}",
}
NOT_FIELDS = ("kind", "behind", "studies")


class Reference(BaseModel):
    """One entry: BibTeX's fields in the order in which they are written, and what it is behind."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    kind: Literal["article", "book", "incollection", "inproceedings", "misc"]
    key: str | None = None  # what styles sort by where there is no author
    author: tuple[str, ...] = ()
    title: str
    journal: str | None = None
    booktitle: str | None = None
    series: str | None = None
    volume: str | None = None
    number: str | None = None
    pages: str | None = None
    howpublished: str | None = None
    publisher: str | None = None
    year: str | None = None
    doi: str | None = None
    eprint: str | None = None
    eprinttype: str | None = None
    url: str | None = None
    language: str | None = None
    note: str | None = None
    behind: str = ""
    studies: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, str]:
        """The BibTeX fields that are known."""
        known = {k: v for k, v in self if v and k not in NOT_FIELDS}
        return known | ({"author": " and ".join(self.author)} if self.author else {})


def references(studies: Iterable[Study]) -> dict[str, Reference]:
    """Return, by BibTeX key, the package, the studies' threads and the works behind them."""
    chosen = list(studies)
    names = {study.name for study in chosen}
    threads = {f"thread_{study.name}": thread_reference(study) for study in chosen}
    behind = {k: v for k, v in works().items() if not v.studies or names & set(v.studies)}
    return {"repro_relu": package_reference()} | threads | behind


@cache
def works() -> dict[str, Reference]:
    """Return all works of `references.toml` by BibTeX key."""
    tables = tomllib.loads(WORKS.read_text(encoding="utf-8"))
    return {
        key: Reference.model_validate(
            {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        )
        for key, table in tables.items()
    }


def package_reference() -> Reference:
    """Return how to cite this package."""
    return Reference(
        kind="misc",
        author=("{The repro-relu authors}",),
        title="repro-relu: question-and-answer threads that ask why ReLU does worse than sigmoid, "
        "rerun over many seeds",
        howpublished="Python package",
        year="2026",
        note=f"Version {__version__}. MIT licence",
    )


def thread_reference(study: Study) -> Reference:
    """Return how to cite a study's thread, with what it does not state said in the note."""
    thread = study.thread
    stated = {
        "author": ", ".join(thread.people),
        "link": thread.link,
        "date": str(thread.date or NOT_STATED),
        "licence": thread.licence,
    }
    missing = [name for name, value in stated.items() if value in ("", NOT_STATED)]
    remarks = [
        "Untitled: these words are how it begins" if thread.untitled else "",
        f"People named in it: {stated['author']}" if thread.people else "",
        f"Dated {thread.date}" if thread.date else "",
        f"Licence: {thread.licence}" if "licence" not in missing else "",
        f"Not stated: {', '.join(missing)}" if missing else "",
        f"Document {thread.source} of the study {study.name}",
    ]
    return Reference(
        kind="misc",
        key=f"thread {study.name}",
        title=thread.title,
        howpublished="Question-and-answer thread",
        year=str(thread.date.year) if thread.date else None,
        language=language(thread.language),
        url=thread.link or None,
        note=". ".join(filter(None, remarks)),
    )


def bibtex(key: str, reference: Reference) -> str:
    """Return an entry for a `.bib` file; titles keep their capitals."""
    lines = [f"@{reference.kind}{{{key},"]
    for name, value in reference.fields.items():
        text = value if name in VERBATIM else _escaped(name, value)
        lines.append(
            f"  {name} = {{{{{text}}}}}," if name == "title" else f"  {name} = {{{text}}},"
        )
    return "\n".join([*lines, "}"])


def plain(reference: Reference) -> str:
    """Return an entry as one paragraph of plain text."""
    container = reference.journal or reference.booktitle or reference.howpublished
    if reference.booktitle:
        container = f"In: {container}"
    title = (
        f"{reference.title} [in {reference.language}]" if reference.language else reference.title
    )
    sentences = [
        f"{_people(reference.author)}{' ' if reference.author else ''}({reference.year or 'n.d.'})",
        title,
        ", ".join(filter(None, (container, _place(reference)))),
        reference.publisher,
        reference.note,
        _address(reference),
        f"[{reference.behind}]" if reference.behind else "",
    ]
    return ". ".join(filter(None, sentences)).replace("?.", "?")


def _escaped(name: str, text: str) -> str:
    if name != "author":  # there, braces are BibTeX's own, around names not to be taken apart
        text = text.translate(NAMED)
    return re.sub(r"([#$%&_])", r"\\\1", text)


def _people(names: tuple[str, ...]) -> str:
    people = ["et al." if name == "others" else name.strip("{}") for name in names]
    return "; ".join(people).replace("; et al.", " et al.")


def _place(reference: Reference) -> str:
    issue = f"({reference.number})" if reference.number else ""
    volume = f"{reference.volume}{issue}" if reference.volume else ""
    if reference.series:
        volume = f"{reference.series} {volume}"
    pages = f"pp. {reference.pages}".replace("--", "–") if reference.pages else ""
    return ", ".join(filter(None, (volume, pages)))


def _address(reference: Reference) -> str | None:
    if reference.doi:
        return f"https://doi.org/{reference.doi}"
    return f"arXiv:{reference.eprint}" if reference.eprint else reference.url
