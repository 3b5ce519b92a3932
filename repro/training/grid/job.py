"""The jobs of a grid: a number stands for each cell and seed, as a seed does in other jobs."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from repro.training.building import Blueprint, State, build_model, copies_weights, fresh_names
from repro.training.callbacks import check_callbacks, makes_callbacks
from repro.training.cost import cost_of
from repro.training.feeding.batches import Batches
from repro.training.grid.scalars import as_in, differing, free_scalars
from repro.training.grid.settings import Settings
from repro.training.job import Job, float_dtype, make_job
from repro.training.jobs.choice import processes_for
from repro.training.model_settings import KNOWN, settings_differ, settings_tell_all
from repro.training.sizes import most_at_once, split_evenly
from repro.training.step import results_of

Member = tuple[int, int]  # the place of a cell in the grid, and a seed


@dataclass(frozen=True)
class GridBlueprint(Blueprint):
    """The makings of each member's model.

    Attributes:
        cells: the grid's settings.
        members: by their numbers.
        scalars: the optimizer's numbers in which members differ.
    """

    cells: tuple[Settings, ...]
    members: tuple[Member, ...]
    scalars: tuple[str, ...]

    def model(self, seed: int, state: State | None = None) -> keras.Model:
        """Return the model of a member, which stands in place of a seed."""
        makings, own_seed = self._of_member(seed)
        model = makings.model(own_seed, state)
        free_scalars(self.scalars, model)
        return model

    def untouched(self, seed: int) -> keras.Model:
        """Return the model of a member as `build` makes it."""
        makings, own_seed = self._of_member(seed)
        return makings.untouched(own_seed)

    def _of_member(self, number: int) -> tuple[Blueprint, int]:
        cell, seed = self.members[number]
        return Blueprint(partial(self.build, **self.cells[cell]), self.sample), seed


@dataclass(frozen=True, kw_only=True)
class GridJob(Job):
    """A job whose seeds are the numbers of members: each sees the samples as its own seed does.

    Attributes:
        one_seed_a_block: whether all members of a block see the same batches.
    """

    blueprint: GridBlueprint
    one_seed_a_block: bool = False

    @property
    def shares_batches(self) -> bool:
        """True if all models that train at once see the same batches."""
        return self.one_seed_a_block or super().shares_batches

    def order(self, seed: int, passed: int) -> NDArray[np.int64]:
        """Sample order of a member's pass over the arrays, counted from 1; shape (n,)."""
        return super().order(self.blueprint.members[seed][1], passed)


@dataclass(frozen=True)
class Group:
    """The cells that share a graph.

    Attributes:
        job: of all their members.
        blocks: the numbers of the members that train at once.
    """

    job: GridJob
    blocks: list[list[int]]


def make_groups(
    build: Callable[..., Any], cells: list[Settings], seeds: list[int], **fit: Any
) -> tuple[list[Group], int]:
    """Return the grid's cells in groups, each to be trained in one graph, and how many processes.

    Args:
        build: as in `fit_grid`.
        cells: the grid's.
        seeds: checked.
        fit: the other arguments of `fit_seeds`.
    """
    size, callbacks, n_jobs = (fit.pop(name) for name in ("block_size", "callbacks", "n_jobs"))
    _check_callbacks(callbacks, cells, seeds)
    groups: list[Group] = []
    first: tuple[str, Job] | None = None
    count: int | None = None
    for graph in _graphs(build, cells, seeds[0]):
        one = partial(build, **cells[graph.places[0]])
        model = build_model(one, seeds[0])
        with _named(cells[graph.places[0]]):
            if first is None or float_dtype(model) != first[0]:
                first = float_dtype(model), make_job(one, seeds, callbacks=None, **fit)
            blueprint = Blueprint(one, first[1].blueprint.sample)
            with suppress(RuntimeError):  # of code that `fit` may run all the same
                blueprint.make_metrics(model)  # for what it says of data that do not fit
        job = replace(first[1], blueprint=blueprint, cost=cost_of(model, blueprint.sample))
        _check_columns(cells[0], model)
        if count is None:
            count = processes_for(n_jobs, job, len(cells) * len(seeds))
        own = {"build": build, "callbacks": callbacks, "size": size, "one_thread": count > 1}
        groups.append(_group(job, cells, graph, seeds=seeds, **own))
    return groups, count or 1


def _check_callbacks(callbacks: Any, cells: list[Settings], seeds: list[int]) -> None:
    """Raise for callbacks of which all models would write to one file, or that take no settings."""
    if not makes_callbacks(callbacks):
        check_callbacks(callbacks, range(len(cells) * len(seeds)))
        return
    try:
        signature = inspect.signature(callbacks)
    except (TypeError, ValueError):  # it tells nobody what it takes
        return
    try:
        signature.bind(seeds[0], **cells[0])
    except TypeError as error:
        raise TypeError(
            f"callbacks is called with the seed and, by name, the settings: {error}; write "
            f"callbacks=lambda seed, {', '.join(cells[0])}: […]"
        ) from None


def _check_columns(cell: Settings, model: keras.Model) -> None:
    metrics = set(results_of(model)) if model.built else set()
    if clashing := [name for name in cell if name.removeprefix("val_") in metrics]:
        raise ValueError(f"grid: {clashing[0]!r} is a metric's column, too; rename the setting")


@dataclass(frozen=True)
class Graph:
    """The cells that one graph can train.

    Attributes:
        first: a model of the first of them.
        places: theirs in the grid.
        scalars: the optimizer's numbers in which they differ.
    """

    first: keras.Model
    places: list[int]
    scalars: set[str]


def _graphs(build: Callable[..., Any], cells: list[Settings], seed: int) -> list[Graph]:
    graphs: list[Graph] = []
    for place, cell in enumerate(cells):
        model = _built(build, cell, seed)
        graph = next((graph for graph in graphs if _shares_graph(model, graph)), None)
        if graph is None:
            graphs.append(Graph(model, [place], set()))
        else:
            graph.places.append(place)
    return graphs


def _built(build: Callable[..., Any], cell: Settings, seed: int) -> keras.Model:
    with _named(cell, seed):
        return build_model(partial(build, **cell), seed)


@contextmanager
def _named(cell: Settings, seed: int | None = None) -> Iterator[None]:
    """Add to an error what it was raised for."""
    try:
        yield
    except Exception as error:
        settings = [f"{name}={value!r:.60}" for name, value in cell.items()]
        named = [*settings, *([] if seed is None else [f"seed {seed}"])]
        error.add_note(f"This was raised for {', '.join(named)}.")
        raise


def _shares_graph(model: keras.Model, graph: Graph) -> bool:
    """Return whether a model differs from a graph's in nothing but its optimizer's numbers.

    Only where all is Keras' own do the settings tell: a layer or an optimizer of somebody's may
    keep a setting to itself. The numbers in which it differs are noted.
    """
    first, names = graph.first, differing(model, graph.first)
    if not (model.built and settings_tell_all(model) and settings_tell_all(first)):
        return False
    if names and _copies_weights(first):  # `fit` must build such an optimizer, without scalars
        return False
    KNOWN.pop(model, None)  # the settings as they were before its numbers are made alike
    with as_in(model, first, names):
        shares = settings_differ([model], first) is None
    KNOWN.pop(model, None)
    if shares:
        graph.scalars.update(names)
    return shares


def _copies_weights(model: keras.Model) -> bool:
    with fresh_names():
        model.optimizer.build(model.trainable_variables)
    return copies_weights(model)


def _group(job: Job, cells: list[Settings], graph: Graph, *, seeds: list[int], **own: Any) -> Group:
    members = tuple((place, seed) for place in graph.places for seed in seeds)
    values = {field.name: getattr(job, field.name) for field in fields(Job)}
    values["blueprint"] = GridBlueprint(
        own["build"],
        job.blueprint.sample,
        cells=tuple(cells),
        members=members,
        scalars=tuple(sorted(graph.scalars)),
    )
    values["callbacks"] = _callbacks(own["callbacks"], cells, members)
    sizes = {"seeds": len(seeds), "size": own["size"], "one_thread": own["one_thread"]}
    blocks, together = _blocks(job, len(graph.places), **sizes)
    return Group(GridJob(**values, one_seed_a_block=together), blocks)


def _callbacks(callbacks: Any, cells: list[Settings], members: Sequence[Member]) -> Any:
    """Return a function of a member's number, as `check_callbacks` does of seeds."""

    def own_callbacks(number: int) -> Any:
        cell, seed = members[number]
        return callbacks(seed, **cells[cell])

    values = own_callbacks if makes_callbacks(callbacks) else callbacks
    return check_callbacks(values, range(len(members)))


def _blocks(
    job: Job, count: int, *, seeds: int, size: int | None, one_thread: bool
) -> tuple[list[list[int]], bool]:
    """Return the members' numbers in blocks, and whether all of a block see the same batches.

    Cells that fill a block go together, a seed at a time, so that a batch is read once for all of
    them. Fewer cells share a block where their seeds do not fill one each.
    """
    numbers = np.arange(count * seeds).reshape(count, seeds)
    if isinstance(job.data, Batches):  # which is read once for all
        return [numbers.ravel().tolist()], False
    size = size or most_at_once(job, range(seeds), one_thread=one_thread)
    if 1 < size <= count:
        return [own for seed in numbers.T for own in split_evenly(seed.tolist(), size)], True
    together = np.array_split(numbers, -(-count // max(size // seeds, 1)))
    return [own for cells in together for own in split_evenly(cells.ravel().tolist(), size)], False
