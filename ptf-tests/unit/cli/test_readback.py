# SPDX-License-Identifier: Apache-2.0
"""What ``show`` makes of the entries of a switch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from srv6cp.artifacts import find
from srv6cp.behaviours import REGISTRY
from srv6cp.cli.readback import Names, route_rows
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict
from srv6cp.p4rt import Action, P4Info, TableEntry

INFO = P4Info.from_file(find().p4info)
NODE = load_node_dict(
    {
        "node": "r1",
        "ports": {
            1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]},
            2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"]},
        },
        "neighbors": [
            {"address": "2001:db8:1::2", "mac": "02:00:00:00:02:01"},
            {"address": "2001:db8:2::2", "mac": "02:00:00:00:02:02"},
        ],
        "routes": [{"prefix": "2001:db8:77::/48", "via": ["2001:db8:1::2", "2001:db8:2::2"]}],
    }
)


class Holding:
    """A switch with these entries."""

    p4info = INFO

    def __init__(self, entities: Iterable[Any]) -> None:
        self._entries = [entity for entity in entities if isinstance(entity, TableEntry)]

    def read(self, patterns: TableEntry | Iterable[TableEntry]) -> list[TableEntry]:
        wanted = [patterns] if isinstance(patterns, TableEntry) else list(patterns)
        return [entry for pattern in wanted for entry in self._entries if entry.table == pattern.table]


def test_next_hops_that_the_switch_does_not_use_are_marked() -> None:
    """Both were shown as if packets went there while the port of one was down."""
    for down, unused in (((), None), ((2,), "port 2"), ((1,), "port 1")):
        client: Any = Holding(compile_state(NODE, INFO, down=down).entities)
        rows = {row["prefix"]: row for row in route_rows(client, Names.of(NODE, client))}
        assert rows["2001:db8:77::/48"]["unused"] == unused
        assert rows["2001:db8:77::/48"]["way"].count("nexthop via") == 2


def test_operands_of_the_mobile_user_plane() -> None:
    """In the words that make them; of what has a default, the others are said."""
    words = {
        "End.MAP": {"map-to": "fcbb:bb00:9::"},
        "End.M.GTP6.D": {"policy": "up", "args-offset": "61", "payload": "ethernet", "echo": "answer"},
        "End.M.GTP6.D.Di": {"policy": "up", "args-offset": "64", "args-in": "penultimate"},
        "End.M.GTP6.E": {"source": "2001:db8::5", "args-offset": "56", "hop-limit": "9", "udp-checksum": "zero",
                         "container": "never"},
        "End.M.GTP4.E": {"args-offset": "56", "source-prefix-length": "48", "source-port": "2152",
                         "pdu-type": "uplink"},
    }  # fmt: skip
    node = load_node_dict(
        {
            "node": "gw",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]}},
            "routes": [{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:1::2"}],
            "policies": [{"name": "up", "encap": "encap.red", "segments": ["fcbb:bb00:2::"]}],
            "sids": [
                {"sid": f"fcbb:bb00:1:{place}00::/56", "behavior": name, **operands}
                for place, (name, operands) in enumerate(words.items(), 10)
            ],
        }
    )
    info = P4Info.from_file(find("mobile").p4info)
    compilation = compile_state(node, info)
    names = Names(node, compilation)
    for entry in compilation.entities:
        if isinstance(entry, TableEntry) and entry.table == "my_sid_table" and isinstance(entry.action, Action):
            record = REGISTRY.by_action(entry.action.name)
            if record is not None:
                told = {each.key: each.told(entry.action.params, names) for each in record.operands}
                assert {key: text for key, text in told.items() if text} == words.pop(record.name)
    assert not words
