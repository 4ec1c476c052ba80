# SPDX-License-Identifier: Apache-2.0
"""JSON schema of node files, for editors.

``node.schema.json`` beside this file is what :func:`schema` makes out of the loader's own key sets; a
test keeps them equal (``python -m srv6cp.config.schema`` writes it). The schema checks shapes; what
concerns several places of a file (references, overlaps, locators) only the loader knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.operands import ADDRESS, HOPS, INTERFACE, NAME, WEIGHT
from srv6cp.config import (
    bogons,
    bsids,
    colors,
    hmac,
    limits,
    loader,
    nexthops,
    oam,
    policies,
    ports,
    routing,
    sid_structures,
    sids,
    steering,
    telemetry,
)
from srv6cp.config import segments as segment_lists
from srv6cp.config.reassembly import REASSEMBLY_LIMITS
from srv6cp.config.schema.descriptions import describe
from srv6cp.model import FLAVOUR_NAMES, MAX_LISTED, MAX_VISITS, MAX_WEIGHT, Csid, FlowLabel, Fragmentation

Schema = dict[str, Any]

_PREFIX: Schema = {"type": "string", "description": "ADDRESS/LENGTH without host bits"}
_MTU: Schema = {"type": "integer", "minimum": values.MIN_MTU, "maximum": values.MAX_MTU}
_MAC: Schema = {"type": "string", "pattern": "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$"}
_PROTOCOL: Schema = {"type": ["integer", "string"], "minimum": 0, "maximum": 255}


_STRUCTURE: Schema = {
    **{key: {"type": "integer", "minimum": 0, "maximum": 128} for key in sid_structures.LENGTH_KEYS},
    "csid": {"enum": [kind.value for kind in Csid]},
}


def schema() -> Schema:
    """The schema as Python data."""
    interface = {
        "mac": _MAC,
        "addresses": _array(_PREFIX | {"description": "own address with the length of its prefix"}),
        "mtu": _MTU,
        "vrf": NAME,
        "role": {"enum": ["internal", "external"]},
        "urpf": {"enum": list(ports.URPF)},
        "tlv": {"enum": list(hmac.TLV)},
        "policy": NAME,
    }
    vlan = _object(ports.VLAN_KEYS, interface)
    port = _object(
        ports.PORT_KEYS,
        {
            **interface,
            "mode": {"enum": ["l3", "l2"]},
            "interface": {"type": "string", "description": "host interface behind the port, for srv6 run"},
            "vlans": {"type": "object", "additionalProperties": vlan},
        },
    )
    locator = _object(
        sids.LOCATOR_KEYS,
        {"prefix": _PREFIX, "block": _integer(1, 127), "node": _integer(0, 127)},
        ["prefix"],
    )
    locator_or_prefix = {"anyOf": [_PREFIX, locator]}
    color = _integer(1, policies.MAX_COLOR)
    color_only = _object(colors.COLOR_KEYS, {"color": color, "co": _integer(0, colors.MAX_CO)}, ["color"])
    properties: Schema = {
        "node": NAME | {"description": "name of the node"},
        "device-id": {"type": "integer", "minimum": 0},
        "grpc-addr": {"type": "string", "description": "HOST:PORT or unix:/PATH of the switch's P4Runtime server"},
        "locator": locator_or_prefix,
        "locators": _array(locator_or_prefix),
        "source": ADDRESS | {"description": "source address of encapsulated packets, an own address"},
        "sr-domain": _object(
            loader.DOMAIN_KEYS,
            {
                "sid-block": _one_or_more(_PREFIX),
                "sources": _one_or_more(_PREFIX),
                "bogons": _one_or_more({"type": "string", "examples": list(bogons.LISTS)}),
            },
        ),
        "upper-layer": _one_or_more(_PROTOCOL),
        "icmp": _rate(),
        "limits": _object(
            limits.LIMIT_KEYS,
            {
                **{key: _rate() for key in limits.RATES},
                "sid-visits": _integer(limits.LEAST_VISITS, MAX_VISITS),
            },
        ),
        "oam": _object(oam.OAM_KEYS, {"o-flag": {"anyOf": [{"type": "boolean"}, _one_or_more(_PREFIX)]}}),
        "telemetry": _telemetry(),
        "reassembly": {
            "anyOf": [
                {"type": "boolean"},
                _object(
                    frozenset(REASSEMBLY_LIMITS),
                    {key: _integer(least, most) for key, (least, most) in REASSEMBLY_LIMITS.items()},
                ),
            ]
        },
        "fragmentation": {"enum": [kind.value for kind in Fragmentation]},
        "flow-seed": _integer(0, loader.MAX_FLOW_SEED)
        | {"description": "makes the choice of next hops and segment lists this node's own; by default from its name"},
        "hmac-keys": _array(
            _object(
                hmac.HMAC_KEYS,
                {
                    "id": _integer(1, hmac.MAX_KEY_ID),
                    "algorithm": {"enum": list(hmac.ALGORITHMS)},
                    "text": {"enum": list(hmac.TEXTS)},
                    "file": {"type": "string"},
                    "secret": {"type": "string", "minLength": 1, "maxLength": hmac.MAX_SECRET},
                },
                ["id"],
            )
        ),
        "vrfs": _array({"anyOf": [NAME, _object(ports.VRF_KEYS, {"name": NAME, "id": _integer(1, 65535)}, ["name"])]}),
        "addresses": _array(
            {
                "anyOf": [
                    ADDRESS,
                    _object(ports.ADDRESS_KEYS, {"address": ADDRESS, "vrf": NAME}, ["address"]),
                ]
            }
        ),
        "ports": {"type": ["object", "null"], "additionalProperties": {"anyOf": [port, {"type": "null"}]}},
        "neighbors": _array(
            _object(
                routing.NEIGHBOR_KEYS,
                {"address": ADDRESS, "port": INTERFACE, "vrf": NAME, "mac": _MAC},
                ["address", "mac"],
            )
        ),
        "neighbor-limits": _object(
            frozenset(routing.NEIGHBOR_LIMITS),
            {key: _integer(1, most) for key, most in routing.NEIGHBOR_LIMITS.items()},
        ),
        "routes": _array(
            _object(
                routing.ROUTE_KEYS,
                {
                    "prefix": _PREFIX,
                    "via": HOPS,
                    "vrf": NAME,
                    "blackhole": {"type": "boolean"},
                    "nhid": _integer(1, nexthops.MAX_ID) | {"description": "number of a next hop of nexthops"},
                    "backup": NAME,
                    "color": _one_or_more({"anyOf": [color, color_only]}),
                    "next-hop": ADDRESS,
                    "service-sid": ADDRESS,
                },
                ["prefix"],
            )
        ),
        "nexthops": _array(_nexthop()),
        "sids": _array(_sid()),
        "policies": _array(_policy()),
        "steering": _array(_steering()),
        "sid-structures": _array(
            {
                **_object(sid_structures.SID_STRUCTURE_KEYS, {**_STRUCTURE, "sids": _one_or_more(_PREFIX)}, ["sids"]),
                "additionalProperties": True,
            }
        ),
        "sysctl": {
            "type": ["object", "null"],
            "additionalProperties": {"type": ["integer", "string"]},
            "description": "settings in the words of Linux, such as net.ipv6.seg6_flowlabel",
        },
    }
    assert properties.keys() == loader.NODE_KEYS, properties.keys() ^ loader.NODE_KEYS
    for section in REGISTRY.sections:
        item = _object(section.keys, {"name": NAME, **section.schema}, ["name", *section.required])
        properties[section.key] = _array(item)
    return describe(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "SRv6 node",
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "required": ["node"],
        }
    )


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


def _sid() -> Schema:
    # Not an enum: other spellings are valid as well, and these are for completion.
    behavior: Schema = {"type": ["string", "integer"], "examples": [record.name for record in REGISTRY.endpoints]}
    operands = {operand.key: operand.schema for operand in REGISTRY.operands}
    properties = {
        "sid": _PREFIX | {"description": "a bare address is a /128"},
        "behavior": behavior,
        "flavors": {"anyOf": [{"type": "string"}, _array({"enum": list(FLAVOUR_NAMES)})]},
        **operands,
        "in-vrf": NAME | {"description": "VRF in which the SID can be reached"},
        "allow-outside-locator": {"type": "boolean"},
        "tlv": {"enum": list(hmac.TLV)},
    }
    return {**_object(sids.SID_KEYS.union(operands), properties, ["sid"]), "additionalProperties": True}


def _telemetry() -> Schema:
    traced = {
        "interface": INTERFACE,
        "id": _integer(1, telemetry.MAX_INTERFACE),
        "load": _integer(0, telemetry.MAX_LOAD),
        "template": _integer(0, telemetry.MAX_TEMPLATE),
    }
    flow = {"flow": _integer(0, telemetry.MAX_FLOW), "ports": _one_or_more({"type": "integer"})}
    return _object(
        telemetry.TELEMETRY_KEYS,
        {
            "path-tracing": _array(_object(telemetry.TRACED_KEYS, traced, ["interface", "id"])),
            "alternate-marking": _array(_object(telemetry.FLOW_KEYS, flow, ["flow"])),
        },
    )


def _nexthop() -> Schema:
    number = _integer(1, nexthops.MAX_ID)
    member = _object(nexthops.MEMBER_KEYS, {"id": number, "weight": WEIGHT}, ["id"])
    return _object(
        nexthops.NEXTHOP_KEYS,
        {
            "id": number,
            "via": HOPS,
            "blackhole": {"type": "boolean"},
            "group": {"type": "array", "items": {"anyOf": [number, member]}, "minItems": 1},
        },
        ["id"],
    )


def _policy() -> Schema:
    byte_or_inherit = {"anyOf": [_integer(0, 255), {"const": "inherit"}]}
    encap = _object(
        policies.ENCAP_KEYS,
        {
            "mode": {"type": "string", "examples": [headend.mode for headend in REGISTRY.headends]},
            "source": ADDRESS,
            "hop-limit": byte_or_inherit,
            "traffic-class": byte_or_inherit,
            "flow-label": {"enum": [label.value for label in FlowLabel] + [0]},
            "return-to": {"enum": list(policies.RETURNS), "description": "of End.B6.Insert: what it puts last"},
            "hmac": _integer(1, hmac.MAX_KEY_ID),
            "path-tracing": _integer(0, telemetry.MAX_SESSION),
        },
    )
    segments = _segments()
    segment_list = _object(
        policies.LIST_KEYS,
        {"weight": _integer(0, MAX_WEIGHT), "segments": segments, "verify": {"type": "boolean"}},
        ["segments"],
    )
    lists: Schema = {
        "segment-lists": {"type": "array", "items": segment_list, "minItems": 1},
        "segments": segments,
    }
    color = _integer(1, policies.MAX_COLOR)
    bsid: Schema = {"type": ["string", "object"], "examples": [bsids.DYNAMIC]}
    binding: Schema = {"bsid": _one_or_more(bsid), "bsid-only": {"type": "boolean"}}
    constituent = _object(policies.CONSTITUENT_KEYS, {"color": color, "weight": WEIGHT}, ["color"])
    path = _object(
        policies.PATH_KEYS,
        {
            "name": NAME,
            "preference": _integer(0, 2**32 - 1),
            "origin": {"enum": list(policies.ORIGINS)},
            "originator": {"type": "string"},
            "discriminator": _integer(0, 2**32 - 1),
            **lists,
            "policies": {"type": "array", "items": {"anyOf": [color, constituent]}, "minItems": 1},
            **binding,
        },
    )
    return _object(
        policies.POLICY_KEYS,
        {
            "name": NAME,
            "encap": {"anyOf": [{"type": "string"}, encap]},
            "invalid": {"enum": ["forward", "drop"]},
            **lists,
            "compress": {"enum": list(segment_lists.COMPRESS)},
            "vrf": NAME | {"description": "VRF in which the first segment is resolved"},
            "color": color,
            "endpoint": ADDRESS,
            "priority": _integer(0, 255),
            "keep-installed": {"type": "boolean"},
            "spray": {"type": "boolean"},
            "candidate-paths": {"type": "array", "items": path, "minItems": 1},
            **binding,
        },
        ["name"],
    )


def _segments() -> Schema:
    segment = _object(
        segment_lists.SEGMENT_KEYS, {**_STRUCTURE, "sid": ADDRESS, "pack": {"type": "boolean"}, "container": ADDRESS}
    )
    # Other spellings of the lengths are valid as well.
    return {
        "type": "array",
        "items": {"anyOf": [ADDRESS, {**segment, "additionalProperties": True}]},
        "minItems": 1,
        "maxItems": MAX_LISTED,
        "description": "path order: the first segment first",
    }


def _steering() -> Schema:
    port_number = _integer(0, 65535)
    some: Schema = {"type": ["integer", "string"], "minimum": 0, "maximum": 255, "examples": [1, "<2", ">2", "1-3"]}
    match = _object(
        steering.MATCH_KEYS,
        {
            "src": _PREFIX,
            "dst": _PREFIX,
            "protocol": _PROTOCOL,
            "src-port": port_number,
            "dst-port": port_number,
            "traffic-class": _integer(0, 255),
            "dscp": {"anyOf": [_integer(0, 63), {"enum": list(steering.DSCPS)}]},
            "port": {"type": "integer"},
            "vrf": NAME,
            "srh": {"const": True},
            "srh-next-header": _PROTOCOL,
            "srh-length": some,
            "srh-segments-left": some,
            "srh-last-entry": some,
            "srh-tag": port_number,
            "srh-next-segment": _PREFIX,
        },
    )
    priority = _integer(1, steering.MAX_PRIORITY) | {"description": "the biggest wins"}
    policy_or_none = {"anyOf": [NAME, {"type": "null"}]}
    return {
        "anyOf": [
            _object(
                steering.PREFIX_KEYS,
                {"prefix": _PREFIX, "vrf": NAME, "policy": NAME},
                ["prefix", "policy"],
            ),
            _object(
                steering.CLASSIFIER_KEYS,
                {
                    "match": match,
                    "priority": priority,
                    "policy": policy_or_none,
                    "action": {"enum": list(steering.ACTIONS)},
                },
                ["match"],
            ),
            _object(steering.PORT_KEYS, {"port": INTERFACE, "policy": NAME}, ["port", "policy"]),
        ]
    }


def _object(keys: Collection[str], properties: Schema, required: list[str] | None = None) -> Schema:
    """An object with exactly the loader's ``keys``."""
    chosen = {key: value for key, value in properties.items() if key in keys}
    missing = set(keys) - chosen.keys()
    assert not missing, f"the schema lacks {missing}"
    result: Schema = {"type": "object", "properties": chosen, "additionalProperties": False}
    if required:
        result["required"] = required
    return result


def _array(items: Schema) -> Schema:
    return {"type": ["array", "null"], "items": items}


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _rate() -> Schema:
    most = limits.MAX_RATE
    rate = _object(limits.RATE_KEYS, {"rate": _integer(1, most), "burst": _integer(1, most)})
    return {"anyOf": [{"type": "null"}, rate]}


def _integer(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}
