"""Find an experiment by its name, and read its parameters from its signature."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

from repro.study.code import code_digest
from repro.study.errors import StudyError, unknown
from repro.study.metrics import DIVERGED, RANGES
from repro.study.records import Record, TableError, compute

NOT_PARAMETERS = ("seeds", "data")  # the nuisance parameter, and what the study runs on
PACKAGE = Path(__file__).parent.parent
COMPUTE = "repro.study.records:compute"  # calls the experiment, and takes its numbers
NEEDED = {
    "experiment": "the function that trains and measures, (*, seeds, ...) -> (runs, curves)",
    "METRICS": "the columns of its runs that are results, each with its kind",
    "DATA": "the name of its data set, or None if it makes its own data",
}

Tables = tuple[pd.DataFrame, pd.DataFrame]
Run = Callable[..., Tables]


@dataclass(frozen=True)
class Experiment:
    """The parameterized function that rebuilds a thread's snippet, and what is known about it.

    A thread may have several, one for each value of one parameter: its module then has a mapping
    `EXPERIMENTS` from these values to functions, each with parameters of its own.

    Attributes:
        name: the thread's.
        functions: by the value of the parameter that chooses; a single one is under "".
        choice: that parameter's name, or "".
        metrics: columns of the runs that are results, and their kinds; see `repro.study.metrics`.
        data: name of the data set, or None.
    """

    name: str
    functions: Mapping[str, Run]
    choice: str
    metrics: Mapping[str, str]
    data: str | None

    @cached_property
    def code(self) -> str:
        """Digest of the code that the numbers depend on."""
        thread = f"repro.{self.name}"
        return code_digest([f"{thread}:experiment", f"{thread}:METRICS", COMPUTE], PACKAGE)

    @cached_property
    def schemas(self) -> dict[str, type[BaseModel]]:
        """The parameters of each function, as a model."""
        return {key: _schema(function) for key, function in self.functions.items()}

    @property
    def names(self) -> list[str]:
        """The names of all parameters, each once, in the order of the signatures."""
        fields = (name for schema in self.schemas.values() for name in schema.model_fields)
        return list(dict.fromkeys([*([self.choice] if self.choice else []), *fields]))

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults of all parameters, by name."""
        fields = [schema.model_fields for schema in self.schemas.values()]
        chosen = {self.choice: next(iter(self.functions))} if self.choice else {}
        return chosen | {name: field.default for own in fields for name, field in own.items()}

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters, checked, defaults included.

        Raises:
            pydantic.ValidationError: naming every parameter that is unknown or has a wrong value.
            StudyError: if there is no such experiment to choose.
        """
        chosen, own = self._chosen(values)
        checked = self.schemas[chosen].model_validate(own).model_dump()
        return {self.choice: chosen, **checked} if self.choice else checked

    def read(self, name: str, text: str) -> Any:
        """Return a parameter's value from a text; numbers may be fractions such as 1/255.

        Raises:
            pydantic.ValidationError: for a text that is no value of it.
        """
        if name == self.choice:
            return self.parameters({name: text})[name]
        schema = next(s for s in self.schemas.values() if name in s.model_fields)
        if (kind := schema.model_fields[name].annotation) in (float, int):
            return getattr(schema.model_validate({name: _number(text, kind)}), name)
        return getattr(schema.model_validate_strings({name: text}), name)

    def applicable(self, fixed: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fixed settings that concern the function which a variant's own choose."""
        chosen, _ = self._chosen({**fixed, **own})
        fields = self.schemas[chosen].model_fields
        foreign = set(self.names) - set(fields) - {self.choice}
        return {name: value for name, value in fixed.items() if name not in foreign}

    def run(
        self, seeds: Sequence[int], data: str | None, parameters: Mapping[str, Any]
    ) -> dict[int, tuple[Record, list[Record]]]:
        """Run the experiment; return each seed's metrics with its status, and its curve.

        Raises:
            StudyError: for tables that an experiment can't return.
        """
        chosen, own = self._chosen(parameters)
        function = self.functions[chosen]
        if data is not None and "data" in inspect.signature(function).parameters:
            own["data"] = data
        try:
            return compute(function, seeds, own, tuple(self.metrics))
        except TableError as error:
            raise StudyError(f"repro.{self.name}: {error}") from None

    def _chosen(self, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        own = dict(values)
        chosen = own.pop(self.choice, next(iter(self.functions))) if self.choice else ""
        if chosen not in self.functions:
            kind = f"{self.choice} of {self.name}"
            raise StudyError(unknown(kind, str(chosen), self.functions))
        return chosen, own


@cache
def find_experiment(name: str) -> Experiment:
    """Return the experiment of the thread `repro.NAME`, a package or a module.

    Raises:
        StudyError: if there is no such thread, or it lacks something; says what.
    """
    thread = _thread(name)
    for needed, meaning in NEEDED.items():
        if not hasattr(thread, needed):
            raise StudyError(f"repro.{name} has no {needed}: define it, {meaning}")
    metrics = _kinds(name, thread)
    functions = getattr(thread, "EXPERIMENTS", {"": thread.experiment})
    choice = "" if "" in functions else _choice(thread.experiment)
    return Experiment(name, functions, choice, metrics=metrics, data=thread.DATA)


def _kinds(name: str, thread: ModuleType) -> dict[str, str]:
    """Return the kinds of a thread's metrics."""
    metrics = thread.METRICS
    if not isinstance(metrics, Mapping):
        raise StudyError(
            f"repro.{name}: METRICS must map names to kinds, such as "
            f'{{"loss": "nonnegative"}}; kinds are {", ".join(RANGES)}'
        )
    for metric, kind in metrics.items():
        if kind not in RANGES:
            raise StudyError(f"repro.{name}: METRICS: {metric}: {unknown('kind', kind, RANGES)}")
    if reserved := {"status", DIVERGED} & set(metrics):
        raise StudyError(f"repro.{name}: METRICS must not hold {min(reserved)!r}: all studies do")
    return dict(metrics)


def metric_kinds(name: str) -> Mapping[str, str]:
    """Return the kinds of a study's metrics, by name; raises as `find_experiment` does."""
    return {**find_experiment(name).metrics, DIVERGED: "flag"}


def find_mechanism(name: str) -> ModuleType | None:
    """Return the module that draws why a study's networks fail; None if the thread has none."""
    is_package = hasattr(_thread(name), "__path__")
    if not is_package or find_spec(f"repro.{name}.mechanism") is None:
        return None
    return _module(f"repro.{name}.mechanism", "")


def _thread(name: str) -> ModuleType:
    return _module(f"repro.{name}", f"write repro/{name}.py, see add-a-thread")


def _module(name: str, remedy: str) -> ModuleType:
    """Return a module of a thread; what it raises is told in a line, with its place."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise StudyError(f"no thread {name}: {remedy}") from None
        raise StudyError(_failure(name, error)) from error
    except (Exception, SystemExit) as error:
        raise StudyError(_failure(name, error)) from error


def _failure(name: str, error: BaseException) -> str:
    text = " ".join(str(error).split())
    if not isinstance(error, SyntaxError):  # which names its own place
        frame = extract_tb(error.__traceback__)[-1]
        text = f"{text} ({Path(frame.filename).name}, line {frame.lineno})"
    return f"{name} can't be imported: {type(error).__name__}: {text}"


def _choice(run: Run) -> str:
    named = [
        parameter.name
        for parameter in inspect.signature(run).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.name not in NOT_PARAMETERS
    ]
    return named[0]


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
    readers = {float: _fraction, int: _whole}
    return Annotated[hint, BeforeValidator(readers[bare])] if bare in readers else hint


def _fraction(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}/[1-9]\d{0,8}", value):
        return float(Fraction(value))
    return value


def _number(text: str, kind: Any) -> int | float | str:
    for reader in (kind, float):
        try:
            return reader(text)
        except ValueError:
            continue
    return text  # a fraction, or wrong


def _whole(value: Any) -> Any:
    # 1e5 is 100,000, however it is written
    return int(value) if isinstance(value, float) and value.is_integer() else value
