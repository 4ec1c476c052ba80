# SPDX-License-Identifier: Apache-2.0
"""PEM files of TLS, looked at before gRPC gets them: what it says of wrong ones names neither file nor mistake."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["TlsFileError", "check_authority", "check_identity"]


class TlsFileError(Exception):
    """A file that cannot be used; the text names it and what is wrong with it."""


def check_identity(certificate: Path, key: Path) -> None:
    """Raises TlsFileError unless ``certificate`` (a chain, leaf first) and ``key`` are a pair in PEM format."""
    check_authority(certificate)
    _readable(key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in str(error).upper():
            raise TlsFileError(f"{key} is not the key of the certificate in {certificate}") from None
        raise TlsFileError(f"{key}: no private key in PEM format without a pass phrase") from None


def check_authority(certificates: Path) -> None:
    """Raises TlsFileError unless there is a certificate in PEM format in ``certificates``."""
    _readable(certificates)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(certificates)
    except ssl.SSLError:
        raise TlsFileError(f"{certificates}: no certificate in PEM format") from None


def _readable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise TlsFileError(f"{path}: cannot read the TLS file: {error.strerror or error}") from None
