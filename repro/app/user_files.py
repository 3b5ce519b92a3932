"""Files of the user's that a command names: whether they are there, before seconds of imports."""

from pathlib import Path

from repro.study.errors import StudyError, unknown


def require_function(target: str) -> None:
    """Raise `StudyError` if `FILE.py:NAME` is not written so, or there is no such file."""
    file, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        example = f"{target if target.endswith('.py') else 'my_model.py'}:build"
        raise StudyError(f"{target!r} must name a file and what is in it: {example}")
    _require(Path(file), {".py"})
    if Path(file).suffix != ".py":
        raise StudyError(f"{file!r} is no Python file; give one such as my_model.py:{name}")


def require_data(target: str) -> None:
    """Raise `StudyError` if there is no such file of data, or of a function that returns them."""
    if ".py:" in target:
        require_function(target)
    else:
        _require(Path(target), {".npz", ".csv", ".tsv", ".parquet"})


def _require(path: Path, suffixes: set[str]) -> None:
    if path.exists():
        return
    folder = path.parent
    beside = [file.name for file in sorted(folder.glob("*")) if file.suffix in suffixes]
    if not beside:
        raise StudyError(f"no file is named {str(path)!r}")
    raise StudyError(unknown("file", path.name, beside))
