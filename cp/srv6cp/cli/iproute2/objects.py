# SPDX-License-Identifier: Apache-2.0
"""``ip neigh``, ``ip nexthop``, ``ip rule`` and ``ip sr``: lines to edits of the node file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srv6cp.cli import exitcodes, grammar
from srv6cp.cli.edits import add, present, remove
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.iproute2.words import Devices, pick, vrf_of_table
from srv6cp.cli.kinds import kinds
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.words import Words
from srv6cp.model import DEFAULT_VRF

_NEIGH_USAGE = "ip neigh add ADDRESS lladdr MAC dev PORT [nud permanent]"
_STATES = ("permanent", "reachable", "noarp", "none", "stale", "incomplete", "delay", "probe", "failed")
_NEXTHOP_USAGE = "ip nexthop add id ID [via A] [dev P] | blackhole | group ID[,WEIGHT]/ID..."
_RULE_USAGE = "ip rule add iif PORT lookup VRF"
_RULE_WORDS = ("iif", "dev", "lookup", "table", "preference", "order", "priority", "from", "to", "protocol")
_INSTEAD = {
    "from": "to steer by source see `srv6 steer add match src ...`",
    "to": "SIDs and routes of table main are found without a rule",
}
_RULE_REFUSED = {
    "oif": "packets of the router itself are in the VRF of what they answer",
    "fwmark": "packets have no marks",
    "l3mdev": "every VRF has a table of its own, without a rule",
    "uidrange": "there are no users",
    "goto": "there is one table for each VRF, and no list of rules to jump in",
    "not": "VRFs are chosen by port",
    "tos": "VRFs are chosen by port; see `srv6 steer add match traffic-class ...`",
    "ipproto": "VRFs are chosen by port; see `srv6 steer add match protocol ...`",
    "sport": "VRFs are chosen by port; see `srv6 steer add match src-port ...`",
    "dport": "VRFs are chosen by port; see `srv6 steer add match dst-port ...`",
}


def neigh(file: NodeFile, verb: str, words: Sequence[str], devices: Devices) -> None:
    """``ip neigh add|replace|change|delete``: static neighbours. Raises UsageError or CliError."""
    cursor = Words(words, _NEIGH_USAGE)
    item: dict[str, Any] = {}
    while cursor:
        word = cursor.take("a word")
        known = word if word in ("to", "dev", "nud", "use", "router") else pick(word, ("lladdr", "protocol")) or word
        if known == "lladdr":
            item["mac"] = cursor.take("the MAC address")
        elif known == "dev":
            item["port"] = devices.port(cursor.take("the port"))
        elif known == "nud":
            state = cursor.take("the state")
            if pick(state, _STATES) not in ("permanent", "noarp"):
                raise UsageError(f"nud {state} is not supported: what is written is permanent, the rest is learned")
        elif known == "protocol":
            cursor.take("the protocol")
        elif word in ("router", "extern_learn"):
            pass
        elif word in ("proxy", "use", "managed", "extern_valid"):
            raise UsageError(f"{word!r} is not supported; usage: {_NEIGH_USAGE}")
        elif "address" in item and word != "to":
            raise cursor.unknown(word, ("lladdr", "dev", "nud"))
        else:
            item["address"] = cursor.take("the address") if word == "to" else word
    if "address" not in item:
        raise UsageError(f"the address is missing; usage: {_NEIGH_USAGE}")
    given = [str(item["address"]), *(["port", str(item["port"])] if "port" in item else [])]
    if verb == "delete":
        remove(file, "neighbor", given)
        return
    if "mac" not in item:
        raise UsageError(f"'lladdr MAC' is missing; usage: {_NEIGH_USAGE}")
    edits = grammar.neighbor([given[0], "mac", item["mac"], *given[1:]])
    if verb == "change" and not present(file, kinds()["neighbor"], edits[0].item):
        raise CliError(f"{file.path}: no neighbor {' '.join(given)}", exitcodes.CONFIG)
    add(file, edits, replace=verb != "add")


def nexthop(file: NodeFile, verb: str, words: Sequence[str], devices: Devices) -> None:
    """``ip nexthop add|replace|delete``. Deleting one deletes the routes through it, and takes it out of groups."""
    cursor = Words(words, _NEXTHOP_USAGE)
    given: dict[str, str] = {}
    flags: list[str] = []
    while cursor:
        word = cursor.take("a word")
        if word in ("id", "via", "group"):
            value = cursor.take(f"the value of {word!r}")
            if word == "via" and value in ("inet", "inet6"):
                value = cursor.take("the address")
            given[word] = value
        elif word == "dev":
            given["port"] = str(devices.port(cursor.take("the port")))
        elif word == "blackhole":
            flags.append(word)
        elif word == "type":
            if cursor.take("the type") != "mpath":
                raise UsageError("groups are of type mpath here: resilient ones are not supported")
        elif word == "encap":
            raise UsageError("a next hop has no encapsulation here; write `ip route add PREFIX encap seg6 ...`")
        elif word == "onlink":
            pass
        elif pick(word, ("protocol",)):
            cursor.take("the protocol")
        elif word in ("fdb", "hw_stats", "buckets", "idle_timer", "unbalanced_timer"):
            raise UsageError(f"{word!r} is not supported; usage: {_NEXTHOP_USAGE}")
        else:
            raise cursor.unknown(word, ("id", "via", "dev", "blackhole", "group"))
    if not given.get("id", "").isdecimal():
        raise UsageError(f"'id NUMBER' is missing; usage: {_NEXTHOP_USAGE}")
    if verb == "delete":
        _delete_nexthop(file, int(given["id"]))
        return
    line = [given.pop("id"), *flags, *(word for pair in given.items() for word in pair)]
    add(file, grammar.nexthop(line), replace=verb == "replace")


def _delete_nexthop(file: NodeFile, number: int) -> None:
    for index in reversed(range(len(file.items("routes")))):
        item = file.items("routes")[index]
        if isinstance(item, dict) and item.get("nhid") == number:
            file.remove("routes", index)
    emptied = []
    for item in file.items("nexthops"):
        members = item.get("group") if isinstance(item, dict) else None
        if not isinstance(members, list):
            continue
        left = [each for each in members if (each.get("id") if isinstance(each, dict) else each) != number]
        if not left:
            emptied.append(item["id"])
        elif len(left) < len(members):
            add(file, [grammar.Edit("nexthops", {**item, "group": left})], replace=True)
    remove(file, "nexthop", [str(number)])
    for group in emptied:
        _delete_nexthop(file, group)


def rule(file: NodeFile, verb: str, words: Sequence[str], devices: Devices) -> None:
    """``ip rule add|delete iif PORT lookup VRF``: the VRF of a port. Raises UsageError for every other rule."""
    cursor = Words(words, _RULE_USAGE)
    port: str | int | None = None
    table: str | None = None
    named = False
    while cursor:
        word = cursor.take("a word")
        known = pick(word, _RULE_WORDS) or word
        if word in _RULE_REFUSED:
            raise UsageError(f"{word!r} is not supported: {_RULE_REFUSED[word]}")
        if known in ("iif", "dev"):
            port = devices.port(cursor.take("the port"))
        elif known in ("lookup", "table"):
            table, named = devices.vrf(vrf_of_table(cursor.take("the VRF"))), True
        elif known in ("from", "to"):
            place = cursor.take("a prefix")
            if place not in ("all", "any", "default"):
                raise UsageError(f"'{known} {place}' is not supported: VRFs are chosen by port; {_INSTEAD[known]}")
        elif known in ("preference", "order", "priority", "protocol"):
            cursor.take(f"the value of {word!r}")
        else:
            raise cursor.unknown(word, ("iif", "lookup", "pref"))
    if port is None:
        raise UsageError(f"'iif PORT' is missing: VRFs are chosen by port; usage: {_RULE_USAGE}")
    if verb == "add" and not named:
        raise UsageError(f"'lookup VRF' is missing; usage: {_RULE_USAGE}")
    path = port_path(file, port)
    if verb == "delete":
        found = _value(file, path) or _value(file, path[:2])  # a VLAN is where its port is
        if found in (None, DEFAULT_VRF) or (named and devices.vrf(str(found)) != table):
            raise CliError(
                f"{file.path}: port {port} is not in {f'VRF {table}' if table else 'a VRF'}", exitcodes.CONFIG
            )
        table = None
    file.set_in([*path, "vrf"], table or DEFAULT_VRF)


def port_path(file: NodeFile, port: str | int) -> list[str | int]:
    """Where the interface is in the node file. Raises UsageError when it is not."""
    number, _, vlan = str(port).partition(".")
    path: list[str | int] = ["ports", int(number)]
    if vlan:
        path += ["vlans", int(vlan)]
    place: Any = file.data
    for part in path:
        place = place.get(part, _ABSENT) if isinstance(place, dict) else _ABSENT
    if place is _ABSENT:
        valid = ", ".join(map(str, file.data.get("ports") or ())) or "none is declared"
        raise UsageError(f"port {port} is not in {file.path}; valid: {valid}")
    return path


_ABSENT = object()


def _value(file: NodeFile, path: Sequence[str | int]) -> Any:
    place: Any = file.data
    for part in path:
        place = place.get(part) if isinstance(place, dict) else None
    return place.get("vrf") if isinstance(place, dict) else None
