"""`python -m repro explore`."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option


@click.command(epilog="Example: python -m repro explore")
@anyway_option
def command(anyway: bool) -> None:
    """Write results/explore.html: networks that train in the browser.

    The page shows them over the committed runs, from the tables in results/. The command trains
    nothing.
    """
    from repro.app.regenerate import explore

    sys.exit(reported(lambda: explore(anyway=anyway)))
