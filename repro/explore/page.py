"""The explorable page: one HTML file that trains the threads' networks and loads nothing else."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from repro.explore.bundle import STATIC, bundle
from repro.explore.digits import pack_digits
from repro.explore.scenes import Scene, load_scenes
from repro.explore.tables import claims_of, defaults_of, maps_of, variants_of
from repro.findings.report.page import content_hash
from repro.findings.wording import words
from repro.store.files import read_regular, write_whole
from repro.store.results import Results, require_file
from repro.study.models import Study

FILE = "explore.html"


def write_page(results: Sequence[tuple[Study, Results]], folder: Path) -> Path:
    """Write `explore.html` into a folder; return its path.

    Args:
        results: studies with what was read of their results folders; doubts there are marked.
        folder: for the page.

    Raises:
        StudyError: if a study has no claims table, or no picture.
    """
    write_whole(folder / FILE, render(results).encode())
    return folder / FILE


def render(results: Sequence[tuple[Study, Results]]) -> str:
    """Return the page; the same tables give the same text."""
    by_name = {study.name: (study, tables) for study, tables in results}
    chapters = [
        _chapter(scene, *by_name[name]) for name, scene in load_scenes().items() if name in by_name
    ]
    doubted = [
        f"{tables.folder}: {'; '.join(tables.doubts)}" for _, tables in results if tables.doubts
    ]
    environment = _environment()
    report = PackageLoader("repro.findings.report")  # the page looks as the report does
    styles = [
        report.get_source(environment, "style.css")[0],
        (STATIC / "explore.css").read_text(encoding="utf-8"),
    ]
    script = bundle()
    return environment.get_template("explore.html").render(
        chapters=chapters,
        scenes={chapter["name"]: chapter["data"] for chapter in chapters},
        doubted=doubted,
        digits=pack_digits(),
        policy=_policy(styles, script),
        styles=[Markup(style) for style in styles],  # noqa: S704 - this package's own files
        script=Markup(script),  # noqa: S704
    )


def _chapter(scene: Scene, study: Study, tables: Results) -> dict[str, Any]:
    """Return what the page has of a thread."""
    defaults, variants = defaults_of(study), variants_of(study, tables)
    return {
        "name": study.name,
        "study": study,
        "scene": scene,
        "data": scene.data(study.name, defaults),
        "variants": variants,
        "claims": claims_of(tables),
        "maps": list(maps_of(scene, defaults, variants)),
        "picture": _picture(tables.folder),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("repro.explore"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = words
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return environment


def _policy(styles: Sequence[str], script: str) -> str:
    """Return the policy: nothing is loaded, nothing runs but this script, here and in workers."""
    allowed = " ".join(f"'{content_hash(style)}'" for style in styles)
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; worker-src blob:; "
        f"style-src {allowed}; script-src '{content_hash(script)}'"
    )


def _picture(folder: Path) -> str:
    """Return the figure that is shown where no script runs, as a data URI."""
    path = folder / "mechanism.svg"
    require_file(path)
    return f"data:image/svg+xml;base64,{b64encode(read_regular(path)).decode()}"
