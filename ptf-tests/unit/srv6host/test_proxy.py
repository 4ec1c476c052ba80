# SPDX-License-Identifier: Apache-2.0
"""The parts of the proxy that need no root: what it does with two sockets, and SRHs on sockets of Linux."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srv6host import proxy, sockets
from srv6host.functions import Function, of_sid, sid_of
from srv6host.relay import Relay, Side
from srv6host.srh import Srh, SrhError

PREFIX = "fcbb:bb00:2:f0::"


def ends() -> tuple[socket.socket, socket.socket]:
    """A connection: the proxy's end, which does not block, and the far one."""
    near, far = socket.socketpair()
    near.setblocking(False)
    return near, far


def run(
    work: Callable[[socket.socket, socket.socket], Coroutine[object, object, None]],
    say: Sequence[bytes],
    answer: Sequence[bytes],
) -> tuple[bytes, bytes]:
    """What the server and the client get when both send in pieces, then end."""
    (client, client_far), (server, server_far) = ends(), ends()
    got: dict[str, bytes] = {}

    def speak(name: str, end: socket.socket, pieces: Sequence[bytes]) -> None:
        def send() -> None:
            with suppress(OSError):
                for piece in pieces:
                    end.sendall(piece)
                end.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = bytearray()
        with suppress(OSError):
            while data := end.recv(65536):
                received += data
        got[name] = bytes(received)
        sender.join()

    threads = [
        threading.Thread(target=speak, args=("client", client_far, say)),
        threading.Thread(target=speak, args=("server", server_far, answer)),
    ]
    for thread in threads:
        thread.start()
    try:
        asyncio.run(asyncio.wait_for(work(client, server), 60))
    finally:
        for end in (client, server):
            end.close()
        for thread in threads:
            thread.join()
        for end in (client_far, server_far):
            end.close()
    return got["server"], got["client"]


def pumped(chain: Sequence[Function]) -> Callable[[socket.socket, socket.socket], Coroutine[object, object, None]]:
    async def work(client: socket.socket, server: socket.socket) -> None:
        pump = proxy._Pump(Relay(chain), client, server)
        await proxy._both(*(each for side in Side for each in (pump.read(side), pump.write(side))))

    return work


async def spliced(client: socket.socket, server: socket.socket) -> None:
    await proxy._both(proxy._splice(client, server), proxy._splice(server, client))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=6), st.lists(st.binary(max_size=3000), max_size=6))
def test_pieces_of_any_size(say: list[bytes], answer: list[bytes]) -> None:
    chain = [of_sid(sid_of(PREFIX, name)) for name in ("xor", "compress", "decompress", "xor")]
    assert run(pumped(chain), say, answer) == (b"".join(say), b"".join(answer))
    assert run(spliced, say, answer) == (b"".join(say), b"".join(answer))


def test_more_than_any_buffer_holds() -> None:
    big = os.urandom(3 << 20)
    for work in (pumped([of_sid(sid_of(PREFIX, "pass")), of_sid(sid_of(PREFIX, "leet", 1))]), spliced):
        assert run(work, [b"ask"], [big])[1] == big


def test_an_error_ends_both_directions() -> None:
    with pytest.raises(ConnectionAbortedError, match="not a stream of zlib"):
        run(pumped([of_sid(sid_of(PREFIX, "decompress"))]), [b"no zlib"], [])


def linux_has_srh() -> str | None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            sockets.set_srh(probe, Srh.by_way_of([PREFIX], "::1"))
    except OSError as error:
        return f"no SRH on sockets here: {error}"
    return None


WITHOUT = linux_has_srh()
needs_srh = pytest.mark.skipif(WITHOUT is not None, reason=str(WITHOUT))


@needs_srh
def test_a_socket_keeps_its_srh() -> None:
    """The kernel's copy, but for the last segment, which is where the socket is connected to."""
    srh = Srh.by_way_of([PREFIX, "fcbb:bb00:3::"], "::1", [PREFIX], "2001:db8::1")
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as end:
        sockets.set_srh(end, srh)
        got = end.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, 1024)
        assert Srh.parse(got) == srh
        sockets.set_srh(end, None)
        assert end.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, 1024) == b""


def test_a_connection_without_an_srh_has_none() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as listener:
        sockets.receive(listener)
        listener.bind(("::1", 0))
        listener.listen()
        with sockets.connect("::1", listener.getsockname()[1], None, 10):
            accepted, _ = listener.accept()
            with accepted:
                assert sockets.received(accepted) is None


def test_ancillary_data_that_is_cut() -> None:
    class Cut:
        def getsockopt(self, level: int, option: int, length: int) -> bytes:
            return struct.pack("@Nii", 2000, socket.IPPROTO_IPV6, socket.IPV6_RTHDR) + bytes(length - 16)

    with pytest.raises(SrhError, match="1984 octets is more than the kernel hands out"):
        sockets.received(Cut())  # type: ignore[arg-type]


def test_the_command_ends_with_ctrl_c() -> None:
    """Without the capability it says so in a line; with it, Ctrl-C ends it, exit code 0."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(proxy.__file__)))
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as free:
        free.bind(("::", 0))
        port = free.getsockname()[1]
    done = subprocess.Popen(
        [sys.executable, "-m", "srv6host", "proxy", f"{PREFIX}/80", "--port", str(port)],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.stdout is not None
    if done.stdout.readline() == "ready\n":
        with pytest.raises(ConnectionResetError), socket.create_connection(("::1", port), 10) as client:
            client.recv(1)  # no SRH
        done.send_signal(signal.SIGINT)
        out, err = done.communicate(timeout=60)
        assert (done.returncode, err) == (0, "")
        assert "refused: no SRH" in out and "1 refused" in out
    else:
        _, err = done.communicate(timeout=60)
        assert done.returncode == 1 and err.startswith("srv6host: ") and err.count("\n") == 1
