"""The environment that a command is called in: where the user's folders are, if there are any."""

import os
from pathlib import Path

from repro.study.errors import StudyError
from repro.study.files import read_regular

FIGURE_SETTINGS = Path("matplotlibrc")  # matplotlib reads it wherever it is called
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
    """Refuse settings of matplotlib in the current folder on which it would end, or wait for ever.

    Raises:
        StudyError, OSError: naming the file.
    """
    if not FIGURE_SETTINGS.exists() or FIGURE_SETTINGS.is_dir():
        return
    try:
        read_regular(FIGURE_SETTINGS, 2**20, follow=True).decode()
    except UnicodeDecodeError:
        raise StudyError(f"{FIGURE_SETTINGS}: is no text; matplotlib reads it here") from None
