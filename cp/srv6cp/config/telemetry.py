# SPDX-License-Identifier: Apache-2.0
"""``telemetry`` of a node file: interfaces of path tracing, flows of alternate marking."""

from __future__ import annotations

from typing import Any

from srv6cp import values
from srv6cp.behaviours.operands import out_port
from srv6cp.config.context import Context
from srv6cp.model import NO_TELEMETRY, InterfaceId, MarkedFlow, Telemetry, TracedInterface
from srv6cp.model.telemetry import TIMESTAMP_SHIFTS, USUAL_TEMPLATE
from srv6cp.problems import Fields, InvalidError, with_path

TELEMETRY_KEYS = frozenset(("path-tracing", "alternate-marking"))
TRACED_KEYS = frozenset(("interface", "id", "load", "template"))
FLOW_KEYS = frozenset(("flow", "ports"))
MAX_INTERFACE, MAX_LOAD, MAX_FLOW, MAX_SESSION = 0xFFF, 0xF, 0xFFFFF, 0xFFFF
MAX_TEMPLATE = len(TIMESTAMP_SHIFTS) - 1


def read_telemetry(value: Any, context: Context) -> Telemetry:
    """Both lists."""
    if value is None:
        return NO_TELEMETRY
    traced: dict[InterfaceId, TracedInterface] = {}
    flows: dict[int, MarkedFlow] = {}
    with context.at("telemetry"):
        item = values.mapping(value, "telemetry")
        values.check_keys(item, TELEMETRY_KEYS)
        numbers: set[int] = set()
        for index, given in enumerate(_listed(item, "path-tracing")):
            with context.at("telemetry", "path-tracing", index):
                one = _traced(given, context)
                if one.interface in traced:
                    raise InvalidError(f"interface {one.interface} is given twice", "interface")
                if one.number in numbers:
                    raise InvalidError(f"id {one.number} is that of another interface", "id")
                traced[one.interface] = one
                numbers.add(one.number)
        for index, given in enumerate(_listed(item, "alternate-marking")):
            with context.at("telemetry", "alternate-marking", index):
                flow = _flow(given, context)
                if flow.flow in flows:
                    raise InvalidError(f"flow {flow.flow} is given twice", "flow")
                flows[flow.flow] = flow
    return Telemetry(tuple(traced.values()), tuple(flows.values()))


def _listed(item: dict[Any, Any], key: str) -> list[Any]:
    return list(with_path(key, values.listing, item.get(key) or [], key))


def _traced(given: Any, context: Context) -> TracedInterface:
    fields = Fields(values.mapping(given, "an interface of path tracing"))
    with fields.at():
        values.check_keys(fields.item, TRACED_KEYS, ("interface", "id"))
    interface = fields.read("interface", context.interface)
    number = fields.read("id", values.integer, "id", 1, MAX_INTERFACE)
    load = fields.read("load", values.integer, "load", 0, MAX_LOAD, default=0)
    template = fields.read("template", values.integer, "template", 0, MAX_TEMPLATE, default=USUAL_TEMPLATE)
    fields.finish()
    return TracedInterface(interface.id, number, load, template)


def _flow(given: Any, context: Context) -> MarkedFlow:
    fields = Fields(values.mapping(given, "a flow of alternate marking"))
    with fields.at():
        values.check_keys(fields.item, FLOW_KEYS, ("flow",))
    flow = fields.read("flow", values.integer, "flow (FlowMonID)", 0, MAX_FLOW)
    ports: dict[int, None] = {}
    for index, port in enumerate(fields.read("ports", values.one_or_more, default=())):
        with fields.at("ports", index):
            number = out_port(port, context)
            if number in ports:
                raise InvalidError(f"port {number} is given twice")
            ports[number] = None
    fields.finish()
    return MarkedFlow(flow, tuple(ports) or tuple(context.ports))
