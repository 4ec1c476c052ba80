# SPDX-License-Identifier: Apache-2.0
"""Why there is no connection, or a server closes it before it has said anything: gRPC tells no more than that it did.

Only on the way of an error. What a server thinks of a client's certificate comes behind the handshake (TLS 1.3), and a
server of gRPC says nothing but closes.
"""

from __future__ import annotations

import pwd
import socket
import ssl

from p4rtlib.unixsockets import is_unix, path_of, usable_by

from .messages import TLS

__all__ = ["not_for_this_user", "why_closed"]

_PATIENCE = 2.0  # s


def not_for_this_user(address: str) -> str | None:
    """Whose the unix socket is that this user may not connect to, None where that is not why it fails."""
    if not is_unix(address):
        return None
    path = path_of(address)
    try:
        user = path.stat().st_uid
        if usable_by(path):
            return None
        name = pwd.getpwuid(user).pw_name
    except OSError:
        return None
    except KeyError:
        name = str(user)
    return f"it is user {name}'s alone; ask as that user, or with sudo"


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
    if is_unix(address):
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(_PATIENCE)
        local.connect(str(path_of(address)))
        return local
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE)
