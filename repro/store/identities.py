"""The identities that the runs of a table have by what `provenance.json` says of them."""

from collections.abc import Iterator, Sequence

import pandas as pd

from repro.store.provenance import Provenance
from repro.study.identity import digest
from repro.study.plan import Block
from repro.study.seeds import in_blocks


def identities_digest(runs: pd.DataFrame, recorded: Provenance) -> str:
    """Return what `provenance.json` should say of the runs: the digest of all identities."""
    settings = recorded.settings.variants
    blocks = (
        block
        for variant, rows in runs.groupby("variant", sort=False)
        if variant in settings
        for block in blocks_of(recorded, str(variant), rows["seed"].tolist())
    )
    return digest(sorted(identity for block in blocks for identity in block.identities))


def blocks_of(recorded: Provenance, variant: str, seeds: Sequence[int]) -> Iterator[Block]:
    """Yield the blocks in which seeds of a variant were trained, by what is recorded."""
    shared = {
        "code": recorded.code,
        "parameters": recorded.settings.of_variant(variant),
        "data": recorded.data_digest,
        "fingerprint": recorded.fingerprint.model_dump(),
    }
    for together in in_blocks(seeds, recorded.block):
        yield Block(variant, {**shared, "seeds": list(together)})
