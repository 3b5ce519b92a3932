"""`python -m repro sweep`: run an experiment on a grid of its parameters."""

import sys
from typing import Any

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import (
    EPOCHS,
    SEEDS_HELP,
    OutFolder,
    SeedsType,
    data_option,
    workers_option,
)


@click.command(
    epilog="Example: python -m repro sweep mnist_relu hidden_activation=relu "
    "input_scale=1,1/16,1/255 learning_rate=0.001,0.01"
)
@click.argument("name")
@click.argument("settings", nargs=-1, required=True, metavar="PARAMETER=VALUE,VALUE...")
@click.option("--seeds", type=SeedsType(), default="5", show_default=True, help=SEEDS_HELP)
@click.option("--epochs", type=EPOCHS, help="Epochs to train, in place of the study's.")
@data_option
@workers_option
@click.option(
    "--out",
    type=OutFolder(),
    help="Results folder; by default results/NAME@sweep=….",
)
def command(name: str, settings: tuple[str, ...], **options: Any) -> None:
    """Run an experiment with all combinations of values; draw it.

    NAME is a study's. Several values of a PARAMETER have commas between them.

    The first parameter with several values is the figure's x axis, the second its y axis; others
    make panels. A parameter that is not given has the study's fixed value or its default.
    """
    from repro.app.runs.sweep import sweep

    sys.exit(reported(lambda: sweep(name, settings, **options)))
