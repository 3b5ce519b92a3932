"""What the tests of the commands share: a tiny study that was run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.undrawn import UNDRAWN

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def finished(make_once):
    """A copy of the package with a tiny study, and the results of that; not to be changed."""
    return make_once("package", run_tiny_study)


def run_tiny_study(copy):
    for folder in ("repro", "experiments"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    shutil.copytree(ROOT / "tests" / "tiny_study", copy, dirs_exist_ok=True)
    command = [sys.executable, "-c", UNDRAWN, "run", "absolute_value", "--workers", "1"]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    subprocess.run(command, cwd=copy, env=environment, capture_output=True, check=True, timeout=300)
