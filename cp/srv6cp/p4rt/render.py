# SPDX-License-Identifier: Apache-2.0
"""Entities and updates on one line, by names, for messages, diffs and the CLI.

    ipv6_table vrf_id=0 ipv6_dst=2001:db8::/64 -> set_nexthop(nexthop_id=3)
    sr_policy_table policy_id=1 -> {3*h_encaps(...), 1*h_encaps(...)}

``srv6cp.p4rt.text.parse_entry`` reads the lines of table entries back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from p4rtlib.values import show_value

from .entities import (
    Action,
    ActionProfileGroup,
    ActionProfileMember,
    ActionSet,
    CloneSession,
    CounterEntry,
    DigestEntry,
    DirectCounterEntry,
    DirectMeterEntry,
    Entity,
    GroupRef,
    MatchValue,
    MemberRef,
    MeterEntry,
    MulticastGroup,
    Range,
    RegisterEntry,
    Replica,
    TableAction,
    TableEntry,
    Ternary,
    Update,
)
from .secrets import SECRET, is_secret

__all__ = ["entity_data", "render_action", "render_entity", "render_key", "render_match", "render_update"]


def entity_data(value: Any) -> Any:
    """An entity, or a part of one, as JSON has it: objects and lists; addresses as text, bytes in hexadecimal.

    Fields at their defaults are left out. ``Ternary``, ``Lpm`` and ``Range`` are objects of their two parts.
    """
    if isinstance(value, Action):
        shown = {key: SECRET if is_secret(value.name, key) else each for key, each in value.params.items()}
        return {"name": value.name, "params": entity_data(shown)} if shown else {"name": value.name}
    if is_dataclass(value):
        return {
            each.name: entity_data(getattr(value, each.name))
            for each in fields(value)
            if each.default is MISSING or getattr(value, each.name) != each.default
        }
    if isinstance(value, Mapping):
        return {str(key): entity_data(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: entity_data(each) for key, each in value._asdict().items()}
    if isinstance(value, tuple):
        return [entity_data(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def render_update(update: Update) -> str:
    """``insert ipv6_table vrf_id=0 ... -> ...``; a deletion shows the key only."""
    if update.type.name == "DELETE":
        return f"delete {render_key(update.entity)}"
    return f"{update.type.name.lower()} {render_entity(update.entity)}"


def render_entity(entity: Entity) -> str:
    """Key and data of an entity."""
    data = _data(entity)
    return f"{render_key(entity)} {data}" if data else render_key(entity)


def render_key(entity: Entity) -> str:
    """What identifies an entity: table with match, counter with index, session with number."""
    if isinstance(entity, (TableEntry, DirectCounterEntry, DirectMeterEntry)):
        parts = [entity.table or "(all tables)"]
        if entity.is_default:
            parts.append("default")
        parts += [f"{name}={render_match(value)}" for name, value in entity.match.items()]
        if entity.priority:
            parts.append(f"priority={entity.priority}")
        return " ".join(parts)
    if isinstance(entity, ActionProfileMember):
        return f"{entity.profile} member {entity.member_id}"
    if isinstance(entity, ActionProfileGroup):
        return f"{entity.profile} group {entity.group_id}"
    if isinstance(entity, CounterEntry):
        return _cell(entity.counter, entity.index)
    if isinstance(entity, MeterEntry):
        return _cell(entity.meter, entity.index)
    if isinstance(entity, RegisterEntry):
        return _cell(entity.register, entity.index)
    if isinstance(entity, MulticastGroup):
        return f"multicast group {entity.group_id}"
    if isinstance(entity, CloneSession):
        return f"clone session {entity.session_id}"
    if isinstance(entity, DigestEntry):
        return f"digest {entity.digest}"
    return f"value set {entity.value_set}"


def render_match(value: MatchValue) -> str:
    """A match value in the syntax of p4runtime-shell: ``v``, ``v/len``, ``v&&&mask``, ``low..high``."""
    if isinstance(value, Ternary):
        return f"{show_value(value.value)}&&&{_mask(value.mask)}"
    if isinstance(value, Range):
        return f"{show_value(value.low)}..{show_value(value.high)}"
    if isinstance(value, tuple):
        return f"{show_value(value[0])}/{value[1]}"
    return show_value(value)


def render_action(action: TableAction | None) -> str:
    """``set_nexthop(nexthop_id=3)``, ``{3*a(...), 1*b(...)}``, ``member 7``, ``group 2``."""
    if isinstance(action, Action):
        params = (
            f"{name}={SECRET if is_secret(action.name, name) else show_value(value)}"
            for name, value in action.params.items()
        )
        return f"{action.name}({', '.join(params)})"
    if isinstance(action, ActionSet):
        members = (f"{w.weight}*{render_action(w.action)}{_watch(w.watch_port)}" for w in action.actions)
        return f"{{{', '.join(members)}}}"
    if isinstance(action, MemberRef):
        return f"member {action.member_id}"
    if isinstance(action, GroupRef):
        return f"group {action.group_id}"
    return "(no action)"


def _data(entity: Entity) -> str:
    if isinstance(entity, TableEntry):
        return _table_data(entity)
    if isinstance(entity, ActionProfileMember):
        return f"-> {render_action(entity.action)}" if entity.action else ""
    if isinstance(entity, ActionProfileGroup):
        members = (f"{m.weight}*{m.member_id}{_watch(m.watch_port)}" for m in entity.members)
        return f"-> {{{', '.join(members)}}}"
    if isinstance(entity, (CounterEntry, DirectCounterEntry)):
        return f"packets={entity.packets} bytes={entity.bytes}"
    if isinstance(entity, MeterEntry):
        return "unmetered" if entity.cir is None else _rates(entity)
    if isinstance(entity, DirectMeterEntry):
        return "unmetered" if entity.config is None else _rates(entity.config)
    if isinstance(entity, MulticastGroup):
        return f"-> {_replicas(entity.replicas)}"
    if isinstance(entity, CloneSession):
        cut = f" truncated to {entity.packet_length_bytes} bytes" if entity.packet_length_bytes else ""
        return f"-> {_replicas(entity.replicas)}{cut}"
    if isinstance(entity, RegisterEntry):
        return f"= {entity.value!r}"
    if isinstance(entity, DigestEntry):
        return (
            f"max_timeout_ns={entity.max_timeout_ns} max_list_size={entity.max_list_size} "
            f"ack_timeout_ns={entity.ack_timeout_ns}"
        )
    return f"= {{{'; '.join(_fields(member) for member in entity.members)}}}"


def _table_data(entry: TableEntry) -> str:
    parts = [f"-> {render_action(entry.action)}"] if entry.action is not None else []
    if entry.idle_timeout_ns:
        parts.append(f"idle_timeout_ns={entry.idle_timeout_ns}")
    if entry.counter is not None:
        parts.append(f"packets={entry.counter.packets} bytes={entry.counter.bytes}")
    if entry.meter is not None:
        parts.append(_rates(entry.meter))
    return " ".join(parts)


def _rates(config: object) -> str:
    return " ".join(f"{name}={getattr(config, name)}" for name in ("cir", "cburst", "pir", "pburst"))


def _replicas(replicas: tuple[Replica, ...]) -> str:
    copies = (f"port {r.port}" + (f" instance {r.instance}" if r.instance else "") for r in replicas)
    return f"{{{', '.join(copies)}}}"


def _fields(match: Mapping[str, MatchValue]) -> str:
    return " ".join(f"{name}={render_match(value)}" for name, value in match.items())


def _watch(port: object) -> str:
    return "" if port is None else f"@{show_value(port)}"


def _mask(mask: object) -> str:
    return hex(mask) if isinstance(mask, int) else show_value(mask)


def _cell(name: str, index: int | None) -> str:
    return f"{name}[{'*' if index is None else index}]"
