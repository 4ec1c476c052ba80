# SPDX-License-Identifier: Apache-2.0
"""Entries from files that others write: ``sN-runtime.json`` of p4lang/tutorials, and P4Runtime text protobuf.

Both give a list of updates for ``Client.write``. Every message names the file and the entry.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from p4rtlib.objects import MatchKind
from p4rtlib.protos import p4runtime_pb2

from .entities import (
    Action,
    CloneSession,
    Lpm,
    MatchValue,
    MulticastGroup,
    Range,
    Replica,
    TableEntry,
    Ternary,
    Update,
    UpdateType,
    insert,
    modify,
)
from .errors import DecodeError, EntityError, P4InfoError
from .program import P4Info

__all__ = ["load_runtime_json", "load_text_proto"]


def load_runtime_json(info: P4Info, path: str | Path) -> list[Update]:
    """Updates of a ``runtime.json``: table entries, default actions, multicast groups and clone sessions.

    Default actions are modified, everything else is inserted; ``p4info`` and ``bmv2_json`` in the file are
    left to the caller. Raises :class:`EntityError`.
    """
    try:
        content = json.loads(_text(path))
    except ValueError as error:
        raise EntityError(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("table_entries", []), list):
        raise EntityError(f"{path}: not a runtime.json: an object with a list of table_entries was expected")
    updates = []
    for kind, convert in (
        ("table_entries", _table_entry),
        ("multicast_group_entries", _multicast_group),
        ("clone_session_entries", _clone_session),
    ):
        for number, item in enumerate(content.get(kind, [])):
            try:
                update = convert(info, item)
                info.codec.encode(update.entity)
            except EntityError as error:
                raise EntityError(f"{path}: {kind}[{number}]: {error}") from None
            except KeyError as error:
                raise EntityError(f"{path}: {kind}[{number}]: {error} is missing") from None
            except (TypeError, ValueError, AttributeError) as error:
                raise EntityError(f"{path}: {kind}[{number}]: {error}") from None
            updates.append(update)
    return updates


def load_text_proto(info: P4Info, path: str | Path) -> list[Update]:
    """Updates of a text protobuf: a WriteRequest, or a ReadResponse, whose entities are inserted.

    Device id, role and election id in the file are ignored. Raises :class:`EntityError`.
    """
    text = _text(path)
    request, response = p4runtime_pb2.WriteRequest(), p4runtime_pb2.ReadResponse()
    try:
        text_format.Parse(text, request)
    except text_format.ParseError as error:
        try:
            text_format.Parse(text, response)
        except text_format.ParseError:
            raise EntityError(f"{path}: neither a p4.v1.WriteRequest nor a ReadResponse: {error}") from None
        request.updates.extend(p4runtime_pb2.Update(type=UpdateType.INSERT, entity=e) for e in response.entities)
    updates = []
    for number, message in enumerate(request.updates):
        try:
            updates.append(Update(UpdateType(message.type), info.codec.decode(message.entity)))
        except ValueError:
            raise EntityError(f"{path}: updates[{number}]: the type must be INSERT, MODIFY or DELETE") from None
        except DecodeError as error:
            raise EntityError(f"{path}: updates[{number}]: {error}") from None
    return updates


def _table_entry(info: P4Info, item: Any) -> Update:
    table = info.table(item["table"])
    action = Action(table.action(item["action_name"]).alias, dict(item.get("action_params") or {}))
    if item.get("default_action"):
        return modify(TableEntry(table.alias, action=action, is_default=True))
    match: dict[str, MatchValue] = {}
    for name, value in (item.get("match") or {}).items():
        kind = table.field(name).kind
        if isinstance(value, list) and kind in (MatchKind.EXACT, MatchKind.OPTIONAL) and len(value) == 1:
            match[name] = value[0]
        elif not isinstance(value, list):
            match[name] = value
        elif len(value) != 2 or kind not in _PAIRS:
            raise EntityError(f"match field {name!r}: {value!r} is no {kind.value} match")
        else:
            match[name] = _PAIRS[kind](*value)
    return insert(TableEntry(table.alias, match, action, item.get("priority") or 0))


_PAIRS: dict[MatchKind, type[Lpm] | type[Ternary] | type[Range]] = {
    MatchKind.LPM: Lpm,
    MatchKind.TERNARY: Ternary,
    MatchKind.RANGE: Range,
}


def _replicas(item: Any) -> tuple[Replica, ...]:
    return tuple(Replica(replica["egress_port"], replica.get("instance", 0)) for replica in item["replicas"])


def _multicast_group(info: P4Info, item: Any) -> Update:
    return insert(MulticastGroup(item["multicast_group_id"], _replicas(item)))


def _clone_session(info: P4Info, item: Any) -> Update:
    length = item.get("packet_length_bytes", 0)
    return insert(CloneSession(item["clone_session_id"], _replicas(item), packet_length_bytes=length))


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise P4InfoError(f"{path}: cannot read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise EntityError(f"{path}: not a text file") from None
