"""`fit_seeds`: `keras.Model.fit` over many seeds."""

from repro.training import quiet  # isort: skip  # before Keras imports TensorFlow

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from keras import Model
from keras.layers import Layer
from keras.src.optimizers.base_optimizer import BaseOptimizer

from repro.training import fusible
from repro.training.alone import Trained
from repro.training.blocks import Blocks
from repro.training.building import Blueprint, Build, State, is_kerass
from repro.training.changed import check_metrics_begin_anew
from repro.training.checks import meant, names_checked
from repro.training.generators import borrowed
from repro.training.graphs import Graphs
from repro.training.job import check_count, check_seeds, make_job
from repro.training.jobs.choice import check_n_jobs, processes_for
from repro.training.jobs.processes import Processes
from repro.training.progress import progress
from repro.training.reached import reached_from
from repro.training.result import SeedsFit, not_kept, tidy
from repro.training.saved import read_fit
from repro.training.shared_state import draws_globally, is_library
from repro.training.sizes import most_at_once, one_thread_a_block, seeds_in_cache, split_evenly
from repro.training.step import averages, parts_of

__all__ = ["SeedsFit", "check_seeds", "fit_seeds", "load_fit", "seeds_in_cache"]

SHARED_GENERATOR = re.compile(r"^it draws from a generator|seed_generator_state\)$")
AT_START = ("__init__", "build")  # methods that no step calls
GIVE_AGAIN = object()  # in place of an argument that was not saved


@names_checked
def fit_seeds(
    build: Build,
    x: Any = None,
    y: Any = None,
    *,
    seeds: int | Iterable[int],
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int | str = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool | str = True,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int | Sequence[int] = 1,
    block_size: int | None = None,
    n_jobs: int | None = None,
    check: bool = True,
) -> SeedsFit:
    """Train one model per seed, several at once, as `keras.Model.fit` would train each.

    Before each call of `build()` comes `keras.utils.set_random_seed(seed)`, which seeds the global
    generators of Python, NumPy, TensorFlow and Keras; in the end they are as they were before. A
    seed's model may be built more than once. What can not be trained at once without changing a
    number is trained one seed at a time, with a warning that says why.

    The same call gives the same bits. Beside other seeds, a seed gives the same numbers to rounding
    only: its place in the stacked arrays decides which products the processor adds up together.

    Args:
        build: returns a compiled Keras model; called without arguments.
        x: inputs: an array of shape (n, …), a list or dict of them, a data frame; or a
            `tf.data.Dataset`, `keras.utils.PyDataset` or generator, of which all seeds see the same
            batches.
        y: targets, likewise; None with a data set. Floats are cast to the dtype of the model's
            weights.
        seeds: non-negative integers, no two alike; or how many, from 0.
        batch_size: samples a step; the last batch of an epoch may be smaller. None: 32, or with
            arrays and `steps_per_epoch` so many that these steps are one pass.
        epochs: passes over the data; the last epoch, if the first is not 0.
        verbose: 0: silent; 1: a progress bar; 2: a line an epoch; "auto": 1 on a terminal and in a
            notebook, else 0.
        callbacks: Keras callbacks, of which each seed gets a copy; or a function of the seed that
            returns some. Each sees a model of its own and that seed's logs.
        validation_split: the fraction of the samples, the last ones, to validate on.
        validation_data: (x, y), (x, y, sample_weight) or a data set, to evaluate on.
        shuffle: True: seed and epoch see the samples in `data_order(seed, epoch, n)`; False: in
            the order given; "batch": within batches alone. Data sets come in an order of their own.
        class_weight: a weight for each class.
        sample_weight: a weight for each sample.
        initial_epoch: the first epoch, counted from 0.
        steps_per_epoch: batches an epoch, if that is not all.
        validation_steps: batches of a validation, if that is not all.
        validation_batch_size: samples a step of the validation; `batch_size` if None.
        validation_freq: validate every so many epochs, or after these epochs.
        block_size: most seeds that are trained at once; blocks are made as equal as they can be.
            Memory holds one block's weights and batches. With the environment variable
            TF_NUM_INTRAOP_THREADS=1 as many blocks as cores train side by side, each on one core,
            which is faster still (see bench/README.md). None, by measurement: 8, or of blocks on
            one core `seeds_in_cache`; all, where x is a data set.
        n_jobs: processes that train blocks side by side, each on one core. 1: this one alone; -1:
            as many as cores; -2: one less. None: what `joblib.parallel_config` says, else as many
            as cores for jobs of some tens of seconds, and this one for shorter ones. Where other
            processes can not train, or get another model from `build`, this one does, and
            `.one_process` says why.
        check: take the first steps of the first block by `fit`, too, and train one seed at a time
            if they differ by more than rounding. False spares that time.

    Returns:
        A `SeedsFit`: `.frame` is the tidy history, `.model(seed)` a trained model.

    Raises:
        ValueError: for seeds that are negative, repeated or none, lengths that differ, counts
            below 1, or data that do not fit the model.
        TypeError: for a `build` that returns no compiled Keras model, or seeds or counts that are
            not integers.

    Source:
        `keras.Model.fit`; the stacking follows `tf.vectorized_map` over a step without side
        effects.

    Examples:
        >>> import keras, numpy as np
        >>> from repro import fit_seeds
        >>> def build():
        ...     model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        ...     model.compile("sgd", "mse")
        ...     return model
        >>> x = np.linspace(0, 1, 20).reshape(10, 2)
        >>> y = x.sum(axis=1)
        >>> fit = fit_seeds(build, x, y, seeds=8, epochs=2)
        >>> fit.frame.shape  # a row a seed and epoch: seed, epoch, loss
        (16, 3)
    """
    arguments = {name: value for name, value in locals().items() if name not in ("build", "seeds")}
    return _fit(build, check_seeds(seeds), arguments, {})


def fit_with(graphs: Graphs, build: Build, x: Any, y: Any, **arguments: Any) -> SeedsFit:
    """Train as `fit_seeds`, on arrays, with the graphs of earlier calls, or leave some for later.

    Args:
        graphs: of calls whose `build` differs in nothing that a graph holds.
        build: as in `fit_seeds`.
        x: as in `fit_seeds`.
        y: as in `fit_seeds`.
        arguments: its others.
    """
    arguments = {**DEFAULTS, "x": x, "y": y, **arguments}
    return _fit(build, check_seeds(arguments.pop("seeds")), arguments, {}, graphs=graphs)


def load_fit(path: str | Path, build: Build) -> SeedsFit:
    """Read what `SeedsFit.save` wrote.

    The data are not saved: to resume, give x and y, and validation data if there were some.

    Args:
        path: the file.
        build: the function that the models were built with.

    Raises:
        ValueError: if the file is no saved fit, or not of this `build`.

    Examples:
        `fit` and `build` as in `fit_seeds`:

        >>> from repro import load_fit
        >>> fit.save("fit.npz")
        >>> load_fit("fit.npz", build).frame.equals(fit.frame)
        True
    """
    with borrowed():
        trained, blueprint, description = read_fit(path, build)
    arguments = description.arguments | dict.fromkeys(description.to_give_again, GIVE_AGAIN)
    return result_of(trained, blueprint, description.one_at_a_time, arguments)


def _fit(
    build: Build,
    seeds: list[int],
    arguments: dict[str, Any],
    start: dict[int, State],
    graphs: Graphs | None = None,
) -> SeedsFit:
    graphs = graphs or Graphs()
    arguments, fit = checked(arguments)
    block_size, n_jobs, verbose = (fit.pop(name) for name in ("block_size", "n_jobs", "verbose"))
    with borrowed(), quiet.without_graph_notes():
        job = make_job(build, seeds, **fit)
        count = processes_for(n_jobs, job, len(seeds))
        size = block_size or most_at_once(job, seeds, one_thread=count > 1)
        side_by_side = count > 1 or one_thread_a_block()
        parts = split_evenly(seeds, size, in_pairs=side_by_side and not block_size)
        with (
            progress(job, seeds, verbose) as advance,
            Processes(count, advance, blocks=len(parts)) as processes,
            graphs.holding_data_of(job),
        ):
            blocks = Blocks(job, start, processes.advance, graphs)
            blocks.begin(parts, processes.train)
            trained = dict(blocks.finish())
    result = result_of(trained, job.blueprint, blocks.one_at_a_time, arguments)
    return replace(
        result,
        check_seconds=blocks.check_seconds,
        one_process=processes.one_process,
        processes=processes.used,
    )


def checked(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments of `fit_seeds` but for `build` and `seeds`, twice, plain counts checked.

    Raises:
        ValueError, TypeError: for a wrong `block_size` or `n_jobs`.
    """
    plain = {n: int(v) if isinstance(v, np.integer) else v for n, v in arguments.items()}
    if plain["block_size"] is not None:
        check_count("block_size", plain["block_size"])
    check_n_jobs(plain["n_jobs"])
    return plain, dict(plain)


def result_of(
    trained: dict[int, Trained],
    blueprint: Blueprint,
    one_at_a_time: str | None,
    arguments: dict[str, Any],
) -> SeedsFit:
    """Return the fit of these trainings; those who know add the times of checks and processes."""
    return SeedsFit(
        frame=tidy(trained),
        one_at_a_time=one_at_a_time,
        trained=trained,
        blueprint=blueprint,
        arguments=arguments,
        check_seconds=0.0,
        _resume=_resume,
    )


def _resume(fit: SeedsFit, *, epochs: int, **changes: Any) -> SeedsFit:
    check_count("epochs", epochs)
    known = [name for name in DEFAULTS if name != "initial_epoch"]
    for name in changes:
        if name not in known:
            raise TypeError(f"resume can not change {name!r}; {meant(name, known)}")
    arguments = {**DEFAULTS, **fit.arguments, **changes, "epochs": epochs}
    if missing := [name for name, value in arguments.items() if value is GIVE_AGAIN]:
        raise ValueError(f"{', '.join(missing)} are not saved with a fit; give them to resume")
    if arguments["steps_per_epoch"] is not None:
        raise ValueError("steps_per_epoch: a resumed training would begin the data again")
    if epochs < (trained_epochs := min(_by_last_epoch(fit))):
        raise ValueError(
            f"epochs counts from the first one of all, and {trained_epochs} are done: "
            f"resume(epochs={trained_epochs + epochs}) trains {epochs} more"
        )
    _check_goes_on(fit)
    trained, reason = dict(fit.trained), fit.one_at_a_time
    for last, seeds in _by_last_epoch(fit).items():
        states = {seed: fit.trained[seed].whole for seed in seeds}
        longer = _fit(fit.blueprint.build, seeds, arguments | {"initial_epoch": last}, states)
        reason = longer.one_at_a_time or reason
        for seed, later in longer.trained.items():
            trained[seed] = replace(later, rows=fit.trained[seed].rows + later.rows)
    return result_of(trained, fit.blueprint, reason, arguments)


def _check_goes_on(fit: SeedsFit) -> None:
    model, reason = fit.model(next(iter(fit.trained))), fit.one_at_a_time or ""
    if SHARED_GENERATOR.search(reason) or (
        reason == fusible.DRAWS and fusible.draws_anew(model, fit.blueprint.sample)
    ):
        raise ValueError(f"{reason}: a fit does not keep that; train all epochs in one call")
    if drawing := next(filter(_draws_globally, model._flatten_layers()), None):
        raise ValueError(
            f"{type(drawing).__name__} draws from a generator that each seed's fit begins anew: a "
            "fit does not keep its place; train all epochs in one call"
        )
    if averages(model.optimizer):
        raise ValueError("use_ema: the weights are averages at the end, from which none can go on")
    changed = next((own.changed for own in fit.trained.values() if own.changed), None)
    if changed and (changed.in_losses or model.run_eagerly):
        raise ValueError(not_kept(changed.name))
    if optimizers := _others(model, has_callbacks=bool(fit.arguments.get("callbacks"))):
        raise ValueError(
            f"{', '.join(optimizers)}: a fit keeps the state of the optimizer that is given to "
            "compile, and of no other; train all epochs in one call"
        )
    check_metrics_begin_anew(model, fit.blueprint)


def _draws_globally(layer: Layer) -> bool:
    """Return whether steps of the user's own class name a generator of the process."""
    own = [vars(kind).items() for kind in type(layer).__mro__ if not is_library(kind)]
    members = [(name, getattr(member, "__func__", member)) for name, member in chain(*own)]
    return draws_globally(member for name, member in members if name not in AT_START)


def _others(model: Model, *, has_callbacks: bool) -> list[str]:
    """Name the optimizers besides the model's own that its steps or callbacks may use."""
    if is_kerass(model, "train_step") and not has_callbacks:
        return []
    reached = reached_from(model._flatten_layers())
    own = list(parts_of(model.optimizer))
    return [n for n, v in reached if isinstance(v, BaseOptimizer) and all(v is not o for o in own)]


def _by_last_epoch(fit: SeedsFit) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for seed, trained in fit.trained.items():
        groups[int(trained.rows[-1]["epoch"]) if trained.rows else 0].append(seed)
    return groups


DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(fit_seeds).parameters.items()
    if parameter.default is not inspect.Parameter.empty
}
