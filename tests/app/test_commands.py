"""A command that there is not is refused with the nearest that there is."""

import pytest
from click.testing import CliRunner

from repro import __version__
from repro.app.cli import main


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
    result = CliRunner().invoke(main, [name])
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
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_and_without_grids(arguments, nearest):
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 2
    assert f"did you mean '{nearest}'?" in result.output
    assert "@" not in result.output


def test_the_version_is_said():
    assert CliRunner().invoke(main, ["--version"]).output == f"repro-relu, version {__version__}\n"


def test_every_command_answers_help():
    for name in main.list_commands(None):
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0
