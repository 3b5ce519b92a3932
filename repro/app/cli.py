"""The command line: `python -m repro`, and `python -m repro.NAME` for one study.

TensorFlow is imported only to train, by the experiment itself, so every `--help` answers at once.
"""

import re
import sys
import tomllib
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from repro import __version__
from repro.app.exits import reported, run_to_end
from repro.app.streams import say
from repro.study.text import printable

MOST_BYTES = 2**20  # of a study file
EPOCHS = click.IntRange(1, 1_000_000)


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


class OutFolder(click.Path):
    """A results folder, which need not be there yet."""

    def __init__(self, *, exists: bool = False):
        super().__init__(file_okay=False, exists=exists, path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the folder; fail with the reason."""
        from repro.study.naming import results_path
        from repro.study.schema import StudyError

        try:
            return super().convert(results_path(value), param, ctx)
        except StudyError as error:
            self.fail(str(error))


def anyway_option(command: Any) -> Any:
    """Give a command that shows tables the option to show edited ones."""
    meaning = "Show tables that were edited since they were made, marked as such."
    return click.option("--anyway", is_flag=True, help=meaning)(command)


def study_options(command: Any) -> Any:
    """Give a command the options of a study's run."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in reversed(
        (
            click.option("--quick", is_flag=True, help="A first answer, in a few minutes at most."),
            click.option("--claims", is_flag=True, help="Show all claims in the end."),
            click.option("--seeds", type=SeedsType(), help="Seeds 0..N-1 or A..B-1, not all."),
            click.option("--variants", type=Names(), help="Only these variants."),
            click.option("--epochs", type=EPOCHS, help="Other than the study's."),
            click.option("--data", type=click.Choice(["mnist", "mnist5k"]), help="Data set."),
            click.option("--workers", type=click.IntRange(1, 1024), help="Processes; one a core."),
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


def study_command(name: str) -> click.Command:
    """Return the command that runs one study."""

    @click.command(name, epilog=f"Example: python -m repro.{name} --seeds 4", help=_help(name))
    @study_options
    def command(**options: Any) -> None:
        sys.exit(execute(name, **options))

    return command


def run_study(name: str) -> None:
    """Run a study from the command line; ends the process."""
    run_to_end(study_command(name), f"python -m repro.{name}")


class Commands(click.Group):
    """The modules of `repro.commands`; only the one that is asked for is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        folder = Path(__file__).parents[1] / "commands"
        return sorted(path.stem for path in folder.glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return import_module(f"repro.commands.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for; fail, with the nearest, if there is none."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            ctx.fail(_no_command(args[0], names, program=ctx.command_path))
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands, invoke_without_command=True, epilog="Example: python -m repro run mnist_relu"
)
@click.version_option(__version__, prog_name="repro-relu")
@click.pass_context
def main(context: click.Context) -> None:
    """Rerun question-and-answer threads that ask why ReLU does worse than sigmoid, over many seeds.

    Without a command, list the studies.
    """
    if context.invoked_subcommand is None:
        from repro.study.folder import study_names

        width = max(map(len, study_names()), default=0)
        for name in study_names():
            say(f"{name:{width}}  {_says(name, 'title')}")
        say("\nRun one with: python -m repro run NAME   (or: python -m repro.NAME)")


def execute(name: str, **options: Any) -> int:
    """Run a study, write its results folder, show what came of it; returns the exit code."""
    from repro.app import run as session

    return reported(lambda: session.run(name, **options))


def _no_command(name: str, commands: list[str], *, program: str) -> str:
    from repro.study.folder import study_names

    offers = {command: command for command in commands}
    offers |= {study: f"run {study}" for study in study_names()}
    nearest = get_close_matches(name, offers, n=1)
    meant = f"; did you mean: {program} {offers[nearest[0]]}" if nearest else ""
    return f"no command is named {name!r}{meant}"


def _help(name: str) -> str:
    title, variants = _says(name, "title"), _read(name).get("variants", {})
    listed = (
        f"\n\nVariants: {printable(', '.join(variants))}." if isinstance(variants, dict) else ""
    )
    study = f"Run the study experiments/{name}.toml: {title}."
    return f"{_says(name, 'question')}\n\n{study}{listed}"


def _says(name: str, key: str) -> str:
    return printable(str(_read(name).get(key, f"(no {key} can be read)")))


def _read(name: str) -> dict[str, Any]:
    # without the checks of `load_study`, whose imports would make every --help slower
    from repro.study.files import read_regular
    from repro.study.folder import studies_folder

    path = studies_folder() / f"{name}.toml"
    try:
        return tomllib.loads(read_regular(path, MOST_BYTES, follow=True).decode())
    except (OSError, ValueError, RecursionError):  # what is wrong, a run says
        return {}


def console_script() -> None:
    """Run `repro`, which is `python -m repro` by another name."""
    run_to_end(main, "repro")
