"""`python -m repro verdicts`."""

import sys

import click

from repro.app.cli import reported


@click.command()
@click.argument("names", nargs=-1)
def command(names: tuple[str, ...]) -> None:
    """Judge claims again from the tables in results/; of all studies, or of these NAMES."""
    from repro.app.regenerate import rejudge

    sys.exit(reported(lambda: rejudge(names)))
