# SPDX-License-Identifier: Apache-2.0
"""Digest lists: buffering, acknowledgements, time limits (P4Runtime 1.5 section 9.8)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from p4rtlib.protos import p4runtime_pb2
from p4rtlib.values import canonical
from softswitch.p4runtime.context import Context
from softswitch.p4runtime.errors import already_exists, invalid, not_found
from softswitch.p4runtime.schema import DigestInfo, by_id

__all__ = ["MAX_BUFFERED", "DigestManager"]

_INSERT, _MODIFY = p4runtime_pb2.Update.INSERT, p4runtime_pb2.Update.MODIFY

#: Messages a digest may hold unsent or unacknowledged; what exceeds it is dropped and counted.
MAX_BUFFERED = 65536

_Data = tuple[int, ...]


@dataclass(slots=True)
class _Learn:
    """An enabled digest."""

    info: DigestInfo
    max_timeout_ns: int
    max_list_size: int
    ack_timeout_ns: int
    buffer: dict[_Data, None] = field(default_factory=dict)
    first_ns: int = 0
    #: list id -> (time sent, messages), and the messages of all of them
    sent: dict[int, tuple[int, tuple[_Data, ...]]] = field(default_factory=dict)
    cache: set[_Data] = field(default_factory=set)


class DigestManager:
    """``DigestEntry`` and the stream messages of digests.

    ``send``: gives a ``DigestList`` to the primary.  :meth:`learned` comes from packet threads, :meth:`tick`
    from the housekeeping thread, the rest from RPCs; one small lock guards all.
    """

    def __init__(self, context: Context, send: Callable[[str, Any], object]) -> None:
        self._context = context
        self._give = send
        self._lock = threading.Lock()
        self._learns: dict[int, _Learn] = {}
        self._by_name = {info.learn: info for info in context.schema.digests.values()}
        self._next_list = 1
        self.dropped = 0

    def _info(self, number: int) -> DigestInfo:
        return by_id("digest", self._context.schema.digests, number)

    # -- entity

    def write(self, kind: int, message: Any) -> None:
        """INSERT enables, MODIFY reconfigures, DELETE disables a digest."""
        info = self._info(message.digest_id)
        where = f"digest {info.name}"
        with self._lock:
            known = self._learns.get(info.id)
            if kind == _INSERT and known is not None:
                raise already_exists(f"{where} is enabled already")
            if kind != _INSERT and known is None:
                raise not_found(f"{where} is not enabled")
            if kind in (_INSERT, _MODIFY):
                config = message.config
                for name in ("max_timeout_ns", "max_list_size", "ack_timeout_ns"):
                    if getattr(config, name) < 0:
                        raise invalid(f"{where}: {name} {getattr(config, name)} is negative")
                self._learns[info.id] = _Learn(info, config.max_timeout_ns, config.max_list_size, config.ack_timeout_ns)
            else:
                del self._learns[info.id]
        self._context.on_undo(lambda: self._restore(info.id, known))

    def _restore(self, number: int, learn: _Learn | None) -> None:
        with self._lock:
            if learn is None:
                self._learns.pop(number, None)
            else:
                self._learns[number] = learn

    def read(self, message: Any, role: str = "") -> Iterator[Any]:
        """Enabled digests; id 0 is a wildcard."""
        if message.digest_id:
            self._info(message.digest_id)
        with self._lock:
            learns = list(self._learns.values())
        for learn in learns:
            if message.digest_id not in (0, learn.info.id) or (role and learn.info.role not in ("", role)):
                continue
            entity = p4runtime_pb2.Entity()
            entry = entity.digest_entry
            entry.digest_id = learn.info.id
            entry.config.max_timeout_ns = learn.max_timeout_ns
            entry.config.max_list_size = learn.max_list_size
            entry.config.ack_timeout_ns = learn.ack_timeout_ns
            yield entity

    # -- data

    def learned(self, name: str, values: list[_Data]) -> None:
        """Digest messages from the data plane."""
        info = self._by_name.get(name)
        if info is None:
            return
        with self._lock:
            learn = self._learns.get(info.id)
            if learn is None:
                return
            for data in values:
                if data in learn.buffer or data in learn.cache:
                    continue
                if len(learn.buffer) + len(learn.cache) >= MAX_BUFFERED:
                    self.dropped += 1
                    continue
                if not learn.buffer:
                    learn.first_ns = time.monotonic_ns()
                learn.buffer[data] = None
                if learn.max_timeout_ns == 0 or (learn.max_list_size and len(learn.buffer) >= learn.max_list_size):
                    self._flush(learn)

    def acknowledge(self, message: Any) -> None:
        """A ``DigestListAck``: forget the messages of the list."""
        info = self._info(message.digest_id)
        with self._lock:
            learn = self._learns.get(info.id)
            if learn is not None:
                self._forget(learn, message.list_id)

    def tick(self) -> None:
        """Send lists whose time has come, forget those that nobody acknowledged in time."""
        now = time.monotonic_ns()
        with self._lock:
            for learn in self._learns.values():
                if learn.buffer and now - learn.first_ns >= learn.max_timeout_ns:
                    self._flush(learn)
                for list_id, (sent, _) in list(learn.sent.items()):
                    if now - sent >= learn.ack_timeout_ns:
                        self._forget(learn, list_id)

    def send(self) -> None:
        """Send what waits for its list to be full."""
        with self._lock:
            for learn in self._learns.values():
                if learn.buffer:
                    self._flush(learn)

    @property
    def active(self) -> bool:
        """Whether :meth:`tick` is needed."""
        return bool(self._learns)

    @staticmethod
    def _forget(learn: _Learn, list_id: int) -> None:
        _, messages = learn.sent.pop(list_id, (0, ()))
        learn.cache.difference_update(messages)

    def _flush(self, learn: _Learn) -> None:
        response = p4runtime_pb2.StreamMessageResponse()
        digest = response.digest
        digest.digest_id = learn.info.id
        digest.list_id = self._next_list
        digest.timestamp = time.time_ns()
        for data in learn.buffer:
            item = digest.data.add()
            if learn.info.struct:
                for value in data:
                    item.struct.members.add().bitstring = canonical(value)
            else:
                item.bitstring = canonical(data[0])
        if learn.ack_timeout_ns:
            learn.sent[self._next_list] = (time.monotonic_ns(), tuple(learn.buffer))
            learn.cache.update(learn.buffer)
        learn.buffer.clear()
        self._next_list += 1
        self._give(learn.info.role, response)
