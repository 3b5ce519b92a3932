"""`python -m repro new`: begin a study from templates."""

import sys

import click

from repro.app.cli.exits import reported


@click.command(epilog="Example: python -m repro new xor_gate --posted")
@click.argument("name")
@click.option(
    "--posted", is_flag=True, help="Begin a package that has the thread's own numpy code, too."
)
def command(name: str, posted: bool) -> None:
    """Begin a study: write its file, thread, test and page.

    Each place to fill in is marked TODO. What is written runs at once.
    """
    from repro.app.scaffold import new

    sys.exit(reported(lambda: new(name, posted=posted)))
