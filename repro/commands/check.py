"""`python -m repro check`: look for mistakes in a model and its compile arguments, without data."""

import sys

import click

from repro.app.cli import reported


@click.command(epilog="Example: python -m repro check my_model.py:build")
@click.argument("target", metavar="FILE.py:NAME")
def command(target: str) -> None:
    """Name what is written wrong in a model, before any data.

    FILE.py:NAME is a function that takes no arguments and returns a compiled Keras model. The file
    is code, and naming it here runs it: name only files that you would run yourself.

    Ends with 1 if something was result. What only data can tell, `diagnose` measures.
    """
    sys.exit(reported(lambda: _run(target)))


def _run(target: str) -> int:
    from repro.instruments.diagnose import DiagnoseError
    from repro.study.schema import StudyError

    try:
        return _report(target)
    except DiagnoseError as error:
        raise StudyError(str(error)) from error


def _report(target: str) -> int:
    from rich.console import Console

    from repro.training import quiet  # noqa: F401  # isort: skip  # before the file imports Keras
    from repro.instruments.diagnose.check import check
    from repro.instruments.diagnose.setup.loading import load_object

    result = check(load_object(target))
    Console().print(str(result), markup=False, highlight=False, soft_wrap=True)
    return 1 if result.findings else 0
