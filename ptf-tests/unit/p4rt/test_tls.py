# SPDX-License-Identifier: Apache-2.0
"""TLS: verified servers, client certificates, and what a mismatch reads like."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import grpc
import pytest
from unit.p4rt.fake_server import FakeServer

from srv6cp.p4rt import TLS, Client, ConnectionFailed, P4RuntimeError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on PATH")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two self-signed certificates and their keys, ``switch`` and ``other``."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("switch", "other"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", f"/CN={name}",
             "-addext", "subjectAltName=IP:127.0.0.1,DNS:switch.example",
             "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"],
            check=True, capture_output=True,
        )  # fmt: skip
    return folder


def server(pem: Path, clients: str | None = None) -> FakeServer:
    pair = ((pem / "switch.key").read_bytes(), (pem / "switch.crt").read_bytes())
    roots = (pem / clients).read_bytes() if clients else None
    return FakeServer(credentials=grpc.ssl_server_credentials([pair], roots, clients is not None))


def test_verified_server(pem: Path) -> None:
    ca = str(pem / "switch.crt")
    with server(pem) as fake:
        with Client(fake.address, tls=TLS(ca=ca)) as client:
            assert client.become_primary().is_primary
        with Client(fake.address, tls=TLS(ca=ca, server_name="switch.example")) as client:
            assert client.capabilities().p4runtime_version == "1.5.0"


def test_client_certificate(pem: Path) -> None:
    ca = str(pem / "switch.crt")
    with server(pem, clients="other.crt") as fake:
        with Client(fake.address, tls=TLS(ca, str(pem / "other.crt"), str(pem / "other.key"))) as client:
            assert client.become_primary().is_primary
        with pytest.raises(ConnectionFailed) as caught:
            Client(fake.address, tls=TLS(ca)).connect(timeout=2)
        assert caught.value.reason == "it asks its clients for a TLS certificate: --cert and --private-key"
        wrong = TLS(ca, str(pem / "switch.crt"), str(pem / "switch.key"))
        with pytest.raises(ConnectionFailed) as caught:
            Client(fake.address, tls=wrong).connect(timeout=2)
        assert caught.value.reason.startswith(f"it does not accept this client's TLS certificate ({wrong.cert})")


def test_mismatches_read_well(pem: Path) -> None:
    with server(pem) as fake:
        with pytest.raises(ConnectionFailed) as caught:
            Client(fake.address, tls=TLS(ca=str(pem / "other.crt"))).connect()
        assert caught.value.reason == "its TLS certificate is not signed by the given CA"
        with pytest.raises(ConnectionFailed) as caught:
            Client(fake.address, tls=TLS(ca=str(pem / "switch.crt"), server_name="elsewhere")).connect()
        assert caught.value.reason == "its TLS certificate is for another host name"
        with pytest.raises(ConnectionFailed) as caught:
            Client(fake.address).connect(timeout=2)
        assert caught.value.reason.startswith("it speaks TLS, and this client does not")
    with FakeServer() as plain, pytest.raises(ConnectionFailed) as caught:
        Client(plain.address, tls=TLS(ca=str(pem / "switch.crt"))).connect()
    assert caught.value.reason == "it does not speak TLS"


def test_files_that_cannot_be_read(pem: Path) -> None:
    with pytest.raises(P4RuntimeError, match=r"^/nowhere.pem: cannot read the TLS file: No such file or directory$"):
        Client(tls=TLS(ca="/nowhere.pem")).connect()
    with pytest.raises(P4RuntimeError, match=r"test_tls.py: no certificate in PEM format$"):
        Client(tls=TLS(ca=__file__)).connect()
    with pytest.raises(P4RuntimeError, match=r"other.key is not the key of the certificate in .*switch.crt$"):
        Client(tls=TLS(cert=str(pem / "switch.crt"), key=str(pem / "other.key"))).connect()
    with pytest.raises(P4RuntimeError, match=r"other.crt: no private key in PEM format without a pass phrase$"):
        Client(tls=TLS(cert=str(pem / "other.crt"), key=str(pem / "other.crt"))).connect()
    with pytest.raises(P4RuntimeError, match="needs both a client certificate and its key, or neither"):
        Client(tls=TLS(cert=str(pem / "other.crt"))).connect()
