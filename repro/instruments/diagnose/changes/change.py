"""What a change is, how it is applied to a build function and to data, and how two go together."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from repro.instruments.diagnose.changes.edits import Edit, chain
from repro.instruments.diagnose.setup.anatomy import compile_arguments
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import metric

if TYPE_CHECKING:
    import keras

Pair = tuple[Any, Any]
Remake = Callable[[Any], Any]
"""An optimizer, not built yet -> another one."""


@dataclass(frozen=True)
class Change:
    """One change of data, network or settings.

    Attributes:
        key: its name in tables.
        title: what is changed, in words.
        size: how many arguments or lines of the user's code it edits.
        code: lines to paste.
        treats: the causes that it would remove, keys of `explain.CAUSES`.
        group: changes of one group exclude each other.
        data: (training pair, pair scored on) -> the same, changed.
        counted: whether the changed labels count from 0.
        unit: what 1 of the changed targets is in the user's targets.
        edit: of the built model.
        inserts: whether the edit adds operations, so that others count differently after it.
        optimizer: of the optimizer.
        loss: in place of the user's; None keeps that.
        from_logits: of that loss.
        epochs: factor on the epochs.
        batch_size: in place of the user's.
    """

    key: str
    title: str
    size: int
    code: str
    treats: tuple[str, ...]
    group: str
    data: Callable[[Pair, Pair], tuple[Pair, Pair]] | None = None
    counted: bool = False
    unit: float = 1.0
    edit: Edit | None = None
    inserts: bool = False
    optimizer: Remake | None = None
    loss: str | None = None
    epochs: int = 1
    batch_size: int | None = None

    @property
    def is_of_rate(self) -> bool:
        """Whether it is the step that it changes, and nothing else."""
        return self.optimizer is not None


NOTHING = Change("as_is", "as it is", 0, "", (), "")


def both(first: Change, second: Change) -> Change:
    """Return the two changes as one; data are changed in this order."""

    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        for change in (first, second):
            if change.data:
                train, test = change.data(train, test)
        return train, test

    def remake(optimizer: Any) -> Any:
        for change in (first, second):
            optimizer = change.optimizer(optimizer) if change.optimizer else optimizer
        return optimizer

    in_order = sorted((first, second), key=lambda change: change.inserts)
    edits = [change.edit for change in in_order if change.edit]
    return Change(
        key=f"{first.key}+{second.key}",
        title=f"{first.title}; {second.title}",
        size=first.size + second.size,
        code=f"{first.code}\n{second.code}",
        treats=(*first.treats, *second.treats),
        group=f"{first.group}+{second.group}",
        data=data if first.data or second.data else None,
        counted=first.counted or second.counted,
        unit=first.unit * second.unit,
        edit=chain(*edits) if edits else None,
        inserts=first.inserts or second.inserts,
        optimizer=remake if first.optimizer or second.optimizer else None,
        loss=second.loss or first.loss,
        epochs=max(first.epochs, second.epochs),
        batch_size=second.batch_size or first.batch_size,
    )


def at_rate(change: Change, factor: float) -> Change:
    """The change with the rate multiplied."""
    first = change.optimizer

    def remake(optimizer: Any) -> Any:
        return with_rate(first(optimizer) if first else optimizer, factor)

    return replace(change, optimizer=remake)


def with_rate(optimizer: Any, factor: float) -> Any:
    """The optimizer with its (first) rate multiplied by a factor."""
    import numpy as np

    rate = factor * float(np.asarray(optimizer.learning_rate))
    return type(optimizer).from_config(settings_of(optimizer) | {"learning_rate": rate})


def settings_of(optimizer: Any) -> dict[str, Any]:
    """An optimizer's config without its rate."""
    config = optimizer.get_config()
    return {key: value for key, value in config.items() if key not in ("learning_rate", "name")}


def changed_build(case: Case, change: Change) -> "Callable[[], keras.Model]":
    """Return the build function with the change in it; its metric is `score` alone."""
    logits = case.compiled.from_logits and change.loss is None
    labels = tuple(map(float, range(len(case.task.labels))))
    task = replace(case.task, labels=labels) if change.counted else case.task
    score = metric(task, logits)

    def build() -> "keras.Model":
        original = case.build()
        arguments = compile_arguments(original)
        model = change.edit(original) if change.edit else original
        optimizer = original.optimizer
        model.compile(
            optimizer=change.optimizer(optimizer) if change.optimizer else optimizer,
            loss=change.loss or arguments["loss"],
            loss_weights=arguments["loss_weights"],
            metrics=[score],
        )
        return model

    return build
