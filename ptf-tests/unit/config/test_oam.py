# SPDX-License-Identifier: Apache-2.0
"""``oam`` of a node file, and its entries."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

import pytest

from srv6cp import artifacts
from srv6cp.compile import compile_state
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.p4rt import P4Info
from srv6cp.p4rt.entities import Action, MeterEntry, TableEntry

END, OTHER = "fcbb:bb00:1:1::/64", "fcbb:bb00:1:2::/64"


def _node(oam: Any, **more: Any) -> Any:
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "ports": {1: {"addresses": ["2001:db8:1::1/64"]}},
            "sids": [{"sid": END, "behavior": "End"}, {"sid": OTHER, "behavior": "End"}],
            "oam": oam,
            **more,
        }
    )


def _entries(node: Any) -> dict[str, str]:
    info = P4Info.from_file(artifacts.find("full").p4info)
    return {
        str(entry.match["ipv6_dst"]): entry.action.name
        for entry in compile_state(node, info).entities
        if isinstance(entry, TableEntry) and entry.table == "o_flag_table" and isinstance(entry.action, Action)
    }


@pytest.mark.parametrize("oam", [None, {}, {"o-flag": False}])
def test_off_there_is_nothing(oam: Any) -> None:
    assert _entries(_node(oam)) == {}


def test_all_sids() -> None:
    assert _entries(_node({"o-flag": True})) == {END: "copy_for_oam", OTHER: "copy_for_oam"}


def test_some_sids() -> None:
    """The others are said, too: one may lie in the prefix of one that copies."""
    node = _node({"o-flag": [END]})
    assert node.oam.sids == {IPv6Network(END)}
    assert _entries(node) == {END: "copy_for_oam", OTHER: "no_copy_for_oam"}


def test_routes_inside_a_sid_make_no_copies() -> None:
    inside = "fcbb:bb00:1:1:ff::/80"
    node = _node({"o-flag": True}, routes=[{"prefix": inside, "via": "2001:db8:1::2"}],
                 neighbors=[{"address": "2001:db8:1::2", "port": 1, "mac": "02:00:00:00:00:09"}])  # fmt: skip
    assert _entries(node)[inside] == "no_copy_for_oam"


def test_the_limit_is_a_meter_of_each_port() -> None:
    node = _node({"o-flag": True}, limits={"oam": {"rate": 7, "burst": 3}})
    info = P4Info.from_file(artifacts.find("full").p4info)
    found = [each for each in compile_state(node, info).entities if isinstance(each, MeterEntry)]
    assert MeterEntry("oam_meter", 1, 7, 3, 7, 3) in found


@pytest.mark.parametrize(
    ("oam", "message"),
    [
        ({"o-flag": ["fcbb:bb00:1:9::/64"]}, "fcbb:bb00:1:9::/64 is no SID of this node; true stands for all of them"),
        ({"o-flag": [END, END]}, f"SID {END} is given twice"),
        ({"flag": True}, "unknown key 'flag'"),
        ({"o-flag": "fish"}, "fish"),
        ([], "oam"),
    ],
)
def test_mistakes(oam: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _node(oam)
    assert message in str(caught.value)
    assert caught.value.problems[0].path[0] == "oam"
