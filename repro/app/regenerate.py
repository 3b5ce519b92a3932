"""Verdicts, figures, ledgers and exports, made anew from the tables in `results/`.

Nothing is trained. The module is light to import: matplotlib is for the processes that draw.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from repro.app.cli.user_files import require_writable
from repro.app.terminal.streams import say, warn
from repro.running.processes import cores, processes
from repro.store.files import content_digest, write_whole
from repro.store.provenance import write_provenance
from repro.store.results import (
    EDITED,
    TABLES,
    Results,
    figures_of,
    find_results,
    read_results,
    require_file,
    study_name,
)
from repro.store.tables import VERDICTS, write_claims
from repro.study.errors import StudyError
from repro.study.files import read_regular, real_path
from repro.study.folder import RESULTS, study_names
from repro.study.models import Study
from repro.study.schema import load_study


def redraw(names: Sequence[str], *, anyway: bool = False) -> int:
    """Redraw the figures of the named studies, or of all that have results, a figure a core.

    A name, here and in the other functions, may also be a results folder; `anyway` takes tables
    that were edited, and marks what is made of them.
    """
    chosen = {}
    for study, folder in _with_results(names):
        mark = _mark(_with_warnings(read_results(folder, study.name, anyway=anyway)))
        chosen[str(folder)] = (figures_of(study), mark)
    if len(chosen) < 2:
        return sum(_redraw(name, *drawn) for name, drawn in chosen.items())
    drawings = [
        (name, [figure], mark) for name, (figures, mark) in chosen.items() for figure in figures
    ]
    with processes(cores()) as pool:
        return sum(pool.results(_redraw, *zip(*drawings, strict=True)))


def _redraw(name: str, figures: Sequence[str], mark: str) -> int:
    from repro.findings.figures import draw_figures

    study, folder = find_results(name)
    with _errors_name(folder):
        tables = read_results(folder, study.name, anyway=bool(mark))
        draw_figures(study, tables.runs, tables.curves, folder, names=figures, mark=mark)
    for path in (folder / f"{figure}.png" for figure in figures):
        if path.is_file():
            say(path)
    return 0


def rejudge(names: Sequence[str], *, anyway: bool = False) -> int:
    """Judge the claims of the named studies again, or of all that have results.

    Tables that have no digests yet get them, if they agree with one another.
    """
    for study, folder in _with_results(names):
        results = read_results(folder, study.name, anyway=anyway, unread=("claims.csv",))
        for doubt in results.doubts:
            warn(f"{folder}: {EDITED}, and judged anyway: {doubt}")
        _rejudge(study, results)
    return 0


def _rejudge(study: Study, results: Results) -> None:
    from repro.findings.judged import find_doubts, judge_runs

    folder, recorded = results.folder, results.provenance
    with _errors_name(folder / "runs.csv"):
        doubts = [] if results.has_digests else list(find_doubts(study, results))
        whole = real_path(folder).name == study.name
        claims = judge_runs(study, results.runs, data=recorded.data, whole=whole)
    digest = write_claims(claims, folder)
    if results.has_digests or not doubts:
        digests = recorded.tables or _digests(folder)
        tables = {name: (digests | {"claims.csv": digest})[name] for name in TABLES}
        write_provenance(recorded.model_copy(update={"tables": tables}), folder)
    for doubt in doubts:
        warn(f"{folder}: gets no digests of its tables, since they do not agree: {doubt}")
    counts = claims.verdict.value_counts()
    verdicts = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in VERDICTS)
    say(f"{folder / 'claims.csv'}: {verdicts}")


def _digests(folder: Path) -> dict[str, str]:
    return {name: content_digest(read_regular(folder / name)) for name in TABLES}


def write_ledgers(names: Sequence[str], *, anyway: bool = False) -> int:
    """Write the ledgers of the named studies, or of all that have results; print their paths."""
    from repro.findings.ledger import FILE, write_ledger

    for study, folder in _with_results(names):
        results = read_checked(study, folder, anyway=anyway)
        with _errors_name(folder):
            write_ledger(study, folder, results.doubts)
        say(folder / FILE)
    return 0


def export_latex(names: Sequence[str], folder: Path, *, anyway: bool = False) -> int:
    """Write what an article takes over from studies into a folder; nothing if anything fails.

    Files of others there are left alone, and so is an `article.tex` from an earlier export.
    """
    from repro.findings.latex.article import article
    from repro.findings.latex.files import latex_files

    chosen = list(_with_results(names))
    read = [(study, read_checked(study, place, anyway=anyway)) for study, place in chosen]
    require_writable(folder)  # before all is drawn
    files: dict[str, bytes] = {}
    for study, results in read:
        runs, curves, claims = results.runs, results.curves, results.claims
        with _errors_name(results.folder):
            files |= latex_files(study, runs, curves, claims, mark=_mark(results))
    if not (folder / "article.tex").exists():
        files["article.tex"] = article([study for study, _ in chosen], files)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / path, content)
        say(folder / path)
    return 0


def read_checked(study: Study, folder: Path, *, anyway: bool = False) -> Results:
    """Read a study's results folder; warn of tables that were edited or can't be checked.

    Raises:
        StudyError: if tables were edited since they were made, and are not taken `anyway`.
    """
    from repro.findings.judged import read_judged

    require_file(folder / "runs.csv")
    return _with_warnings(read_judged(study, folder, anyway=anyway))


def _with_warnings(results: Results) -> Results:
    for doubt in results.doubts:
        warn(f"{results.folder}: {EDITED}, and shown anyway: {doubt}")
    if not results.has_digests:
        warn(
            f"{results.folder}: has no digests of its tables, so edits of runs or curves can't be "
            f"told; python -m repro verdicts {_named(results.folder)} adds them"
        )
    return results


def _named(folder: Path) -> str:
    """Return the name by which a command finds a results folder: its study's, or its path."""
    is_own = folder.parent == RESULTS and "@" not in folder.name
    return study_name(folder) if is_own else str(folder)


def _mark(results: Results) -> str:
    return f"The tables were {EDITED}: {'; '.join(results.doubts)}." if results.doubts else ""


@contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Turn a ValueError raised inside into a `StudyError` that names the file at fault."""
    try:
        yield
    except StudyError:
        raise
    except ValueError as error:
        raise StudyError(f"{path}: {error}") from None


def report(names: Sequence[str], *, anyway: bool = False) -> int:
    """Write one page on all studies into results/, or on a single study or results folder there."""
    from repro.findings.report.page import write_report

    chosen = list(_with_results(names))
    missing = sorted(set(study_names()) - {study.name for study, _ in chosen})
    if missing and not names:
        require_file(RESULTS / missing[0] / "runs.csv")
    results = [(study, read_checked(study, folder, anyway=anyway)) for study, folder in chosen]
    pages = [([pair], pair[1].folder) for pair in results] if names else [(results, RESULTS)]
    for chapters, folder in pages:
        with _errors_name(folder):
            say(write_report(chapters, folder))
    return 0


def explore(*, anyway: bool = False) -> int:
    """Write the explorable page of all studies that have results into results/."""
    from repro.explore.page import write_page

    chosen = _with_results([])
    results = [(study, read_checked(study, folder, anyway=anyway)) for study, folder in chosen]
    say(write_page(results, RESULTS))
    return 0


def _with_results(names: Sequence[str]) -> Iterator[tuple[Study, Path]]:
    """Yield studies with their folders; raise `StudyError` if there are no tables."""
    if names:
        for study, folder in map(find_results, names):
            require_file(folder / "runs.csv")
            yield study, folder
        return
    present = [name for name in study_names() if (RESULTS / name / "runs.csv").is_file()]
    if not present:
        remedy = "run one first: python -m repro run NAME"
        raise StudyError(f"no study has tables in {RESULTS}/ here; {remedy}")
    yield from ((load_study(name), RESULTS / name) for name in present)
