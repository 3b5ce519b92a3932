"""An experiment is found by its name; a thread that can't be imported is told in a line."""

import re

import pytest

import repro
from repro.study.errors import StudyError
from repro.study.experiments import find_experiment

BROKEN = {
    "syntax": ("def (", r"SyntaxError: invalid syntax \(broken_\w+\.py, line 1\)"),
    "bytes": ("a = 0\0", "SyntaxError: "),
    "name": ("\n\nundefined", r"NameError: .* \(broken_\w+\.py, line 3\)"),
    "lines": ("raise ValueError('a\\nb')", "ValueError: a b "),
    "package": ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
    "exit": ("raise SystemExit(0)", "SystemExit: 0"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_thread_that_can_not_be_imported_is_told_with_its_place(tmp_path, monkeypatch, kind):
    text, reason = BROKEN[kind]
    (tmp_path / f"broken_{kind}.py").write_text(text)
    monkeypatch.setattr(repro, "__path__", [*repro.__path__, str(tmp_path)])
    with pytest.raises(StudyError, match=reason) as refusal:
        find_experiment(f"broken_{kind}")
    assert str(refusal.value).startswith(f"repro.broken_{kind} can't be imported: ")
    assert "\n" not in str(refusal.value)


def test_a_thread_that_is_not_there_is_told():
    with pytest.raises(StudyError, match=re.escape("no thread repro.nobodys: write repro/nobodys")):
        find_experiment("nobodys")
