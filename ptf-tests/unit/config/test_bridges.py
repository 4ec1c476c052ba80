# SPDX-License-Identifier: Apache-2.0
"""Bridge domains in the node file: what is refused, what becomes of Arg.FE2, numbers that a switch takes."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

import pytest

from srv6cp import artifacts
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.structure import structure_of
from srv6cp.compile import compile_state
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import Csid, Locator, Node, SidStructure
from srv6cp.p4rt import Action, MulticastGroup, P4Info, TableEntry

INFO = P4Info.from_file(artifacts.find().p4info)
#: P4Runtime's server on BMv2 has the groups from here on for clone sessions.
CLONE_SESSIONS = 1 << 15
REPLACE = {"flavors": ["replace-csid"], "lblen": 48, "allow-outside-locator": True}


def node(*sids: dict[str, Any], bridges: list[dict[str, Any]] | None = None, **bridge: Any) -> Node:
    circuits = [{"port": 1}, {"port": 2, "segment": "es1"}, {"port": 3, "segment": "es2"}]
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "ports": {port: {"mode": "l2"} for port in (1, 2, 3)},
            "bridges": bridges or [{"name": "lan", "circuits": circuits, **bridge}],
            "sids": list(sids),
        }
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"es9": 1}, "bridges[0].arguments: no circuit belongs to Ethernet segment 'es9'; valid: es1, es2"),
        ({"es1": 0}, "bridges[0].arguments: argument of es1 must be a number from 1 to 65535, not 0"),
        ({"es1": 65536}, "bridges[0].arguments: argument of es1 must be a number from 1 to 65535, not 65536"),
        ({"es1": 7, "es2": 7}, "bridges[0].arguments: 0x7 stands for es1 and for es2"),
    ],
)
def test_arguments_that_are_refused(arguments: dict[str, int], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        node(arguments=arguments)
    assert says in str(caught.value)


def test_each_argument_has_the_group_without_its_segment() -> None:
    entities = compile_state(node(arguments={"es1": 0xABCD, "es2": 7}), INFO).entities
    found = {}
    for entry in entities:
        if isinstance(entry, TableEntry) and entry.table == "bridge_segment_table":
            assert isinstance(entry.action, Action)
            found[entry.match["argument"]] = int(str(entry.action.params["multicast_group"])) & 0xFF
    assert found == {(0, 0): 0, (0, 16): 0, (0xABCD, 16): 255, (7, 16): 254}
    groups = {
        entity.group_id & 0xFF: sorted(replica.instance & 0xFF for replica in entity.replicas)
        for entity in entities
        if isinstance(entity, MulticastGroup)
    }
    assert (groups[0], groups[255], groups[254]) == ([1, 2, 3], [1, 3], [1, 2])


@pytest.mark.parametrize(
    ("sid", "says"),
    [
        ("2001:db8:b2:70:7:abcd::/96", "a REPLACE-C-SID has 16 or 32 bits"),
        ("2001:db8:b2:70:7:1:2:0/112", "leave no room for Arg.FE2, 16 bits, and an index of 2 bits"),
    ],
)
def test_arg_fe2_needs_its_16_bits(sid: str, says: str) -> None:
    lblen = IPv6Network(sid).prefixlen - (32 if "room" in says else 48)
    with pytest.raises(ConfigError) as caught:
        node({"sid": sid, "behavior": "End.DT2M", "bridge": "lan", **REPLACE, "lblen": lblen})
    assert says in str(caught.value)
    node({"sid": "2001:db8:b2:70:7::/80", "behavior": "End.DT2M", "bridge": "lan", **REPLACE})


def test_its_structure_has_the_argument() -> None:
    """RFC 9800 8: what others are told of it; they pack its C-SID with Arg.FE2 behind it (6.4)."""
    record = REGISTRY.endpoint("End.DT2M with REPLACE-CSID")
    locator = Locator(IPv6Network("2001:db8:b2:70::/64"), 48, 16)
    found = structure_of(IPv6Network("2001:db8:b2:70:7::/80"), record, {"lblen": 48, "nflen": 32}, [locator])
    assert found == SidStructure(48, 32, 0, 16, Csid.REPLACE)
    unicast = REGISTRY.endpoint("End.DT2U with REPLACE-CSID")
    assert structure_of(IPv6Network("2001:db8:b2:60:7::/80"), unicast, {"lblen": 48, "nflen": 32}, []) is None


def test_groups_are_none_that_bmv2_has_for_clone_sessions() -> None:
    """Numbers follow from names: whatever these are."""
    for names in (["lan", "blue"], [f"b{n}" for n in range(100)]):
        bridges = [{"name": name, "circuits": [{"port": 1}]} for name in names[:1]]
        for name in names:
            bridges[0]["name"] = name
            groups = [
                each.group_id
                for each in compile_state(node(bridges=bridges), INFO).entities
                if isinstance(each, MulticastGroup)
            ]
            assert groups and max(groups) < CLONE_SESSIONS
