"""The command line: `python -m repro`, and `python -m repro.NAME` for one study.

TensorFlow is imported only to train, by the experiment itself, so every `--help` answers at once.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from repro import __version__
from repro.app.cli.exits import reported, run_to_end
from repro.app.cli.options import study_options
from repro.app.terminal.streams import say
from repro.study.errors import nearest
from repro.study.folder import read_tables, studies_folder, study_names
from repro.study.text import printable


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
        folder = Path(__file__).parents[2] / "commands"
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
        width = max(map(len, study_names()), default=0)
        for name in study_names():
            say(f"{name:{width}}  {_says(name, 'title')}")
        say("\nRun one with: python -m repro run NAME   (or: python -m repro.NAME)")
        say("All commands: python -m repro --help")


def execute(name: str, **options: Any) -> int:
    """Run a study, write its results folder, show what came of it; returns the exit code."""
    from repro.app.runs.run import run

    return reported(lambda: run(name, **options))


def _no_command(name: str, commands: list[str], *, program: str) -> str:
    offers = {command: command for command in commands}
    offers |= {study: f"run {study}" for study in study_names()}
    offer = offers.get(nearest(name, offers))
    meant = f"; did you mean: {program} {offer}" if offer else ""
    return f"no command is named {name!r}{meant}"


def _help(name: str) -> str:
    paragraphs = [
        _says(name, "question"),
        f"Run the study experiments/{name}.toml: {_says(name, 'title')}.",
    ]
    variants = _read(name).get("variants", {})
    if isinstance(variants, dict):
        paragraphs.append(f"Variants: {printable(', '.join(variants))}.")
    return "\n\n".join(paragraphs)


def _says(name: str, key: str) -> str:
    return printable(str(_read(name).get(key, f"(no {key} can be read)")))


def _read(name: str) -> dict[str, Any]:
    # without the checks of `load_study`, whose imports would make every --help slower
    try:
        return read_tables(studies_folder() / f"{name}.toml")
    except (OSError, ValueError, RecursionError):  # what is wrong, a run says
        return {}


def console_script() -> None:
    """Run `repro`, which is `python -m repro` by another name."""
    run_to_end(main, "repro")
