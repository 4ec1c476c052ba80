# SPDX-License-Identifier: Apache-2.0
"""TLS from end to end in ``srv6 run``, and what wrong certificates read like."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.cli.running import NODE, ROOT, TIMEOUT, Router, wait_for

from srv6cp.sync.launch import SWITCHES, free_address, missing


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and certificates of it for a switch and for its controller; ``stranger`` is of nobody."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    folder = tmp_path_factory.mktemp("pem")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "stranger"):
        openssl(
            "req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt"
        )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("switch", "controller"):
        openssl("req", "-new", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", "names", "-out", f"{name}.crt")  # fmt: skip
    return folder


def certificates(pem: Path, words: str) -> list[str]:
    """The options with the files in the folder."""
    return [str(pem / word) if word.endswith((".crt", ".key")) else word for word in words.split()]


OWN = "--server-cert switch.crt --server-key switch.key"
MUTUAL = f"{OWN} --cacert ca.crt --cert controller.crt --private-key controller.key"


@pytest.mark.parametrize("kind", SWITCHES)
@pytest.mark.parametrize("words", [MUTUAL, f"{OWN} --cacert ca.crt", "--server-cert ca.crt --server-key ca.key"])
def test_tls_from_end_to_end(tmp_path: Path, pem: Path, routers: Callable[..., Router], kind: str, words: str) -> None:
    """Both with certificates of one CA; the switch alone; a switch whose certificate is trusted as it is."""
    if reason := missing(kind):
        pytest.skip(reason)
    if "ca.key" in words:
        words += " --server-name localhost"  # its certificate names nobody
    router = routers(tmp_path, *certificates(pem, words), switch=kind)
    if "ca.key" in words:
        wait_for(lambda: router.said("its TLS certificate is for another host name"))
        assert router.process.wait(TIMEOUT) == 4
        return
    wait_for(lambda: router.said("Ctrl-C stops"))
    client = certificates(pem, words.replace(OWN, ""))
    done = subprocess.run(
        router.command("show", "sessions", *client), env=router.environment, capture_output=True, check=True, text=True
    )
    assert "profile: full" in done.stdout
    plain = subprocess.run(router.command("show", "sessions"), env=router.environment, capture_output=True, text=True)
    assert (plain.returncode, "it speaks TLS, and this client does not" in plain.stderr) == (4, True)


@pytest.mark.parametrize("kind", SWITCHES)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (f"{OWN} --cacert stranger.crt", "its TLS certificate is not signed by the given CA"),
        (f"{MUTUAL} --server-name elsewhere", "its TLS certificate is for another host name"),
        (
            f"{OWN} --cacert ca.crt --cert stranger.crt --private-key stranger.key",
            "it does not accept this client's TLS certificate",
        ),
        ("--server-cert switch.crt --server-key stranger.key", "is not the key of the certificate in"),
        ("--server-cert names --server-key switch.key", "names: cannot read the TLS file"),
    ],
)
def test_a_wrong_certificate_is_named(tmp_path: Path, pem: Path, kind: str, words: str, says: str) -> None:
    if reason := missing(kind):
        pytest.skip(reason)
    node = tmp_path / "node.yaml"
    node.write_text(NODE)
    done = subprocess.run(
        Router.command("run", str(node), "--switch", kind, "--grpc-addr", free_address(), *certificates(pem, words)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "cp"), str(ROOT)))},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and says in lines[0], lines
