"""Keras' settings outside of a study: those of its file, and variables that cap training.

Keras reads them when it is imported. They are no part of a run's identity, so that studies are
trained with Keras' defaults alone: others are refused before anything is trained.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from repro.study.errors import StudyError
from repro.study.files import read_regular

FILE = "keras.json"
MOST_BYTES = 2**20
DEFAULTS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
CHOICES = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}
CAPS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")  # where `model.fit` ends without a word


def require_readable() -> None:
    """Refuse settings on which Keras' import would end, or wait for ever.

    Raises:
        StudyError, OSError: naming the file, or the variable, and the remedy.
    """
    for name, value in _caps().items():
        if not re.fullmatch(r"\d{1,9}", value):
            raise StudyError(f"{name}={value!r}: is no number of epochs or steps; unset it")
    settings = _settings()
    wrong = [name for name, choices in CHOICES.items() if settings[name] not in choices]
    if not isinstance(settings["epsilon"], float):
        wrong.append("epsilon")
    if wrong:
        raise _refused(settings, wrong[0], "is none; correct it, or delete the file")


def require_defaults() -> None:
    """Refuse settings that would make other numbers of a study; raises as `require_readable`."""
    for name, value in _caps().items():
        raise StudyError(f"{name}={value!r} would cut training short; unset it to train a study")
    settings = _settings()
    for name, default in DEFAULTS.items():
        if settings[name] != default:
            remedy = f"studies are of {default!r}; change it, or set KERAS_HOME to another folder"
            raise _refused(settings, name, remedy)


def settings_told() -> dict[str, str]:
    """Return settings and caps as texts by name, to be compared with those of another machine."""
    texts = {f"keras.{name}": repr(_settings()[name]) for name in DEFAULTS}
    return texts | _caps()


def _caps() -> dict[str, str]:
    return {name: os.environ[name] for name in CAPS if name in os.environ}


def _refused(settings: dict[str, Any], name: str, remedy: str) -> StudyError:
    return StudyError(f"{_path()}: {name} {settings[name]!r:.60}: {remedy}")


def _settings() -> dict[str, Any]:
    """Return the settings that numbers depend on, as Keras will read them."""
    path = _path()
    if not os.path.exists(path):  # noqa: PTH110 - nor a folder that can't be entered
        return dict(DEFAULTS)
    try:
        content = json.loads(read_regular(path, MOST_BYTES, follow=True))
    except RecursionError:
        content = None
    except ValueError:  # which Keras passes over
        content = {}
    if not isinstance(content, dict):
        raise StudyError(f"{path}: are no settings of Keras; delete the file")
    return DEFAULTS | {name: content[name] for name in DEFAULTS if name in content}


def _path() -> Path:
    """Return where Keras looks for its settings."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")  # noqa: PTH111 - as Keras does, who minds no missing one
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")  # noqa: PTH118, S108
    return Path(os.path.expanduser(os.path.join(home, FILE)))  # noqa: PTH111, PTH118
