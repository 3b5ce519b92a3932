"""What the fault tests share: a small study, a package to be changed, small disks."""

import shutil
import subprocess

import pytest

from tests.faults.processes import ROOT, Study
from tests.undrawn import Commands

ALONE = ("--workers", 1)
SMALL = (
    "relu_posted,sigmoid_posted,tanh_posted,relu_rebuild,relu_linear,relu_he,relu_momentum,"
    "relu_bias_mended,relu_flipped,leaky_posted,relu_rate_0_1,relu_error_mended"
)


@pytest.fixture(scope="session")
def small_study():
    """Twelve blocks of compiled networks; a second of training, some of drawing."""
    return Study("add_numbers", "--variants", SMALL, "--seeds", 3, "--epochs", 200)


@pytest.fixture(scope="session")
def undrawn_study(small_study):
    """The same, by one worker and without the drawing."""
    return Study(small_study.name, *small_study.args, *ALONE, drawn=False)


@pytest.fixture(scope="session")
def undisturbed(small_study, make_once):
    """The results folder of an undisturbed run of `small_study`."""
    return make_once("undisturbed", lambda folder: small_study.run(folder, *ALONE))


@pytest.fixture(scope="session")
def run_again(undrawn_study):
    """A function that runs it in a folder by a process that has started, and returns its end."""
    with Commands(ROOT) as commands:

        def run(folder):
            words = ("run", undrawn_study.name, *undrawn_study.args, "--out", folder)
            return commands.call(ROOT, *words)  # not in the folder, which may be a disk of its own

        yield run


@pytest.fixture
def package(undisturbed, tmp_path):
    """A copy of the package and its studies, to be changed; compiled by the undisturbed run."""
    copy = tmp_path / "package"
    for folder in ("repro", "experiments"):
        shutil.copytree(ROOT / folder, copy / folder)  # compiled code too: dates are kept
    return copy


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many KiB and returns its folder."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(kilobytes):
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs the right to mount a small disk: {done.stderr.strip()}")
        return disk

    yield mount
    if disk.is_mount():
        subprocess.run(["umount", disk], check=True)
