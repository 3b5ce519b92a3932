"""--scheduler and --scheduler-file: an address of one machine, or a line that says it is none."""

import json
import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.app.cli.exits import reported
from repro.running.cluster.address import check_private, find_scheduler
from repro.running.pool import make_pool
from repro.running.processes import PoolError

unhurried = settings(
    max_examples=3 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
parts = st.sampled_from(
    [
        "tcp://",
        "tls://",
        "TCP://",
        "inproc://",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "node1",
        "::",
        ":1",
        ":8786",
        ":0",
        ":99999",
        ":٣",
        "/",
        "/..",
        "?x",
        "#y",
        "u:p@",
        " ",
        "\n",
        "\x00",
        "[",
    ]
)
addresses = st.lists(parts, max_size=5).map("".join) | st.text(max_size=20)
odd = st.sampled_from([None, True, 1.5, int("9" * 400), "a" * 1000]) | addresses
anything = st.recursive(odd, lambda of: st.lists(of) | st.dictionaries(st.text(), of))


@pytest.mark.long
@given(address=addresses)
@unhurried
def test_an_address_that_is_taken_is_a_host_and_a_port(address):
    try:
        check_private(address)
    except PoolError as refusal:
        assert repr(address) in str(refusal) or "can be reached by others" in str(refusal)
    else:
        scheme, _, rest = address.partition("://")
        host, _, port = rest.rpartition(":")
        assert scheme in ("tcp", "tls")
        assert 0 < int(port) < 2**16
        assert set(host.strip("[]")) <= {*string.ascii_letters, *string.digits, *"-_.:"}
        if scheme == "tcp":
            assert host.startswith("127.") or host in ("localhost", "[::1]")


def refused(file, capsys):
    code = reported(lambda: make_pool(scheduler_file=file) and 0)
    error = capsys.readouterr().err
    assert code in (0, 2)
    assert code == 0 or error.startswith("Error: "), error
    return code == 2


@given(content=anything | st.builds(lambda of: {"address": of}, anything))
@unhurried
def test_any_json_is_an_address_or_refused(tmp_path, capsys, content):
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    if not refused(file, capsys):
        none = {"tls_ca": None, "tls_cert": None, "tls_key": None}
        check_private(find_scheduler(None, file, none).address)


@given(content=st.binary(max_size=60))
@unhurried
def test_any_bytes_are_refused(tmp_path, capsys, content):
    file = tmp_path / "scheduler.json"
    file.write_bytes(content)
    assert refused(file, capsys)


def test_a_pipe_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe", capsys)
    with pytest.raises(PoolError, match="pipe is no file with a certificate or a key"):
        make_pool(scheduler="tls://node1:8786", tls_ca=tmp_path / "pipe")


@pytest.mark.parametrize("content", [b"[" * 10**5, b'{"address":' * 10**5, b"9" * 10**4])
def test_what_breaks_parsers_is_refused(tmp_path, capsys, content):
    file = tmp_path / "scheduler.json"
    file.write_bytes(content)
    assert refused(file, capsys)
    assert refused(tmp_path, capsys)
