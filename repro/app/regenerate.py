"""Verdicts, figures, ledgers and exports, made anew from the tables in `results/`.

Nothing is trained. The module is light to import: matplotlib is for the processes that draw.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from repro.running.workers import cores, new_pool
from repro.store.files import write_whole
from repro.store.results import FIGURES, read_runs, require_file
from repro.store.tables import read_table, write_table
from repro.study.errors import StudyError
from repro.study.experiments import metric_kinds
from repro.study.folder import RESULTS, study_names
from repro.study.schema import Study, load_study


def redraw(names: Sequence[str]) -> int:
    """Redraw the figures of the named studies, or of all that have results, a figure a core."""
    names = [study.name for study, _ in _with_results(names)]
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
    return 0


def rejudge(names: Sequence[str]) -> int:
    """Judge the claims of the named studies again, or of all that have results."""
    from repro.findings.verdicts import judge

    for study, folder in _with_results(names):
        with _blaming(folder / "runs.csv"):
            claims = judge(
                read_runs(folder),
                study.claims,
                better=study.better,
                kinds=metric_kinds(study.name),
            )
        write_table(claims, folder / "claims.csv")
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
    if not chosen:
        raise StudyError(f"no study has tables in {RESULTS}/; run one first")
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


def _with_results(names: Sequence[str]) -> Iterator[tuple[Study, Path]]:
    for name in names or study_names():
        study, folder = load_study(name), RESULTS / name
        if names:
            require_file(folder / "runs.csv")
        if (folder / "runs.csv").is_file():
            yield study, folder
