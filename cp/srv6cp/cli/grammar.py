# SPDX-License-Identifier: Apache-2.0
"""One-line commands to items of the node file.

``srv6 sid add``, ``srv6 policy add`` and so on, and their spellings in iproute2 and srconf, all end up as
``Edit``s; what the items may hold is checked by the configuration loader.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY, Section
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.words import Words, segments
from srv6cp.config import InvalidError
from srv6cp.config.sid_structures import LENGTH_KEYS, SYNONYMS
from srv6cp.config.spelling import parse_words
from srv6cp.model import FLAVOUR_NAMES

_ENCAP_KEYS = (
    *("mode", "source", "hop-limit", "traffic-class", "flow-label", "return-to", "hmac", "path-tracing"),
    *("upf-prefix-length", "source-prefix-length", "echo"),  # of mode gtp4.d
)
_PATH_KEYS = ("preference", "origin", "originator", "discriminator")
_POLICY_KEYS = ("compress", "invalid", "vrf", "color", "endpoint", "priority", "spray")
_ROUTE_WORDS = (
    *("via", "dev", "port", "weight", "nexthop", "nhid", "vrf", "table", "blackhole"),
    *("color", "next-hop", "service-sid"),
)
_MATCH_KEYS = (
    *("src", "dst", "protocol", "src-port", "dst-port", "traffic-class", "dscp", "port", "vrf"),
    *("srh", "srh-next-header", "srh-length", "srh-segments-left", "srh-last-entry", "srh-tag", "srh-next-segment"),
)

_USAGE = {
    "policy": "srv6 policy add NAME [path NAME [preference N] [origin pcep|bgp|configuration] [originator ASN:A] "
    "[discriminator N]] segs A,B [weight N] [segs C,D [weight N]] [path ...] [mode M] [source A] "
    "[hop-limit N|inherit] [traffic-class N|inherit] [flow-label hash|copy|0] "
    "[return-to next-segment|binding-sid] [upf-prefix-length N] [source-prefix-length N] [echo drop|answer] "
    "[compress auto|next|replace|off] [hmac KEYID] [path-tracing SESSION] [invalid forward|drop] [vrf V] "
    "[color N endpoint A] [priority N] [bsid SID|dynamic] [spray true|false]",
    "steer": "srv6 steer add PREFIX [vrf V] policy NAME | port P policy NAME | "
    "match KEY VALUE... [priority N] policy NAME|none|action drop|action count",
    "route": "srv6 route add [blackhole] PREFIX [vrf V] [via A [port P] [weight N]] [nexthop via A ...] [nhid ID] "
    "[color N[,N] [next-hop A] [service-sid SID]]",
    "nexthop": "srv6 nexthop add ID via A [port P] | port P | blackhole | group ID[,WEIGHT]/ID[,WEIGHT]...",
    "neighbor": "srv6 neighbor add ADDRESS mac M [port P] [vrf V]",
    "vrf": "srv6 vrf add NAME [id N]",
    "sid-structure": "srv6 sid-structure add PREFIX [lblen BITS] [nflen BITS] [lnlen BITS] [flen BITS] [arglen BITS] "
    "[csid next|replace|none]",
}


def usage(kind: str) -> str:
    """The words of ``srv6 KIND add``."""
    if kind == "sid":
        operands = " ".join(f"[{operand.usage}]" for operand in REGISTRY.operands)
        flavours = ",".join(FLAVOUR_NAMES)
        return (
            f"srv6 sid add SID BEHAVIOUR [flavors {flavours}] {operands} [srh segs A,B [hmac KEYID]] "
            "[in-vrf V] [tlv off|validate|verify|require]"
        )
    if kind in _USAGE:
        return _USAGE[kind]
    section = next(each for each in REGISTRY.sections if each.command == kind)
    return f"srv6 {kind} add NAME {section.usage}"


@dataclass(frozen=True)
class Edit:
    """An item to append to a section of the node file."""

    section: str
    item: Any


def sid(words: Sequence[str]) -> list[Edit]:
    """``SID BEHAVIOUR ...``. ``srh segs A,B`` makes a policy for the SID as well."""
    cursor = Words(words, usage("sid"))
    address = cursor.take("SID")
    try:
        item = parse_words(cursor.rest())
    except InvalidError as error:
        raise UsageError(f"{error}; usage: {usage('sid')}") from None
    with suppress(ValueError):  # the loader says what is wrong with it
        record, flavours = REGISTRY.parse_endpoint(str(item["behavior"]))
        if not flavours:
            item["behavior"] = record.behaviour
            if record.csid and not set(map(str.lower, item.get("flavors", ()))) & set(record.csid.names()):
                item["flavors"] = [*item.get("flavors", ()), *record.csid.names()]
    edits = []
    listed, key_id = item.pop("segments", None), item.pop("hmac", None)
    if listed is not None:
        name = f"sid-{address.replace('/', '-')}"
        item["policy"] = name
        encap = {"encap": {"hmac": _number(key_id)}} if key_id is not None else {}
        edits.append(Edit("policies", {"name": name, "segments": listed, **encap}))
    return [*edits, Edit("sids", {"sid": address, **_numbers(item)})]


def policy(words: Sequence[str]) -> list[Edit]:
    """``NAME segs A,B ...``; behind ``path NAME`` what is said is of that candidate path."""
    cursor = Words(words, usage("policy"))
    item: dict[str, Any] = {"name": cursor.take("the name of the policy")}
    encap: dict[str, Any] = {}
    paths: list[dict[str, Any]] = [{"segment-lists": []}]
    while cursor:
        word = cursor.take("a word")
        value = cursor.take(f"the value of {word!r}")
        lists: list[dict[str, Any]] = paths[-1]["segment-lists"]
        if word == "path":
            if len(paths) == 1 and lists:
                raise UsageError("'path' stands in front of the 'segs' that belong to it")
            paths.append({"name": value, "segment-lists": []})
        elif word in ("segs", "segments"):
            lists.append({"segments": segments(value)})
        elif word == "weight":
            if not lists:
                raise UsageError("'weight' stands behind the 'segs' that it belongs to")
            lists[-1] = {"weight": _number(value), **lists[-1]}
        elif word in _ENCAP_KEYS:
            encap[word] = _number(value)
        elif word == "tunsrc":
            encap["source"] = value
        elif word in _PATH_KEYS:
            if len(paths) == 1:
                raise UsageError(f"{word!r} stands behind the 'path' that it belongs to")
            paths[-1][word] = _number(value)
        elif word in _POLICY_KEYS:
            item[word] = {"true": True, "false": False}.get(value, value) if word == "spray" else _number(value)
        elif word == "bsid":
            item["bsid"] = [*item.get("bsid", ()), value]
        else:
            raise cursor.unknown(word, ("path", "segs", "weight", *_PATH_KEYS, *_ENCAP_KEYS, *_POLICY_KEYS, "bsid"))
    if not all(path["segment-lists"] for path in paths[1:] or paths):
        raise UsageError(f"'segs' is missing; usage: {usage('policy')}")
    if encap:
        item["encap"] = encap
    item |= {"candidate-paths": paths[1:]} if len(paths) > 1 else paths[0]
    return [Edit("policies", item)]


def steer(words: Sequence[str]) -> list[Edit]:
    """A prefix, a port or a match."""
    cursor = Words(words, usage("steer"))
    item: dict[str, Any] = {}
    first = cursor.peek() or ""
    if first == "match":
        match: dict[str, Any] = {}
        item["match"] = match
        cursor.take("match")
        while cursor:
            word = cursor.take("a word")
            value = cursor.take(f"the value of {word!r}")
            if word in _MATCH_KEYS:
                match[word] = _number(value) if word != "srh" else value == "true" or value
            elif word in ("priority", "policy", "action"):
                item[word] = _number(value) if word == "priority" else value
            else:
                raise cursor.unknown(word, (*_MATCH_KEYS, "priority", "policy", "action"))
        if item.get("policy") == "none":
            item["policy"] = None
    elif first == "port":
        item = cursor.pairs(("port", "policy"))
        item["port"] = _number(item["port"])
    else:
        cursor.accept("prefix")
        item = {"prefix": cursor.take("a prefix, 'port' or 'match'"), **cursor.pairs(("vrf", "policy"))}
    if "policy" not in item and item.get("action", "steer") == "steer":
        raise UsageError(f"'policy' is missing; usage: {usage('steer')}")
    return [Edit("steering", item)]


def route(words: Sequence[str]) -> list[Edit]:
    """As ``ip route``."""
    cursor = Words(words, usage("route"))
    blackhole = cursor.accept("blackhole")
    item: dict[str, Any] = {"prefix": cursor.take("the prefix")}
    hops: list[dict[str, Any]] = []
    while cursor:
        word = cursor.take("a word")
        if word == "nexthop":
            hops.append({})
        elif word == "blackhole":
            blackhole = True
        elif word == "nhid":
            item["nhid"] = _number(cursor.take("the number of the next hop"))
        elif word == "color":
            colors = [_number(each) for each in cursor.take("the color").split(",")]
            item["color"] = colors[0] if len(colors) == 1 else colors
        elif word in ("next-hop", "service-sid"):
            item[word] = cursor.take(f"the value of {word!r}")
        elif word in ("vrf", "table"):
            item["vrf"] = _table(cursor.take("the VRF"))
        elif word in ("via", "dev", "port", "weight"):
            if not hops:
                hops.append({})
            key = {"via": "address", "dev": "port"}.get(word, word)
            if word == "via":
                cursor.accept("inet", "inet6")
            hops[-1][key] = _number(cursor.take(f"the value of {word!r}"))
        elif word in ("metric", "proto", "scope", "src", "onlink"):
            raise UsageError(f"{word!r} is not supported")
        else:
            raise cursor.unknown(word, _ROUTE_WORDS)
    if blackhole:
        item["blackhole"] = True
    if hops:
        via = [hop["address"] if set(hop) == {"address"} else hop for hop in hops]
        item["via"] = via[0] if len(via) == 1 else via
    return [Edit("routes", item)]


def nexthop(words: Sequence[str]) -> list[Edit]:
    """As ``ip nexthop``; ``group`` has one id or several, ``/`` between them, each with ``,WEIGHT`` if need be."""
    cursor = Words(words, usage("nexthop"))
    cursor.accept("id")
    item: dict[str, Any] = {"id": _number(cursor.take("the number of the next hop"))}
    if cursor.accept("blackhole"):
        item["blackhole"] = True
    given = [word for word in cursor.rest() if word not in ("inet", "inet6")]
    hop = Words(given, usage("nexthop")).pairs(("address", "port", "group"), {"via": "address", "dev": "port"})
    if "group" in hop:
        members = [each.split(",") for each in hop.pop("group").split("/")]
        if not all(1 <= len(each) <= 2 and all(part.isdecimal() for part in each) for each in members):
            raise UsageError("'group' takes ids such as 1/2, or with weights 1,3/2")
        item["group"] = [
            int(each[0]) if len(each) == 1 else {"id": int(each[0]), "weight": int(each[1])} for each in members
        ]
    if hop:
        item["via"] = hop["address"] if set(hop) == {"address"} else _numbers(hop)
    return [Edit("nexthops", item)]


def neighbor(words: Sequence[str]) -> list[Edit]:
    """As ``ip neigh``."""
    cursor = Words(words, usage("neighbor"))
    item: dict[str, Any] = {"address": cursor.take("the address")}
    item |= cursor.pairs(("mac", "port", "vrf"), {"lladdr": "mac", "dev": "port"})
    return [Edit("neighbors", _numbers(item))]


def vrf(words: Sequence[str]) -> list[Edit]:
    """``NAME [id N]``."""
    cursor = Words(words, usage("vrf"))
    name = cursor.take("the name of the VRF")
    options = cursor.pairs(("id",), {"table": "id"})
    return [Edit("vrfs", {"name": name, "id": _number(options["id"])} if options else name)]


def sid_structure(words: Sequence[str]) -> list[Edit]:
    """``PREFIX lblen N nflen N csid next``."""
    cursor = Words(words, usage("sid-structure"))
    prefix = cursor.take("a SID, or a prefix around SIDs")
    given = cursor.pairs((*LENGTH_KEYS, "csid"), SYNONYMS)
    return [Edit("sid-structures", {"sids": prefix, **_numbers(given)})]


def section(brought: Section, words: Sequence[str]) -> list[Edit]:
    """``NAME ...`` of a section that a record of a behaviour brings."""
    cursor = Words(words, usage(brought.command))
    name = cursor.take(f"the name of the {brought.what}")
    try:
        item = brought.words(cursor.rest())
    except InvalidError as error:
        raise UsageError(f"{error}; usage: {usage(brought.command)}") from None
    return [Edit(brought.key, {"name": name, **item})]


def _table(text: str) -> str:
    return "default" if text in ("main", "254") else text


def _number(text: str) -> Any:
    number = values.decimal(text)
    return text if number is None else number


def _numbers(item: dict[str, Any]) -> dict[str, Any]:
    """``item`` with ports and the like as numbers, as people write them in YAML."""
    result = {}
    for key, value in item.items():
        if isinstance(value, dict):
            result[key] = _numbers(value)
        else:
            result[key] = (
                _number(value) if key in ("port", "weight", "id", *LENGTH_KEYS) and isinstance(value, str) else value
            )
    return result
