# SPDX-License-Identifier: Apache-2.0
"""TLS of softswitch: files that cannot be used are named, renewed ones are used without a restart."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from softswitch.switch import SoftSwitch, SwitchError, Tls

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on PATH")


def make(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key, ``NAME.crt`` and ``NAME.key``."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def served(switch: SoftSwitch) -> bytes:
    """The certificate that the switch shows, DER."""
    host, _, port = switch.address.rpartition(":")
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port)), timeout=10))


def der(certificate: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = make(tmp_path, "first")
    second = make(tmp_path, "second")
    with SoftSwitch(tls=Tls.of_files(certificate, key)) as switch:
        before = served(switch)
        assert before == der(certificate)
        certificate.write_text("being written")
        assert served(switch) == before, "half-written files change nothing"
        assert [text for text in caplog.messages if "first.crt: no certificate in PEM format" in text]
        second[1].replace(key)
        second[0].replace(certificate)
        assert served(switch) == der(certificate) != before


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "one")
    _, other = make(tmp_path, "other")
    for arguments, text in (
        ((certificate, other), r"other.key is not the key of the certificate in .*one.crt$"),
        ((Path(__file__), key), r"test_tls.py: no certificate in PEM format$"),
        ((certificate, tmp_path / "none"), r"none: cannot read the TLS file: No such file or directory$"),
    ):
        with pytest.raises(SwitchError, match=text):
            Tls.of_files(*arguments)
    with pytest.raises(SwitchError, match="is not the key of the certificate"):
        Tls(certificate.read_bytes(), other.read_bytes())
