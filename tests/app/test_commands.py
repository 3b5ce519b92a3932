"""A command that there is not is refused with the nearest that there is."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from repro import __version__
from repro.app.cli.main import main, study_command
from repro.app.cli.user_files import require_function
from repro.study.folder import study_names

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("truth_table", "did you mean: python -m repro run truth_table\n"),
        ("truth_tabel", "did you mean: python -m repro run truth_table\n"),
        ("vreify", "did you mean: python -m repro verify\n"),
        ("zzz", "no command is named 'zzz'\n"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest(name, answer):
    result = CliRunner().invoke(main, [name], prog_name="python -m repro")
    assert result.exit_code == 2
    assert result.output.endswith(answer)


def test_a_number_is_not_cited_without_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["cite", "mnist_relu", "relu_raw"])
    assert result.exit_code == 2
    assert "run python -m repro.mnist_relu first" in result.output


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        ("run truth_tabel", "truth_table"),
        ("run mnist_relu --variants relu_row", "relu_raw"),
        ("sweep mnist_relu hidden_activaton=relu", "hidden_activation"),
        ("report mnist_rel", "mnist_relu"),
        ("figures results/tiny@quik", "tiny@quick"),
        ("cite mnist_relu relu_row", "relu_raw"),
        ("cite mnist_relu units_die_in_twelve_step", "units_die_in_twelve_steps"),
        ("check my_modell.py:build", "my_model.py"),
        ("diagnose my_modell.py:build --data my_data.npz", "my_model.py"),
        ("diagnose my_model.py:build --data my_dat.npz", "my_data.npz"),
        ("diagnose my_model.py:build --data my_dat.py:load", "my_data.py"),
        ("diagnose my_model.py:step --data my_data.npz --model my_modell.py:build", "my_model.py"),
        ("check my_model.py:buld", "build"),
        ("diagnose my_model.py:build --data my_model.py:lod", "load"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_and_without_grids(
    tmp_path, monkeypatch, arguments, nearest
):
    monkeypatch.chdir(tmp_path)
    for name in ("my_model.py", "my_data.py", "my_data.npz", "results/tiny@quick/runs.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    functions = "".join(f"def {name}(): ...\n" for name in ("build", "step", "load"))
    (tmp_path / "my_model.py").write_text(functions)
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 2
    assert f"did you mean '{nearest}'?" in result.output
    assert "@" not in result.output.partition("There are")[2]


@pytest.mark.parametrize("command", ["check my_model.py:build", "diagnose x.py:build --data x.npz"])
def test_a_file_that_is_not_there_is_said_before_what_trains_is_imported(command):
    code = f"from repro.app.cli.main import main; main({command.split()!r}, standalone_mode=False)"
    code = f"import sys\ntry:\n    {code}\nfinally:\n    print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == "False\n"
    assert done.stderr.startswith("Error: no file is named")


@pytest.mark.parametrize(
    "source",
    [
        "build = 1",
        "from x import build",
        "import build.parts",
        "from x import *",
        "exec('')",
        "def (",
    ],
)
def test_a_file_that_may_have_the_name_is_not_refused_unread(tmp_path, source):
    (tmp_path / "my_model.py").write_text(source)
    require_function(f"{tmp_path / 'my_model.py'}:build")


def test_a_run_of_no_study_names_those_that_there_are():
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 2
    assert f"there are {', '.join(study_names())}" in result.output


def test_the_command_that_is_meant_is_told_as_it_was_called():
    result = CliRunner().invoke(main, ["runn"], prog_name="repro")
    assert result.output.endswith("did you mean: repro run\n")


@pytest.mark.parametrize("option", [["-m", "repro.mnist_rel"], ["-mrepro.mnist_rel", "--quick"]])
def test_a_module_that_there_is_not_is_answered_with_the_nearest(option):
    done = subprocess.run(
        [sys.executable, *option], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: no study is named 'mnist_rel'; did you mean 'mnist_relu'")


def test_the_version_is_said():
    assert CliRunner().invoke(main, ["--version"]).output == f"repro-relu, version {__version__}\n"


def test_every_command_is_listed_with_a_whole_sentence():
    shown = CliRunner().invoke(main, ["--help"]).output.partition("Commands:")[2].split("\n\n")[0]
    rows = shown.strip().splitlines()
    assert [row.split()[0] for row in rows] == main.list_commands(None)
    for row in rows:
        assert row.endswith("."), row
        assert not row.endswith("..."), row


@pytest.mark.parametrize("name", [*main.list_commands(None), *study_names()])
def test_every_command_answers_help_in_plain_words(name):
    command = main.get_command(None, name) or study_command(name)
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0
    assert "Example: python -m repro" in shown.output
    assert "\\" not in shown.output  # marks for click that it did not take
    assert "None" not in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name
