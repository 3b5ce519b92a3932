"""The change that gives a recurrent layer the rows before a row as its steps."""

from typing import TYPE_CHECKING

from repro.instruments.diagnose.changes.change import Change, Changes
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.past import Past, split_windows
from repro.instruments.diagnose.setup.anatomy import graph
from repro.instruments.diagnose.setup.setup import Setup, cut
from repro.instruments.diagnose.setup.splitting import Pair

if TYPE_CHECKING:
    import keras

WINDOWS = """\
padded = np.concatenate([x[:1]] * {before} + [x])[:, 0]  # the first row stands for those before it
x = np.stack([padded[i : i + len(x)] for i in range({steps})], axis=1)
# and keras.Input(x.shape[1:])"""


def past_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Give windows of rows in place of single ones, where the rows before tell the targets."""
    if "single_steps" in symptoms and (past := examination.past) is not None:
        yield _windows(setup, past)


def _windows(setup: Setup, past: Past) -> Change:
    def rows(_train: Pair, _test: Pair) -> tuple[Pair, Pair]:
        train, test = split_windows(setup, past.steps)
        return cut(train, len(setup.train[1])), test

    def edit(model: "keras.Model") -> "keras.Model":
        import keras

        shape = (past.steps, *model.inputs[0].shape[2:])
        return keras.models.clone_model(
            graph(model), input_tensors=keras.Input(shape), clone_function=lambda layer: layer
        )

    return Change(
        key="windows",
        title=f"windows of {past.steps} rows, the last of them the row itself",
        size=2,
        code=WINDOWS.format(before=past.steps - 1, steps=past.steps),
        removes=("single_step",),
        group="rows",
        rows=rows,
        edit=edit,
    )
