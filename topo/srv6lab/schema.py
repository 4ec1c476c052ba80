# SPDX-License-Identifier: Apache-2.0
"""JSON schema of topologies, for editors.

``topology.schema.json`` beside this file is what :func:`schema` makes out of the loader's own key sets and the schema
of node files; a test keeps them equal (``python -m srv6lab.schema`` writes it). It checks shapes; names that do not
exist only the loader knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from srv6cp import values
from srv6cp.artifacts import PROFILES
from srv6cp.config.schema import schema as node_schema
from srv6lab import functions, impairments, loader, script
from srv6lab.configuration import FIXED
from srv6lab.topology import MAX_HOSTS, MAX_ROUTERS

Schema = dict[str, Any]

_NAME: Schema = {"type": "string", "pattern": f"^{loader.NAME.pattern}$"}
_CABLE: Schema = {"type": "string", "pattern": r"^\s*\S+\s+--\s+\S+\s*$"}


def schema() -> Schema:
    """The schema as Python data."""
    cable = _cable_properties()
    host = _object(
        loader.HOST_KEYS,
        {
            **cable,
            "router": _NAME | _text("router that the host hangs on"),
            "vrf": _NAME | _text("VRF of the router's port; default unless said"),
            "l2": {"type": "boolean"} | _text("true: the router's port takes frames as they are"),
            "mpls": {"type": "boolean"}
            | _text("true: a label-switching neighbour, which takes labels off and sends the packets on"),
            "ipv6": {"type": "string"} | _text("address/length; the router has the first address of the prefix"),
            "ipv4": {"type": "string"} | _text("address/length; the router has the first address of the prefix"),
            "gtp": _object(
                loader.GTP_KEYS,
                {
                    "peer": {"type": "string"} | _text("address of the other end"),
                    "teid": {"type": "integer", "minimum": 0, "maximum": 0xFFFFFFFF}
                    | _text("tunnel endpoint identifier that the other end knows the session by"),
                    "qfi": {"type": "integer", "minimum": 0, "maximum": 63} | _text("QoS flow; 0: no container"),
                },
                ["peer", "teid"],
            )
            | _text("the host is a gNB or UPF: its packets go into this session of GTP-U"),
            "function": {
                "anyOf": [{"enum": list(functions.KINDS)}, {"type": "object", "minProperties": 1, "maxProperties": 1}]
            }
            | _text("a network function: it sends back what comes and is not for it, as far as it lets it pass"),
            "functions": {"type": "string"}
            | _text("the host is a proxy with functions on byte streams: prefix of their SIDs, 80 bits at most"),
        },
        ["router"],
    )
    link = _object(
        loader.LINK_KEYS,
        {
            **cable,
            "link": _CABLE | _text("r1 -- r2"),
            "cost": {"type": "integer", "minimum": 1, "maximum": loader.MAX_COST}
            | _text("of the route; 1 unless said"),
            "mtu": {"type": "integer", "minimum": values.MIN_MTU, "maximum": values.MAX_MTU}
            | _text("IP MTU in bytes; 1500 unless said"),
        },
        ["link"],
    )
    section = _section()
    properties = {
        "name": _NAME | _text("name of the lab; that of the file unless said"),
        "about": {"type": ["string", "null"]} | _text("what it shows, in one sentence"),
        "picture": {"type": ["string", "null"]} | _text("drawing that is printed when the network starts"),
        "profile": {"enum": list(PROFILES)} | _text("of the P4 program; full unless said"),
        "routers": _by_name({"anyOf": [section, {"type": "null"}]}, MAX_ROUTERS)
        | {"minProperties": 1}
        | _text("routers by name, each with what is added to its configuration; their order gives them numbers"),
        "hosts": _by_name(host, MAX_HOSTS) | _text("hosts by name; their order gives them numbers"),
        "links": _array({"anyOf": [_CABLE, link]})
        | _text("cables between routers; their order gives the port numbers"),
        "cables": _object(loader.CABLE_KEYS, cable) | _text("what every cable has that says nothing else"),
        "ti-lfa": {"enum": list(loader.PROTECTION)} | _text("what routes have a backup for (TI-LFA)"),
        "scenario": _array({"anyOf": [_step(verb, each) for verb, each in _steps(section).items()]})
        | _text("what `srv6 lab up` shows, step by step; a step that fails ends it with exit code 1"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "SRv6 topology",
        "$defs": {"section": _node_section()},
        **_object(loader.KEYS, properties, ["routers"]),
    }


def _cable_properties() -> Schema:
    """What `impairments.read` takes."""
    number = r"[0-9]+(\.[0-9]+)?"
    time: Schema = {"anyOf": [{"const": 0}, {"type": "string", "pattern": f"^(0|{number}(us|ms|s))$"}]}
    rate = {"type": "string", "pattern": f"^{number}[kKmMgG]?(bit|bps|bit/s)?$"}
    most = impairments.MAX_QUEUE
    return {
        "rate": {"anyOf": [{"type": "integer", "minimum": impairments.MIN_RATE}, rate]} | _text("bit/s, such as 10M"),
        "delay": time | _text("from end to end, such as 20ms"),
        "jitter": time | _text("how much more or less than the delay; frames may overtake each other"),
        "loss": {"anyOf": [{"const": 0}, {"type": "string", "pattern": f"^(0|{number}%)$"}]}
        | _text("share of the frames, such as 1%"),
        "queue": {"type": "integer", "minimum": 1, "maximum": most} | _text("frames that may wait for the cable"),
    }


def schema_text() -> str:
    """The schema as the committed file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


def _section() -> Schema:
    return {"$ref": "#/$defs/section"}


def _node_section() -> Schema:
    """A node file without what follows from the place in the topology, and with names for segments."""
    node = node_schema()
    properties = {key: each for key, each in node["properties"].items() if key not in FIXED}
    names = _text("path order; a router (its End), ROUTER/End.DT46, ROUTER/End.X/NEIGHBOUR, or an address")
    policy = properties["policies"]["items"]["properties"]
    paths = policy["candidate-paths"]["items"]["properties"]
    lists = (holder["segment-lists"]["items"]["properties"] for holder in (policy, paths))
    for holder in (policy, paths, *lists):
        holder["segments"] = {**holder["segments"], **names}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _steps(section: Schema) -> dict[str, Schema]:
    """What each verb takes."""
    source, to = {"type": "string"} | _text("host that sends"), {"type": "string"} | _text("host that it goes to")
    family = {"enum": list(script.FAMILIES)} | _text("of IP; one in which the host can be reached unless said")
    count = {"type": "integer", "minimum": 1, "maximum": script.MAX_PACKETS} | _text("how many packets")
    probe = {"from": source, "to": to, "family": family}
    counted = {**probe, "count": count}
    expected = {
        "path": {"type": "array", "items": {"type": "string"}} | _text("nodes that the last `path` has passed"),
        "does": {"type": "object", "additionalProperties": {"type": "string"}}
        | _text("node to what it did in the last `path`"),
        "load": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 100}}
        | _text("r1 -- r2 to the load in percent that comes about from r1 to r2, 25 points more or less"),
        "share": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}
        | _text("node to its share of the last `flows`, 0.15 more or less"),
        "receivers": {"type": "array", "items": {"type": "string"}}
        | _text("the hosts, no more and no fewer, that got the packet of the last `receivers`"),
    }
    steps = {
        "say": {"type": ["string", "integer"]} | _text("text to print"),
        "ping": _object(script.COUNTED_KEYS, {**counted, "to": to | _text("host or address")}, ["from", "to"])
        | _text("echo requests; fails when one is not answered"),
        "unanswered": _object(script.PROBE_KEYS, probe, ["from", "to"])
        | _text("an echo request that nobody answers within a second; fails when somebody does"),
        "functions": {"const": "all"} | _text("what each network function has let pass and dropped"),
        "path": _object(script.PROBE_KEYS, probe, ["from", "to"]) | _text("the way of one packet, hop by hop"),
        "flows": _object(script.COUNTED_KEYS, counted, ["from", "to"])
        | _text("how many packets that differ in the source port went which way"),
        "receivers": _object(
            script.RECEIVERS_KEYS, {"from": source, "to": to | _text("host or address")}, ["from", "to"]
        )
        | _text("which hosts get one packet to an address that several have"),
        "apply": {"type": "object", "additionalProperties": {"anyOf": [section, {"type": "null"}]}}
        | _text("router to what is added to its configuration, in place of what an earlier step added"),
        "cut": _CABLE | _text("unplug the cable between two nodes: r1 -- r2"),
        "restore": _CABLE | _text("plug it in again"),
        "traffic": _object(script.TRAFFIC_KEYS, {**probe, "rate": _cable_properties()["rate"]}, ["from", "to"])
        | _text("a flow that goes on: UDP at a rate, without one as much as there is room for"),
        "quiet": {"const": "all"} | _text("all flows stop"),
        "fetch": _object(
            script.FETCH_KEYS,
            {
                "from": source,
                "to": to,
                "via": {"type": "array", "items": {"type": "string"}}
                | _text("segments of its SRH in order: HOST/FUNCTION[/PARAMETERS] of a proxy, a router, an address"),
                "back": {"type": "array", "items": {"type": "string"}}
                | _text("functions of its return path, in the order of the way there; without it `via` reversed"),
                "size": {"type": "integer", "minimum": 1, "maximum": script.MAX_SIZE} | _text("octets; 200000"),
                "changed": {"type": "boolean"} | _text("true: what arrives is not what was sent"),
            },
            ["from", "to"],
        )
        | _text("get a text by TCP from one host to another"),
        "expect": _object(script.EXPECT_KEYS, expected) | {"minProperties": 1} | _text("fails when it was otherwise"),
    }
    assert steps.keys() == script.VERBS.keys(), steps.keys() ^ script.VERBS.keys()
    return steps


def _step(verb: str, argument: Schema) -> Schema:
    return _object({verb}, {verb: argument}, [verb])


def _by_name(item: Schema, most: int) -> Schema:
    return {
        "type": ["object", "null"],
        "propertyNames": _NAME,
        "additionalProperties": item,
        "maxProperties": most,
    }


def _array(items: Schema) -> Schema:
    return {"type": ["array", "null"], "items": items}


def _object(keys: Collection[str], properties: Schema, required: list[str] | None = None) -> Schema:
    """An object with exactly the loader's ``keys``."""
    assert set(keys) == properties.keys(), set(keys) ^ properties.keys()
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        made["required"] = required
    return made


def _text(text: str) -> Schema:
    return {"description": text}


if __name__ == "__main__":
    (Path(__file__).parent / "topology.schema.json").write_text(schema_text(), encoding="utf-8")
