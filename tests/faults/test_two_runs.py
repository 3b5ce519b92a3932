"""Two runs on one results folder: the second is refused and told who holds it.

Slow: the first has trained, and draws.
"""

import signal

import pytest

from tests.faults.processes import TABLES, contents


@pytest.mark.slow
def test_the_second_run_is_refused_until_the_first_is_dead(
    undrawn_study, run_again, undisturbed, tmp_path
):
    with undrawn_study.start_and_await_block(tmp_path) as first:
        first.send_signal(signal.SIGSTOP)  # for as long as it takes, in the midst of its work
        refused = run_again(tmp_path)
        first.kill()
    assert refused.returncode == 2
    assert f"{tmp_path}: process {first.pid} on " in refused.stderr
    assert "is writing there; wait or use --out" in refused.stderr
    assert not contents(tmp_path)
    assert run_again(tmp_path).returncode == 0
    assert contents(tmp_path, TABLES) == contents(undisturbed, TABLES)


@pytest.mark.slow
def test_the_folder_is_held_until_its_tables_and_figures_are_written(small_study, tmp_path):
    with small_study.start_and_await_block(tmp_path, blocks=12) as first:
        while not (tmp_path / "runs.csv").exists():
            pass
        first.send_signal(signal.SIGSTOP)
        assert not (tmp_path / "runs.svg").exists()
        assert "is writing there" in small_study.run(tmp_path, code=2)
        first.kill()
