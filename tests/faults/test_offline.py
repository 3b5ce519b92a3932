"""Without any network the main job runs on the images that are there, and says so.

Slow; tests/data looks for data without a network.
"""

import shutil
import subprocess

import pytest

from tests.faults.processes import Study, contents

ARGS = ("--variants", "relu_scaled", "--seeds", 2, "--epochs", 1)


def has_namespaces():
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return (
        subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not has_namespaces(), reason="needs `unshare -rn`, a network without anyone")
def test_the_main_job_runs_on_what_is_there(tmp_path):
    """A Keras variant; the full data set is asked for, and there is no copy of it anywhere."""
    offline = Study("mnist_relu", *ARGS, before=["unshare", "-rn"], drawn=False)
    offline.environment |= {"KERAS_HOME": str(tmp_path / "keras"), "REPRO_CACHE": str(tmp_path)}
    offline.environment.pop("REPRO_DATA", None)
    said = offline.run(tmp_path / "offline")
    assert "MNIST is not in reach" in said
    assert said.count("On mnist5k, not on mnist") == 2
    named = Study("mnist_relu", *ARGS, "--data", "mnist5k", drawn=False)
    named.run(tmp_path / "named")
    assert contents(tmp_path / "offline") == contents(tmp_path / "named")
