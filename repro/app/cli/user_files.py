"""Check the files that a user names, before the seconds that importing Keras takes."""

import ast
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from repro.study.errors import StudyError, nearest, unknown

DATA = {".npz", ".csv", ".tsv", ".parquet"}
HIDING = {"*", "globals", "vars", "exec", "setattr"}  # can bind names that are not written out


def require_function(target: str) -> None:
    """Raise `StudyError` if `FILE.py:NAME` is not written so, or there is no such file."""
    file, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        example = f"{target if target.endswith('.py') else 'my_model.py'}:build"
        raise StudyError(f"{target!r} must name a file and what is in it: {example}")
    _require(Path(file), {".py"})
    if Path(file).suffix != ".py" or not Path(file).is_file():  # a pipe would be waited for
        raise StudyError(f"{file!r} is no Python file; give one such as my_model.py:{name}")
    _require_name(Path(file), name)


def require_data(target: str) -> None:
    """Raise `StudyError` if there is no such file of data, or of a function that returns them."""
    if ".py:" in target:
        require_function(target)
        return
    path = Path(target)
    _require(path, DATA)
    if path.suffix not in DATA and path.is_file():
        raise StudyError(
            f"{target} is none of {', '.join(sorted(DATA))}; a function can read it, and return "
            f"(x, y): {target if path.suffix == '.py' else 'my_data.py'}:load"
        )


def require_writable(folder: Path) -> None:
    """Make a folder, if it is not there, and raise `OSError` if no file can be made in it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:  # which names what would have been made there
        raise OSError(error.errno, error.strerror, str(folder)) from None


def _require(path: Path, suffixes: set[str]) -> None:
    if path.exists():
        return
    folder = path.parent
    beside = [file.name for file in sorted(folder.glob("*")) if file.suffix in suffixes]
    if not beside:
        raise StudyError(f"no file is named {str(path)!r}")
    raise StudyError(unknown("file", path.name, beside))


def _require_name(path: Path, name: str) -> None:
    """Raise `StudyError` if a Python file surely has no such name; the file is not run."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return  # what is wrong, the running of it says
    names = {identifier for node in ast.walk(tree) for identifier in _names(node)}
    if name in names or names & HIDING:
        return
    present = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    likely = nearest(name, present)
    meant = f"; did you mean {likely!r}? It has" if likely else "; it has"
    raise StudyError(f"{path} has no {name!r}{meant} {', '.join(present) or 'no functions'}")


def _names(node: ast.AST) -> Iterator[str]:
    for field in ("name", "asname", "id"):
        if isinstance(identifier := getattr(node, field, None), str):
            yield identifier.partition(".")[0]
