"""`diagnose --data FILE.npz` of any content: its arrays, or a line that names the file."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.instruments.diagnose import DiagnoseError
from repro.instruments.diagnose.setup.loading import load_data

unhurried = settings(
    max_examples=4 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
X, Y = np.arange(40.0).reshape(20, 2), np.arange(20)


def npz(**arrays):
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


SOUND = npz(x=X, y=Y)


@st.composite
def damaged(draw):
    """The sound file with some bytes replaced, cut out or added."""
    start = draw(st.integers(0, len(SOUND)))
    end = draw(st.just(len(SOUND)) | st.integers(start, min(len(SOUND), start + 8)))
    return SOUND[:start] + draw(st.binary(max_size=8)) + SOUND[end:]


@given(content=damaged() | st.binary(max_size=200))
@unhurried
def test_any_content_gives_the_arrays_or_is_refused(tmp_path, content):
    file = tmp_path / "data.npz"
    file.write_bytes(content)
    try:
        arrays = load_data(str(file))
    except DiagnoseError as error:
        assert str(file) in str(error)
    else:
        assert arrays["x"].dtype != object
        assert arrays["y"].dtype != object


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", npz(x=X), npz(x=np.array([{}]), y=Y), npz(x=X, y=Y, x_val=X)]
)
def test_what_is_no_data_is_refused(tmp_path, content):
    file = tmp_path / "data.npz"
    file.write_bytes(content)
    with pytest.raises(DiagnoseError, match=r"data\.npz"):
        load_data(str(file))
    with pytest.raises(DiagnoseError, match="can't be read"):
        load_data(str(tmp_path))
