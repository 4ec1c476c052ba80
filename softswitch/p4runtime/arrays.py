# SPDX-License-Identifier: Apache-2.0
"""Counters, meters and registers, direct and indexed (P4Runtime 1.5 sections 9.3, 9.4, 9.7)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from p4rtlib.objects import CounterInfo, MeterInfo
from p4rtlib.protos import p4runtime_pb2
from p4rtlib.values import canonical, canonical_signed
from softswitch.p4runtime.codec import describe_key, index_of
from softswitch.p4runtime.context import Context, device_errors
from softswitch.p4runtime.errors import invalid, unimplemented
from softswitch.p4runtime.metering import decode_meter_config, encode_meter_config, rates_of
from softswitch.p4runtime.records import Record, Table
from softswitch.p4runtime.schema import RegisterInfo, by_id
from softswitch.p4runtime.tables import TableManager
from softswitch.p4runtime.values import signed_of, value_of

__all__ = ["ArrayManager", "DirectManager"]

_MODIFY = p4runtime_pb2.Update.MODIFY
_MAX_INT64 = (1 << 63) - 1


def _only_modify(kind: int, what: str) -> None:
    if kind != _MODIFY:
        raise invalid(f"{what}: only MODIFY is possible")


def _restore(write: Callable[..., None], cells: Iterable[tuple[Any, ...]]) -> None:
    """Write remembered cells back."""
    for cell in cells:
        write(*cell)


def _check_counts(data: Any, what: str) -> None:
    if data.packet_count < 0 or data.byte_count < 0:
        raise invalid(f"{what}: counter data is negative")


def _no_color_counters(message: Any, what: str) -> None:
    if message.HasField("counter_data"):
        raise unimplemented(f"{what}: meters of this target count no colours (counter_data)")


class ArrayManager:
    """``CounterEntry``, ``MeterEntry`` and ``RegisterEntry``.

    Meter configurations are remembered as written: the device keeps rates only.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._configs: dict[int, dict[int, tuple[int, ...]]] = {number: {} for number in context.schema.meters}

    # -- counters

    def _counter(self, number: int) -> CounterInfo:
        return by_id("counter", self._context.schema.counters, number)

    def write_counter(self, kind: int, message: Any) -> None:
        """Set one cell or, without index, all; nothing without data."""
        info = self._counter(message.counter_id)
        what = f"counter {info.name}"
        _only_modify(kind, what)
        indices = [index_of(message, info.size, what)] if message.HasField("index") else range(info.size)
        if not message.HasField("data"):
            return
        _check_counts(message.data, what)
        array = self._context.device.counters[info.name]
        packets, count = message.data.packet_count, message.data.byte_count
        if self._context.undo is not None:
            before = [(index, *array.read(index)) for index in indices]
            self._context.on_undo(lambda: _restore(array.write, before))
        with self._context.device.lock:
            for index in indices:
                array.write(index, packets, count)

    def read_counter(self, message: Any, role: str = "") -> Iterator[Any]:
        """Cells; id 0 and an unset index are wildcards."""
        infos = (
            [self._counter(message.counter_id)]
            if message.counter_id
            else [info for info in self._context.schema.counters.values() if not role or info.role in ("", role)]
        )
        found: list[tuple[int, int, Sequence[int], Sequence[int]]] = []  # id, first index, packets, bytes
        for info in infos:
            counters = self._context.device.counters[info.name]
            if message.counter_id and message.HasField("index"):
                index = index_of(message, info.size, f"counter {info.name}")
                value = counters.read(index)
                found.append((info.id, index, (value.packets,), (value.bytes,)))
            else:
                with self._context.device.lock:
                    found.append((info.id, 0, array("Q", counters.packets), array("Q", counters.bytes)))
        return (
            _counter_entity(number, index, packets, count)
            for number, first, all_packets, all_bytes in found
            for index, (packets, count) in enumerate(zip(all_packets, all_bytes, strict=True), first)
        )

    # -- meters

    def _meter(self, number: int) -> MeterInfo:
        return by_id("meter", self._context.schema.meters, number)

    def write_meter(self, kind: int, message: Any) -> None:
        """Configure one meter or, without index, all; without config back to "always green"."""
        info = self._meter(message.meter_id)
        what = f"meter {info.name}"
        _only_modify(kind, what)
        _no_color_counters(message, what)
        indices = [index_of(message, info.size, what)] if message.HasField("index") else range(info.size)
        values = decode_meter_config(info, message.config, what) if message.HasField("config") else None
        configs = self._configs[info.id]
        if self._context.undo is not None:
            before = [(index, configs.get(index)) for index in indices]
            self._context.on_undo(lambda: _restore(partial(self._set_meter, info), before))
        for index in indices:
            self._set_meter(info, index, values)

    def _set_meter(self, info: MeterInfo, index: int, values: tuple[int, ...] | None) -> None:
        with device_errors():
            self._context.device.meters[info.name].set_rates(index, rates_of(values))
        if values is None:
            self._configs[info.id].pop(index, None)
        else:
            self._configs[info.id][index] = values

    def read_meter(self, message: Any, role: str = "") -> Iterator[Any]:
        """Configurations; id 0 and an unset index are wildcards; ``config`` is unset for unconfigured
        meters."""
        infos = (
            [self._meter(message.meter_id)]
            if message.meter_id
            else [info for info in self._context.schema.meters.values() if not role or info.role in ("", role)]
        )
        _no_color_counters(message, "meter")
        found: list[tuple[int, Sequence[int], dict[int, tuple[int, ...]]]] = []
        for info in infos:
            indices: Sequence[int] = range(info.size)
            if message.meter_id and message.HasField("index"):
                indices = (index_of(message, info.size, f"meter {info.name}"),)
            found.append((info.id, indices, dict(self._configs[info.id])))
        return (
            _meter_entity(number, index, configs.get(index)) for number, indices, configs in found for index in indices
        )

    # -- registers

    def _register(self, number: int) -> RegisterInfo:
        return by_id("register", self._context.schema.registers, number)

    def write_register(self, kind: int, message: Any) -> None:
        """Set one cell or, without index, all."""
        info = self._register(message.register_id)
        what = f"register {info.name}"
        _only_modify(kind, what)
        indices = [index_of(message, info.size, what)] if message.HasField("index") else range(info.size)
        if message.data.WhichOneof("data") != "bitstring":
            raise invalid(
                f"{what}: data must be a bitstring, its cells are {'int' if info.signed else 'bit'}<{info.width}>"
            )
        if info.signed:
            value = signed_of(message.data.bitstring, info.width, what) & (1 << info.width) - 1
        else:
            value = value_of(message.data.bitstring, info.width, what)
        array = self._context.device.registers[info.name]
        if self._context.undo is not None:
            before = [(index, array.read(index)) for index in indices]
            self._context.on_undo(lambda: _restore(array.write, before))
        with self._context.device.lock:
            for index in indices:
                array.write(index, value)

    def read_register(self, message: Any, role: str = "") -> Iterator[Any]:
        """Cells; id 0 and an unset index are wildcards."""
        infos = (
            [self._register(message.register_id)]
            if message.register_id
            else [info for info in self._context.schema.registers.values() if not role or info.role in ("", role)]
        )
        found: list[tuple[RegisterInfo, int, Sequence[int]]] = []
        for info in infos:
            registers = self._context.device.registers[info.name]
            if message.register_id and message.HasField("index"):
                index = index_of(message, info.size, f"register {info.name}")
                found.append((info, index, (registers.read(index),)))
            else:
                with self._context.device.lock:
                    found.append((info, 0, registers.read_all()))
        return (
            _register_entity(info, index, value)
            for info, first, cells in found
            for index, value in enumerate(cells, first)
        )


class DirectManager:
    """``DirectCounterEntry`` and ``DirectMeterEntry``."""

    def __init__(self, context: Context, tables: TableManager) -> None:
        self._context = context
        self._tables = tables

    def _find(self, message: Any, resource: str) -> tuple[Table, Record]:
        """Table and record that ``message.table_entry`` names, the table having the direct ``resource``."""
        entry = message.table_entry
        table = self._tables.table(entry.table_id)
        if not getattr(table, "counts" if resource == "counter" else "meters"):
            raise invalid(f"{table.where} has no direct {resource}")
        if entry.is_default_action:
            raise invalid(f"{table.where}: this target has no direct {resource} on default entries")
        return self._tables.find(entry)

    def write_counter(self, kind: int, message: Any) -> None:
        """Set the direct counter of an entry."""
        _only_modify(kind, "direct counter")
        table, record = self._find(message, "counter")
        if not message.HasField("data"):
            return
        _check_counts(message.data, f"{table.where}, {describe_key(table.info, record.key, record.priority)}")
        state, key, priority = table.state, record.key, record.priority
        before = state.counter(key, priority)
        self._context.on_undo(lambda: state.set_counter(key, before.packets, before.bytes, priority))
        state.set_counter(key, message.data.packet_count, message.data.byte_count, priority)

    def write_meter(self, kind: int, message: Any) -> None:
        """Configure the direct meter of an entry; without config back to "always green"."""
        _only_modify(kind, "direct meter")
        _no_color_counters(message, "direct meter")
        table, record = self._find(message, "meter")
        values = None
        if message.HasField("config"):
            values = decode_meter_config(self._context.schema.meter_of[table.info.id], message.config, table.where)
        before = record.meter
        self._set_meter(table, record, values)
        self._context.on_undo(lambda: self._set_meter(table, record, before))

    @staticmethod
    def _set_meter(table: Table, record: Record, values: tuple[int, ...] | None) -> None:
        with device_errors(table.where):
            table.state.set_meter(record.key, rates_of(values), record.priority)
        record.meter = values

    def _selected(self, message: Any, resource: str, role: str) -> list[tuple[Table, Record]]:
        """Entries to read: table id 0 is all tables with the resource, no match is all entries of a table."""
        entry = message.table_entry
        if not entry.table_id:
            return [
                (table, record)
                for table in self._tables.tables.values()
                if (table.counts if resource == "counter" else table.meters)
                and (not role or table.info.role in ("", role))
                for record in table.records.values()
            ]
        if entry.match or entry.priority or entry.is_default_action:
            return [self._find(message, resource)]
        table = self._tables.table(entry.table_id)
        if not (table.counts if resource == "counter" else table.meters):
            raise invalid(f"{table.where} has no direct {resource}")
        return [(table, record) for record in table.records.values()]

    def read_counter(self, message: Any, role: str = "") -> Iterator[Any]:
        """Direct counters."""
        return (self._counter_entity(*found) for found in self._selected(message, "counter", role))

    def read_meter(self, message: Any, role: str = "") -> Iterator[Any]:
        """Configurations of direct meters; ``config`` is unset for unconfigured ones."""
        _no_color_counters(message, "direct meter")
        return (self._meter_entity(*found) for found in self._selected(message, "meter", role))

    def _counter_entity(self, table: Table, record: Record) -> Any:
        entity = p4runtime_pb2.Entity()
        entry = entity.direct_counter_entry
        self._tables.encode_key(table, record, entry.table_entry)
        value = table.count_of(record)
        entry.data.packet_count = value.packets & _MAX_INT64
        entry.data.byte_count = value.bytes & _MAX_INT64
        return entity

    def _meter_entity(self, table: Table, record: Record) -> Any:
        entity = p4runtime_pb2.Entity()
        entry = entity.direct_meter_entry
        self._tables.encode_key(table, record, entry.table_entry)
        if record.meter is not None:
            encode_meter_config(record.meter, entry.config)
        return entity


def _counter_entity(number: int, index: int, packets: int, count: int) -> Any:
    entity = p4runtime_pb2.Entity()
    entry = entity.counter_entry
    entry.counter_id = number
    entry.index.index = index
    entry.data.packet_count = packets & _MAX_INT64
    entry.data.byte_count = count & _MAX_INT64
    return entity


def _meter_entity(number: int, index: int, config: tuple[int, ...] | None) -> Any:
    entity = p4runtime_pb2.Entity()
    entry = entity.meter_entry
    entry.meter_id = number
    entry.index.index = index
    if config is not None:
        encode_meter_config(config, entry.config)
    return entity


def _register_entity(info: RegisterInfo, index: int, value: int) -> Any:
    entity = p4runtime_pb2.Entity()
    entry = entity.register_entry
    entry.register_id = info.id
    entry.index.index = index
    if info.signed and value >> (info.width - 1):
        entry.data.bitstring = canonical_signed(value - (1 << info.width))
    else:
        entry.data.bitstring = canonical_signed(value) if info.signed else canonical(value)
    return entity
