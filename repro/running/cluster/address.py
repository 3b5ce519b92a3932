"""Find a cluster's scheduler, and make sure that nobody else can reach it.

dask sends pickled functions: who can talk to a scheduler can run any code on its workers, and who
can change what they answer, on the driver. So beyond this machine both ends must prove by TLS who
they are.
"""

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from distributed import Security

from repro.running.processes import PoolError
from repro.study.files import read_regular

REMEDY = (
    "use a scheduler at 127.0.0.1, or TLS: an address tls://... with --tls-ca, --tls-cert and "
    "--tls-key (docs/scale-out.md says how to make them)"
)
MOST_BYTES = 2**20  # of a scheduler's file
NAME = r"[A-Za-z0-9_-]{1,63}"
ADDRESS = re.compile(
    rf"(?P<scheme>tcp|tls)://(?P<host>\[[0-9A-Fa-f:.]+\]|{NAME}(\.{NAME})*):(?P<port>[0-9]{{1,5}})"
)


class Place(NamedTuple):
    """A scheduler's address, and how to speak to it."""

    address: str
    security: Security


def find_scheduler(
    scheduler: str | None, scheduler_file: Path | None, tls: Mapping[str, Path | None]
) -> Place:
    """Return the scheduler's place.

    Args:
        scheduler: its address, such as `tls://node1:8786`.
        scheduler_file: the file that it writes, in place of the address.
        tls: the files `tls_ca`, `tls_cert`, `tls_key`; those of dask's configuration where None.

    Raises:
        PoolError: if there is no one address, or it is beyond this machine and without TLS.
    """
    if scheduler is not None and scheduler_file is not None:
        raise PoolError("give one of --scheduler and --scheduler-file")
    for path in filter(None, tls.values()):
        if not path.is_file():  # a pipe would be waited for
            raise PoolError(f"{path} is no file with a certificate or a key")
    address = _read(scheduler_file) if scheduler_file else scheduler or ""
    security = _security({name: str(path) for name, path in tls.items() if path})
    if "://" not in address:
        address = f"{'tls' if security.require_encryption else 'tcp'}://{address}"
    check_private(address)
    if security.require_encryption and not address.startswith("tls://"):
        raise PoolError(f"{address} does not use TLS: leave out --tls-..., or {REMEDY}")
    if address.startswith("tls://"):
        _check_files(address, security)
    return Place(address, security)


def check_private(address: str) -> None:
    """Check that an address is of this machine, or of TLS.

    Raises:
        PoolError: if it is not, or no address at all.
    """
    parts = ADDRESS.fullmatch(address)
    if parts is None or not 0 < int(parts["port"]) < 2**16:
        raise PoolError(f"{address!r} is no address such as 127.0.0.1:8786 or tls://node1:8786")
    if parts["scheme"] == "tcp" and not _is_loopback(parts["host"].strip("[]")):
        raise PoolError(f"{address} can be reached by others, who could run code here: {REMEDY}")


def _read(file: Path) -> str:
    try:
        return str(json.loads(read_regular(file, MOST_BYTES, follow=True))["address"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PoolError(f"--scheduler-file {file} names no address: {error}") from None


def _security(files: Mapping[str, str]) -> Security:
    names = {
        "tls_ca": "tls_ca_file",
        "tls_cert": "tls_client_cert",
        "tls_key": "tls_client_key",
    }
    return Security(**{names[name]: path for name, path in files.items()})


def _check_files(address: str, security: Security) -> None:
    files = security.get_tls_config_for_role("client")
    options = {"--tls-ca": "ca_file", "--tls-cert": "cert", "--tls-key": "key"}
    if missing := [option for option, name in options.items() if not files[name]]:
        raise PoolError(f"{address} needs {', '.join(missing)} too, or dask's configuration of it")
    security.require_encryption = True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
