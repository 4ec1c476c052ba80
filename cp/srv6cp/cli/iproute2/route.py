# SPDX-License-Identifier: Apache-2.0
"""``ip route add|append|replace|change|del|flush``: lines to edits of the node file.

``encap seg6`` becomes a policy called ``route-PREFIX`` and its steering, ``encap seg6local`` a SID, the rest a route.
``table`` and ``vrf`` of the route say where it is looked up, in front of or behind an encapsulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from srv6cp.cli import exitcodes, grammar
from srv6cp.cli.edits import add, remove
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.grammar import Edit
from srv6cp.cli.iproute2.encap import Seg6, Seg6Local, policy_item, read_encap
from srv6cp.cli.iproute2.words import Devices, pick, prefix, vrf_of_table
from srv6cp.cli.kinds import kinds
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.words import Words

VERBS = ("add", "change", "replace", "append", "delete")
_USAGE = "ip route add [blackhole|local] PREFIX [via A] [dev P] [nhid ID] [table T|vrf V] [encap seg6|seg6local ...]"
_TYPES = {
    "unicast": "",
    "blackhole": "",
    "local": "",
    "unreachable": "a prefix without a route answers with ICMP unreachable",
    "prohibit": "ICMP administratively prohibited is never sent",
    "throw": "there are no rules to go on with",
    "nat": "Linux has it no more",
    "broadcast": "",
    "anycast": "",
    "multicast": "multicast is not forwarded",
}
_LINKS = {"via", "dev", "oif", "weight", "onlink", "encap"}
# Accepted: what they say is so here, or concerns what a router without sockets has not. The number of their values.
_IGNORED = {"metric": 1, "preference": 1, "priority": 1, "protocol": 1, "proto": 1, "scope": 1, "pref": 1, "onlink": 0}
_REFUSED = {
    "src": "a packet of the router's own has the address of the interface that it leaves by",
    "from": "routes are chosen by destination; see `srv6 steer add match src ...`",
    "tos": "routes are chosen by destination; see `srv6 steer add match traffic-class ...`",
    "dsfield": "routes are chosen by destination; see `srv6 steer add match traffic-class ...`",
    "mtu": "the MTU is the port's ('mtu' of the node file)",
    "expires": "routes stay until they are deleted",
    "hoplimit": "the hop limit is the packet's; of outer headers it is the policy's",
    "realms": "there are no realms",
    "ttl-propagate": "hop limits of outer headers are the policy's ('hop-limit')",
    **dict.fromkeys(
        ("advmss", "reordering", "rtt", "rttvar", "rto_min", "window", "cwnd", "initcwnd", "initrwnd", "features",
         "quickack", "congctl", "ssthresh", "fastopen_no_cookie"),
        "it concerns TCP connections of the router, which it has not",
    ),
}  # fmt: skip
_WORDS = ("metric", "priority", "preference", "scope", "mtu", "protocol", "table", "vrf", "pref", "dsfield", "realms")


@dataclass
class Hop:
    """``via A dev P weight N encap seg6 ...``."""

    address: str | None = None
    port: str | int | None = None
    weight: int | None = None
    encap: Seg6 | Seg6Local | None = None

    def item(self) -> Any:
        """As ``via`` of the node file."""
        item = {"address": self.address, "port": self.port, "weight": self.weight}
        given = {key: value for key, value in item.items() if value is not None}
        return self.address if set(given) == {"address"} else given


@dataclass
class RouteLine:
    """What a line says: ``vrf`` None is the main table."""

    prefix: str
    kind: str = "unicast"
    vrf: str | None = None
    nhid: int | None = None
    hop: Hop = field(default_factory=Hop)
    hops: list[Hop] = field(default_factory=list)

    @property
    def policy(self) -> str:
        """The name of the policy that its segment lists make."""
        name = f"route-{self.prefix.replace('/', '-')}"
        return f"{name}-{self.vrf}" if self.vrf else name


def parse(words: Sequence[str], devices: Devices, family: int | None = None) -> RouteLine:
    """Read a line behind its verb. Raises UsageError."""
    cursor = Words(words, _USAGE)
    line = RouteLine("")
    where = table = None
    while cursor:
        word = cursor.take("a word")
        known = word if word in (*_IGNORED, *_REFUSED, *_LINKS, "nexthop", "nhid") else pick(word, _WORDS) or word
        if known == "nexthop":
            line.hops.append(_nexthop(cursor))
        elif known == "nhid":
            line.nhid = _number(cursor.take("the number of a next hop"), "nhid")
        elif known in ("table", "vrf"):
            table = cursor.take(f"the value of {word!r}")
        elif known in _LINKS and not line.hops:
            _link(known, line.hop, cursor)
        elif known in _IGNORED:
            for _ in range(_IGNORED[known]):
                cursor.take(f"the value of {word!r}")
        elif known in _REFUSED:
            raise UsageError(f"{word!r} is not supported: {_REFUSED[known]}")
        elif word in _TYPES and where is None:
            if word not in ("unicast", "blackhole", "local"):
                raise UsageError(
                    f"routes of type {word} do not exist here{_because(word)}; valid: unicast, blackhole, local"
                )
            line.kind = word
        elif word == "to" or where is None:
            where = cursor.take("the prefix") if word == "to" else word
        else:
            raise cursor.unknown(word, ("via", "dev", "nexthop", "nhid", "table", "vrf", "encap"))
    if where is None:
        raise UsageError(f"the prefix is missing; usage: {_USAGE}")
    line.prefix = prefix(where, family, _hint(line))
    if table is not None:
        # Linux looks into table local for every packet, as this router does for SIDs and own addresses.
        everywhere = line.kind == "local" or isinstance(line.hop.encap, Seg6Local)
        line.vrf = None if everywhere and table in ("local", "255") else devices.vrf(vrf_of_table(table))
    for hop in (line.hop, *line.hops) if line.kind == "unicast" else ():
        _name_ports(hop, devices)
    return line


def _name_ports(hop: Hop, devices: Devices) -> None:
    """Ports for devices, VRFs for tables.

    The device behind an encapsulation is a formality of Linux, unless a next hop is link-local.
    """
    if isinstance(hop.encap, Seg6Local):
        words = hop.encap.words
        for at, word in enumerate(words[:-1]):
            if word == "oif":
                words[at + 1] = str(devices.port(words[at + 1]))
            elif word in ("table", "vrftable"):
                words[at + 1] = devices.vrf(words[at + 1]) or words[at + 1]
        link_local = any(
            word in ("nh6", "nh4") and words[at + 1].lower().startswith("fe80:") for at, word in enumerate(words[:-1])
        )
        if link_local and hop.port is not None and "oif" not in words:
            words += ["dev", str(devices.port(str(hop.port)))]
    elif hop.encap is None and hop.port is not None:
        hop.port = devices.port(str(hop.port))


def _because(kind: str) -> str:
    return f": {_TYPES[kind]}" if _TYPES[kind] else ""


def _hint(line: RouteLine) -> int | None:
    """Address family of ``default``: that of the first next hop, IPv6 for a SID."""
    if isinstance(line.hop.encap, Seg6Local):
        return 6
    for hop in (line.hop, *line.hops):
        if hop.address is not None:
            try:
                return ip_address(hop.address).version
            except ValueError:
                return None
    return None


def _nexthop(cursor: Words) -> Hop:
    hop = Hop()
    while cursor.peek() in _LINKS:
        _link(cursor.take("a word"), hop, cursor)
    if hop == Hop():
        raise UsageError("'nexthop' is followed by 'via A', 'dev P', 'weight N' or 'encap seg6 ...'")
    return hop


def _link(word: str, hop: Hop, cursor: Words) -> None:
    if word == "onlink":
        return
    if word == "encap":
        if hop.encap is not None:
            raise UsageError("'encap' is given twice")
        hop.encap = read_encap(cursor)
        return
    value = cursor.take(f"the value of {word!r}")
    if word == "via":
        hop.address = cursor.take("the address") if value in ("inet", "inet6") else value
    elif word == "weight":
        hop.weight = _number(value, "weight")
    else:
        hop.port = value


def _number(text: str, what: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{what!r} takes a number, not {text!r}")
    return int(text)


def edits(line: RouteLine) -> list[Edit]:
    """The items that a line adds. Raises UsageError when its parts do not go together."""
    scope = {"vrf": line.vrf} if line.vrf else {}
    hops = line.hops or [line.hop]
    encaps = [hop.encap for hop in hops if hop.encap is not None]
    if line.kind == "local":
        return [Edit("addresses", {"address": line.prefix, **scope} if scope else line.prefix)]
    if line.kind == "blackhole":
        if encaps or line.hops or line.nhid:
            raise UsageError("a blackhole route has no next hop")
        return [Edit("routes", {"prefix": line.prefix, **scope, "blackhole": True})]
    if not encaps:
        return [Edit("routes", _route_item(line, scope))]
    if line.nhid is not None:
        raise UsageError("'nhid' and 'encap' do not go together: next hops by number have no encapsulation here")
    if len(encaps) < len(hops):
        raise UsageError("either every next hop of a route has an 'encap', or none")
    if isinstance(encaps[0], Seg6Local):
        if len(encaps) > 1:
            raise UsageError("a SID has one behaviour; for several next hops give End.X a list in the node file")
        return grammar.sid([line.prefix, *encaps[0].words, *(["in-vrf", line.vrf] if line.vrf else [])])
    lists = [(hop.encap, hop.weight) for hop in hops if isinstance(hop.encap, Seg6)]
    if len(lists) < len(hops):
        raise UsageError("the next hops of a route are of one kind: seg6 or seg6local")
    item = policy_item(line.policy, lists)
    return [Edit("policies", item), Edit("steering", {"prefix": line.prefix, **scope, "policy": line.policy})]


def _route_item(line: RouteLine, scope: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {"prefix": line.prefix, **scope}
    if line.nhid is not None:
        if line.hops or line.hop != Hop():
            raise UsageError("'nhid' says where the route leads; 'via' and 'dev' do as well, so give one of them")
        return {**item, "nhid": line.nhid}
    if line.hops and line.hop != Hop():
        raise UsageError("'via' and 'dev' stand behind the 'nexthop' that they belong to")
    via = [hop.item() for hop in line.hops or [line.hop] if hop != Hop()]
    if not via:
        raise UsageError(f"'via A', 'dev P' or 'nhid ID' is missing; usage: {_USAGE}")
    return {**item, "via": via[0] if len(via) == 1 else via}


def modify(file: NodeFile, verb: str, words: Sequence[str], devices: Devices, family: int | None) -> None:
    """Carry a verb out on the node file. Raises UsageError, or CliError when what it asks for is not there."""
    line = parse(words, devices, family)
    if verb == "delete":
        _delete(file, line)
        return
    wanted = edits(line)
    if line.kind == "local":
        if verb != "replace" or not _own_address(file, line):
            file.add("addresses", wanted[0].item)
        return
    present = _present(file, line)
    if (
        verb == "append"
        and [kind for kind, _ in present] == ["route"]
        and [edit.section for edit in wanted] == ["routes"]
    ):
        wanted = [Edit("routes", _appended(file, line, wanted[0].item))]
        verb = "replace"
    if verb == "change" and not present:
        raise CliError(f"{file.path}: cannot change {_what(line)}: there is no such route", exitcodes.CONFIG)
    if verb in ("replace", "change"):
        kept = {edit.section for edit in wanted if edit.section != "policies"}
        policies = {edit.item["name"] for edit in wanted if edit.section == "policies"}
        for kind, key in present:
            if kinds()[kind].section not in kept and not policies.issuperset(key):
                remove(file, kind, key)
        add(file, wanted, replace=True)
    else:
        if present:
            raise CliError(f"{file.path}: {_what(line)} exists; use replace", exitcodes.CONFIG)
        add(file, wanted, replace=False)


def flush(file: NodeFile, lines: Sequence[RouteLine]) -> int:
    """Delete all of these that are in the node file; how many they were."""
    done = 0
    for line in lines:
        done += bool(_remove(file, line))
    return done


def _delete(file: NodeFile, line: RouteLine) -> None:
    if not _remove(file, line):
        raise CliError(f"{file.path}: no route, SID or steering of {_what(line)}", exitcodes.CONFIG)


def _remove(file: NodeFile, line: RouteLine) -> list[str]:
    found = _present(file, line)
    for kind, key in found:
        remove(file, kind, key)
    present = [kind for kind, _ in found]
    if line.kind == "local":
        for index in reversed(_own_address(file, line)):
            file.remove("addresses", index)
            present.append("address")
    return present


def _own_address(file: NodeFile, line: RouteLine) -> list[int]:
    """Where the address of a route of type local is among the node's."""
    wanted = (_normal(line.prefix), line.vrf or "default")
    return [index for index, item in enumerate(file.items("addresses")) if _own(item) == wanted]


def _present(file: NodeFile, line: RouteLine) -> list[tuple[str, list[str]]]:
    """What the node file has for the prefix of the line, as kinds and words of ``srv6 KIND del``.

    Steering, SID, route, and behind them the policies that were made for these and serve nothing else.
    """
    found: list[tuple[str, list[str]]] = []
    policies: list[str] = []
    for kind in ("steer", "sid", "route"):
        record = kinds()[kind]
        key = [line.prefix, *(["in-vrf" if kind == "sid" else "vrf", line.vrf] if line.vrf else [])]
        wanted = record.identity(record.key_item(key))
        for item in file.items(record.section):
            if record.identity(item) == wanted:
                found.append((kind, key))
                policies.append(_made_for(kind, item))
    used = [
        item.get("policy") for section in ("steering", "sids") for item in file.items(section) if isinstance(item, dict)
    ]
    names = {str(item.get("name")) for item in file.items("policies") if isinstance(item, dict)}
    for name in policies:
        if name in names and used.count(name) == 1:
            found.append(("policy", [name]))
    return found


def _made_for(kind: str, item: dict[str, Any]) -> str:
    """The name of the policy that adding the item made, where it still uses it; else ``""``."""
    vrf = item.get("vrf")
    name = {
        "steer": f"route-{item.get('prefix')}{f'-{vrf}' if vrf else ''}",
        "sid": f"sid-{item.get('sid')}",
    }.get(kind, "")
    name = name.replace("/", "-")
    return name if item.get("policy") == name else ""


def _appended(file: NodeFile, line: RouteLine, item: dict[str, Any]) -> dict[str, Any]:
    """The route of the file with the next hops of ``item`` as well."""
    record = kinds()["route"]
    old = next(each for each in file.items("routes") if record.identity(each) == record.identity(item))
    if "via" not in old or "via" not in item:
        raise CliError(f"{file.path}: next hops can be appended to a route with 'via' only", exitcodes.CONFIG)
    listed = [hop for each in (old, item) for hop in (each["via"] if isinstance(each["via"], list) else [each["via"]])]
    return {**old, "via": listed}


def _own(item: Any) -> tuple[str, str]:
    if isinstance(item, dict):
        return _normal(str(item.get("address"))), str(item.get("vrf") or "default")
    return _normal(str(item)), "default"


def _normal(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text


def _what(line: RouteLine) -> str:
    return f"{line.prefix} in VRF {line.vrf}" if line.vrf else line.prefix
