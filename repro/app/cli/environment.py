"""Check the environment that a command is called in: the user's folders, matplotlib's settings."""

import os
from collections.abc import Iterator
from pathlib import Path

from repro.study.errors import StudyError
from repro.study.files import read_regular

FIGURE_SETTINGS = "matplotlibrc"
FOLDERS = ("KERAS_HOME", "REPRO_DATA", "REPRO_CACHE")  # variables that repro.data reads


def settle_home() -> None:
    """Check the folders that variables name, and set HOME to /dev/null if the user has no home.

    Raises:
        StudyError: if a variable names the home of a user who has none; names the variable.
    """
    for name in FOLDERS:
        try:
            Path(os.environ.get(name, "")).expanduser()
        except RuntimeError:
            value = os.environ[name]
            raise StudyError(
                f"{name}={value!r}: there is no such user, or no home; give the folder's own path"
            ) from None
    try:
        Path.home()
    except RuntimeError:  # a container's user without an entry
        os.environ["HOME"] = os.devnull  # where nothing can be read, nor written


def check_figure_settings() -> None:
    """Check that matplotlib can read its settings, in the first place where it finds some.

    Raises:
        StudyError: if they are no text; names the file.
        OSError: if they can't be read, such as a pipe, for which matplotlib would wait for ever.
    """
    for path in _figure_settings():
        # as matplotlib looks, which minds no folder that can't be entered
        if os.path.exists(path) and not os.path.isdir(path):  # noqa: PTH110, PTH112
            try:
                read_regular(path, 2**20, follow=True).decode()
            except UnicodeDecodeError:
                raise StudyError(f"{path}: is no text; matplotlib reads it here") from None
            return  # the others are not read


def _figure_settings() -> Iterator[Path]:
    """Yield where matplotlib looks for its settings, in its order."""
    yield Path(FIGURE_SETTINGS)
    if named := os.environ.get("MATPLOTLIBRC"):
        yield from (Path(named), Path(named) / FIGURE_SETTINGS)
    users = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    yield Path(os.environ.get("MPLCONFIGDIR") or Path(users) / "matplotlib") / FIGURE_SETTINGS
