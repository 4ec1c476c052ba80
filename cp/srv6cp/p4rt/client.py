# SPDX-License-Identifier: Apache-2.0
"""A P4Runtime client for one switch; any number of them live in one process.

    info = P4Info.from_file("full.p4info.txtpb")
    with Client("127.0.0.1:9559", device_id=1, p4info=info) as switch:
        switch.become_primary()
        switch.set_pipeline(info, "full.json")
        switch.write([insert(TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": IPv6Network("2001:db8::/32")},
                                        Action("set_nexthop", {"nexthop_id": 1})))])
        for entry in switch.read(TableEntry("ipv6_table")):
            print(render_entity(entry))

Calls are synchronous and may come from any thread. Callbacks run on the client's stream thread: they may
write and read, but not wait for the stream (arbitrate, reconnect). What goes wrong is a
:class:`P4RuntimeError`.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal

import grpc

from p4rtlib.protos import p4runtime_pb2

from .entities import Entity, TableEntry, Update, UpdateType
from .errors import (
    Code,
    EntityError,
    Failure,
    NoPipeline,
    P4InfoError,
    P4RuntimeError,
    PipelineError,
    RpcFailed,
)
from .messages import TLS
from .program import P4Info
from .render import render_update
from .session import Session
from .status import failed, raise_failures, write_failed

__all__ = ["Atomicity", "Client", "pipeline_cookie", "wait_for_switch"]

PipelineAction = Literal["VERIFY", "VERIFY_AND_SAVE", "VERIFY_AND_COMMIT", "COMMIT", "RECONCILE_AND_COMMIT"]


class Atomicity(IntEnum):
    """WriteRequest.Atomicity. BMv2 implements only the first."""

    CONTINUE_ON_ERROR = 0
    ROLLBACK_ON_ERROR = 1
    DATAPLANE_ATOMIC = 2


class Client(Session):
    """A :class:`~srv6cp.p4rt.session.Session` that also loads programs, writes and reads."""

    def set_pipeline(
        self,
        p4info: P4Info | str | Path,
        config: bytes | str | Path,
        action: PipelineAction = "VERIFY_AND_COMMIT",
        cookie: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """Load a program: its p4info (or file) and target binary (bytes or file; BMv2 and softswitch: the
        JSON).

        ``cookie`` defaults to :func:`pipeline_cookie` of the two. Raises :class:`PipelineError`,
        :class:`NotPrimary`.
        """
        info = p4info if isinstance(p4info, P4Info) else P4Info.from_file(p4info)
        binary = config if isinstance(config, bytes) else _read(config)
        request = p4runtime_pb2.SetForwardingPipelineConfigRequest(
            device_id=self.device_id,
            role=self.role,
            action=p4runtime_pb2.SetForwardingPipelineConfigRequest.Action.Value(action),
        )
        self._sign(request)
        if action != "COMMIT":
            request.config.p4info.CopyFrom(info.proto)
            request.config.p4_device_config = binary
            request.config.cookie.cookie = pipeline_cookie(info, binary) if cookie is None else cookie
        try:
            self._service_now.set_pipeline(request, timeout=timeout or self.rpc_timeout)
        except grpc.RpcError as error:
            failure = failed("SetForwardingPipelineConfig", error, self.address, self.device_id)
            if type(failure) in (RpcFailed, NoPipeline):
                assert isinstance(failure, RpcFailed)
                raise PipelineError(failure.rpc, failure.code, failure.message, failure.where) from None
            raise failure from None
        if action != "VERIFY":
            self._use(info)

    # --- write and read ---------------------------------------------------------------------------

    def write(
        self,
        updates: Iterable[Update],
        atomicity: Atomicity = Atomicity.CONTINUE_ON_ERROR,
        batch: int = 1000,
        timeout: float | None = None,
    ) -> int:
        """Apply ``updates`` in order and return how many there were.

        All are encoded before any is sent, so an entity that does not fit the program (:class:`EntityError`)
        leaves the switch as it was. They go out ``batch`` at a time, unless an ``atomicity`` other than the
        default makes them one request. With the default, updates after a failed one are still applied; then
        :class:`WriteError` lists all that failed.
        """
        todo = list(updates)
        if not todo:
            return 0
        if batch < 1:
            raise ValueError(f"batch {batch} must be 1 or more")
        step = batch if atomicity is Atomicity.CONTINUE_ON_ERROR else len(todo)
        requests = [(start, self._write_request(todo, start, step, atomicity)) for start in range(0, len(todo), step)]
        failures: list[Failure] = []
        limit = self.rpc_timeout if timeout is None else timeout
        service = self._service_now
        for start, request in requests:
            try:
                service.write(request, timeout=limit)
            except grpc.RpcError as error:
                part = todo[start : start + step]
                found = write_failed(error, part, start, self.address, self.device_id)
                if isinstance(found, P4RuntimeError):
                    raise found from None
                failures += found
        raise_failures(failures, len(todo), self.address, self.device_id)
        return len(todo)

    def write_stamped(self, updates: Sequence[bytes], batch: int = 1000, timeout: float | None = None) -> None:
        """As `write`, of what a :class:`~srv6cp.p4rt.stamps.Stamp` has made."""
        base = self._write_request([], 0, 0, Atomicity.CONTINUE_ON_ERROR).SerializeToString()
        limit = self.rpc_timeout if timeout is None else timeout
        failures: list[Failure] = []
        for start in range(0, len(updates), batch):
            part = updates[start : start + batch]
            request = p4runtime_pb2.WriteRequest.FromString(b"".join((base, *part)))
            try:
                self._service_now.write(request, timeout=limit)
            except grpc.RpcError as error:
                decode = self.p4info.codec.decode
                there = [Update(UpdateType(each.type), decode(each.entity)) for each in request.updates]
                found = write_failed(error, there, start, self.address, self.device_id)
                if isinstance(found, P4RuntimeError):
                    raise found from None
                failures += found
        raise_failures(failures, len(updates), self.address, self.device_id)

    def insert(self, *entities: Entity) -> None:
        """Write an insertion of each."""
        self.write(Update(UpdateType.INSERT, entity) for entity in entities)

    def modify(self, *entities: Entity) -> None:
        """Write a modification of each."""
        self.write(Update(UpdateType.MODIFY, entity) for entity in entities)

    def delete(self, *entities: Entity) -> None:
        """Write a deletion of each."""
        self.write(Update(UpdateType.DELETE, entity) for entity in entities)

    def read(self, *patterns: Entity | Iterable[Entity], timeout: float | None = None) -> Iterator[Entity]:
        """What the switch holds that matches any of ``patterns`` (entities, or iterables of them), as it
        arrives.

        ``TableEntry("t")`` is every entry of a table, ``TableEntry("")`` of all tables, ``CounterEntry("c")``
        every cell; with a match or an index it is that one. Errors are raised while iterating.
        """
        encode = self.p4info.codec.pattern
        request = p4runtime_pb2.ReadRequest(device_id=self.device_id, role=self.role)
        for pattern in patterns:
            for entity in _flatten(pattern):
                request.entities.append(encode(entity))
        return self._read(request, timeout)

    def _read(self, request: Any, timeout: float | None) -> Iterator[Entity]:
        if not request.entities:
            return
        decode = self.p4info.codec.decode
        call = self._service_now.read(request, timeout=self.rpc_timeout if timeout is None else timeout)
        try:
            for response in call:
                for message in response.entities:
                    yield decode(message)
        except grpc.RpcError as error:
            raise failed("Read", error, self.address, self.device_id) from None
        finally:
            call.cancel()

    def read_one(self, entity: Entity) -> Entity | None:
        """The entity with this key on the switch, None when there is none."""
        key = self.p4info.codec.key
        wanted = key(entity)
        try:
            # A key of don't-cares only reads as a pattern for the whole table.
            return next((found for found in self.read(entity) if key(found) == wanted), None)
        except RpcFailed as error:
            if error.code is Code.NOT_FOUND:
                return None
            raise

    def default_entry(self, table: str) -> TableEntry | None:
        """The default entry of ``table``."""
        found = self.read_one(TableEntry(table, is_default=True))
        return found if isinstance(found, TableEntry) else None

    def _write_request(self, updates: list[Update], start: int, step: int, atomicity: Atomicity) -> Any:
        codec = self.p4info.codec
        request = p4runtime_pb2.WriteRequest(device_id=self.device_id, role=self.role, atomicity=int(atomicity))
        self._sign(request)
        try:
            codec.updates(updates[start : start + step], request.updates)
        except EntityError as error:
            # The message being filled is the last one: its position says which update it was.
            position = start + len(request.updates) - 1
            if len(updates) > 1:
                error.args = (f"update #{position}: {error} (in: {render_update(updates[position])})",)
            raise
        return request


def pipeline_cookie(info: P4Info, config: bytes) -> int:
    """A 64-bit digest of a program, never 0: equal cookies mean that the switch runs exactly this program."""
    digest = hashlib.sha256(info.proto.SerializeToString(deterministic=True))
    digest.update(config)
    return int.from_bytes(digest.digest()[:8], "big") or 1


def wait_for_switch(address: str, device_id: int = 0, timeout: float = 10.0, tls: TLS | None = None) -> float:
    """Wait until a P4Runtime server answers at ``address``; seconds it took. Raises
    :class:`ConnectionFailed`.
    """
    started = time.monotonic()
    client = Client(address, device_id, tls=tls)
    try:
        client.connect(timeout, wait=True)
    finally:
        client.close()
    return time.monotonic() - started


def _flatten(pattern: Entity | Iterable[Entity]) -> Iterable[Entity]:
    return pattern if isinstance(pattern, Iterable) else (pattern,)


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise P4InfoError(f"{path}: cannot read the pipeline configuration: {error.strerror or error}") from None
