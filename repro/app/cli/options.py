"""Types of the commands' options, and the options that several commands share.

Imports nothing that takes time, so that every `--help` answers at once.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

EPOCHS = click.IntRange(1, 1_000_000)
SEEDS_HELP = "Seeds 0 to N-1, or A to B-1."
DATA_SETS = ("mnist", "mnist5k")  # `repro.data.NAMES`, whose import takes time


class Finite(click.FloatRange):
    """A number, neither infinite nor nan, which lies in no range and outside of none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail with the reason."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number

    def _describe_range(self) -> str:
        # without bounds click would write x<=None
        return "" if self.min is self.max is None else super()._describe_range()


class SeedsType(click.ParamType):
    """`N` for the seeds 0..N-1, or `A:B` for A..B-1."""

    name = "N|A:B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the seeds; fail with the reason."""
        from repro.study.models import MAX_SEEDS

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

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names; fail if one is empty or repeated."""
        # a grid's variants have commas in their own names: grid@a=1,b=2
        names = tuple(re.split(r",(?![^,@]*=)", value))
        if not all(names) or len(set(names)) < len(names):
            self.fail(f"{value!r} has an empty or repeated name")
        return names


class OutFolder(click.Path):
    """A results folder, which need not be there yet."""

    def __init__(self, *, exists: bool = False):
        super().__init__(file_okay=False, exists=exists, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the folder; fail with the reason."""
        from repro.study.errors import StudyError
        from repro.study.naming import results_path

        try:
            return super().convert(results_path(value), param, ctx)
        except StudyError as error:
            self.fail(str(error))


def _named_once(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Return names as they are; fail if one is there twice, for which all would be done twice."""
    twice = next((name for name, count in Counter(value).items() if count > 1), None)
    if twice is not None:
        raise click.BadParameter(f"{twice!r} is named twice", ctx, param)
    return value


names_argument = click.argument("names", nargs=-1, callback=_named_once)
anyway_option = click.option(
    "--anyway",
    is_flag=True,
    help="Show tables that were edited since they were made, marked as such.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes that train; by default one a core."
)
data_option = click.option(
    "--data", type=click.Choice(DATA_SETS), help="Data set, in place of the study's."
)


def study_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a study's run."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in reversed(
        (
            click.option("--quick", is_flag=True, help="A first answer, in a few minutes at most."),
            click.option("--claims", is_flag=True, help="Show all claims in the end."),
            click.option("--seeds", type=SeedsType(), help=SEEDS_HELP),
            click.option("--variants", type=Names(), help="Only these variants."),
            click.option("--epochs", type=EPOCHS, help="Epochs to train, in place of the study's."),
            data_option,
            workers_option,
            click.option(
                "--out",
                type=OutFolder(),
                help="Results folder; by default results/NAME, with what differs from the study "
                "behind an @.",
            ),
            click.option("--scheduler", metavar="ADDRESS", help="Train on this dask cluster."),
            click.option("--scheduler-file", type=file, help="The same, by its scheduler's file."),
            click.option("--tls-ca", type=file, help="Whose certificates to trust (PEM)."),
            click.option("--tls-cert", type=file, help="Our certificate for the cluster (PEM)."),
            click.option("--tls-key", type=file, help="Its private key (PEM)."),
        )
    ):
        command = option(command)
    return command
