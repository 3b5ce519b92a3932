"""TensorFlow starts without a word if `repro` comes first, and as it is if not.

Slow: TensorFlow without Keras.
"""

import os
import subprocess
import sys

import pytest

from repro.startup import TRAINS, quiet_start


@pytest.mark.long
@pytest.mark.parametrize(
    "imports",
    [
        "import repro, keras",  # which imports the other
        pytest.param("import repro, tensorflow", marks=pytest.mark.slow),
    ],
)
def test_nothing_is_said(imports):
    code = f"{imports}; import tensorflow; print(int(tensorflow.constant(1) + 1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
    assert done.stderr == ""


def test_an_error_on_the_way_is_passed_on():
    code = "import repro, sys; sys.modules['numpy'] = None; import tensorflow"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "numpy" in done.stderr


@pytest.mark.parametrize(("end", "said"), [(ValueError, "a note"), (KeyboardInterrupt, "")])
def test_what_was_held_back_is_said_with_an_error_and_not_at_ctrl_c(capfd, end, said):
    with pytest.raises(end), quiet_start():
        os.write(2, b"a note")
        raise end
    assert capfd.readouterr().err == said


def test_what_was_imported_before_is_left_alone():
    code = "import sys, types; sys.modules['tensorflow'] = t = types.ModuleType('tensorflow');"
    code += "import repro; assert sys.modules['tensorflow'] is t;"
    code += "print([f for f in sys.meta_path if type(f).__name__ == 'QuietTensorFlow'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.long
@pytest.mark.parametrize(("trains", "has"), [("1", False), ("", True)])
def test_only_a_process_that_trains_studies_starts_without_extras(trains, has):
    code = (
        "import repro, sys, tensorflow; print('sklearn' in sys.modules); "
        "import sklearn, matplotlib; print(sklearn.__version__ > '')"
    )
    environment = {name: value for name, value in os.environ.items() if name != TRAINS}
    environment |= {TRAINS: trains} if trains else {}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(has), "True"]


@pytest.mark.long
def test_another_backend_of_keras_is_refused_in_a_line():
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", "from repro import fit_seeds"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True).stderr
    assert told.splitlines()[-1].endswith("KERAS_BACKEND=tensorflow, not jax")
