"""The README is short, says what the committed tables say, and its commands and code run.

Slow: commands whose like is run elsewhere, what is regenerated of all studies, the report, the
Python of the guide to fit_seeds.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import repro
from repro.app.cli.main import main
from repro.data import load
from repro.store.tables import read_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = [ROOT / "docs" / f"{name}.md" for name in ("run-a-study", "fit-seeds", "data")]
TEXTS = {"README": README} | {path.stem: path.read_text(encoding="utf-8") for path in GUIDES}

# The numbers of the answers: means over a variant's runs, or a claim's estimate in points.
ANSWERS = [
    ("mnist_relu", "It gets {:.0%}, sigmoid {:.0%}.", "relu_raw sigmoid_raw", "test_accuracy"),
    ("mnist_relu", "and {:.0%} of the images reach no unit.", "relu_raw", "silent_images"),
    (
        "truth_table",
        "the right gradient and a sigmoid output {:.1%} of the seeds learn.",
        "relu_sigmoid_output_bias",
        "learned",
    ),
    (
        "relu_at_zero",
        "built into integer data change the weights by {:.0%}.",
        "integers_one",
        "change",
    ),
    (
        "add_numbers",
        "{:.1%} of the networks are born dead, silent on every input.",
        "relu_posted",
        "born_dead",
    ),
    (
        "add_numbers",
        "share that learns from {:.0%} to {:.0%}.",
        "relu_posted relu_linear_posted",
        "learned",
    ),
]


@cache
def table(name, kind):
    return read_table(ROOT / "results" / name / f"{kind}.csv")


def in_one_line(text):
    return " ".join(text.split())


# its prose, without the evidence at the ends of sentences
PROSE = re.sub(r" \((`[\w.]+`(, )?)+\)", "", in_one_line(README))


def test_it_is_a_door():
    assert len(README.splitlines()) < 130


@pytest.mark.parametrize("name", re.findall(r"^- \[`(\w+)`\]", README, flags=re.M))
def test_every_thread_has_its_answer_page_and_ledger(name):
    assert f"- [`{name}`](docs/threads/{name}.md): *" in README
    assert f"([all numbers](results/{name}/README.md))" in in_one_line(README)


@pytest.mark.parametrize("name", re.findall(r"^- \[`(\w+)`\]", README, flags=re.M))
def test_the_claims_of_an_answer_are_decided(name):
    """`lint` holds that each sentence names its evidence."""
    answer = re.search(rf"^- \[`{name}`\].*?\(\[", README, flags=re.M | re.S)[0]
    verdicts = table(name, "claims").set_index("claim").verdict
    named = verdicts[verdicts.index.intersection(re.findall(r"`(\w+)`", answer))]
    assert len(named) and "inconclusive" not in set(named)


@pytest.mark.parametrize(("name", "says", "variants", "metric"), ANSWERS)
def test_an_answers_numbers_are_those_of_the_tables(name, says, variants, metric):
    means = table(name, "runs").groupby("variant")[metric].mean()
    said = says.format(*means[variants.split()])
    assert said.replace("%", " %").replace("e-0", "e-") in PROSE


def test_the_points_of_four_layers_are_those_of_its_claims():
    points = table("four_layers", "claims").set_index("claim").estimate.abs() * 100
    claims = ["backpropagation_alone_is_at_fault", "linear_output_beats_sigmoid"]
    missing, above = points[claims]
    assert f"mended, ReLU stays {missing:.0f} points below sigmoid." in PROSE
    assert f"as well it ends {above:.0f} above it." in PROSE


@pytest.mark.parametrize(
    ("page", "says", "is_named"),
    [
        ("README", r"in up to (\d+) minutes on two cores", True),
        ("run-a-study", r"`mnist_relu` takes up to (\d+) minutes", True),
        ("run-a-study", r"all the others together take up to (\d+):", False),
    ],
)
def test_the_minutes_are_those_of_the_provenance(page, says, is_named):
    """Half of the seconds on two cores, rounded up to ten minutes."""
    files = [path for path in ROOT.glob("results/*/provenance.json") if "@" not in str(path)]
    recorded = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    of_these = [one for one in recorded if (one["experiment"] == "mnist_relu") == is_named]
    minutes = sum(one["seconds"] for one in of_these) / 2 / 60
    said = int(re.search(says, in_one_line(TEXTS[page]))[1])
    assert said - 10 <= minutes <= said


REGENERATING = [f"python -m repro {name}" for name in ("verdicts", "figures", "ledger", "report")]
COMMANDS = sorted(
    {
        line.strip()
        for text in TEXTS.values()
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)
        for line in block.splitlines()
        if not language and line.startswith(("make ", "python "))
    }
    | {
        command
        for text in TEXTS.values()
        for command in re.findall(r"`((?:make|python -m) [^`]*)`", text)
    }
)
# What makes a command of these pages a matter of seconds: options that are given again replace the
# first. A command that is not named here fails.
SHORT = ["--data", "mnist5k", "--epochs", "1", "--seeds", "1", "--out", "short"]
SHORTER = {
    "make quick": ["--dry-run"],
    "make mnist_relu": ["--dry-run"],
    "make test": ["--dry-run"],
    "make all": ["--dry-run"],
    "python -m repro": [],
    "python -m repro.mnist_relu": [*SHORT, "--variants", "relu_raw"],
    "python -m repro.mnist_relu --data mnist5k": [*SHORT, "--variants", "relu_raw"],
    "python -m repro.mnist_relu --seeds 4 --variants relu_raw,relu_scaled": SHORT,
    "python -m repro.mnist_relu --seeds 30:60": [*SHORT, "--seeds=30:31", "--variants=relu_raw"],
    "python -m repro run truth_table add_numbers": ["--seeds=1", "--variants=relu_posted"],
    "python -m repro sweep mnist_relu hidden_activation=relu input_scale=1,1/16,1/255 "
    "learning_rate=0.001,0.01": SHORT,
    "python -m repro verify": ["truth_table", "--sample=1", "--variants=relu_posted"],
    "python -m repro verify truth_table --sample 5": ["--sample=1", "--variants=relu_posted"],
    "python -m repro diagnose my_model.py:build --data my_data.npz": ["--seeds=2", "--budget=5"],
    "python -m repro cite mnist_relu": [],
    "python -m repro cite mnist_relu relu_raw": [],
    "python -m repro export mnist_relu --latex paper/results": [],
}
# Each does what another test has done by such a command: here or in tests/app, tests/commands.
LONG = {
    "python -m repro.mnist_relu",
    "python -m repro.mnist_relu --data mnist5k",
    "python -m repro.mnist_relu --seeds 4 --variants relu_raw,relu_scaled",
    "python -m repro.mnist_relu --seeds 30:60",
    "python -m repro run truth_table add_numbers",
    "python -m repro sweep mnist_relu hidden_activation=relu input_scale=1,1/16,1/255 "
    "learning_rate=0.001,0.01",
    "python -m repro verify",
    "python -m repro verify truth_table --sample 5",
    "python -m repro diagnose my_model.py:build --data my_data.npz",
    "python -m repro export mnist_relu --latex paper/results",
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a folder with what a clone of the repository has: the committed results."""
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
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def run(folder, command, *options):
    program, *arguments = shlex.split(command)
    program = sys.executable if program == "python" else program
    done = call(folder, program, *arguments, *options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=pytest.mark.slow if name in LONG else ())
        for name in COMMANDS
        if name not in REGENERATING
    ],
)
def test_a_command_runs(command, copy):
    run(copy, command, *SHORTER[command])


@pytest.mark.parametrize("names", [["relu_at_zero"], pytest.param([], marks=pytest.mark.slow)])
def test_what_is_regenerated_is_what_is_committed(names, copy, monkeypatch):
    """Of one study, or of all, and then the report.

    Of one study, figures and report are made anew by tests/findings, too.
    """
    monkeypatch.chdir(copy)
    for command in REGENERATING:
        assert command in COMMANDS
        if names and command.endswith((" figures", " report")):
            continue
        done = CliRunner().invoke(main, [*command.split()[3:], *names])
        assert done.exit_code == 0, done.output
    for path in (copy / "results").glob("*/*"):
        name = path.relative_to(copy)
        if (ROOT / name).exists():
            assert path.read_bytes() == (ROOT / name).read_bytes(), name
    assert (copy / "results/index.html").read_bytes() == (ROOT / "results/index.html").read_bytes()


# Data for the code, few of each set, and a diagnosis of seconds: fewer seeds, little time.
BEFORE = """
from dataclasses import replace
from functools import partial
import repro
import repro.data
PARTS = ("x_train", "y_train", "x_test", "y_test")
data = repro.data.load("mnist5k")
data = replace(data, **{part: getattr(data, part)[:90] for part in PARTS})
repro.data.load = lambda name: data
repro.diagnose = partial(repro.diagnose, seeds=range(2), budget=5)
x, x_test = (a.reshape(-1, 784).astype("float32") for a in (data.x_train, data.x_test))
y, y_test = data.y_train, data.y_test
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("page", "shape", "written"),
    [
        ("README", (8 * 5, 6), "report/diagnosis.txt"),
        pytest.param("fit-seeds", (16 * 5, 4), "fit.npz", marks=pytest.mark.slow),
    ],
)
def test_the_python_runs(tmp_path, monkeypatch, page, shape, written):
    blocks = re.findall(r"^```python\n(.*?)^```", TEXTS[page], flags=re.M | re.S)
    monkeypatch.chdir(tmp_path)
    for room, name in ((repro, "diagnose"), (repro.data, "load")):
        monkeypatch.setattr(room, name, getattr(room, name))  # the code below changes it
    names = {"__name__": "reader"}
    exec(compile("\n".join([BEFORE, *blocks]), page, "exec"), names)  # noqa: S102
    assert names["fit"].frame.shape == shape
    assert (tmp_path / written).exists()
