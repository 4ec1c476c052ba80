# SPDX-License-Identifier: Apache-2.0
"""The tree of a trace as text for people: addresses, MACs and reasons by name, frames in the notation of the input.

A switch knows widths, not meanings. What a number is follows from the ``@format`` of the p4info for keys and
parameters, from the names of the program for header fields, and from the model for reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from p4rtlib.values import Format, format_number
from p4rtlib.values import mac as mac_text
from srv6cp.behaviours import REGISTRY
from srv6cp.model import DROP_REASONS, PUNT_REASONS, DropReason, PuntReason
from srv6cp.model.numbers import CPU_PORT
from srv6cp.packets import frame_notation

if TYPE_CHECKING:
    from srv6cp.cli.readback import Names
    from srv6cp.p4rt import P4Info

Step = Mapping[str, Any]

_IPV6_MASK = (1 << 128) - 1
_ASSIGNMENT = re.compile(r"(?P<name>[\w.]+) = (?P<value>0x[0-9a-fA-F]+|\d+)")
_KEY = re.compile(r"(\w+)=(\S+)")
_ADDRESS = re.compile(r"src_addr|dst_addr|src|dst|sid|sid_\d+|first|segment|destination|segment_list_\d+")
_SID_BYTES = 16
_MACS_BYTES = 12
#: Numbers of the sections that records of behaviours bring.
_ITEMS = {section.number: section.key for section in REGISTRY.sections if section.number}
_CAUSES = {"clone-i2e": "copy for the controller", "recirculated": "once more", "resubmitted": "once more"}


class Decoder:
    """Text for the traces of one program. ``names`` turn its numbers into those of the node file."""

    def __init__(self, info: P4Info, names: Names | None = None) -> None:
        self._info = info
        self._names = names
        self._srh: Mapping[str, Any] = {}
        self._extracted: Mapping[str, Any] = {}
        self._addresses: dict[int, str] = {}  # fields of all headers so far that are too wide to be equal by chance

    def outcome(self, tree: Step) -> dict[str, Any]:
        """What became of the frame, for programs: ``outputs``, each with its ``packet``, and the reasons by name."""
        result: dict[str, Any] = {"outputs": []}
        for step in _walk(tree):
            if step["kind"] == "output":
                result["outputs"].append(self._output(step))
            elif step["kind"] == "effect":
                for word, reasons in (("drop_reason", DropReason), ("punt_reason", PuntReason)):
                    value = _assigned(step, word)
                    if value is not None:
                        result[word] = _name(reasons, value) if value else None
        return {key: value for key, value in result.items() if value is not None}

    def text(self, tree: Step) -> str:
        """The whole tree, and below it what leaves by each port and why something does not."""
        frame = bytes.fromhex(tree["frame"])
        self._srh, self._extracted, self._addresses = {}, {}, {}
        lines = [frame_notation(frame), f"port {tree['port']} received {len(frame)} bytes{_macs(_link(frame))}"]
        for step in tree["steps"]:
            self._render(step, 1, lines)
        return "\n".join([*lines, *self._result(tree)])

    def _result(self, tree: Step) -> Iterator[str]:
        found = self.outcome(tree)
        yield "result"
        for output in found["outputs"]:
            if output["port"] == CPU_PORT:
                yield f"  to the controller, {output.get('reason', 'no reason')}: {output['packet']}"
            else:
                yield f"  port {output['port']}: {output['packet']}{_macs(output)}"
        if "drop_reason" in found:
            yield f"  dropped: {_explained(DropReason, found['drop_reason'])}"
        elif not found["outputs"]:
            yield "  nothing leaves"

    def _output(self, step: Step) -> dict[str, Any]:
        """An output step with its packet; of a packet-in what the header in front of it says as well."""
        frame = bytes.fromhex(step["frame"])
        result: dict[str, Any] = {"port": step["port"]}
        header = self._info.headers.named("packet_in")
        if step["port"] == CPU_PORT and header is not None and len(frame) * 8 >= header.bits:
            size = header.bits // 8
            rest = int.from_bytes(frame[:size], "big")
            for field in reversed(header.fields):
                if field.name == "reason":
                    result["reason"] = _name(PuntReason, rest & field.full)
                rest >>= field.width
            frame = frame[size:]
        return {**result, "packet": frame_notation(frame), **_link(frame)}

    # --- steps --------------------------------------------------------------------------------------------

    def _render(self, step: Step, depth: int, lines: list[str]) -> None:
        lines.append("  " * depth + self._line(step))
        for child in step.get("steps", ()):
            self._render(child, depth + 1, lines)

    def _line(self, step: Step) -> str:
        write = getattr(self, f"_{step['kind'].replace('-', '_')}_line", None)
        if write is not None:
            return str(write(step))
        known = {key: value for key, value in step.items() if key not in ("kind", "steps")}
        return f"{step['kind']} {', '.join(f'{key}={value}' for key, value in known.items())}".rstrip()

    def _pass_line(self, step: Step) -> str:
        cause = _CAUSES.get(step["cause"], step["cause"])
        return f"{cause}: port {step['port']}, {step['length']} bytes"

    def _parser_line(self, step: Step) -> str:
        return "parser" + (f": error {step['error']}" if step.get("error") else "")

    def _state_line(self, step: Step) -> str:
        return f"state {step['name']}"

    def _extract_line(self, step: Step) -> str:
        header, fields = step["header"], step["fields"]
        self._extracted = fields
        for name, value in fields.items():
            if not _is_octets(value) and _number(value) >= 1 << 32:
                self._addresses[_number(value)] = f"{header}.{name}"
        if "segments_left" in fields:
            self._srh = fields
        shown = (f"{name}={self._field(header, name, value)}" for name, value in fields.items())
        return f"extract {header}: {', '.join(shown)}"

    def _select_line(self, step: Step) -> str:
        if "key" not in step:
            return f"-> {step['next']}"
        key = _number(step["key"])
        for name, value in self._extracted.items():
            if not _is_octets(value) and _number(value) == key and key > 1:
                return f"select {name} -> {step['next']}"
        pair = [_number(self._extracted.get(name, 0)) for name in ("src_addr", "dst_addr")]
        if key and key in (pair[0] << 128 | pair[1], pair[0] << 32 | pair[1]):
            return f"select src_addr, dst_addr -> {step['next']}"
        if key in self._addresses:
            return f"select {self._addresses[key]} -> {step['next']}"
        for behind in (0, 8, 32):  # bits of the key behind an address
            address = key >> behind & _IPV6_MASK
            if key >> behind > _IPV6_MASK and address in self._addresses:
                parts = [hex(key >> behind + 128), self._addresses[address]]
                parts += [hex(key & (1 << behind) - 1)] if behind else []
                return f"select {', '.join(parts)} -> {step['next']}"
        return f"select {key if key < 1 << 16 else hex(key)} -> {step['next']}"

    def _checksum_line(self, step: Step) -> str:
        return f"checksum {step['name']}: {'correct' if step['ok'] else 'WRONG'}"

    def _pipeline_line(self, step: Step) -> str:
        return str(step["name"])

    def _condition_line(self, step: Step) -> str:
        return f"if ({step['text']}): {str(step['result']).lower()}"

    def _table_line(self, step: Step) -> str:
        name = step["name"]
        key = ", ".join(f"{field}={self._match(name, field, value)}" for field, value in step["key"].items())
        member = f", member {step['member']}" if "member" in step else ""
        if not step["hit"]:
            return f"table {name} [{key}]: miss{member}"
        entry = _KEY.sub(lambda found: f"{found[1]}={self._pattern(name, found[1], found[2])}", step["entry"])
        return f"table {name} [{key}]: hit {entry}{member}"

    def _action_line(self, step: Step) -> str:
        info = self._info.actions.named(step["name"])
        formats = {field.name: field.format for field in info.params} if info is not None else {}
        shown = []
        for name, value in step["params"].items():
            number = _number(value)
            if name in formats:
                shown.append(f"{name}={_formatted(number, formats[name])}{self._called(name, number)}")
            else:
                shown.append(f"{name}={self._field(step['name'], name, value)}")
        return f"action {step['name']}({', '.join(shown)})"

    def _effect_line(self, step: Step) -> str:
        found = _ASSIGNMENT.fullmatch(step["text"])
        if found is None:
            return str(step["text"])
        owner, _, name = found["name"].rpartition(".")
        number = _number(found["value"])
        return f"{found['name']} = {self._field(owner, name, number)}{self._called(name, number)}"

    def _drop_line(self, step: Step) -> str:
        return f"DROP in {step['where']}: {step['why']}"

    def _output_line(self, step: Step) -> str:
        output = self._output(step)
        reason = f" ({output['reason']})" if "reason" in output else ""
        return f"OUTPUT port {step['port']}, {step['length']} bytes{reason}: {output['packet']}"

    # --- values -------------------------------------------------------------------------------------------

    def _match(self, table: str, field: str, value: Any) -> str:
        """A key of a table."""
        info = self._info.tables.named(table)
        found = info.by_name.get(field) if info is not None else None
        number = _number(value)
        text = _formatted(number, found.format) if found is not None else self._field(table, field, number)
        return f"{text}{self._called(field, number)}"

    def _pattern(self, table: str, field: str, text: str) -> str:
        """What an entry has for a key: ``0x0a000000/8``, ``0x1&&&0xff``, ``0x1..0x7``, ``0x5``."""
        for separator in ("&&&", "..", "/"):
            first, found, second = text.partition(separator)
            if found:
                other = second if separator == "/" else self._bare(table, field, second)
                return f"{self._bare(table, field, first)}{separator}{other}"
        return self._bare(table, field, text)

    def _bare(self, table: str, field: str, text: str) -> str:
        info = self._info.tables.named(table)
        found = info.by_name.get(field) if info is not None else None
        return _formatted(_number(text), found.format) if found is not None else str(_number(text))

    def _called(self, name: str, number: int) -> str:
        """What the node file calls it."""
        if self._names is None or not number:
            return ""
        text = ""
        if name == "policy_id":
            text = self._names.policy(number)
        elif name == "nexthop_id":
            text = self._names.nexthop(number)
        elif name == "vrf_id":
            text = self._names.vrf(number)
        elif name in _ITEMS:
            text = self._names.item(_ITEMS[name], number)
        elif name == "first_segment" and (sids := self._names.packed_from(number)):
            text = f"packed: {','.join(sids)}"
        return f" ({text})" if text and f"#{number}" not in text else ""

    def _field(self, owner: str, name: str, value: Any) -> str:
        """A field of a header or a parameter that the p4info does not have, by its name."""
        if _is_octets(value):
            return self._octets(owner, value)
        number = _number(value)
        if name == "drop_reason" or (name == "reason" and "refuse" in owner):
            return _name(DropReason, number)
        if name == "punt_reason" or (name == "reason" and ("packet_in" in owner or "punt" in owner)):
            return _name(PuntReason, number)
        if _ADDRESS.fullmatch(name) and number:
            if "ethernet" in owner:
                return mac_text(number)
            return str(IPv4Address(number) if "ipv4" in owner or number < 1 << 32 else IPv6Address(number))
        if name in ("mac", "src_mac", "dst_mac"):
            return mac_text(number)
        return hex(number) if name == "ether_type" or number >= 1 << 32 else str(number)

    def _octets(self, owner: str, text: str) -> str:
        """A varbit: the SIDs of an SRH in front of the next one or behind it, and what follows them as it is."""
        data = bytes.fromhex(text)
        left, last = (_number(self._srh.get(name, 0)) for name in ("segments_left", "last_entry"))
        count = {"srh_before": left - 1, "srh_after": last - left + 1}.get(owner, 0)
        size = min(max(count, 0), len(data) // _SID_BYTES) * _SID_BYTES
        listed = [str(IPv6Address(data[at : at + _SID_BYTES])) for at in range(0, size, _SID_BYTES)]
        return ",".join(listed + ([data[size:].hex()] if data[size:] or not listed else []))


def _walk(step: Step) -> Iterator[Step]:
    for child in step.get("steps", ()):
        yield child
        yield from _walk(child)


def _link(frame: bytes) -> dict[str, str]:
    """The MACs of a frame."""
    if len(frame) < _MACS_BYTES:
        return {}
    return {
        "src_mac": mac_text(int.from_bytes(frame[6:12], "big")),
        "dst_mac": mac_text(int.from_bytes(frame[:6], "big")),
    }


def _macs(link: Mapping[str, Any]) -> str:
    return f"  [{link['src_mac']} > {link['dst_mac']}]" if "src_mac" in link else ""


def _is_octets(value: Any) -> bool:
    """True for a varbit, which JSON has as hexadecimal; numbers beyond 64 bits begin with 0x."""
    return isinstance(value, str) and not value.startswith("0x")


def _formatted(number: int, form: Format) -> str:
    return str(format_number(number, form))


def _number(value: Any) -> int:
    return int(value, 0) if isinstance(value, str) else int(value)


def _assigned(step: Step, word: str) -> int | None:
    found = _ASSIGNMENT.fullmatch(str(step["text"]))
    return _number(found["value"]) if found and found["name"].rpartition(".")[2] == word else None


def _name(reasons: type[DropReason] | type[PuntReason], number: int) -> str:
    try:
        return reasons(number).name
    except ValueError:  # of another version of the program
        return str(number)


def _explained(reasons: type[DropReason] | type[PuntReason], name: str) -> str:
    texts: Mapping[Any, Any] = DROP_REASONS if reasons is DropReason else PUNT_REASONS
    text = texts.get(reasons.__members__.get(name))
    return f"{name}, {text.explanation} ({text.rule})" if text else name
