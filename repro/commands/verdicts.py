"""`python -m repro verdicts`."""

import sys

import click

from repro.cli import reported


@click.command()
@click.argument("names", nargs=-1)
def command(names: tuple[str, ...]) -> None:
    """Judge claims again from the tables in results/; of all studies, or of these NAMES."""
    from repro.from_tables import rejudge

    sys.exit(reported(lambda: rejudge(names)))
