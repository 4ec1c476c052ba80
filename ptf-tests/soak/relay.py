# SPDX-License-Identifier: Apache-2.0
"""A cable between a controller and its switch: TCP connections that are passed on, cut, held up or slowed down."""

from __future__ import annotations

import asyncio
import threading
from enum import Enum
from typing import Any

_CHUNK = 65536


class Cable(Enum):
    """What a relay does with what arrives."""

    WHOLE = "whole"
    CUT = "cut"
    """Connections end, and new ones are ended at once."""
    SILENT = "silent"
    """Connections stay and nothing comes through, nor that one of them has ended: a partition."""
    SLOW = "slow"


class Relay:
    """Listens at `address` and passes on to ``target``, a ``HOST:PORT``. A thread of its own."""

    def __init__(self, target: str, delay: float = 0.1) -> None:
        """``delay``: what each piece takes longer when the cable is slow, in seconds."""
        self._target = target.rsplit(":", 1)
        self._delay = delay
        self._cable = Cable.WHOLE
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._moves: asyncio.Event | None = None
        self._server: asyncio.Server | None = None
        self._address = ""
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        self.address: str = self._address

    def set(self, cable: Cable) -> None:
        """Do so from now on."""
        asyncio.run_coroutine_threadsafe(self._set(cable), self._loop).result(10)

    def close(self) -> None:
        """End every connection and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._moves = asyncio.Event()
        self._moves.set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self._address = "{}:{}".format(*self._server.sockets[0].getsockname())
        started.set()
        self._loop.run_forever()

    async def _set(self, cable: Cable) -> None:
        assert self._moves is not None
        self._cable = cable
        if cable is Cable.SILENT:
            self._moves.clear()
        else:
            self._moves.set()
        if cable is Cable.CUT:
            self._cut()

    def _cut(self) -> None:
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    async def _end(self) -> None:
        assert self._server is not None and self._moves is not None
        self._cable = Cable.CUT
        self._server.close()
        self._moves.set()
        self._cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None and self._moves is not None
        self._tasks.add(task)
        other: asyncio.StreamWriter | None = None
        try:
            await self._moves.wait()
            if self._cable is Cable.CUT:
                return
            there, other = await asyncio.open_connection(self._target[0], int(self._target[1]))
            pair = writer, other
            self._pairs.add(pair)
            try:
                await asyncio.gather(self._pass(reader, other), self._pass(there, writer))
            finally:
                self._pairs.discard(pair)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, other):
                if each is not None:
                    each.transport.abort()
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._moves is not None
        while True:
            data = await reader.read(_CHUNK)
            await self._moves.wait()
            if not data:
                raise ConnectionResetError
            if self._cable is Cable.SLOW:
                await asyncio.sleep(self._delay)
            writer.write(data)
            await writer.drain()
