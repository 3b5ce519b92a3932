"""A study of any grid of an experiment's parameters, made in memory instead of in a file."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from repro.study.contradictions import beyond_whole, too_many_runs
from repro.study.errors import StudyError, unknown
from repro.study.experiments import NOT_PARAMETERS, Experiment, find_experiment
from repro.study.models import MAX_VARIANTS, Grid, Study
from repro.study.naming import results_name
from repro.study.plan import Plan
from repro.study.schema import load_study
from repro.study.validation import explain

MAX_RUNS = 100_000


def sweep_study(name: str, settings: Sequence[str], seeds: int) -> Study:
    """Return the study of all combinations of some parameters' values; it has no claims.

    Args:
        name: of the study whose experiment it is; its fixed settings hold here too.
        settings: `PARAMETER=VALUE,VALUE`; numbers may be fractions such as 1/255.
        seeds: how many each combination is run with.

    Raises:
        StudyError: naming the setting that can't be read, the parameter that there isn't, the
            value that the parameter can't have; or if there are more than `MAX_RUNS` runs.
    """
    study, experiment = load_study(name), find_experiment(name)
    texts = _split(settings)
    runs = math.prod(map(len, texts.values())) * seeds
    if runs > MAX_RUNS:
        raise StudyError(f"{too_many_runs(runs, MAX_RUNS)} a sweep")
    if (cells := runs // seeds) > MAX_VARIANTS:
        raise StudyError(f"{cells:,} combinations are too many; at most {MAX_VARIANTS:,} a sweep")
    values = {key: _values(experiment, key, written) for key, written in texts.items()}
    vary = {key: several for key, several in values.items() if len(several) > 1} or values
    fixed = {key: single for key, (single, *_) in values.items() if key not in vary}
    variants = {cell.label: cell for cell in Grid(vary=vary).variants("").values()}
    title = sweep_title(name, list(vary), fixed)
    changes: dict[str, Any] = {"title": title, "seeds": seeds, "variants": variants}
    changes |= {"fixed": study.fixed | fixed, "grids": {}, "claims": {}, "open_questions": ()}
    return study.model_copy(update=changes)


def sweep_title(name: str, vary: Sequence[str], held: Mapping[str, Any]) -> str:
    """Return the title of a study's sweep: what it varies, and what else it sets."""
    settings = ", ".join(f"{key}={value}" for key, value in held.items())
    return f"{name} by {', '.join(vary)}" + (f", with {settings}" if held else "")


def is_sweep(study: Study) -> bool:
    """Return True if a study's variants are the combinations of a sweep, named by their values."""
    return all("=" in name and "@" not in name for name in study.variants)


def swept(study: Study) -> list[str]:
    """Return the parameters that a sweep's study varies, in the order in which they were given."""
    return list(next(iter(study.variants.values())).parameters)


def sweep_name(plan: Plan) -> str:
    """Return a name for the results of a sweep's plan that says what it varies, and of it alone.

    Its settings are in it, `mnist_relu@sweep,input_scale=1+1-255,seeds=0-4`; where they are too
    long for a folder's name, a digest of all takes the place of the last of them.
    """
    study, (seeds, *_) = plan.study, plan.seeds.values()
    own = load_study(study.name).fixed
    cells = [variant.parameters for variant in study.variants.values()]
    values = {key: dict.fromkeys(str(cell[key]) for cell in cells) for key in swept(study)}
    held = {key: [str(value)] for key, value in study.fixed.items() if own.get(key) != value}
    settings = {**values, **held, "seeds": [f"{seeds[0]}-{seeds[-1]}"]}
    settings |= {"data": [plan.data]} if plan.data != plan.experiment.data and plan.data else {}
    differs = ["sweep", *(f"{key}={'+'.join(texts)}" for key, texts in settings.items())]
    identifying = {"parameters": plan.parameters, "seeds": plan.seeds, "data": plan.data}
    return results_name(study.name, differs, identifying)


def _split(settings: Sequence[str]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for setting in settings:
        key, equals, values = setting.partition("=")
        if not equals:
            raise StudyError(f"{setting!r}: write PARAMETER=VALUE,VALUE, as in input_scale=1,1/255")
        if key in texts:
            raise StudyError(f"{key} is given twice; write all its values behind one {key}=")
        texts[key] = values.split(",")
    return texts


def _values(experiment: Experiment, key: str, texts: Sequence[str]) -> tuple[Any, ...]:
    if key not in experiment.names:
        hint = f"; use --{key}" if key in NOT_PARAMETERS else ""
        raise StudyError(unknown("parameter", key, experiment.names, owner=experiment.name) + hint)
    try:
        values = {text: experiment.read(key, text) for text in texts}
    except ValidationError as error:
        raise StudyError("\n".join(explain(error))) from None
    for value in values.values():
        for line in beyond_whole({key: value}):
            raise StudyError(line)
    if len(set(values.values())) < len(texts):
        raise StudyError(f"{key}={','.join(texts)} has a value twice")
    # in names and figures a fraction says more than its digits do
    return tuple(text if "/" in text else value for text, value in values.items())
