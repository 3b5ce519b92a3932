"""`fit_grid`: `fit_seeds` for every combination of settings, as one job."""

from repro.training import quiet  # isort: skip  # before Keras imports TensorFlow

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from repro.training.alone import Trained
from repro.training.blocks import Blocks
from repro.training.building import Blueprint
from repro.training.callbacks import makes_callbacks
from repro.training.fit import DEFAULTS, checked, result_of
from repro.training.generators import borrowed
from repro.training.grid.job import GridBlueprint, Group, make_groups
from repro.training.grid.result import GridFit, with_settings
from repro.training.grid.settings import Settings, cells_of, nearest
from repro.training.job import check_seeds
from repro.training.jobs.processes import Processes
from repro.training.progress import progress
from repro.training.result import SeedsFit

__all__ = ["GridFit", "fit_grid"]


def fit_grid(
    build: Callable[..., Any],
    x: Any = None,
    y: Any = None,
    *,
    grid: Mapping[str, Iterable[Any]],
    seeds: int | Iterable[int],
    **fit: Any,
) -> GridFit:
    """Train one model per seed and combination of settings, each as `fit_seeds` trains it.

    Cells of the grid whose models differ in nothing but a number of the optimizer (its learning
    rate, momentum, betas, weight decay or a norm or value to clip at) share a graph: it is built
    and checked once. As many of them as fill a block train together, a seed at a time, so
    that a batch is read, and multiplied by the first weights, once for all of them. Other cells get
    graphs of their own. All of them are one job for the processes of `n_jobs`.

    A model has the numbers that `fit_seeds(partial(build, **settings), …)` gives its seed, to
    rounding.

    Args:
        build: returns a compiled Keras model for the settings, which are given by name.
        x: as in `fit_seeds`.
        y: as in `fit_seeds`.
        grid: for each setting its values, no two alike; at most 1,000 combinations.
        seeds: as in `fit_seeds`, the same for all cells.
        fit: the other arguments of `fit_seeds`. A function that makes `callbacks` is called with
            the seed and, by name, the settings.

    Returns:
        A `GridFit`: `.frame` is the tidy history, `.model(seed, **settings)` a trained model.

    Raises:
        ValueError: for a grid that is empty, has repeated values or too many combinations; and as
            `fit_seeds` does.
        TypeError: for settings that `build` does not take or lacks; and as `fit_seeds` does.

    Examples:
        >>> import keras, numpy as np
        >>> from repro import fit_grid
        >>> def build(learning_rate, units):
        ...     hidden = keras.layers.Dense(units, "relu")
        ...     model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
        ...     model.compile(keras.optimizers.SGD(learning_rate), "mse")
        ...     return model
        >>> x = np.linspace(0, 1, 20).reshape(10, 2)
        >>> y = x.sum(axis=1)
        >>> rates = {"learning_rate": [0.01, 0.1], "units": [2, 4]}
        >>> grid = fit_grid(build, x, y, grid=rates, seeds=4, epochs=2)
        >>> grid.frame.columns.tolist()
        ['learning_rate', 'units', 'seed', 'epoch', 'loss']
    """
    if unknown := sorted(set(fit) - set(DEFAULTS)):
        raise TypeError(
            f"neither fit_grid nor fit_seeds takes {', '.join(unknown)}{nearest(unknown, DEFAULTS)}"
        )
    cells, seeds = cells_of(build, grid), check_seeds(seeds)
    arguments, options = checked({**DEFAULTS, "x": x, "y": y, **fit})
    verbose = options.pop("verbose")
    with borrowed(), quiet.without_graph_notes():
        groups, count = make_groups(build, cells, seeds, **options)
        outcomes = _train(groups, count, verbose, len(cells) * len(seeds))
    fits = [
        _of_cell(build, cells[place], arguments, outcomes[place]) for place in range(len(cells))
    ]
    return GridFit(with_settings(cells, [fit.frame for fit in fits]), cells, fits)


def _train(
    groups: list[Group], processes: int, verbose: int | str, models: int
) -> dict[int, tuple[dict[int, Trained], GridBlueprint, Blocks, Processes]]:
    """Return for each cell its trainings by seed, and what trained them."""
    parts = sum(len(group.blocks) for group in groups)
    with (
        progress(groups[0].job, range(models), verbose, noun="model") as advance,
        Processes(processes, advance, blocks=parts) as others,
    ):
        running = [Blocks(group.job, {}, others.advance) for group in groups]
        for blocks, group in zip(running, groups, strict=True):  # none waits for another's end
            blocks.begin(group.blocks, others.train)
        outcomes: dict[int, Any] = {}
        for blocks, group in zip(running, groups, strict=True):
            makings = group.job.blueprint
            for number, trained in blocks.finish():
                cell, seed = makings.members[number]
                outcomes.setdefault(cell, ({}, makings, blocks, others))[0][seed] = trained
    return outcomes


def _of_cell(
    build: Callable[..., Any],
    cell: Settings,
    arguments: dict[str, Any],
    outcome: tuple[dict[int, Trained], GridBlueprint, Blocks, Processes],
) -> SeedsFit:
    trained, makings, blocks, processes = outcome
    count = len(makings.scalars)  # the last variables, which the cell's own model does not have
    trained = {s: replace(t, state=t.state[: len(t.state) - count]) for s, t in trained.items()}
    own = dict(arguments)
    if makes_callbacks(own["callbacks"]):
        own["callbacks"] = partial(own["callbacks"], **cell)
    blueprint = Blueprint(partial(build, **cell), makings.sample)
    return replace(
        result_of(trained, blueprint, blocks.one_at_a_time, own),
        check_seconds=blocks.check_seconds,
        one_process=processes.one_process,
        processes=processes.used,
    )
