"""The page: chapters into one HTML file that asks nothing of anybody."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from repro.findings.report import wording
from repro.findings.report.chapter import Chapter, make_chapter
from repro.findings.report.claims import MAKERS
from repro.findings.report.lead import lead_of
from repro.findings.report.recovery import AXIS
from repro.store.files import write_whole
from repro.study.folder import study_names
from repro.study.schema import load_study

FILE = "index.html"


def write_report(results: Path) -> Path:
    """Write `index.html` into the results folder, from all studies; returns its path.

    Raises:
        StudyError: if a study's file is wrong or its tables are missing.
    """
    chapters = [make_chapter(load_study(name), results) for name in study_names()]
    write_whole(results / FILE, render(chapters).encode())
    return results / FILE


def render(chapters: Sequence[Chapter]) -> str:
    """Return the page; the same chapters give the same text."""
    environment = Environment(
        loader=PackageLoader("repro.findings.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(wording, name) for name in ("words", "language", "pieces", "sentence")
    }
    style, script = (_source(environment, name) for name in ("style.css", "script.js"))
    page = environment.get_template("page.html")
    return page.render(
        chapters=sorted(chapters, key=lambda chapter: chapter.study.thread.source),
        by_name={chapter.study.name: chapter for chapter in chapters},
        lead=lead_of(chapters),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - this package's own file
        script=Markup(script),  # noqa: S704
        makers=MAKERS,
        axis=AXIS,
        total=_total(chapters),
        finished=max(chapter.provenance.finished for chapter in chapters)[:10],
    )


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101 - given above
    return environment.loader.get_source(environment, name)[0].strip()


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and no style or script runs but the two that are in the page."""
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _total(chapters: Sequence[Chapter]) -> dict[str, Counter[str]]:
    """How the thread's claims and ours were judged, over all chapters."""
    return {
        whose: sum((Counter(c.count(thread=whose == "thread")) for c in chapters), Counter())
        for whose in ("thread", "ours")
    }
