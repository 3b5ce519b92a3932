"""Keras' settings of any content: a study is trained with the defaults alone, and nothing hangs."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.app.cli.exits import reported
from repro.app.runs.adopt import adopt
from repro.app.runs.run import run
from repro.app.runs.sweep import sweep
from repro.app.runs.verify import verify
from repro.commands.check import command as check_command
from repro.study.errors import StudyError
from repro.study.keras_settings import CAPS, DEFAULTS, require_defaults, require_readable

STUDY = "truth_table"
TRAINING = {
    "run": lambda: run(STUDY),
    "sweep": lambda: sweep(STUDY, ["learning_rate=1"], seeds=[0]),
    "verify": lambda: verify(STUDY),
    "adopt": lambda: adopt(STUDY),
}
unhurried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
names = st.sampled_from([*DEFAULTS, "backend"]) | st.text(max_size=9)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["float16", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The settings file, in a folder in which a command is called, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in CAPS:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "keras").mkdir()
    return tmp_path / "keras" / "keras.json"


OTHERS = [{"floatx": "float16"}, {"epsilon": 1e-3}, {"image_data_format": "channels_first"}]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_other_numbers_are_refused_before_a_study_is_trained(file, capsys, other):
    file.write_text(json.dumps(other), encoding="utf-8")
    require_readable()  # for one's own network one's own settings hold
    for job in TRAINING.values():
        assert reported(job) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"Error: {file}: {next(iter(other))} ")
        assert said.count("\n") == 1
    assert list(Path.cwd().iterdir()) == [file.parent]  # and nothing was begun


@pytest.mark.parametrize("cap", CAPS)
def test_a_variable_that_caps_training_is_refused(file, monkeypatch, cap):
    monkeypatch.setenv(cap, "1")
    require_readable()
    with pytest.raises(StudyError, match=f"{cap}='1' would cut training short; unset it"):
        require_defaults()
    monkeypatch.setenv(cap, "many")
    with pytest.raises(StudyError, match=f"{cap}='many'"):
        require_readable()


@pytest.mark.parametrize("content", [None, {}, DEFAULTS, {"backend": "jax", "floatx": "float32"}])
def test_defaults_are_taken(file, content):
    if content is not None:
        file.write_text(json.dumps(content), encoding="utf-8")
    require_readable()
    require_defaults()


MAKE = {
    "a named pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", MAKE)
def test_what_is_no_file_is_named_and_not_waited_for(file, kind):
    MAKE[kind](file)
    (file.parents[1] / "model.py").write_text("def build(): ...")
    called = CliRunner().invoke(check_command, ["model.py:build"])
    assert called.exit_code == 2
    assert f"{file}: is {kind}, not a file" in called.stderr
    with pytest.raises(OSError, match=f"is {kind}"):
        require_defaults()


@given(content=anything.map(json.dumps) | st.sampled_from(["[" * 10**5, "{", "\ufeff{}", ""]))
@unhurried
def test_any_content_is_taken_or_named(file, content):
    file.write_text(content, encoding="utf-8")
    for check in (require_readable, require_defaults):
        try:
            check()
        except StudyError as refusal:
            assert str(refusal).startswith(f"{file}: ")
            assert len(str(refusal)) < 300 + len(str(file))
