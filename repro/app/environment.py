"""The environment that a command is called in: where the user's folders are, if there are any."""

import os
from collections.abc import Iterator
from pathlib import Path

from repro.study.errors import StudyError
from repro.study.files import read_regular

FIGURE_SETTINGS = "matplotlibrc"
FOLDERS = ("KERAS_HOME", "REPRO_DATA", "REPRO_CACHE")  # of the user's, read by repro.data


def settle_home() -> None:
    """Refuse folders of users that there are not, and do without a home where there is none.

    Raises:
        StudyError: naming the variable.
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
    """Refuse settings of matplotlib on which it would end, or wait for ever.

    Raises:
        StudyError, OSError: naming the file.
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
