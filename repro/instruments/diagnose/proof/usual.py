"""Make the network as usual as can be, all at once, and then leave out what isn't needed.

This finds faults that no symptom points at, and several that hide one another: whatever of the
usual settings the network can't do without is what was wrong.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from repro.instruments.diagnose.changes.catalogue import can_be_built
from repro.instruments.diagnose.changes.change import Change, combine
from repro.instruments.diagnose.setup.setup import Setup

USUAL = (
    "class_weights",
    "weigh_ones",
    "weigh_classes",
    "standardize_input",
    "standardize_targets",
    "standardize_each_target",
    "output",
    "squared_loss",
    "hidden_layer",
    "hidden_relu",
    "relu_on_linear",
    "initializer",
    "more_units",
    "no_dropout",
    "no_noise",
    "no_pooling",
    "unfreeze",
    "no_penalty",
    "no_constraint",
    "no_clip",
    "shuffle",
    "constant_rate",
    "adam",
    "small_batch",
)
"""Keys or groups of the changes that make a network an ordinary one."""


def usual_changes(
    setup: Setup, changes: Sequence[Change], preferred: Sequence[Change], causes: Sequence[str]
) -> list[Change]:
    """Return the changes that together make the network usual, the least suspected first.

    Args:
        setup: the training that is diagnosed.
        changes: all that apply.
        preferred: those that are taken in any case, before others of their group.
        causes: all causes that are suspected.
    """
    chosen: list[Change] = []
    for change in _candidates(changes, preferred):
        groups = {other.group for other in chosen}
        if change.group not in groups and can_be_built(setup, reduce(combine, [*chosen, change])):
            chosen.append(change)
    return sorted(chosen, key=lambda change: _suspected(change, preferred, causes))


def _candidates(changes: Sequence[Change], preferred: Sequence[Change]) -> Iterator[Change]:
    """Yield those preferred, then the usual changes in their order; long ones never."""
    yield from (change for change in preferred if change.epochs == 1)
    for name in USUAL:
        yield from (c for c in changes if c.epochs == 1 and name in (c.key, c.group))


def _suspected(change: Change, preferred: Sequence[Change], causes: Sequence[str]) -> int:
    return 2 if change in preferred else 1 if set(change.removes) & set(causes) else 0


def needed_changes(
    chosen: Sequence[Change], is_enough: Callable[[Sequence[Change]], bool]
) -> list[Change]:
    """Leave out what isn't needed: first halves of the changes, then quarters, then each.

    Args:
        chosen: the changes, those that are needed least in front.
        is_enough: tells whether some of them do as well as all.
    """
    needed, size = list(chosen), len(chosen)
    while size > 1:
        size = (size + 1) // 2
        for chunk in [needed[i : i + size] for i in range(0, len(needed), size)]:
            fewer = [change for change in needed if change not in chunk]
            if fewer and is_enough(fewer):
                needed = fewer
        size = min(size, len(needed))
    return needed
