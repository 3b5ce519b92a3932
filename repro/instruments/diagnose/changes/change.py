"""A change of data, network or settings: how it is made, and how two of them are made at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from repro.instruments.diagnose.changes.edits import Edit, chain
from repro.instruments.diagnose.setup.anatomy import has_own_steps
from repro.instruments.diagnose.setup.building import Build
from repro.instruments.diagnose.setup.compiled import compile_arguments, highest_rate
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.skill import metric
from repro.instruments.diagnose.setup.splitting import Pair
from repro.instruments.diagnose.setup.task import Task, as_table

if TYPE_CHECKING:
    import keras

ChangeData = Callable[[Pair, Pair], tuple[Pair, Pair]]
"""(training pair, pair scored on) -> the same, changed."""
ChangeOptimizer = Callable[[Any], Any]
"""An optimizer, not built yet -> another one."""


Loss = Callable[[Any, Any], Any]
"""(targets, predictions) -> the loss of each row."""
Undo = Callable[[Any], Any]
"""Changed targets, or predictions of them -> the same in the user's units, by `keras.ops`."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of data, network or settings.

    Attributes:
        key: its name in tables.
        title: its name in words.
        members: the single changes, if it is several at once.
        size: number of arguments or lines of the user's code that it edits.
        code: lines to paste.
        removes: the causes that are gone with it, keys of `causes.CAUSES`: it is their remedy.
        treats: other causes that it would help against, without removing them.
        group: changes of one group exclude each other.
        rows: draws rows to train on and to score on anew; None leaves them.
        shuffle: whether rows are shuffled, though the user's aren't.
        unweighted: whether sample and class weights are left out.
        weighs_classes: whether all classes get the same weight.
        data: changes the data; None leaves them.
        labels_from_0: whether the changed labels count from 0.
        unit: what 1 of the changed targets is in the user's targets.
        undo: turns targets and predictions into the user's units, if a factor doesn't.
        edit: changes the built model; None leaves it.
        inserts: whether the edit adds operations, so that others count differently after it.
        optimizer: changes the optimizer; None leaves it.
        loss: stands in place of the user's; None leaves that.
        weighs_outputs: whether the losses of all outputs count alike.
        epochs: factor on the epochs.
        batch_size: stands in place of the user's; None leaves that.
    """

    key: str
    title: str
    size: int
    members: tuple["Change", ...] = ()
    code: str = ""
    removes: tuple[str, ...] = ()
    treats: tuple[str, ...] = ()
    group: str = ""
    rows: ChangeData | None = None
    shuffle: bool = False
    unweighted: bool = False
    weighs_classes: bool = False
    data: ChangeData | None = None
    labels_from_0: bool = False
    unit: float = 1.0
    undo: Undo | None = None
    edit: Edit | None = None
    inserts: bool = False
    optimizer: ChangeOptimizer | None = None
    loss: str | Loss | None = None
    weighs_outputs: bool = False
    epochs: int = 1
    batch_size: int | None = None

    @property
    def singles(self) -> tuple["Change", ...]:
        """The single changes that it consists of, itself if it is one."""
        return self.members or (self,)

    @property
    def parts(self) -> int:
        """The number of changes that are made at once."""
        return len(self.singles)

    @property
    def helps_against(self) -> tuple[str, ...]:
        """The causes that it removes, then those that it would help against."""
        return (*self.removes, *self.treats)

    @property
    def changes_optimizer(self) -> bool:
        """True if it changes the optimizer."""
        return self.optimizer is not None


Changes = Iterator[Change]
NOTHING = Change(key="as_is", title="as it is", size=0)


def combine(first: Change, second: Change) -> Change:
    """Return the two changes as one; data are changed in this order."""
    in_order = sorted((first, second), key=lambda change: change.inserts)
    edits = [change.edit for change in in_order if change.edit]
    return Change(
        key=f"{first.key}+{second.key}",
        title=f"{first.title}; {second.title}",
        size=first.size + second.size,
        members=(*first.singles, *second.singles),
        code=f"{first.code}\n{second.code}",
        removes=(*first.removes, *second.removes),
        treats=(*first.treats, *second.treats),
        group=f"{first.group}+{second.group}",
        rows=_combined_data(first.rows, second.rows),
        shuffle=first.shuffle or second.shuffle,
        unweighted=first.unweighted or second.unweighted,
        weighs_classes=first.weighs_classes or second.weighs_classes,
        data=_combined_data(first.data, second.data),
        labels_from_0=first.labels_from_0 or second.labels_from_0,
        unit=first.unit * second.unit,
        undo=first.undo or second.undo,
        edit=chain(*edits) if edits else None,
        inserts=first.inserts or second.inserts,
        optimizer=_combined_optimizer(first.optimizer, second.optimizer),
        loss=second.loss or first.loss,
        weighs_outputs=first.weighs_outputs or second.weighs_outputs,
        epochs=max(first.epochs, second.epochs),
        batch_size=second.batch_size or first.batch_size,
    )


def _combined_data(first: ChangeData | None, second: ChangeData | None) -> ChangeData | None:
    if first is None or second is None:
        return first or second

    def change_data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return second(*first(train, test))

    return change_data


def _combined_optimizer(
    first: ChangeOptimizer | None, second: ChangeOptimizer | None
) -> ChangeOptimizer | None:
    if first is None or second is None:
        return first or second
    return lambda optimizer: second(first(optimizer))


def at_rate(change: Change, factor: float) -> Change:
    """Return the change with the learning rate multiplied by a factor."""
    first = change.optimizer

    def remake(optimizer: Any) -> Any:
        return with_rate(first(optimizer) if first else optimizer, factor)

    return replace(change, optimizer=remake)


def with_rate(optimizer: Any, factor: float) -> Any:
    """Return the optimizer with its rate, of a schedule the highest, multiplied by a factor."""
    rate = factor * highest_rate(optimizer)
    return type(optimizer).from_config(settings_of(optimizer) | {"learning_rate": rate})


def settings_of(optimizer: Any) -> dict[str, Any]:
    """Return an optimizer's config without its rate."""
    config = optimizer.get_config()
    return {key: value for key, value in config.items() if key not in ("learning_rate", "name")}


def _no_loss(y_true: Any, y_pred: Any) -> Any:
    """Return 0: stands for the loss that only the user's own training step knows."""
    from keras import ops

    return 0.0 * ops.mean(y_pred)


def scored_task(setup: Setup, change: Change, task: Task) -> Task:
    """Return the task with the spreads that the target columns have once they are changed."""
    if not (task.spreads and change.data):
        return task
    targets = as_table(change.data(setup.train, setup.test)[0][1])
    return replace(task, spreads=tuple(targets.std(axis=0).tolist()))


def changed_metric(setup: Setup, change: Change, task: Task) -> Callable[[Any, Any], Any]:
    """Return the metric of a task under a change, taken in the user's units where that differs."""
    logits = setup.compiled.from_logits and change.loss is None
    score, undo = metric(scored_task(setup, change, task), logits), change.undo
    if undo is None:
        return score

    def undone(y_true: Any, y_pred: Any) -> Any:
        from keras import ops

        return score(undo(ops.cast(y_true, y_pred.dtype)), undo(y_pred))

    undone.__name__ = "score"
    return undone


def changed_build(setup: Setup, change: Change) -> Build:
    """Return the build function with the change in it; its metric is `score` alone."""
    labels = tuple(map(float, range(len(setup.task.labels))))
    task = replace(setup.task, labels=labels) if change.labels_from_0 else setup.task
    task = replace(task, distances=task.distances and change.loss is None)
    score = changed_metric(setup, change, task)

    def build() -> "keras.Model":
        original = setup.build()
        arguments = compile_arguments(original)
        model = change.edit(original) if change.edit else original
        optimizer = original.optimizer
        model.compile(
            optimizer=change.optimizer(optimizer) if change.optimizer else optimizer,
            loss=change.loss or arguments["loss"] or _no_loss,
            loss_weights=None if change.weighs_outputs else arguments["loss_weights"],
            # a training step of the user's own need not know of metrics: see `proof.train`
            metrics=None if has_own_steps(model) else [score],
        )
        return model

    return build
