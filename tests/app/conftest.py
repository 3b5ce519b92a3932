"""What the tests of the commands share: a tiny study that was run, and a process that calls."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.undrawn import UNDRAWN, Commands

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def finished(make_once):
    """A copy of the package with a tiny study, and the results of that; not to be changed."""
    return make_once("package", run_tiny_study)


def run_tiny_study(copy):
    for folder in ("repro", "experiments"):
        shutil.copytree(ROOT / folder, copy / folder)  # compiled code too: dates are kept
    shutil.copytree(ROOT / "tests" / "tiny_study", copy, dirs_exist_ok=True)
    command = [sys.executable, "-c", UNDRAWN, "run", "absolute_value", "--workers", "1"]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=True, timeout=300)


@pytest.fixture(scope="module")
def commands(finished):
    """The commands of the package with the tiny study."""
    with Commands(finished) as started:
        yield started
