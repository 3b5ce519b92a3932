"""Select whole blocks of a plan, so that their runs are the same runs.

A seed alone would not be: its numbers depend by rounding on the block that it is trained in.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from repro.study.errors import StudyError
from repro.study.plan import Block, Plan, choose_variants

DRAW = 0  # seed of the draw of a sample: the same one each time


def choose_blocks(
    plan: Plan,
    *,
    variants: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    sample: int | None = None,
) -> Plan:
    """Return the part of a plan that is asked for, in whole blocks.

    Args:
        plan: of the whole study.
        variants: only these.
        seeds: only the blocks that hold any of them.
        sample: of the blocks that are left, only so many, drawn at random.

    Raises:
        StudyError: for an unknown variant; if there is none of the seeds.
    """
    known = choose_variants(plan.study, variants)
    blocks = [block for block in plan.blocks if block.variant in known]
    if seeds is not None:
        asked = frozenset(seeds)
        blocks = [block for block in blocks if not asked.isdisjoint(block.seeds)]
        if not blocks:
            last = max(max(block.seeds) for block in plan.blocks)
            raise StudyError(f"--seeds: {plan.study.name} has the seeds 0 to {last}, none of these")
    if sample is not None and sample < len(blocks):
        blocks = random.Random(DRAW).sample(blocks, sample)  # noqa: S311
    return with_blocks(plan, blocks)


def with_blocks(plan: Plan, blocks: Collection[Block]) -> Plan:
    """Return the plan of only these of its blocks: the same runs with the same identities."""
    chosen = frozenset(blocks)
    kept = tuple(block for block in plan.blocks if block in chosen)
    seeds: dict[str, list[int]] = {}
    for block in kept:
        seeds.setdefault(block.variant, []).extend(block.seeds)
    own = {variant: tuple(seeds[variant]) for variant in plan.seeds if variant in seeds}
    return replace(plan, blocks=kept, seeds=own)


def with_fingerprint(plan: Plan, fingerprint: Mapping[str, Any]) -> Plan:
    """Return the plan as it was, or would be, on the machine of another fingerprint."""
    blocks = tuple(
        Block(block.variant, {**block.settings, "fingerprint": dict(fingerprint)})
        for block in plan.blocks
    )
    return replace(plan, blocks=blocks)
