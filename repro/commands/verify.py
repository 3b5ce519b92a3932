"""`python -m repro verify`."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from repro.app.cli import Names, OutFolder, SeedsType, anyway_option
from repro.app.exits import FINDING, INTERRUPTED, reported


@click.command(epilog="Example: python -m repro verify truth_table --sample 5")
@click.argument("names", nargs=-1)
@click.option("--seeds", type=SeedsType(), help="Only the blocks with these seeds: N, or A:B.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many blocks, drawn at random.")
@click.option("--variants", type=Names(), help="Only these variants.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; one a core.")
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
    variants: tuple[str, ...] | None,
    workers: int | None,
    out: Path | None,
    skip_unavailable: bool,
    elsewhere: bool,
    anyway: bool,
) -> None:
    r"""Run the studies NAMES, or all, again, and compare with the committed results.

    What the same code made on the same fingerprint (processor, libraries, flags) must be the same
    to the bit, else each number within a tolerance, and each estimate in its interval; verdicts
    must be the same. Seeds that are trained together, a block, are so again.

    \b
    Exit status: 0 nothing differs that must not; 1 something does, or a block crashed;
    2 what was asked for is wrong, tables were edited, or data are not in reach; 130 interrupted.
    """
    from repro.app import verify as verification
    from repro.study.folder import study_names

    if sample is not None and seeds is not None:
        raise click.UsageError("give --seeds or --sample, not both")

    def job(name: str) -> Callable[[], int]:
        def verify() -> int:
            return verification.verify(
                name,
                seeds=seeds,
                sample=sample,
                variants=variants,
                workers=workers,
                out=out and out / name,
                skip_unavailable=skip_unavailable,
                elsewhere=elsewhere,
                anyway=anyway,
            )

        return verify

    codes = []
    for name in names or study_names():
        codes.append(reported(job(name)))
        if codes[-1] == INTERRUPTED:
            break
    # what differs outranks what could not be verified
    sys.exit(FINDING if FINDING in codes and INTERRUPTED not in codes else max(codes))
