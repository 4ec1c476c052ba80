# SPDX-License-Identifier: Apache-2.0
"""``locator(s)`` and ``sids``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Network
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours import REGISTRY, Endpoint
from srv6cp.behaviours.mobile import LIMIT
from srv6cp.config import spelling
from srv6cp.config.context import Context
from srv6cp.config.hmac import read_tlv
from srv6cp.model import DEFAULT_VRF, Flavour, Locator, Sid, TlvPolicy, parse_flavours
from srv6cp.problems import Fields, InvalidError, Path, with_path

LOCATOR_KEYS = frozenset(("prefix", "block", "node"))
#: Keys of every SID; operands come beside them.
SID_KEYS = frozenset(("sid", "behavior", "flavors", "in-vrf", "allow-outside-locator", "tlv"))
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
    fields = Fields(item)
    with fields.at():
        values.check_keys(item, LOCATOR_KEYS, ("prefix",))
    prefix = fields.read("prefix", _locator_prefix)
    length = prefix.prefixlen if prefix else 127
    node = fields.read("node", values.integer, "node", 0, length)
    block = fields.read("block", values.integer, "block", 1, length)
    fields.finish()
    if block is None:
        block = length - (node if node is not None else min(16, length - 1))
    if node is None:
        node = length - block
    if block + node != length:
        raise InvalidError(f"block {block} and node {node} must add up to the prefix length {length}")
    return Locator(prefix, block, node)


def _locator_prefix(value: Any) -> IPv6Network:
    prefix = values.ipv6_prefix(value)
    if not _MIN_SID_LENGTH <= prefix.prefixlen <= 127 or values.not_forwarded(prefix):
        raise InvalidError(f"{prefix} is no unicast prefix of 16 to 127 bits")
    return prefix


def read_sids(value: Any, locators: tuple[Locator, ...], context: Context) -> tuple[Sid, ...]:
    """Local SIDs; built for tens of thousands of them."""
    sids: list[Sid] = []
    seen: set[tuple[str, IPv6Network]] = set()
    reader = SidReader(locators, context)
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
                context.fail(reader.wrong_fields(item) or error, "sids", index)
        _check_groups(sids)
    return tuple(sids)


def _check_groups(sids: Iterable[Sid]) -> None:
    """The SIDs of a group say one rate: the group has one meter."""
    rates: dict[bytes, tuple[Sid, int]] = {}
    for sid in sids:
        group = sid.operands.get(LIMIT.key)
        if group is not None and group.rate:
            other, rate = rates.setdefault(group.key, (sid, group.rate))
            if rate != group.rate:
                raise InvalidError(f"{sid.prefix} and {other.prefix} are of one group and say different rates")


def _check_decapsulates(record: Endpoint, flavours: Flavour, operands: Mapping[str, Any]) -> None:
    """Refuse options of a decapsulation that there is none of."""
    if not record.flavours or flavours & Flavour.USD:
        return
    for key in record.options:
        if key in operands:
            raise InvalidError(f"{record.name} decapsulates with the flavour usd only: {key!r} says nothing here", key)


def _check_keys(record: Endpoint, item: dict[Any, Any], known: _Known) -> None:
    """Refuse what only another flavour of the behaviour takes."""
    for key in known.keys - record.keys - SID_KEYS:
        if item.get(key) is not None:
            takers = [each for each in REGISTRY.variants(record) if key in each.keys]
            names = [name for each in takers for name in each.flavour_names()]
            needs = f" without the flavour {' or '.join(names)}" if names else ""
            raise InvalidError(f"{record.name} takes no {key!r}{needs}", key)


def _tlv(value: Any, record: Endpoint) -> TlvPolicy:
    if not record.moves_on:
        raise InvalidError(f"{record.name} takes no segment that is left: 'tlv' says nothing here", "tlv")
    policy: TlvPolicy = with_path("tlv", read_tlv, value)
    return policy


def _behaviour(value: Any) -> tuple[Endpoint, Flavour]:
    try:
        return REGISTRY.parse_endpoint(str(value))
    except ValueError as error:
        raise InvalidError(str(error)) from None


class _Known(NamedTuple):
    """A behaviour as it is written in this file, and the keys that its SIDs may have, with a C-SID flavour as well."""

    record: Endpoint
    flavours: Flavour
    keys: frozenset[str]


class SidReader:
    """Reads SIDs one by one, and remembers behaviours by the words that they are written in."""

    def __init__(self, locators: tuple[Locator, ...], context: Context) -> None:
        self._locators = [
            (int(loc.prefix.network_address), int(loc.prefix.netmask), loc.prefix.prefixlen) for loc in locators
        ]
        blocks = [loc.prefix.supernet(new_prefix=loc.block) for loc in locators]
        self._blocks = [(int(block.network_address), int(block.netmask), block.prefixlen) for block in blocks]
        #: A prefix where a SID may be, whatever is there.
        self.example = str(locators[0].prefix if locators else "2001:db8::/48")
        self._locator_text = ", ".join(str(locator.prefix) for locator in locators)
        self._context = context
        self._known: dict[str, _Known] = {}
        self._flavour_sets: dict[tuple[str, Flavour, tuple[str, ...]], tuple[Endpoint, Flavour]] = {}

    def read(self, item: dict[Any, Any]) -> Sid:
        text = item.get("behavior")
        known = self._known.get(text) if type(text) is str else None
        if known is None or not item.keys() <= known.keys:
            item, known = self._read_slowly(item)
        record = known.record
        try:
            prefix = values.ipv6_prefix(item.get("sid"), "SID")
        except InvalidError as error:
            error.under("sid")
            raise
        flavours = known.flavours
        if "flavors" in item:
            record, flavours = self._flavoured(item["flavors"], known)
        if len(SID_KEYS) + len(record.keys) < len(known.keys):
            _check_keys(record, item, known)
        self._check_place(prefix, item, record)
        in_vrf = self._context.vrf(item, "in-vrf") if "in-vrf" in item else DEFAULT_VRF
        operands = record.read(item, self._context) if record.operands else {}
        _check_decapsulates(record, flavours, operands)
        tlv = _tlv(item["tlv"], record) if item.get("tlv") is not None else None
        return Sid(prefix, record.name, flavours, operands, in_vrf, tlv)

    def wrong_fields(self, item: Any) -> InvalidError | None:
        """What is wrong with the fields of a SID that was refused, each by itself; None when they are right."""
        if not isinstance(item, dict):
            return None
        try:
            item = spelling.normalize_sid(item)
        except InvalidError as error:
            return error
        fields = Fields(item)
        others = [operand.key for operand in REGISTRY.operands]
        with fields.at():
            values.check_keys(item, SID_KEYS.union(others), ("sid", "behavior"))
        prefix = fields.read("sid", values.ipv6_prefix, "SID")
        with fields.at():
            self._context.vrf(item, "in-vrf")
        known = None
        if item.get("behavior") is not None:
            with fields.at("behavior"):
                known = _Known(*_behaviour(item["behavior"]), SID_KEYS)
        if known is None and prefix is not None:
            with fields.at():
                self._check_place(prefix, item, None)
        if known is not None:
            record, flavours = known.record, Flavour.USD
            operands: Mapping[str, Any] = {}
            with fields.at():
                record, flavours = self._flavoured(item.get("flavors"), known)
            if prefix is not None:
                with fields.at():
                    self._check_place(prefix, item, record)
            for key in others:
                if item.get(key) is not None and key not in record.keys:
                    with fields.at():
                        _check_keys(record, item, _Known(record, flavours, frozenset((key,))))
            with fields.at():
                operands = record.read(item, self._context)
            with fields.at():
                _check_decapsulates(record, flavours, operands)
            if item.get("tlv") is not None:
                with fields.at():
                    _tlv(item["tlv"], record)
        return fields.error

    def _read_slowly(self, item: dict[Any, Any]) -> tuple[dict[Any, Any], _Known]:
        """A SID whose behaviour or keys are not met as they are: other spellings, or a mistake."""
        item = spelling.normalize_sid(item)
        others = [operand.key for operand in REGISTRY.operands]
        values.check_keys(item, SID_KEYS.union(others), ("sid", "behavior"))
        text = item["behavior"]
        record, flavours = with_path("behavior", _behaviour, text)
        keys = SID_KEYS.union(record.keys, *(variant.keys for variant in REGISTRY.variants(record)))
        known = _Known(record, flavours, keys)
        if isinstance(text, str):
            self._known[text] = known
        for key in others:
            if item.get(key) is not None and key not in known.keys:
                raise InvalidError(f"{record.name} takes no {key!r}", key)
        return item, known

    def _check_place(self, prefix: IPv6Network, item: dict[Any, Any], record: Endpoint | None) -> None:
        """A SID lies in a locator; a compressed one may be a function of the node right behind the block."""
        if prefix.prefixlen < _MIN_SID_LENGTH or values.not_forwarded(prefix):
            raise InvalidError(f"SID {prefix} is no unicast prefix of 16 to 128 bits", "sid")
        bits = int(prefix.network_address)
        for network, mask, length in self._blocks if record is None or record.compressed else self._locators:
            if bits & mask == network and prefix.prefixlen >= length:
                return
        key = "allow-outside-locator"
        if not with_path(key, values.boolean, item.get(key, False), key) and self._locators:
            raise InvalidError(
                f"SID {prefix} is outside the locator {self._locator_text}; if meant, set '{key}: true'", "sid"
            )

    def _flavoured(self, listed: Any, known: _Known) -> tuple[Endpoint, Flavour]:
        """The behaviour with its ``flavors``: another record with a C-SID flavour."""
        if listed is None:
            return known.record, known.flavours
        if isinstance(listed, str):
            listed = listed.replace(",", " ").split()
        names = with_path("flavors", values.listing, listed, "flavors")
        words = tuple(map(str, names))
        key = (known.record.name, known.flavours, words)
        found = self._flavour_sets.get(key)
        if found is None:
            try:
                found = REGISTRY.variant(known.record, known.flavours | parse_flavours(words))
                REGISTRY.check_flavours(*found)
            except ValueError as error:
                raise InvalidError(str(error), "flavors") from None
            self._flavour_sets[key] = found
        return found
