# SPDX-License-Identifier: Apache-2.0
"""``locator(s)`` and ``sids``."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

from srv6cp.config import spelling, values
from srv6cp.config.context import Context, with_path
from srv6cp.config.errors import InvalidError, Path
from srv6cp.model import (
    DEFAULT_VRF,
    Behavior,
    Flavor,
    Locator,
    NextHop,
    Operand,
    Sid,
    parse_behavior,
    parse_flavors,
)

LOCATOR_KEYS = frozenset(("prefix", "block", "node"))
SID_KEYS = frozenset(("sid", "behavior", "flavors", "via", "vrf", "port", "policy", "in-vrf", "allow-outside-locator"))
_OPERAND_KEYS = ("via", "vrf", "port", "policy")
_MIN_SID_LENGTH = 16


def read_locators(data: dict[Any, Any], context: Context) -> tuple[Locator, ...]:
    """``locator`` (one) and ``locators`` (a list) together."""
    items: list[tuple[Path, Any]] = []
    if data.get("locator") is not None:
        items.append((("locator",), data["locator"]))
    with context.at("locators"):
        listed = values.listing(data.get("locators"), "locators")
        items += [(("locators", index), item) for index, item in enumerate(listed)]
    locators: list[Locator] = []
    for path, item in items:
        with context.at(*path):
            locator = _read_locator(item)
            for other in locators:
                if other.prefix.overlaps(locator.prefix):
                    raise InvalidError(f"locator {locator.prefix} overlaps locator {other.prefix}")
            locators.append(locator)
    return tuple(locators)


def _read_locator(item: Any) -> Locator:
    if isinstance(item, str):
        item = {"prefix": item}
    item = values.mapping(item, "a locator")
    values.check_keys(item, LOCATOR_KEYS, ("prefix",))
    prefix = with_path("prefix", values.ipv6_prefix, item["prefix"])
    length = prefix.prefixlen
    if not _MIN_SID_LENGTH <= length <= 127 or prefix.is_multicast or prefix.is_link_local:
        raise InvalidError(f"{prefix} is no unicast prefix of 16 to 127 bits", "prefix")
    block, node = item.get("block"), item.get("node")
    if node is not None:
        node = with_path("node", values.integer, node, "node", 0, length)
    if block is not None:
        block = with_path("block", values.integer, block, "block", 1, length)
    if block is None:
        block = length - (node if node is not None else min(16, length - 1))
    if node is None:
        node = length - block
    if block + node != length:
        raise InvalidError(f"block {block} and node {node} must add up to the prefix length {length}")
    return Locator(prefix, block, node)


def read_sids(value: Any, locators: tuple[Locator, ...], context: Context) -> tuple[Sid, ...]:
    """Local SIDs; built for tens of thousands of them."""
    sids: list[Sid] = []
    seen: set[tuple[str, IPv6Network]] = set()
    reader = _SidReader(locators, context)
    with context.at("sids"):
        for index, item in enumerate(values.listing(value, "sids")):
            try:
                if not isinstance(item, dict):
                    values.mapping(item, "a SID")
                sid = reader.read(item)
                key = (sid.in_vrf, sid.prefix)
                if key in seen:
                    where = "" if sid.in_vrf == DEFAULT_VRF else f" in VRF {sid.in_vrf}"
                    raise InvalidError(f"SID {sid.prefix} is given twice{where}", "sid")
                seen.add(key)
                sids.append(sid)
            except InvalidError as error:
                context.fail(error, "sids", index)
    return tuple(sids)


class _SidReader:
    def __init__(self, locators: tuple[Locator, ...], context: Context) -> None:
        self._locators = [
            (int(loc.prefix.network_address), int(loc.prefix.netmask), loc.prefix.prefixlen) for loc in locators
        ]
        self._locator_text = ", ".join(str(locator.prefix) for locator in locators)
        self._context = context
        self._behaviors: dict[str, tuple[Behavior, Flavor]] = {}

    def read(self, item: dict[Any, Any]) -> Sid:
        if item.keys() - SID_KEYS or " " in str(item.get("behavior", " ")):
            item = spelling.normalize_sid(item)
            values.check_keys(item, SID_KEYS, ("sid", "behavior"))
        try:
            prefix = values.ipv6_prefix(item.get("sid"), "SID")
            self._check_place(prefix, item)
        except InvalidError as error:
            error.path = error.path or ("sid",)
            raise
        behavior, flavors = self._behavior(item)
        in_vrf = self._context.vrf(item, "in-vrf") if "in-vrf" in item else DEFAULT_VRF
        operand = behavior.spec.operand
        allowed = _ALLOWED[operand]
        for key in _OPERAND_KEYS:
            if key in item and key not in allowed and item[key] is not None:
                raise InvalidError(f"{behavior.value} takes no {key!r}", key)
        if operand is Operand.NONE:
            return Sid(prefix, behavior, flavors, in_vrf)
        if operand is Operand.VRF:
            if item.get("vrf") is None:
                raise InvalidError(f"{behavior.value} needs 'vrf' (a declared VRF, or default)")
            return Sid(prefix, behavior, flavors, in_vrf, self._context.vrf(item))
        if operand is Operand.POLICY:
            policy = item.get("policy")
            if policy is None:
                raise InvalidError(f"{behavior.value} needs 'policy'")
            policy = with_path("policy", values.reference, policy, self._context.policy_names, "policy")
            return Sid(prefix, behavior, flavors, in_vrf, policy=policy)
        if operand is Operand.PORT:
            return Sid(prefix, behavior, flavors, in_vrf, port=self._port(item, behavior))
        vrf = self._context.vrf(item) if item.get("vrf") is not None else None
        nexthops = self._nexthops(item, behavior, vrf)
        return Sid(prefix, behavior, flavors, in_vrf, vrf or DEFAULT_VRF, nexthops)

    def _check_place(self, prefix: IPv6Network, item: dict[Any, Any]) -> None:
        if prefix.prefixlen < _MIN_SID_LENGTH or prefix.is_multicast or prefix.is_link_local:
            raise InvalidError(f"SID {prefix} is no unicast prefix of 16 to 128 bits")
        bits = int(prefix.network_address)
        for network, mask, length in self._locators:
            if bits & mask == network and prefix.prefixlen >= length:
                return
        key = "allow-outside-locator"
        if not with_path(key, values.boolean, item.get(key, False), key) and self._locators:
            raise InvalidError(f"SID {prefix} is outside the locator {self._locator_text}; if meant, set '{key}: true'")

    def _behavior(self, item: dict[Any, Any]) -> tuple[Behavior, Flavor]:
        text = item["behavior"]
        known = self._behaviors.get(text) if isinstance(text, str) else None
        if known is None:
            try:
                known = parse_behavior(str(text))
            except ValueError as error:
                raise InvalidError(str(error), "behavior") from None
            self._behaviors[text] = known
        behavior, flavors = known
        listed = item.get("flavors")
        if listed is None:
            return behavior, flavors
        if isinstance(listed, str):
            listed = listed.replace(",", " ").split()
        names = with_path("flavors", values.listing, listed, "flavors")
        try:
            flavors |= parse_flavors([str(name) for name in names])
        except ValueError as error:
            raise InvalidError(str(error), "flavors") from None
        if flavors and not behavior.spec.flavored:
            raise InvalidError(f"{behavior.value} takes no flavours; End, End.X and End.T do", "flavors")
        return behavior, flavors

    def _port(self, item: dict[Any, Any], behavior: Behavior) -> int:
        if item.get("port") is None:
            raise InvalidError(f"{behavior.value} needs 'port', the port that frames leave by")
        port = with_path("port", values.integer, item["port"], "port", 0, values.MAX_PORT)
        if port not in self._context.ports:
            valid = ", ".join(map(str, self._context.ports)) or "none is declared"
            raise InvalidError(f"unknown port {port}; valid: {valid}", "port")
        return int(port)

    def _nexthops(self, item: dict[Any, Any], behavior: Behavior, vrf: str | None) -> tuple[NextHop, ...]:
        via = item.get("via")
        if via is None:
            raise InvalidError(f"{behavior.value} needs 'via', the address of the next hop")
        crosses = behavior in (Behavior.END_DX4, Behavior.END_DX6)
        if crosses and via in ("::", "0.0.0.0"):
            return ()
        nexthops: tuple[NextHop, ...] = with_path("via", self._context.nexthops, via, vrf)
        version = 4 if behavior.spec.operand is Operand.VIA4 else 6
        for hop in nexthops:
            # End.DX4 may leave towards an IPv6 neighbour (RFC 8950); IPv6 packets never towards an IPv4 one.
            if hop.address is not None and hop.address.version == 4 and version == 6:
                raise InvalidError(
                    f"the next hop of {behavior.value} must be an IPv6 address, not {hop.address}", "via"
                )
            if hop.address is None and not crosses:
                raise InvalidError(f"{behavior.value} needs the address of its next hop, not only its port", "via")
        return nexthops


_ALLOWED = {
    Operand.NONE: frozenset(("",)),
    Operand.VIA6: frozenset(("via", "vrf")),
    Operand.VIA4: frozenset(("via", "vrf")),
    Operand.VRF: frozenset(("vrf",)),
    Operand.PORT: frozenset(("port",)),
    Operand.POLICY: frozenset(("policy",)),
}
