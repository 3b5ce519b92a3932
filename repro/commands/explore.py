"""`python -m repro explore`."""

import sys

import click

from repro.app.exits import reported


@click.command(epilog="Example: python -m repro explore")
def command() -> None:
    """Write results/explore.html, a page that trains the threads' networks in the browser.

    It shows them over the committed runs, from the tables in results/. The command trains nothing.
    """
    from repro.app.regenerate import explore

    sys.exit(reported(explore))
