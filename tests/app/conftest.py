"""What the tests of the commands share: a tiny study that was run, and a process that calls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.undrawn import CALLED, UNDRAWN

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


class Commands:
    """A process of a package that calls its commands, one after the other: it starts once."""

    def __init__(self, package):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CALLED],
            cwd=package,
            env=os.environ | {"PYTHONPATH": str(package), "COLUMNS": "140"},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def call(self, folder, *args):
        """Call a command in a folder; returns its exit code and what it printed."""
        request = json.dumps([str(folder), *map(str, args)])
        print(request, file=self.process.stdin, flush=True)
        done = SimpleNamespace(**json.loads(self.process.stdout.readline()))
        assert not done.traceback, done.traceback
        return done


@pytest.fixture(scope="module")
def commands(finished):
    """The commands of the package with the tiny study."""
    started = Commands(finished)
    yield started
    started.process.communicate(timeout=60)
