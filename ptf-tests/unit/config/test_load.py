# SPDX-License-Identifier: Apache-2.0
"""What a node file becomes."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from unit.config.example import FULL

from srv6cp.behaviours import REGISTRY
from srv6cp.config import load_node, load_node_dict
from srv6cp.model import (
    Encap,
    Flavour,
    FlowLabel,
    InterfaceId,
    Limits,
    NextHop,
    RateLimit,
    SegmentList,
)

NODE = load_node(FULL)


def test_scalars() -> None:
    assert (NODE.name, NODE.device_id, NODE.grpc_addr) == ("r1", 7, "127.0.0.1:9601")
    assert NODE.source == ip_address("fcbb:bb00:1::1")
    assert NODE.icmp == RateLimit(200, 20)
    assert NODE.limits == Limits(
        neighbors=RateLimit(50, 60),
        echo=RateLimit(70, 50),
        local=None,
        unresolved=RateLimit(200, 8),
        fragments=None,
        reassembly=RateLimit(300, 500),
        passes=RateLimit(9, 9),
        sid_visits=40,
    )
    assert NODE.upper_layers == (58, 17, 89)
    assert (NODE.locators[0].block, NODE.locators[0].node) == (32, 16)
    assert NODE.domain.sources == (ip_network("fcbb:bb00::/32"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize("address", ["unix:/run/srv6/r1.sock", "unix:///run/srv6/r1.sock"])
def test_a_switch_with_a_unix_socket(address: str) -> None:
    assert load_node_dict({"node": "r1", "grpc-addr": address}).grpc_addr == address


def test_a_burst_of_pings_at_one_port_does_not_keep_those_of_others_waiting() -> None:
    """No longer than 50 ms: each is reckoned at 0.5 ms of switch and controller, and as much again when the neighbour
    that it is answered to has to be asked for."""
    echo = Limits().echo
    assert echo is not None
    assert echo.burst * 2 * 0.5 <= 50
    assert echo.rate * 2 * 0.5 <= 500  # half of the time is left


def test_defaults() -> None:
    node = load_node("node: r9\nports: {1: }\n")
    assert node.device_id == 1
    assert node.upper_layers == (58,)
    assert node.icmp == RateLimit(100, 50)
    assert node.limits == Limits()
    assert node.vrfs == {"default": 0}
    [interface] = node.interfaces()
    assert interface.mtu == 1500
    assert interface.mac.startswith("02:")
    assert load_node("node: r9\nicmp: null\n").icmp is None


def test_vrf_ids_do_not_depend_on_other_vrfs() -> None:
    assert NODE.vrfs["red"] == 7
    alone = load_node("node: x\nvrfs: [blue]\n").vrfs["blue"]
    assert NODE.vrfs["blue"] == alone == load_node("node: y\nvrfs: [a, b, c, blue]\n").vrfs["blue"]
    assert len(set(NODE.vrfs.values())) == 3


def test_ports_and_vlans() -> None:
    port = NODE.ports[1]
    assert port.device == "veth1"
    assert [str(interface.id) for interface in port.interfaces] == ["1", "1.100"]
    untagged, tagged = port.interfaces
    assert (untagged.mtu, untagged.vrf, untagged.external, untagged.policy) == (
        9000,
        "default",
        False,
        "north",
    )
    assert (tagged.mtu, tagged.vrf, tagged.external, tagged.mac) == (1400, "red", True, untagged.mac)
    assert NODE.ports[3].is_l2 and NODE.ports[3].policy == "frames"
    assert NODE.ports[4].is_l2 and NODE.ports[4].policy is None


def test_next_hops_find_their_port() -> None:
    routes = {str(route.prefix): route for route in NODE.routes}
    assert routes["fcbb:bb00:4::/48"].nexthops == (
        NextHop(InterfaceId(1), ip_address("2001:db8:12::2")),
        NextHop(InterfaceId(5), ip_address("2001:db8:15::2"), 3),
    )
    assert routes["fcbb:bb00:5::/48"].nexthops == (NextHop(InterfaceId(5), ip_address("fe80::5")),)
    assert routes["2001:db8:77::/64"].nexthops == (NextHop(InterfaceId(5), None),)
    assert routes["2001:db8:dead::/48"].blackhole
    assert NODE.neighbors[2].interface == InterfaceId(5)
    assert NODE.neighbors[1].interface == InterfaceId(1, 100)


def test_vrfs_have_address_spaces_of_their_own() -> None:
    """An own address of blue is a neighbour, a next hop and a loopback in red; the port follows from the VRF."""
    node = load_node_dict(
        {
            "node": "r1",
            "vrfs": ["blue", "red"],
            "ports": {
                1: {"addresses": ["10.0.0.1/24", "10.0.1.1/24"], "vrf": "blue"},
                2: {"addresses": ["10.0.0.2/24", "10.0.1.2/24"], "vrf": "red"},
            },
            "addresses": [{"address": "10.0.0.2", "vrf": "blue"}, {"address": "10.9.0.1", "vrf": "blue"}],
            "neighbors": [
                {"address": "10.0.0.1", "port": 2, "mac": "02:00:00:00:00:01"},
                {"address": "10.0.1.1", "mac": "02:00:00:00:00:02"},  # in blue it is the node's own
                {"address": "10.0.0.9", "vrf": "red", "mac": "02:00:00:00:00:03"},
                {"address": "10.0.0.9", "vrf": "blue", "mac": "02:00:00:00:00:04"},
                {"address": "10.9.0.1", "port": 2, "mac": "02:00:00:00:00:05"},
            ],
            "routes": [{"prefix": "198.51.100.0/24", "vrf": "red", "via": "10.0.0.1"}],
        }
    )
    assert [neighbor.interface.port for neighbor in node.neighbors] == [2, 2, 2, 1, 2]
    assert node.routes[0].nexthops[0].interface == InterfaceId(2)


def test_sids() -> None:
    sids = {str(sid.prefix): sid for sid in NODE.sids}
    assert sids["fcbb:bb00:1:e000::/64"].flavours == Flavour(7)
    assert REGISTRY.code_point(sids["fcbb:bb00:1:e000::/64"]) == 31
    assert sids["fcbb:bb00:1:e002::/64"].operands == {"vrf": "blue"}
    assert sids["fcbb:bb00:1:e002::/64"].in_vrf == "red"
    assert sids["fcbb:bb00:1:e003::/64"].operands == {"port": 4}
    assert sids["fcbb:bb00:1:e005::/64"].operands == {"via": (), "vrf": "default"}
    # A VPN's next hop is found in whatever VRF its prefix is connected.
    assert sids["fcbb:bb00:1:e006::/64"].operands["via"][0].interface == InterfaceId(2)
    assert sids["fcbb:bb00:1:e007::/128"].behaviour == "End.DT46"
    assert sids["fd00::1/128"].operands == {"vrf": "red"}  # by its number


def test_policies() -> None:
    north = NODE.policies["north"]
    assert north.encap == Encap("encap.red", ip_address("fcbb:bb00:1::9"), None, 5, FlowLabel.COPY, True)
    assert [entry.weight for entry in north.lists] == [4, 2]
    assert NODE.policies["frames"].lists == (SegmentList((ip_address("fcbb:bb00:5::"),)),)
    assert NODE.policies["frames"].encap.mode == "l2encap"


def test_steering() -> None:
    assert [(str(item.prefix), item.vrf) for item in NODE.prefix_steering] == [
        ("2001:db8:99::/64", "default"),
        ("10.3.0.0/16", "blue"),
    ]
    first, second = NODE.classifiers
    assert (first.version, first.priority, first.protocol, first.dst_port) == (6, 10, 17, 53)
    assert (first.traffic_class, first.port, first.vrf) == (0xB8, 1, "blue")
    assert (second.version, second.policy, second.protocol) == (None, None, 6)


@pytest.mark.parametrize(
    "sid",
    [
        {"behavior": "End.DX4", "via": "10.0.13.2"},
        {"behavior": "end.dx4 nh4 10.0.13.2"},
        {"action": "End.DX4", "nh4": "10.0.13.2"},
        {"behaviour": "End.DX4", "nexthop": "10.0.13.2"},
        {"behavior": "end.dx4 ip 10.0.13.2 2"},
        {"behavior": "action End.DX4 nh4 10.0.13.2 count"},
        {"behavior": 17, "via": "10.0.13.2"},
    ],
)
def test_spellings_of_one_sid(sid: dict[str, object]) -> None:
    node = load_node_dict(
        {
            "node": "r1",
            "vrfs": ["blue"],
            "ports": {2: {"addresses": ["10.0.13.1/24"], "vrf": "blue"}},
            "sids": [{"sid": "fcbb:bb00:1:1::/64", **sid}],
        }
    )
    [found] = node.sids
    assert found.behaviour == "End.DX4"
    assert found.operands == {"via": (NextHop(InterfaceId(2), ip_address("10.0.13.2")),)}


def test_tables_of_iproute2() -> None:
    node = load_node_dict(
        {
            "node": "r1",
            "vrfs": [{"name": "blue", "id": 100}],
            "sids": [
                {"sid": "fc00::1", "behavior": "End.T table main"},
                {"sid": "fc00::2", "behavior": "End.DT6 vrftable 100"},
                {"sid": "fc00::3", "behavior": "end flavors psp,usd"},
            ],
        }
    )
    assert [sid.operands for sid in node.sids] == [{"vrf": "default"}, {"vrf": "blue"}, {}]
    assert node.sids[2].flavours == Flavour.PSP | Flavour.USD


def test_files_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    assert load_node(path) == load_node(str(path)) == load_node("node: r1\n")
