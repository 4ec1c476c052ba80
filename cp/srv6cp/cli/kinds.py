# SPDX-License-Identifier: Apache-2.0
"""The objects of a node file that commands add, delete and show: one record each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY, Section
from srv6cp.cli import grammar
from srv6cp.cli.grammar import Edit
from srv6cp.config.steering import read_dscp
from srv6cp.problems import InvalidError


@dataclass(frozen=True)
class Kind:
    """``srv6 NAME add|replace|del|show``.

    ``section`` is where its items are in the node file and ``columns`` are what ``show`` prints. ``parse`` reads the
    words of ``add`` and ``key_item`` those of ``del`` into an item with its key; ``identity`` is that key, so that
    prefixes and addresses compare by value, not by spelling. ``key_usage`` says what the words of ``del`` are. Columns
    that are ``optional`` are printed where some row has something to say there.
    """

    name: str
    section: str
    help: str
    key_usage: str
    columns: tuple[str, ...]
    parse: Callable[[Sequence[str]], list[Edit]]
    key_item: Callable[[Sequence[str]], Any]
    identity: Callable[[Any], Any]
    aliases: tuple[str, ...] = ()
    brought: Section | None = None
    optional: frozenset[str] = frozenset()

    def same(self, wanted: Any, item: Any) -> bool:
        """Whether the item has the key of ``wanted``; what a key leaves open (None) may be anything."""
        keys = self.identity(wanted), self.identity(item)
        if not all(isinstance(key, tuple) for key in keys):
            return bool(keys[0] == keys[1])
        return len(keys[0]) == len(keys[1]) and all(
            each is None or other is None or each == other for each, other in zip(*keys, strict=True)
        )

    def called(self, item: Any) -> str:
        """The words of ``del`` for an item."""
        if not isinstance(item, dict):
            return str(item)
        if isinstance(item.get("match"), dict):
            return " ".join(("match", *(f"{key} {value}" for key, value in item["match"].items())))
        name = next((str(item[key]) for key in ("name", "sid", "sids", "prefix", "address", "id") if key in item), "")
        scopes = (f"{key} {item[key]}" for key in ("vrf", "in-vrf", "port") if item.get(key) is not None)
        return " ".join(filter(None, (name, *scopes)))


def kinds() -> dict[str, Kind]:
    """All kinds by name, with those that records of behaviours bring."""
    return {kind.name: kind for kind in (*_KINDS, *map(_of_section, REGISTRY.sections))}


def kind_of(section: str) -> Kind:
    """The kind whose items are in this section of the node file."""
    return next(kind for kind in kinds().values() if kind.section == section)


def _of_section(section: Section) -> Kind:
    return Kind(
        section.command,
        section.key,
        f"{section.what}s",
        "NAME",
        section.columns,
        partial(grammar.section, section),
        lambda words: {"name": words[0]},
        _name,
        brought=section,
    )


def _sid_item(words: Sequence[str]) -> Any:
    options = dict(zip(words[1::2], words[2::2], strict=False))
    return {"sid": words[0], "in-vrf": options.get("in-vrf")}


def _steer_item(words: Sequence[str]) -> Any:
    if words[0] == "match" or "policy" in words:
        whole = "policy" in words or "action" in words
        return grammar.steer(words if whole else [*words, "policy", "none"])[0].item
    return grammar.steer([*words, "policy", "any"])[0].item


def _nexthop_item(words: Sequence[str]) -> Any:
    return {"id": words[1] if words[0] == "id" and len(words) > 1 else words[0]}


def _nexthop(item: Any) -> Any:
    return str(item.get("id")) if isinstance(item, dict) else None


def _name(item: Any) -> Any:
    return str(item.get("name")) if isinstance(item, dict) else None


def _vrf(item: Any) -> Any:
    return str(item.get("name") if isinstance(item, dict) else item)


def _sid(item: Any) -> Any:
    return (_prefix(item.get("sid")), str(item.get("in-vrf") or "default")) if isinstance(item, dict) else None


def _route(item: Any) -> Any:
    return (_prefix(item.get("prefix")), str(item.get("vrf") or "default")) if isinstance(item, dict) else None


def _neighbor(item: Any) -> Any:
    """Without a port: on whatever port it is. Which VRF that is in the node says, and so ``edits`` looks there."""
    if not isinstance(item, dict):
        return None
    port = item.get("port")
    return _prefix(item.get("address")), None if port is None else str(port)


def _steer(item: Any) -> Any:
    if not isinstance(item, dict):
        return None
    if "match" in item:
        match = item["match"] if isinstance(item["match"], dict) else {}
        return "match", frozenset((key, _match_value(key, value)) for key, value in match.items() if value is not None)
    if "prefix" in item:
        return "prefix", _prefix(item["prefix"]), str(item.get("vrf") or "default")
    return "port", str(item.get("port"))


def _match_value(key: str, value: Any) -> str:
    """One spelling for ``udp`` and 17, ``10.0.0.1`` and ``10.0.0.1/32``."""
    if key in ("src", "dst", "srh-next-segment"):
        return _prefix(value)
    with suppress(InvalidError):
        if key in ("protocol", "srh-next-header"):
            return str(values.protocol(value))
        return str(read_dscp(value) if key == "dscp" else values.integer(value, key, 0, 65535))
    return str(value)


def _prefix(text: Any) -> str:
    from ipaddress import ip_network

    try:
        return str(ip_network(str(text), strict=False))
    except ValueError:
        return str(text)


def _sid_structure(item: Any) -> Any:
    """The prefixes, and the length of the C-SID: of one prefix there may be several structures."""
    if not isinstance(item, dict):
        return None
    prefixes = frozenset(map(_prefix, values.one_or_more(item.get("sids"))))
    given = {key: item[key] for key in ("nflen", "lnlen", "flen") if isinstance(item.get(key), int)}
    parts = given["lnlen"] + given.get("flen", 0) if "lnlen" in given else None
    return prefixes, given.get("nflen", parts)


_KINDS = (
    Kind(
        "sid",
        "sids",
        "local SIDs",
        "SID [in-vrf V]",
        ("sid", "behavior", "flavors", "operand", "in_vrf", "packets", "bytes", "errors"),
        grammar.sid,
        _sid_item,
        _sid,
    ),
    Kind(
        "policy",
        "policies",
        "SR policies",
        "NAME",
        (
            *("policy", "color", "endpoint", "bsids", "mode", "path", "preference"),
            *("weight", "spray", "segments", "original", "via", "packets", "bytes", "state", "alerts"),
        ),
        grammar.policy,
        lambda words: {"name": words[0]},
        _name,
        optional=frozenset(("color", "endpoint", "bsids", "path", "preference", "spray", "original", "alerts")),
    ),
    Kind(
        "steer",
        "steering",
        "what goes into which policy",
        "PREFIX [vrf V] | port P | match KEY VALUE...",
        ("traffic", "vrf", "priority", "policy", "action", "packets"),
        grammar.steer,
        _steer_item,
        _steer,
        optional=frozenset(("action", "packets")),
    ),
    Kind(
        "route",
        "routes",
        "static routes",
        "PREFIX [vrf V]",
        ("prefix", "vrf", "way", "unused"),
        grammar.route,
        lambda words: grammar.route(words)[0].item,
        _route,
    ),
    Kind(
        "nexthop",
        "nexthops",
        "next hops that routes name by number",
        "ID",
        ("nexthop", "via", "weight"),
        grammar.nexthop,
        _nexthop_item,
        _nexthop,
    ),
    Kind(
        "neighbor",
        "neighbors",
        "static neighbours",
        "ADDRESS [port P] [vrf V]",
        ("address", "port", "mac", "state", "mtu"),
        grammar.neighbor,
        lambda words: grammar.neighbor(words)[0].item,
        _neighbor,
        aliases=("neigh",),
    ),
    Kind(
        "sid-structure",
        "sid-structures",
        "how the SIDs of other nodes are made up",
        "PREFIX [nflen BITS]",
        ("sids", "lblen", "lnlen", "flen", "arglen", "csid"),
        grammar.sid_structure,
        lambda words: grammar.sid_structure(words)[0].item,
        _sid_structure,
    ),
    Kind(
        "vrf",
        "vrfs",
        "VRFs",
        "NAME",
        ("vrf", "id", "interfaces"),
        grammar.vrf,
        lambda words: words[0],
        _vrf,
    ),
)
