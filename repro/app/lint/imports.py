"""Checks of what a thread's modules import: the walls around them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from repro.app.lint.problem import Problem, Repository, text_of
from repro.study.models import Study

MAY_IMPORT = {"data", "training"}  # a thread, besides itself
EXTRA_ROOMS = {"mechanism": {"findings"}, "__main__": {"app"}}  # some of its modules
PUBLIC = {"__version__", "fit_seeds", "data_order"}  # names of the package itself
BY_NAME = {
    *("import_module", "__import__", "spec_from_file_location"),
    *("run_path", "run_module", "exec", "eval"),
}
HEAVY = ("tensorflow", "keras", "numba")


def imported(path: Path) -> Iterator[str]:
    """Yield every name that a file imports, wherever in it, as `module` and `module.name`.

    Raises:
        ValueError: for a relative import, which says less than it could, and for one that binds the
            whole package, of which all rooms can be reached then.
    """
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "repro" and alias.asname in (None, "repro"):
                    raise ValueError(f"{path}: imports the whole package")
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path}: a relative import")
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms(path: Path) -> set[str]:
    """Return the rooms of this package that a file imports from."""
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "repro" and len(parts) > 1} - PUBLIC


def thread_keeps_its_walls(study: Study, repository: Repository) -> Iterator[Problem]:
    """A thread imports data, training and itself; its mechanism findings, `__main__` app."""
    for path in repository.modules(study.name):
        is_single = path.stem == study.name
        allowed = (
            {study.name}
            | MAY_IMPORT
            | EXTRA_ROOMS.get("__main__" if is_single else path.stem, set())
        )
        for room in sorted(rooms(path) - allowed):
            yield Problem(
                repository.short(path),
                f"imports repro.{room}",
                f"a thread imports only {', '.join(sorted(allowed))} of this package",
            )


def imports_are_statements(study: Study, repository: Repository) -> Iterator[Problem]:
    """The identity of runs follows import statements; what a text names it may not see."""
    for path in repository.modules(study.name):
        for node in ast.walk(ast.parse(text_of(path))):
            if name := called_by_name(node):
                yield Problem(
                    f"{repository.short(path)}:{getattr(node, 'lineno', 1)}",
                    f"calls {name}",
                    "import by a statement, which the runs' identity follows",
                )


def called_by_name(node: ast.AST) -> str:
    """Return which function that runs what a text names a node refers to; "" if none."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name if name in BY_NAME else ""


def posted_code_needs_numpy_alone(study: Study, repository: Repository) -> Iterator[Problem]:
    """`posted.py` can be read and run beside the thread with nothing but numpy."""
    for path in repository.modules(study.name):
        if path.name == "posted.py":
            tops = {name.split(".")[0] for name in imported(path)}
            for name in sorted(tops - set(sys.stdlib_module_names) - {"numpy"}):
                yield Problem(
                    repository.short(path), f"imports {name}", "posted code imports numpy alone"
                )


def compiled_loop_stands_in_one_file(study: Study, repository: Repository) -> Iterator[Problem]:
    """An edit elsewhere would leave what numba has cached as it was."""
    for path in repository.modules(study.name):
        if path.name == "loop.py":
            for name in imported(path):
                if name.startswith("repro.") and not name.startswith("repro.training.loops"):
                    yield Problem(
                        repository.short(path),
                        f"imports {name}",
                        "a compiled loop imports only repro.training.loops of this package",
                    )


def training_is_imported_to_train(study: Study, repository: Repository) -> Iterator[Problem]:
    """Importing the thread imports none of `HEAVY`, so that every --help answers at once."""
    for name in heavy_imports(f"repro.{study.name}", repository.root):
        yield Problem(
            repository.short(repository.modules(study.name)[0]),
            f"importing repro.{study.name} imports {name}",
            "import it inside the function that trains",
        )


def heavy_imports(modules: str, root: Path) -> list[str]:
    """Return those of `HEAVY` that are loaded once these modules are imported."""
    code = f"import sys, {modules}; print(*set({HEAVY}) & set(sys.modules))"
    command = [sys.executable, "-c", code]
    process = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    return sorted(process.stdout.split())


CHECKS = (
    thread_keeps_its_walls,
    imports_are_statements,
    posted_code_needs_numpy_alone,
    compiled_loop_stands_in_one_file,
    training_is_imported_to_train,
)
