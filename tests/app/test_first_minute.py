"""`docs/first-minute.md` says what the commands say."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.app.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "first-minute.md").read_text(encoding="utf-8")


def called(call):
    return CliRunner().invoke(main, call.split(), prog_name="repro")


@pytest.mark.parametrize(
    "call",
    [
        "report",
        "runn",
        "run truth_tabel",
        "run mnist_relu --variants relu_row",
        "sweep mnist_relu hidden_activaton=relu",
        "diagnose my_modell.py:build --data my_data.npz",
    ],
)
def test_the_page_shows_what_is_answered(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_model.py").touch()
    answer = called(call)
    assert answer.exit_code == 2
    sentence, mark, _ = answer.output.rpartition("Error: ")[2].strip().partition("?")
    assert f"`{sentence}{mark}`" in PAGE
    assert f"`repro {call}`" in PAGE


def test_the_page_shows_the_sentence_that_is_cited(monkeypatch):
    monkeypatch.chdir(ROOT)
    sentence, *_ = called("cite mnist_relu relu_raw").output.splitlines()
    assert sentence.partition("code ")[0] in PAGE
