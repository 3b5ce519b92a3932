"""Find an experiment by its name and read from its signature what it can be given."""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

NOT_PARAMETERS = ("seeds", "data")  # the nuisance parameter, and what the study runs on
# How data are found does not change them: they are identified by their own digest.
NOT_CODE = ("repro.data", "repro.app.cli")
PACKAGE = Path(__file__).parent.parent

Run = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


@dataclass(frozen=True)
class Experiment:
    """The parameterized function that rebuilds a thread's snippet, and what is known about it."""

    name: str
    run: Run
    metrics: tuple[str, ...]
    data: str | None
    schema: type[BaseModel]

    @cached_property
    def code(self) -> str:
        """Digest of all the package's code that the numbers depend on."""
        return code_digest(f"repro.{self.name}")

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters, checked, defaults included.

        Raises:
            pydantic.ValidationError: naming every parameter that is unknown or has a wrong value.
        """
        return self.schema.model_validate(dict(given)).model_dump()


@cache
def find_experiment(name: str) -> Experiment:
    """Return the experiment of the module `repro.NAME`."""
    module = import_module(f"repro.{name}")
    run = module.experiment
    return Experiment(name, run, module.METRICS, module.DATA, _schema(run))


def find_mechanism(name: str) -> ModuleType | None:
    """Return the module that draws why a study's networks fail; None if the thread has none."""
    thread = import_module(f"repro.{name}")
    is_package = hasattr(thread, "__path__")
    if not is_package or find_spec(f"repro.{name}.mechanism") is None:
        return None
    return import_module(f"repro.{name}.mechanism")


def _schema(run: Run) -> type[BaseModel]:
    hints = get_type_hints(run, include_extras=True)
    fields = {
        name: (_lenient(hints[name]), parameter.default)
        for name, parameter in inspect.signature(run).parameters.items()
        if name not in NOT_PARAMETERS
    }
    config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
    return create_model("Parameters", __config__=config, **fields)  # type: ignore[call-overload]


def _lenient(hint: Any) -> Any:
    # TOML has no fractions, and 0.00392156862745098 hides what "1/255" says
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return Annotated[hint, BeforeValidator(_fraction)] if bare is float else hint


def _fraction(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}/[1-9]\d{0,8}", value):
        return float(Fraction(value))
    return value


def code_digest(module: str) -> str:
    """Return the SHA-256 of a module and all it imports from this package.

    Comments, docstrings and layout do not count: what does is the syntax tree without them.
    """
    digest = sha256()
    for name in sorted(_imports(module, set())):
        digest.update(f"{name}\n{_tree(name)}\n".encode())
    return digest.hexdigest()


def _imports(module: str, found: set[str]) -> set[str]:
    found.add(module)
    for node in ast.walk(ast.parse(_source(module))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name not in found and _is_code(name):
                _imports(name, found)
    return found


def _is_code(name: str) -> bool:
    return name.startswith("repro.") and not name.startswith(NOT_CODE) and _file(name).is_file()


def _source(module: str) -> str:
    return _file(module).read_text(encoding="utf-8")


def _file(module: str) -> Path:
    # by path, since asking the import system would import the parents, TensorFlow among them
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _tree(module: str) -> str:
    tree = ast.parse(_source(module))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[0] = ast.Pass()
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
