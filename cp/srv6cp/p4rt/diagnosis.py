# SPDX-License-Identifier: Apache-2.0
"""Why a server closes a connection before it has said anything: gRPC tells no more than that it did.

Only on the way of an error. What a server thinks of a client's certificate comes behind the handshake (TLS 1.3), and a
server of gRPC says nothing but closes.
"""

from __future__ import annotations

import socket
import ssl

from .messages import TLS

__all__ = ["why_closed"]

_PATIENCE = 2.0  # s


def why_closed(address: str, tls: TLS | None) -> str | None:
    """The reason in words, None when this finds none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # gRPC has verified it, and nothing is sent
    context.set_alpn_protocols(["h2"])
    try:
        if tls is not None and tls.cert and tls.key:
            context.load_cert_chain(tls.cert, tls.key)
        with _connect(address) as plain, context.wrap_socket(plain) as secure:
            if tls is None:
                return "it speaks TLS, and this client does not: --ssl, or --cacert FILE"
            if not _closes(secure):
                return None
    except (OSError, ValueError):
        return None
    if tls.cert:
        return f"it does not accept this client's TLS certificate ({tls.cert}): not of its CA, or expired"
    return "it asks its clients for a TLS certificate: --cert and --private-key"


def _closes(secure: ssl.SSLSocket) -> bool:
    try:
        return not secure.recv(1)
    except TimeoutError:
        return False
    except ssl.SSLError:  # a server that sends an alert
        return True


def _connect(address: str) -> socket.socket:
    if address.startswith("unix:"):
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(_PATIENCE)
        local.connect(address.removeprefix("unix:"))
        return local
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE)
