# SPDX-License-Identifier: Apache-2.0
"""What may stand where the cursor is: words of the grammars, and names of the node file.

``srv6 sid add``, ``srv6 ip route`` and their kind take words in an order that argparse does not know, and names that
only the node file knows. The completion scripts ask here, with the line as it stands.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from srv6cp.behaviours import REGISTRY, Endpoint
from srv6cp.behaviours.operands import Option
from srv6cp.cli.srconf_words import PROXIES
from srv6cp.config.bsids import DYNAMIC
from srv6cp.config.policies import ECHO, ORIGINS, RETURNS
from srv6cp.config.segments import COMPRESS
from srv6cp.config.sid_structures import LENGTH_KEYS
from srv6cp.config.steering import ACTIONS, DSCPS, SRH_KEYS
from srv6cp.model import DEFAULT_VRF, Csid, FlowLabel

Values = Iterable[str]
#: A word, and what its value may be; None: it has none. Words in `_REPEATED` may come again.
Keys = Mapping[str, "Values | None"]
_FREE: tuple[str, ...] = ()  # a value that nobody can guess
_REPEATED = frozenset(
    (
        *("segs", "weight", "nexthop", "via", "dev", "port", "encap", "vlan", "rewrite", "circuit", "tag", "segment"),
        "branch",
    )
)


class Typed(NamedTuple):
    """A line up to the cursor: the commands, the words behind them, options with their values, the word being typed."""

    path: tuple[str, ...]
    words: tuple[str, ...]
    options: Mapping[str, str]
    current: str
    option: str = ""


def complete(line: str, parser: argparse.ArgumentParser) -> list[str]:
    """The candidates for the last word of ``line``. What stands in front of the program's name is not looked at."""
    words = re.split(r"[;&|]", line)[-1].split()
    current = "" if not words or line[-1:].isspace() else words.pop()
    start = next((at for at, word in enumerate(words) if os.path.basename(word) == parser.prog), 0)
    typed = read(words[start + 1 :], current, parser)
    known = Known(_load(typed.options.get("config")))
    return sorted({word for word in _candidates(typed, known) if word.startswith(current)})


def read(words: Sequence[str], current: str, parser: argparse.ArgumentParser) -> Typed:
    """Tell commands, options with their values, and other words apart."""
    path: list[str] = []
    rest: list[str] = []
    options: dict[str, str] = {}
    pending: argparse.Action | None = None
    remainder = False
    for word in words:
        if pending is not None:
            options[pending.dest], pending = word, None
            continue
        action = parser._option_string_actions.get(word) if not remainder else None
        if action is not None:
            pending = action if action.nargs != 0 else None
            continue
        child = _child(parser, word) if not rest else None
        if child is not None:
            path.append(child.prog.split()[-1])
            parser = child
            continue
        remainder = remainder or any(each.nargs == argparse.REMAINDER for each in parser._actions)
        rest.append(word)
    return Typed(tuple(path), tuple(rest), options, current, str(pending.metavar or "") if pending is not None else "")


def _child(parser: argparse.ArgumentParser, word: str) -> argparse.ArgumentParser | None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices.get(word)
    return None


def _file(given: str | None) -> Path:
    return Path(given or os.environ.get("SRV6_NODE") or "node.yaml")


def _load(given: str | None) -> dict[str, Any]:
    """The values of the node file as they are; none where it cannot be read."""
    from srv6cp.config import ConfigError, Source

    try:
        data = Source(_file(given).read_text(encoding="utf-8")).load()
    except (OSError, UnicodeDecodeError, ConfigError):
        return {}
    return data if isinstance(data, dict) else {}


class Known:
    """The names in a node file."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def names(self, section: str, key: str = "name") -> list[str]:
        """The names of the items of a list section."""
        items = self._data.get(section)
        found = [
            item.get(key) if isinstance(item, dict) else item for item in (items if isinstance(items, list) else ())
        ]
        return [str(name) for name in found if name is not None]

    @property
    def vrfs(self) -> list[str]:
        """VRFs, ``default`` first."""
        return [DEFAULT_VRF, *self.names("vrfs")]

    @property
    def ports(self) -> list[str]:
        """Ports and their VLANs."""
        ports = self._data.get("ports")
        found = []
        for number, item in ports.items() if isinstance(ports, dict) else ():
            vlans = item.get("vlans") if isinstance(item, dict) else None
            found += [str(number), *(f"{number}.{vlan}" for vlan in vlans or ())]
        return found

    @property
    def remotes(self) -> list[str]:
        """Remotes of bridge domains."""
        bridges = self._data.get("bridges")
        listed = [
            each.get("remotes") for each in (bridges if isinstance(bridges, list) else ()) if isinstance(each, dict)
        ]
        return [str(each["name"]) for of in listed for each in of or () if isinstance(each, dict) and "name" in each]

    def keys(self, kind: str) -> list[str]:
        """What names the items of a kind (``srv6 KIND del``)."""
        section, key = _NAMED.get(kind, (kind, "name"))
        return self.names(section, key)


_NAMED = {
    "sid": ("sids", "sid"),
    "policy": ("policies", "name"),
    "steer": ("steering", "prefix"),
    "route": ("routes", "prefix"),
    "nexthop": ("nexthops", "id"),
    "neighbor": ("neighbors", "address"),
    "neigh": ("neighbors", "address"),
    "sid-structure": ("sid-structures", "sids"),
    "vrf": ("vrfs", "name"),
    **{section.command: (section.key, "name") for section in REGISTRY.sections},
}


def _candidates(typed: Typed, known: Known) -> Values:
    if typed.option:
        return known.ports if typed.option == "PORT" else _FREE
    if typed.path == ("ip",):
        return _ip(typed.words, known)
    if typed.path == ("srconf",):
        return _srconf(typed.words, known)
    if typed.path == ("sysctl",):
        from srv6cp.config.sysctl import known as settings

        return (f"{word}{'=' * ('-w' in typed.options)}" for word in settings(known.ports))
    if typed.path[:1] == ("mac",) or typed.path[:2] == ("bridge", "fdb"):
        return _mac(typed.path[-1], typed.words, known)
    if typed.path[:1] == ("config",):
        return _revisions(typed)
    if len(typed.path) != 2 or typed.path[0] not in _NAMED:
        return _FREE
    kind, verb = typed.path
    if verb in ("show", "list", "clear-counters"):
        return known.keys(kind) if not typed.words else _FREE
    if verb in ("del", "delete"):
        return _deleted(kind, typed.words, known)
    if verb in ("add", "replace"):
        first = known.keys(kind) if verb == "replace" else _FREE
        return _GRAMMARS.get(kind, _section)(typed.words, known, first)
    return _FREE


def _revisions(typed: Typed) -> Values:
    """Numbers of revisions, for the verbs that take some."""
    from srv6cp.cli.revisions import Revisions

    if len(typed.words) >= {"show": 1, "rollback": 1, "diff": 2}.get(typed.path[-1], 0):
        return _FREE
    try:
        return map(str, Revisions(_file(typed.options.get("config"))).numbers())
    except OSError:
        return _FREE


def _pairs(words: Sequence[str], keys: Keys) -> Values:
    """``key value`` in any order: the values of the key in front, or the keys that are left."""
    used: set[str] = set()
    expected: Values | None = None
    for word in words:
        if expected is not None:
            expected = None
        elif word in keys:
            used.add(word)
            expected = keys[word]
    return expected if expected is not None else [key for key in keys if key not in used or key in _REPEATED]


def _deleted(kind: str, words: Sequence[str], known: Known) -> Values:
    if kind == "steer" and (not words or words[0] in ("match", "port")):
        if words and words[0] == "match":
            return _pairs(words[1:], _match(known))
        return known.ports if words else [*known.keys(kind), "port", "match"]
    if not words:
        return known.keys(kind)
    scope: dict[str, Keys] = {
        "sid": {"in-vrf": known.vrfs},
        "steer": {"vrf": known.vrfs},
        "route": {"vrf": known.vrfs},
        "neighbor": {"port": known.ports, "vrf": known.vrfs},
        "sid-structure": {"nflen": _FREE},
    }
    return _pairs(words[1:], scope.get("neighbor" if kind == "neigh" else kind, {}))


# --- srv6 KIND add ----------------------------------------------------------------------------------------


def _sid(words: Sequence[str], known: Known, first: Values) -> Values:
    if not words:
        return first
    if len(words) == 1:
        return _behaviours()
    return _pairs(words[2:], _operands(_record(words[1]), known))


def _record(text: str) -> Endpoint | None:
    try:
        return REGISTRY.parse_endpoint(text)[0]
    except ValueError:
        return None


def _operands(record: Endpoint | None, known: Known) -> Keys:
    """The words behind a behaviour: those of its operands, and those of every SID."""
    keys: dict[str, Values | None] = {}
    if record is None:
        return keys
    for operand in record.operands:
        if "via" in operand.keys:
            keys |= {"via": known.names("neighbors", "address"), "port": known.ports}
        for key in operand.keys:
            keys.setdefault(key, operand.choices if isinstance(operand, Option) else _values(key, record, known))
    if record.binding_mode:
        keys["srh"] = ("segs",)
        keys["segs"] = _FREE
    for variant in REGISTRY.variants(record):
        keys |= {operand.key: _FREE for operand in variant.operands if operand.key not in keys}
    if flavours := _flavours(record):
        keys["flavors"] = flavours
    return {**keys, "in-vrf": known.vrfs, "allow-outside-locator": None}


def _values(key: str, record: Endpoint, known: Known) -> Values:
    sections = {section.key: section for section in record.sections}
    found = {"vrf": known.vrfs, "port": known.ports, "policy": known.names("policies")}.get(key)
    return found if found is not None else [name for section in sections for name in known.names(section)]


def _behaviours() -> list[str]:
    """Names of one word; a C-SID flavour is a word of its own."""
    return [record.name for record in REGISTRY.endpoints if not record.csid]


def _flavours(record: Endpoint) -> list[str]:
    names = record.flavours.names()
    plain = [[name for bit, name in enumerate(names) if chosen >> bit & 1] for chosen in range(1 << len(names))]
    csids = [[], *(list(variant.csid.names()) for variant in REGISTRY.variants(record))]
    return [",".join([*some, *csid]) for csid in csids for some in plain if some or csid]


def _policy(words: Sequence[str], known: Known, first: Values) -> Values:
    if not words:
        return first
    labels = [label.value for label in FlowLabel]
    return _pairs(
        words[1:],
        {
            "path": _FREE,
            "preference": _FREE,
            "origin": ORIGINS,
            "originator": _FREE,
            "discriminator": _FREE,
            "segs": _FREE,
            "weight": _FREE,
            "mode": [record.mode for record in REGISTRY.headends],
            "source": _FREE,
            "hop-limit": ("inherit",),
            "traffic-class": ("inherit",),
            "flow-label": labels,
            "return-to": RETURNS,
            "path-tracing": _FREE,
            "echo": ECHO,
            "compress": COMPRESS,
            "invalid": ("forward", "drop"),
            "spray": ("true", "false"),
            "vrf": known.vrfs,
            "color": _FREE,
            "endpoint": _FREE,
            "priority": _FREE,
            "bsid": (DYNAMIC,),
        },
    )


def _match(known: Known) -> dict[str, Values | None]:
    return {
        "src": _FREE,
        "dst": _FREE,
        "protocol": ("tcp", "udp", "icmp", "icmpv6"),
        "src-port": _FREE,
        "dst-port": _FREE,
        "traffic-class": _FREE,
        "dscp": tuple(DSCPS),
        "port": known.ports,
        "vrf": known.vrfs,
        "srh": ("true",),
        **dict.fromkeys(sorted(SRH_KEYS - {"srh"}), _FREE),
    }


def _steer(words: Sequence[str], known: Known, first: Values) -> Values:
    policies = known.names("policies")
    if not words:
        return [*first, "port", "match"]
    if words[0] == "match":
        return _pairs(words[1:], {**_match(known), "priority": _FREE, "policy": [*policies, "none"], "action": ACTIONS})
    if words[0] == "port":
        return _pairs(words, {"port": known.ports, "policy": policies})
    return _pairs(words[1:], {"vrf": known.vrfs, "policy": policies})


def _route(words: Sequence[str], known: Known, first: Values) -> Values:
    rest = [word for word in words if word != "blackhole"]
    if not rest:
        return [*first, *(["blackhole"] if not words else [])]
    colored = dict.fromkeys(("color", "next-hop", "service-sid"), _FREE)
    named = {"nexthop": None, "nhid": known.names("nexthops", "id"), "vrf": known.vrfs}
    return _pairs(rest[1:], {**_hops(known), **named, **colored})


def _hops(known: Known) -> dict[str, Values | None]:
    return {"via": known.names("neighbors", "address"), "port": known.ports, "weight": _FREE}


def _nexthop(words: Sequence[str], known: Known, first: Values) -> Values:
    if not words:
        return first
    hops = {key: values for key, values in _hops(known).items() if key != "weight"}
    return _pairs(words[1:], {**hops, "blackhole": None, "group": known.names("nexthops", "id")})


def _neighbor(words: Sequence[str], known: Known, first: Values) -> Values:
    return _pairs(words[1:], {"mac": _FREE, "port": known.ports, "vrf": known.vrfs}) if words else first


def _vrf(words: Sequence[str], _known: Known, first: Values) -> Values:
    return _pairs(words[1:], {"id": _FREE}) if words else first


def _sid_structure(words: Sequence[str], _known: Known, first: Values) -> Values:
    lengths: Keys = dict.fromkeys(LENGTH_KEYS, _FREE)
    return _pairs(words[1:], {**lengths, "csid": [kind.value for kind in Csid]}) if words else first


def _section(words: Sequence[str], known: Known, first: Values) -> Values:
    """VLAN tables, the sections that records of behaviours bring and that have no grammar of their own below."""
    return _pairs(words[1:], {"vlan": _FREE, "port": known.ports, "rewrite": ("pop",)}) if words else first


def _mpls_policy(words: Sequence[str], known: Known, first: Values) -> Values:
    fields: Keys = {"labels": _FREE, **_hops(known), "ttl": ("uniform",), "traffic-class": ("inherit",)}
    return _pairs(words[1:], fields) if words else first


def _bridge(words: Sequence[str], known: Known, first: Values) -> Values:
    return _pairs(words[1:], {"circuit": known.ports, "tag": ("keep", "pop"), "segment": _FREE}) if words else first


def _mac(verb: str, words: Sequence[str], known: Known) -> Values:
    """``srv6 mac`` and ``srv6 bridge fdb``."""
    at: Keys = {"bridge": known.names("bridges"), "port": known.ports, "remote": known.remotes}
    if verb in ("del", "delete"):
        return _pairs(words[1:], {"bridge": known.names("bridges")}) if words else _FREE
    if verb in ("add", "replace"):
        return _pairs(words[1:], {**at, "vlan": _FREE}) if words else _FREE
    kinds: Keys = {} if verb == "flush" else dict.fromkeys(("dynamic", "static"))
    return _pairs(words, {**at, "vlan": _FREE, "sid": _FREE, **kinds})


def _replication(words: Sequence[str], known: Known, first: Values) -> Values:
    hops = {key: values for key, values in _hops(known).items() if key != "weight"}
    fields: Keys = {
        "branch": _FREE,
        **hops,
        "policy": known.names("policies"),
        "leaf": None,
        "context": known.names("sids", "sid"),
    }
    return _pairs(words[1:], {**fields, "hop-limit-threshold": _FREE}) if words else first


def _service(words: Sequence[str], known: Known, first: Values) -> Values:
    fields: Keys = {
        "proxy": ("static", "dynamic", "per-flow", "masquerading"),
        "type": ("ip", "ipv4", "ipv6", "ethernet"),
        "via": known.names("neighbors", "address"),
        "port": known.ports,
        "out": known.ports,
        "in": known.ports,
        "segs": _FREE,
        "source": _FREE,
        "hop-limit": _FREE,
        "flow-label": ("hash", "keep"),
        "age": _FREE,
        "sl-at": ("masquerade", "de-masquerade"),
        "nat": ("true", "false"),
    }
    return _pairs(words[1:], fields) if words else first


def _search_table(words: Sequence[str], known: Known, first: Values) -> Values:
    return _pairs(words[1:], {"target": _FREE, "via": known.names("neighbors", "address")}) if words else first


def _service_path(words: Sequence[str], known: Known, first: Values) -> Values:
    fields: Keys = {"spi": _FREE, "si": _FREE, "via": known.names("neighbors", "address"), "age": _FREE}
    return _pairs(words[1:], fields) if words else first


_GRAMMARS: dict[str, Callable[[Sequence[str], Known, Values], Values]] = {
    "sid": _sid,
    "policy": _policy,
    "steer": _steer,
    "route": _route,
    "nexthop": _nexthop,
    "neighbor": _neighbor,
    "neigh": _neighbor,
    "sid-structure": _sid_structure,
    "vrf": _vrf,
    "mpls-policy": _mpls_policy,
    "bridge": _bridge,
    "replication": _replication,
    "service": _service,
    "search-table": _search_table,
    "service-path": _service_path,
}

# --- srv6 ip, srv6 srconf ---------------------------------------------------------------------------------

_IP_VERBS = {
    "route": ("add", "append", "replace", "change", "del", "show", "get", "flush"),
    "neigh": ("add", "replace", "change", "del", "show"),
    "nexthop": ("add", "replace", "del", "show", "get"),
    "rule": ("add", "del", "show"),
    "link": ("add", "set", "del"),
    "vrf": ("show",),
    "sr": ("tunsrc", "hmac"),
}


def _ip(words: Sequence[str], known: Known) -> Values:
    words = list(words)
    if not words:
        return _IP_VERBS
    kind = next((each for each in _IP_VERBS if each.startswith(words[0]) or words[0].startswith(each)), "")
    if len(words) == 1:
        return _IP_VERBS.get(kind, _FREE)
    verb, rest = words[1], words[2:]
    tables = ["main", *known.vrfs[1:]]
    if kind == "sr":
        return ("set", "show") if not rest else _FREE
    if kind == "link":
        if verb == "add":
            return _pairs(rest[1:], {"type": ("vrf",), "table": _FREE}) if rest else _FREE
        names = [*known.ports, *known.vrfs[1:]] if verb == "set" else known.vrfs[1:]
        changes: Keys = {"master": known.vrfs[1:], "nomaster": None, "mtu": _FREE, "address": _FREE, "up": None}
        rest = [word for word in rest if word != "dev"]
        return _pairs(rest[1:], changes if verb == "set" else {}) if rest else names
    if kind == "rule":
        return _pairs(rest, {"iif": known.ports, "lookup": tables, "pref": _FREE})
    if kind == "neigh":
        keys: Keys = {"lladdr": _FREE, "dev": known.ports, "nud": ("permanent",)}
        if verb == "show":
            return _pairs(rest, {"dev": known.ports, "nud": ("permanent", "reachable")})
        return known.names("neighbors", "address") if not rest and verb != "add" else _pairs(rest[1:], keys)
    if kind == "nexthop":
        numbers = known.names("nexthops", "id")
        if verb not in ("add", "replace"):
            return _pairs(rest, {"id": numbers})
        return _pairs(rest, {"id": numbers if verb == "replace" else _FREE, **_ip_hops(known), "blackhole": None,
                             "group": numbers})  # fmt: skip
    if kind == "route":
        return _ip_route(verb, rest, known, tables)
    return _FREE


def _ip_hops(known: Known) -> dict[str, Values | None]:
    return {"via": known.names("neighbors", "address"), "dev": known.ports}


def _ip_route(verb: str, words: Sequence[str], known: Known, tables: Collection[str]) -> Values:
    prefixes = [*known.keys("route"), *known.keys("sid"), *known.keys("steer")]
    if verb in ("show", "list", "flush"):
        narrowed: Keys = {
            **dict.fromkeys(("root", "match", "exact"), prefixes),
            **_ip_hops(known),
            "table": [*tables, "local", "all"],
            "proto": ("kernel", "boot"),
            "type": ("unicast", "blackhole", "local", "unreachable"),
        }
        return [*_pairs(words, narrowed), *(prefixes if not words else ())]
    if verb == "get":
        return _pairs(words[1:], {"vrf": known.vrfs, "iif": known.ports}) if words else _FREE
    if not words:
        return ["default", "blackhole", "local"] if verb in ("add", "append") else ["default", *prefixes]
    if verb in ("del", "delete"):
        return _pairs(words[1:], {"table": tables})
    line: dict[str, Values | None] = {
        **_ip_hops(known),
        "nexthop": None,
        "nhid": known.names("nexthops", "id"),
        "table": tables,
        "encap": ("seg6", "seg6local"),
        "metric": _FREE,
    }
    starts = (at for at, word in enumerate(words) if word == "encap" and words[at - 1 : at] != ["mode"])
    place = max(starts, default=-1)
    encap, behind = words[place + 1 : place + 2], words[place + 2 :]
    if place < 0 or not encap:
        return _pairs(words, line)
    device = {key: line[key] for key in ("dev", "via", "table", "nexthop")}
    if encap == ["seg6"]:
        modes = [record.mode for record in REGISTRY.headends if not (record.layer2 or record.inserts or record.gtp)]
        seg6: Keys = {"mode": [*modes, "inline"], "segs": _FREE, "tunsrc": _FREE, "hmac": _FREE, "compress": COMPRESS}
        return _pairs(behind, {**seg6, **device})
    action = next((behind[at + 1] for at, word in enumerate(behind[:-1]) if word == "action"), "")
    return _pairs(behind, {"action": _behaviours(),
                           **_attributes(_record(action), known, tables), "count": None, **device})  # fmt: skip


def _attributes(record: Endpoint | None, known: Known, tables: Collection[str]) -> Keys:
    """What iproute2 calls the operands of a behaviour."""
    found: dict[str, Values | None] = {}
    for operand in record.operands if record is not None else ():
        if operand.key == "via":
            words = ("nh4", "nh6") if "4" in record.name else ("nh6",)  # type: ignore[union-attr]
            found |= dict.fromkeys(words, known.names("neighbors", "address"))
        elif operand.key == "vrf":
            found["table" if record.name == "End.T" else "vrftable"] = tables  # type: ignore[union-attr]
        elif operand.key == "port":
            found["oif"] = known.ports
        elif operand.key == "policy":
            found |= {"srh": ("segs",), "segs": _FREE}
    if record is not None:
        for variant in REGISTRY.variants(record):
            found |= {key: _FREE for key in ("lblen", "nflen") if key in variant.keys}
        if flavours := _flavours(record):
            found["flavors"] = flavours
    return found


def _srconf(words: Sequence[str], known: Known) -> Values:
    if not words:
        return ("localsid",)
    if len(words) == 1:
        return ("add", "del", "show", "flush", "clear-counters")
    if words[1] != "add":
        return known.keys("sid") if len(words) == 2 else _FREE
    if len(words) == 3:
        return [*(name.lower() for name in _behaviours()), *PROXIES]
    if words[3].lower() in PROXIES:
        return ("ip", "mac") if len(words) == 4 else _FREE if len(words) == 5 else (*known.ports, "src", "segs", "left")
    record = _record(words[3]) if len(words) > 3 else None
    if record is None:
        return _FREE
    if any("via" in operand.keys for operand in record.operands):
        return _pairs(words[4:], {"ip": known.names("neighbors", "address")}) if len(words) < 6 else known.ports
    bare = any(operand.bare for operand in record.operands)
    return known.ports if bare and len(words) == 4 else _pairs(words[4:], _operands(record, known))
