"""The environment that a command is called in: where the user's folders are, if there are any."""

import os
from pathlib import Path

from repro.study.errors import StudyError

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
