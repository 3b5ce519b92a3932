"""A full disk: what is wrong is said, acknowledged runs and the files of before are whole.

Slow: it is full at the other files.
"""

import shutil
import subprocess

import pytest

from tests.faults.processes import FIGURES, TABLES, contents, stored

FILES = (*TABLES, *FIGURES)


PAGE = 4096


def grow(disk):
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)


def pages(path):
    return -(-path.stat().st_size // PAGE)


def fill(disk, leave):
    """Leave so many pages of the disk."""
    free = shutil.disk_usage(disk).free // PAGE - leave
    (disk / "ballast").write_bytes(bytes(free * PAGE))


@pytest.mark.slow
def test_while_storing(undrawn_study, run_again, undisturbed, small_disk):
    disk = small_disk(4 * pages(undisturbed / ".store.sqlite"))  # but a commit's journal needs more
    with undrawn_study.start(disk / "results") as driver:
        shown, said = driver.communicate(timeout=120)
    assert driver.returncode == 2
    acknowledged = int([line for line in shown.splitlines() if "runs  " in line][-1].split("/")[0])
    assert 0 < acknowledged < 36
    assert "can't store runs (" in said
    assert "those stored before are whole" in said
    assert "Traceback" not in said
    assert len(stored(disk / "results")) == acknowledged
    grow(disk)
    assert run_again(disk / "results").returncode == 0
    assert contents(disk / "results") == contents(undisturbed)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("runs.csv", marks=pytest.mark.slow),
        "curves.csv",
        pytest.param("runs.png", marks=pytest.mark.slow),
        pytest.param("learning_curves.svg", marks=pytest.mark.slow),
    ],
)
def test_while_writing_tables_or_drawing(small_study, run_again, undisturbed, small_disk, name):
    disk = small_disk(8 * 2**10)
    shutil.copytree(undisturbed, disk / "results")
    for file in FILES:
        (disk / "results" / file).write_text("the file of before")  # a page, free when replaced
    before = [undisturbed / file for file in FILES[: FILES.index(name)]]
    fill(disk, leave=2 + sum(pages(path) - 1 for path in before))  # one page is the holder's
    said = small_study.run(disk / "results", code=2)
    assert f"{name}: No space left on device; nothing is lost" in said
    new = contents(undisturbed, FILES)
    written = dict.fromkeys(FILES, b"the file of before") | {p.name: new[p.name] for p in before}
    assert contents(disk / "results", FILES) == written
    (disk / "ballast").unlink()
    if name in TABLES:
        assert run_again(disk / "results").returncode == 0
        assert contents(disk / "results") == contents(undisturbed)
    else:
        small_study.run(disk / "results")
        assert contents(disk / "results", FILES) == new
