# SPDX-License-Identifier: Apache-2.0
"""Serves a lab: uvicorn in a thread, as long as the block runs."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn

from srv6lab.errors import LabError
from srv6lab.lab import Lab
from srv6lab.record import Served, written
from srv6lab.view import View
from srv6lab.web.app import make_app
from srv6lab.web.guard import Guard, names_of

DEFAULT_PORT = 8480
START_LIMIT = 20.0  # s


@contextmanager
def served(
    lab: Lab, name: str, address: str = "127.0.0.1", port: int | None = None, topology: str = ""
) -> Iterator[tuple[Served, View]]:
    """Serve ``lab`` at an address and a port: 0 is any, None `DEFAULT_PORT`, or any where that is taken.

    ``topology``: its file or name, for completion in other terminals.


    Raises LabError: no such address, a port in use, a lab of this name that is served already.
    """
    with _listener(address, port) as listener, View(lab) as view:
        port = listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        host = f"[{address}]" if ip_address(address).version == 6 else address
        guarded = Guard(make_app(view), token, names_of(address, port))
        config = uvicorn.Config(
            guarded, log_level="warning", access_log=False, lifespan="off", server_header=False, ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
        with written(found := Served(name, f"http://{host}:{port}", token, os.getpid(), topology)):
            thread.start()
            try:
                yield found, view
            finally:
                server.should_exit = True
                thread.join(START_LIMIT)


@contextmanager
def _listener(address: str, port: int | None) -> Iterator[socket.socket]:
    try:
        ip = ip_address(address)
    except ValueError:
        raise LabError(f"{address!r} is no address to listen at; such as 127.0.0.1 or ::1") from None
    if ip.is_unspecified:
        raise LabError(f"{address}: name the one address that browsers use, so that others are refused")
    tries = [DEFAULT_PORT, 0] if port is None else [port]
    with socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for number in tries:
            try:
                listener.bind((address, number))
                break
            except OSError as error:
                if number == tries[-1]:
                    raise LabError(f"{address} port {number}: {error.strerror}") from None
        listener.listen(64)
        yield listener
