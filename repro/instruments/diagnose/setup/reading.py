"""The user's data in whatever form they come: arrays, data sets, several outputs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from repro.instruments.diagnose.setup.arrays import leaves
from repro.instruments.diagnose.setup.budget import default_epochs
from repro.instruments.diagnose.setup.datasets import is_dataset, read_dataset
from repro.instruments.diagnose.setup.outputs import are_several, outputs_of

SHORTEST = 5  # epochs of the joint training, which only ranks the outputs
LONGEST = 20


@dataclass(frozen=True)
class Data:
    """Inputs, targets and weights, and how they are dealt out."""

    x: Any
    y: Any
    sample_weight: Any
    batch_size: int
    shuffle: bool


def read(data: Data) -> Data:
    """Return a data set's rows as arrays; arrays as they are."""
    if not is_dataset(data.x):
        return data
    rows = read_dataset(data.x)
    return Data(rows.x, rows.y, rows.sample_weight, rows.batch_size, rows.shuffle)


def read_pair(validation: Any) -> Any:
    """Do the same for validation data."""
    if not is_dataset(validation):
        return validation
    rows = read_dataset(validation)
    return rows.x, rows.y


def worst_output(
    build: Callable[[], Any], data: Data, validation: Any, epochs: int | None
) -> tuple[Callable[[], Any], Data, Any, tuple[str, ...]]:
    """Return the build function and the targets of the worst output; all as it is if there is one.

    The notes tell every output's skill.
    """
    if not are_several(data.y):
        return build, data, validation, ()
    asked = epochs or default_epochs(len(leaves(data.y)[0]), data.batch_size)
    found = outputs_of(
        build,
        data.x,
        data.y,
        validation,
        epochs=min(max(asked, SHORTEST), LONGEST),
        batch_size=data.batch_size,
    )
    worst = found[0]
    skills = ", ".join(f"{output.name} {output.joint_skill:.2f}" for output in found)
    note = f"trained together, the outputs reach: {skills}; {worst.name} is diagnosed alone"
    pair = (validation[0], worst.y_test) if validation else None
    return worst.build, replace(data, y=worst.y), pair, (note,)
