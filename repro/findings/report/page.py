"""The page: one HTML file of all chapters that loads nothing else."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from repro.findings.report.chapter import Chapter, make_chapter
from repro.findings.report.claims import MAKERS
from repro.findings.report.prose import pieces
from repro.findings.report.recovery import AXIS
from repro.findings.wording import language, words
from repro.store.files import write_whole
from repro.store.results import Results
from repro.study.models import Study

FILE = "index.html"
HEADLINE = "mnist_relu"  # the study whose picture opens the page, as it does the README


def write_report(results: Sequence[tuple[Study, Results]], folder: Path) -> Path:
    """Write `index.html` into a folder; return its path.

    Args:
        results: studies with what was read of their results folders; doubts there are marked.
        folder: for the page.

    Raises:
        StudyError: if a study has no claims table, or one of another study.
    """
    chapters = [make_chapter(study, tables) for study, tables in results]
    write_whole(folder / FILE, render(chapters).encode())
    return folder / FILE


def render(chapters: Sequence[Chapter]) -> str:
    """Return the page; the same chapters give the same text."""
    environment = Environment(
        loader=PackageLoader("repro.findings.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words, "language": language, "pieces": pieces}
    style, script = (_source(environment, name) for name in ("style.css", "script.js"))
    page = environment.get_template("page.html")
    return page.render(
        chapters=sorted(chapters, key=lambda chapter: chapter.study.thread.source),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - this package's own file
        script=Markup(script),  # noqa: S704
        headline=_headline(chapters),
        makers=MAKERS,
        axis=AXIS,
        total=_total(chapters),
        finished=max(chapter.provenance.finished for chapter in chapters)[:10],
    )


def _headline(chapters: Sequence[Chapter]) -> Chapter | None:
    """Return the chapter that opens the page, of those that have a picture."""
    pictured = [chapter for chapter in chapters if chapter.fixes]
    return next(iter(sorted(pictured, key=lambda c: c.study.name != HEADLINE)), None)


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101 - given above
    return environment.loader.get_source(environment, name)[0].strip()


def _policy(style: str, script: str) -> str:
    """Return the policy: nothing is loaded, no style or script runs but the two in the page."""
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{content_hash(style)}'; script-src '{content_hash(script)}'"
    )


def content_hash(text: str) -> str:
    """Return a text's digest as a content security policy names it."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _total(chapters: Sequence[Chapter]) -> dict[str, Counter[str]]:
    """Return how many of the threads' claims and of ours have each verdict, over all chapters."""
    return {
        maker: sum((Counter(c.count(thread=maker == "thread")) for c in chapters), Counter())
        for maker in ("thread", "ours")
    }
