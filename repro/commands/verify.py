"""`python -m repro verify`: run studies again and compare with the committed results."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from repro.app.cli.exits import FINDING, INTERRUPTED, reported
from repro.app.cli.options import (
    Names,
    OutFolder,
    SeedsType,
    anyway_option,
    names_argument,
    workers_option,
)
from repro.study.folder import study_names


@click.command(epilog="Example: python -m repro verify truth_table --sample 5")
@names_argument
@click.option("--seeds", type=SeedsType(), help="Only the blocks with seeds 0 to N-1, or A to B-1.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many blocks, drawn at random.")
@click.option("--variants", type=Names(), help="Only these variants.")
@workers_option
@click.option(
    "--out",
    type=OutFolder(),
    help="Keep the rerun in FOLDER/NAME, to go on with it after an interruption.",
    metavar="FOLDER",
)
@click.option(
    "--skip-unavailable", is_flag=True, help="Pass over studies whose data are not in reach."
)
@click.option(
    "--elsewhere",
    is_flag=True,
    help="Where they were made by another machine or code: numbers may differ beyond tolerances.",
)
@anyway_option
def command(
    names: tuple[str, ...],
    seeds: tuple[int, ...] | None,
    sample: int | None,
    out: Path | None,
    **options: Any,
) -> None:
    """Run studies again and compare with the committed results.

    Of all studies, or of these NAMES. What the same code made on the same fingerprint (processor,
    libraries, flags) must be the same to the bit, else each number within a tolerance, and each
    estimate in its interval; verdicts must be the same. Seeds that are trained together, a block,
    are so again.

    Exit status 0: nothing differs that must not; 1: something does, or a block crashed; 2: what was
    asked for is wrong, tables were edited, or data are not in reach; 130: interrupted.
    """
    from repro.app.runs.verify import verify

    if sample is not None and seeds is not None:
        raise click.UsageError("give --seeds or --sample, not both")

    codes = []
    for name in names or study_names():
        job = partial(verify, name, seeds=seeds, sample=sample, out=out and out / name, **options)
        codes.append(reported(job))
        if codes[-1] == INTERRUPTED:
            break
    # what differs outranks what could not be verified
    sys.exit(FINDING if FINDING in codes and INTERRUPTED not in codes else max(codes))
