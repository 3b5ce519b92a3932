"""The user's data in whatever form they come: arrays, data sets, several outputs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from repro.instruments.diagnose.setup.arrays import leaves
from repro.instruments.diagnose.setup.budget import default_epochs
from repro.instruments.diagnose.setup.datasets import is_dataset, read_dataset
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.outputs import DROWNED, Joint, Output, are_several, outputs_of

SHORTEST = 5  # epochs of the joint training, which only ranks the outputs
LONGEST = 20


@dataclass(frozen=True, kw_only=True)
class Data:
    """Inputs, targets and weights, and how they are dealt out: arguments of `make_setup`."""

    x: Any
    y: Any
    validation_data: Any = None
    sample_weight: Any = None
    class_weight: dict[int, float] | None = None
    batch_size: int = 32
    shuffle: bool = True


def read(data: Data) -> Data:
    """Return data with arrays in place of data sets, and of a tuple of all arrays.

    Raises:
        DiagnoseError: if there are no targets.
    """
    data = _unpacked(data)
    data = replace(data, validation_data=_read_pair(data.validation_data))
    if not is_dataset(data.x):
        return data
    rows = read_dataset(data.x)
    return replace(data, **vars(rows))


def _unpacked(data: Data) -> Data:
    x = data.x
    if data.y is not None or is_dataset(x):
        return data
    if isinstance(x, tuple) and len(x) == 4:
        return replace(data, x=x[0], y=x[1], validation_data=(x[2], x[3]))
    if isinstance(x, tuple) and len(x) == 2:
        return replace(data, x=x[0], y=x[1])
    raise DiagnoseError("y is missing; give diagnose(build, x, y), or a tf.data.Dataset of both")


def _read_pair(validation: Any) -> Any:
    if not is_dataset(validation):
        return validation
    rows = read_dataset(validation)
    return rows.x, rows.y


def worst_output(
    build: Callable[[], Any], data: Data, epochs: int | None
) -> tuple[Callable[[], Any], Data, tuple[str, ...], Joint | None]:
    """Return the build function and the targets of the worst output; all as it is if there is one.

    The notes tell every output's skill; what it reaches beside the others comes last.
    """
    if not are_several(data.y):
        return build, data, (), None
    validation = data.validation_data
    asked = epochs or default_epochs(len(leaves(data.y)[0]), data.batch_size)
    ranked = outputs_of(
        build,
        data.x,
        data.y,
        validation,
        epochs=min(max(asked, SHORTEST), LONGEST),
        batch_size=data.batch_size,
    )
    worst = ranked[0]
    pair = (validation[0], worst.y_test) if validation else None
    return worst.build, replace(data, y=worst.y, validation_data=pair), _notes(ranked), worst.joint


def _notes(ranked: list[Output]) -> tuple[str, ...]:
    """Tell every output's skill, and which of those that aren't diagnosed hardly count."""
    worst, *others = ranked
    skills = ", ".join(f"{output.name} {output.joint_skill:.2f}" for output in ranked)
    drowned = [f"{o.name}'s is {o.share:.2g} of the sum" for o in others if o.share < DROWNED]
    reach = f"trained together, the outputs reach: {skills}; {worst.name} is diagnosed alone"
    return (reach, *([f"losses that hardly count: {', '.join(drowned)}"] if drowned else []))
