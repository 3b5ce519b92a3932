"""The README says what the committed tables say, and its commands and code run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from repro.data import load
from repro.findings.ledger import ledger, splice
from repro.store.tables import read_table
from repro.study.folder import study_names
from repro.study.schema import load_study

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", study_names())
def test_the_ledger_is_that_of_the_committed_tables(name):
    tables = [read_table(ROOT / "results" / name / f"{kind}.csv") for kind in ("runs", "claims")]
    assert splice(README, name, ledger(load_study(name), *tables)) == README


def test_every_local_link_resolves():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


COMMANDS = sorted(
    {
        line.strip()
        for block in re.findall(r"^```\n(.*?)^```", README, flags=re.M | re.S)
        for line in block.splitlines()
        if line.startswith(("make ", "python "))
    }
    | set(re.findall(r"`((?:make|python -m) [^`]*)`", README))
)
# What makes a command of the README a matter of seconds: options that are given again replace the
# first. A command that is not named here fails.
SHORT = ["--data", "mnist5k", "--epochs", "1", "--seeds", "1", "--out", "short"]
SHORTER = {
    "make mnist_relu": ["--dry-run"],
    "make test": ["--dry-run"],
    "make faults": ["--dry-run"],
    "python -m repro": [],
    "python -m repro.mnist_relu": [*SHORT, "--variants", "relu_raw"],
    "python -m repro.mnist_relu --seeds 4 --variants relu_raw,relu_scaled": SHORT,
    "python -m repro.mnist_relu --seeds 30:60": [*SHORT, "--seeds=30:31", "--variants=relu_raw"],
    "python -m repro run truth_table add_numbers": ["--seeds=1", "--variants=relu_posted"],
    "python -m repro sweep mnist_relu hidden_activation=relu input_scale=1,1/16,1/255 "
    "learning_rate=0.001,0.01": SHORT,
    "python -m repro verify": ["truth_table", "--sample=1", "--variants=relu_posted"],
    "python -m repro verify truth_table --sample 5": ["--sample=1", "--variants=relu_posted"],
    "python -m repro verdicts": [],
    "python -m repro figures": ["truth_table"],
    "python -m repro report": [],
    "python -m repro diagnose my_model.py:build --data my_data.npz": ["--seeds", "2"],
    "python -m repro cite mnist_relu": [],
    "python -m repro export mnist_relu --latex paper/results": [],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What a reader has who has cloned the repository: the committed results."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(
        ROOT / "results", folder / "results", ignore=shutil.ignore_patterns(".store*", "*@*")
    )
    for file in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / file, folder)
    (folder / "my_model.py").write_text(
        "import keras\n\n\n"
        "def build():\n"
        "    layers = [keras.Input((784,)), keras.layers.Dense(10, 'softmax')]\n"
        "    model = keras.Sequential(layers)\n"
        "    model.compile('sgd', 'sparse_categorical_crossentropy')\n"
        "    return model\n"
    )
    digits = load("mnist5k")
    x, y = digits.x_train[:300].reshape(-1, 784).astype("float32"), digits.y_train[:300]
    np.savez(folder / "my_data.npz", x=x, y=y)
    return folder


def call(folder, *command):
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command, copy):
    program, *arguments = shlex.split(command)
    program = sys.executable if program == "python" else program
    done = call(copy, program, *arguments, *SHORTER[command])
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_regenerated_is_what_is_committed(copy):
    for command in ("verdicts", "figures", "report"):
        assert call(copy, sys.executable, "-m", "repro", command).returncode == 0
    for path in (copy / "results").glob("*/*"):
        name = path.relative_to(copy)
        if (ROOT / name).exists():
            assert path.read_bytes() == (ROOT / name).read_bytes(), name
    assert (copy / "results/index.html").read_bytes() == (ROOT / "results/index.html").read_bytes()


def test_its_python_runs(copy):
    (code,) = re.findall(r"^```python\n(.*?)^```", README, flags=re.M | re.S)
    data = """
from repro.data import load
data = load("mnist5k")
x, x_test = (a[:300].reshape(-1, 784).astype("float32") for a in (data.x_train, data.x_test))
y, y_test = data.y_train[:300], data.y_test[:300]
"""
    done = call(copy, sys.executable, "-c", f"{data}\n{code}\nprint(fit.frame.shape)")
    assert done.stdout.strip() == "(40, 6)", done.stderr
