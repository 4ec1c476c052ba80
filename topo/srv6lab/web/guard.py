# SPDX-License-Identifier: Apache-2.0
"""Who may ask what: everything that a page of somebody else, or another user of this machine, could send is refused.

* ``/api`` needs the token, in the header ``Authorization``: no cookie, so no other page can send it along (CSRF). It is
  needed on loopback too, which every user of the machine reaches.
* ``Host`` has to be an address that this server listens at, or ``localhost``: a name that somebody points here (DNS
  rebinding) is not. ``Origin``, where it is given, has to be the same.
* The page may load and run nothing but this server's files (Content Security Policy), and be in no frame.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 64 * 1024  # bytes

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """An ASGI application in front of another one. ``hosts``: what ``Host`` may be, port included."""

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str]) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a WebSocket: there is none
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["cache-control"] = "no-store"
            await send(message)

        refused = self._refuse(scope)
        if refused is None:
            await self._app(scope, receive, send_with_headers)
        else:
            code, text = refused
            await JSONResponse({"error": text}, code)(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, None for what may pass."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, f"this server is not {hosts[0] if hosts else 'what Host says'}; ask for {min(self._hosts)}"
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self._hosts}:
            return 403, "another page may not ask this server"
        if not scope["path"].startswith("/api/"):
            return None if scope["method"] in ("GET", "HEAD") else (405, "only GET")
        given = headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, b"Bearer " + self._token.encode()):
            return 401, "the token is missing or another one: open the page with the address that the command printed"
        if scope["method"] == "POST":
            if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return 415, "application/json is needed"
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length) > LONGEST_BODY:
                return 413, f"a body of at most {LONGEST_BODY} bytes with its length is needed"
        return None


def names_of(address: str, port: int) -> set[str]:
    """What ``Host`` may be for a server at ``address``, which is no name."""
    ip = ip_address(address)
    names = {f"[{ip}]" if ip.version == 6 else str(ip)}
    if ip.is_loopback:
        names.add("localhost")
    return {f"{name}:{port}" for name in names} | (names if port == 80 else set())
