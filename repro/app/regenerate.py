"""Verdicts, figures, ledgers and exports, made anew from the tables in `results/`.

Nothing is trained. The module is light to import: matplotlib is for the processes that draw.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from repro.running.workers import cores, new_pool
from repro.store.files import write_whole
from repro.store.results import FIGURES, find_results, read_runs, require_file
from repro.store.tables import VERDICTS, read_table, write_table
from repro.study.errors import StudyError
from repro.study.experiments import metric_kinds
from repro.study.folder import RESULTS, study_names
from repro.study.schema import Study, load_study


def redraw(names: Sequence[str]) -> int:
    """Redraw the figures of the named studies, or of all that have results, a figure a core.

    A name, here and in the other functions, may also be a results folder.
    """
    names = [str(folder) for _, folder in _with_results(names)]
    if len(names) < 2:
        return sum(_redraw(name, FIGURES) for name in names)
    drawings = [(name, [figure]) for figure in FIGURES for name in names]
    with new_pool(cores()) as pool:
        return sum(pool.map(_redraw, *zip(*drawings, strict=True)))


def _redraw(name: str, figures: Sequence[str]) -> int:
    from repro.findings.figures import draw_figures

    for study, folder in _with_results([name]):
        with _blaming(folder):
            curves = read_table(folder / "curves.csv")
            draw_figures(study, read_runs(folder), curves, folder, names=figures)
        for path in (folder / f"{figure}.png" for figure in figures):
            if path.is_file():
                print(path)
    return 0


def rejudge(names: Sequence[str]) -> int:
    """Judge the claims of the named studies again, or of all that have results."""
    from repro.findings.verdicts import askable, judge

    for study, folder in _with_results(names):
        with _blaming(folder / "runs.csv"):
            runs = read_runs(folder)
            is_whole = folder.name == study.name
            claims = judge(
                runs,
                study.claims if is_whole else askable(study.claims, runs),
                better=study.better,
                kinds=metric_kinds(study.name),
            )
        write_table(claims, folder / "claims.csv")
        counts = claims.verdict.value_counts()
        verdicts = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in VERDICTS)
        print(f"{folder / 'claims.csv'}: {verdicts}")
    return 0


def write_ledgers(names: Sequence[str]) -> int:
    """Write the ledgers of the named studies, or of all that have results; print their paths."""
    from repro.findings.ledger import FILE, write_ledger

    for study, folder in _with_results(names):
        with _blaming(folder):
            write_ledger(study, folder)
        print(folder / FILE)
    return 0


def export_latex(names: Sequence[str], folder: Path) -> int:
    """Write what an article takes over from studies into a folder; nothing if anything fails.

    Files of others there are left alone, and so is an `article.tex` from an earlier export.
    """
    from repro.findings.article import article
    from repro.findings.latex import latex_files

    chosen = list(_with_results(names))
    files: dict[str, bytes] = {}
    for study, results in chosen:
        curves, claims = (read_table(results / f"{kind}.csv") for kind in ("curves", "claims"))
        runs = read_runs(results)
        with _blaming(results):
            files |= latex_files(study, runs, curves, claims)
    if not (folder / "article.tex").exists():
        files["article.tex"] = article([study for study, _ in chosen], files)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / path, content)
        print(folder / path)
    return 0


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Let the error of what is made from a file name that file."""
    try:
        yield
    except StudyError:
        raise
    except ValueError as error:
        raise StudyError(f"{path}: {error}") from None


def report(names: Sequence[str]) -> int:
    """Write one page on all studies into results/, or on a single study or results folder there."""
    from repro.findings.report.page import write_report

    chosen = list(_with_results(names))
    if names:
        for study, folder in chosen:
            print(write_report([(study, folder)], folder))
    else:
        missing = sorted(set(study_names()) - {study.name for study, _ in chosen})
        if missing:
            require_file(RESULTS / missing[0] / "runs.csv")
        print(write_report(chosen, RESULTS))
    return 0


def explore() -> int:
    """Write the explorable page of all studies that have results into results/."""
    from repro.explore.page import write_page

    print(write_page(list(_with_results([])), RESULTS))
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
        raise StudyError(f"no study has tables in {RESULTS}/; run one first")
    yield from ((load_study(name), RESULTS / name) for name in present)
