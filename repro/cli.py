"""The command line: `python -m repro.NAME` runs a study.

TensorFlow is imported only to train, by the experiment itself, so every `--help` answers at once.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

RESULTS = Path("results")


class SeedsType(click.ParamType):
    """`N` for the seeds 0..N-1, or `A:B` for A..B-1."""

    name = "N|A:B"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Return the seeds; fail with the reason."""
        from repro.study.schema import MAX_SEEDS

        match = re.fullmatch(r"(?:(\d{1,10}):)?(\d{1,10})", value)
        if match is None:
            self.fail(f"{value!r} is neither a count such as 8 nor a range such as 10:20")
        start, stop = int(match[1] or 0), int(match[2])
        if stop <= start:
            self.fail(f"{value!r} names no seed; give at least one, such as 1 or 3:4")
        if stop - start > MAX_SEEDS or stop > 2**32:
            self.fail(f"{value!r}: at most {MAX_SEEDS:,} seeds, each below 2**32")
        return tuple(range(start, stop))


class Names(click.ParamType):
    """Names with commas between them."""

    name = "a,b"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Return the names; fail if one is empty or repeated."""
        # a grid's variants have commas in their own names: grid@a=1,b=2
        names = tuple(re.split(r",(?![^,@]*=)", value))
        if not all(names) or len(set(names)) < len(names):
            self.fail(f"{value!r} has an empty or repeated name")
        return names


def study_command(name: str) -> click.Command:
    """Return the command that runs one study."""

    @click.command(name, epilog=f"Example: python -m repro.{name} --seeds 4", help=_about(name))
    @click.option("--seeds", type=SeedsType(), help="Seeds 0..N-1 or A..B-1 in place of all.")
    @click.option("--variants", type=Names(), help="Only these variants.")
    @click.option("--epochs", type=click.IntRange(min=1), help="Epochs in place of the study's.")
    @click.option("--data", type=click.Choice(["mnist", "mnist5k"]), help="Data set to run on.")
    @click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Results folder; by default {RESULTS}/{name}, with what differs from the study "
        "behind an @.",
    )
    def command(**options: Any) -> None:
        execute(name, **options)

    return command


def run_study(name: str) -> None:
    """Run a study from the command line; ends the process."""
    study_command(name)(prog_name=f"python -m repro.{name}")


def execute(
    name: str,
    *,
    seeds: tuple[int, ...] | None = None,
    variants: tuple[str, ...] | None = None,
    epochs: int | None = None,
    data: str | None = None,
    out: Path | None = None,
) -> None:
    """Run a study, write its results folder and show what came of it; exits with 0, 1, 2 or 130.

    0: all runs are in; 1: some crashed; 2: what was asked for is wrong; 130: interrupted.
    """
    # Set before TensorFlow is imported. Its notes on start-up are no news to the reader.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from repro import session
    from repro.data import DataCorrupt, DataUnavailable
    from repro.study.schema import StudyError
    from repro.study.store import StoreError

    try:
        code = session.run(name, seeds, variants, epochs, data, out)
    except (StudyError, StoreError, DataCorrupt, DataUnavailable) as error:
        click.echo(f"Error: {error}", err=True)
        code = 2
    except KeyboardInterrupt:
        click.echo("Stopped at once: the block in flight is lost; run again to go on.", err=True)
        code = 130
    sys.exit(code)


def _about(name: str) -> str:
    import tomllib

    from repro.study.folder import studies_folder

    study = tomllib.loads((studies_folder() / f"{name}.toml").read_text(encoding="utf-8"))
    return f"{study['question']}\n\nRun the study experiments/{name}.toml: {study['title']}."
