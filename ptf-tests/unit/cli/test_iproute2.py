# SPDX-License-Identifier: Apache-2.0
"""``srv6 ip`` and ``srv6 sysctl``: as iproute2 and the kernel, by hand and beside the real ``ip``."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from softswitch.switch import SoftSwitch
from srv6cp.cli.cmd_ip import translate_route
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.main import main
from srv6cp.cli.packetspec import frame
from srv6cp.config import load_node
from srv6cp.model import Flavour, FlowLabel

MAC = "02:00:00:00:01:01"
NODE = """\
# the router of these tests
node: r1
source: "fcbb:bb00:1::1"
vrfs: [{name: blue, id: 100}]
ports:
  1: {mac: "02:00:00:00:01:01", addresses: ["2001:db8:1::1/64", "10.0.1.1/24"], interface: veth7}
  2: {mac: "02:00:00:00:01:02", addresses: ["10.0.5.1/24"], vrf: blue}   # towards the customer
  3:
    addresses: ["2001:db8:3::1/64"]
neighbors:
  - {address: "2001:db8:1::2", mac: "02:00:00:00:02:01"}
routes:
  - {prefix: "fc00::/16", via: "2001:db8:1::2"}
sids:
  - {sid: "fcbb:bb00:1:e000::/64", behavior: End, flavors: [psp]}
"""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def switch() -> Iterator[SoftSwitch]:
    with SoftSwitch(None, ports=[1, 2, 3], device_id=1) as running:
        yield running


@pytest.fixture
def srv6(switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line: its standard output, or with another exit code its standard error."""
    monkeypatch.setenv("SRV6_GRPC_ADDR", switch.address)

    def run(line: str, code: int = 0) -> str:
        found = main(shlex.split(line))
        out, err = capsys.readouterr()
        assert found == code, out + err
        assert "Traceback" not in err
        return str(err if code else out)

    run("apply node.yaml")
    return run


# --- routes and SIDs --------------------------------------------------------------------------------------


def test_the_table_behind_the_device_is_the_route_s_own(srv6: Run, node: Path) -> None:
    srv6("ip -6 route add fc01::1 encap seg6local action End.DX4 nh4 10.0.5.2 dev 5 table 100")
    srv6("ip -6 route add fc01::2 encap seg6local action End dev 2 table blue")
    srv6("ip -6 route add fc01::3 encap seg6local action End.T table 100 dev 1")
    sids = {str(sid.prefix): sid for sid in load_node(node).sids}
    assert sids["fc01::1/128"].in_vrf == sids["fc01::2/128"].in_vrf == "blue"
    assert (sids["fc01::3/128"].in_vrf, sids["fc01::3/128"].operands) == ("default", {"vrf": "blue"})
    shown = srv6("ip -6 route show table 100")
    assert "fc01::1  encap seg6local action End.DX4 nh4 10.0.5.2 dev 2 metric 1024 pref medium\n" in shown
    assert "fc01::2  encap seg6local action End metric 1024 pref medium\n" in shown
    srv6("ip -6 route del fc01::1 table 100")
    srv6("ip -6 route del fc01::2 encap seg6local action End dev 2 table 100")
    assert "encap" not in srv6("ip -6 route show vrf blue")


def test_default_is_of_the_family_that_is_asked_for(srv6: Run, node: Path) -> None:
    srv6("ip -6 route add default via 2001:db8:1::2")
    srv6("ip -4 route add default via 10.0.1.2 dev veth7")
    assert srv6("ip -6 route show default") == "default via 2001:db8:1::2 dev 1 metric 1024 pref medium\n"
    assert srv6("ip -4 route show exact default") == "default via 10.0.1.2 dev 1\n"
    assert "an inet prefix is expected rather than '2001:db8::/32'" in srv6("ip -4 route add 2001:db8::/32 dev 1", 2)
    assert '{prefix: "::/0", via: "2001:db8:1::2"}' in node.read_text()


def test_abbreviations(srv6: Run) -> None:
    srv6("ip -6 r a 2001:db8:9::/64 via 2001:db8:1::2")
    assert "2001:db8:9::/64 via 2001:db8:1::2 dev 1" in srv6("ip -6 ro sh")
    srv6("ip -6 ro d 2001:db8:9::/64")
    assert srv6("ip n") == "2001:db8:1::2 dev 1 lladdr 02:00:00:00:02:01 PERMANENT\n"


def test_add_change_replace_and_append_differ(srv6: Run, node: Path) -> None:
    assert "no such route" in srv6("ip -6 route change 2001:db8:9::/64 via 2001:db8:1::2", 3)
    srv6("ip -6 route append 2001:db8:9::/64 via 2001:db8:1::2")
    assert "2001:db8:9::/64 exists; use replace" in srv6("ip -6 route add 2001:db8:9::/64 via 2001:db8:3::2", 3)
    srv6("ip -6 route append 2001:db8:9::/64 via 2001:db8:3::2")
    assert srv6("ip -6 route show 2001:db8:9::/64") == (
        "2001:db8:9::/64 metric 1024 pref medium\n"
        "\tnexthop via 2001:db8:1::2 dev 1 weight 1\n"
        "\tnexthop via 2001:db8:3::2 dev 3 weight 1\n"
    )
    srv6("ip -6 route replace 2001:db8:9::/64 encap seg6 mode encap segs fc00:4:: dev 1")
    assert "routes[1]" not in node.read_text() and len(load_node(node).routes) == 1
    assert srv6("ip -6 -o route show 2001:db8:9::/64") == (
        "2001:db8:9::/64  encap seg6 mode encap segs 1 [ fc00:4:: ] dev 1 metric 1024 pref medium\n"
    )
    srv6("ip -6 route replace 2001:db8:9::/64 via 2001:db8:1::2")
    assert load_node(node).policies == {}
    srv6("ip -6 route flush root 2001:db8::/32")
    assert [str(route.prefix) for route in load_node(node).routes] == ["fc00::/16"]


def test_a_policy_goes_with_what_it_was_made_for(srv6: Run, node: Path) -> None:
    """Unless it serves something else as well, and however the prefix is spelled."""
    srv6("ip -6 route add fc01::1 encap seg6local action End.B6.Encaps srh segs fc00:4:: dev 1")
    srv6("ip -6 route add 2001:db8:77::/64 encap seg6 mode encap segs fc00:4:: dev 1")
    srv6("ip -6 route add 2001:db8:78::/64 encap seg6 mode encap segs fc00:4:: dev 1")
    srv6("steer add 2001:db8:79::/64 policy route-2001:db8:78::-64")
    srv6("ip -6 route replace fc01::1 encap seg6local action End dev 1")
    srv6("ip -6 route del 2001:0db8:77::/64")
    srv6("ip -6 route del 2001:db8:78::/64")
    assert list(load_node(node).policies) == ["route-2001:db8:78::-64"]


def test_what_is_shown(srv6: Run) -> None:
    srv6("ip -6 route add 2001:db8:77::/64 encap seg6 mode inline segs fc00:4::,fc00:5:: dev 1")
    srv6("ip -6 route add blackhole 2001:db8:dead::/48")
    assert srv6("ip -6 route show root 2001:db8::/32").splitlines() == [
        "2001:db8:1::/64 dev 1 proto kernel metric 256 pref medium",
        "2001:db8:3::/64 dev 3 proto kernel metric 256 pref medium",
        "2001:db8:77::/64  encap seg6 mode inline segs 2 [ fc00:4:: fc00:5:: ] dev 1 metric 1024 pref medium",
        "blackhole 2001:db8:dead::/48 metric 1024 pref medium",
    ]
    assert srv6("ip -6 route show match 2001:db8:77::5").startswith("2001:db8:77::/64  encap seg6 ")
    assert srv6("ip -6 route show proto kernel").count("\n") == 2
    assert srv6("ip -6 route show dev 3").startswith("2001:db8:3::/64 ")
    assert srv6("ip -6 route show via 2001:db8:1::2") == "fc00::/16 via 2001:db8:1::2 dev 1 metric 1024 pref medium\n"
    assert srv6("ip -d -6 route show fc00::/16") == (
        "unicast fc00::/16 via 2001:db8:1::2 dev 1 proto boot scope global metric 1024 pref medium\n"
    )
    assert "local fcbb:bb00:1::1 dev lo proto kernel metric 0 pref medium\n" in srv6("ip -6 route show table local")
    assert "fcbb:bb00:1::1 " not in srv6("ip -6 route show")
    assert srv6("ip -4 route show") == "10.0.1.0/24 dev 1 proto kernel scope link src 10.0.1.1\n"
    assert json.loads(srv6("ip -j -6 route show 2001:db8:77::/64")) == [
        {
            "dst": "2001:db8:77::/64",
            "encap": "seg6",
            "mode": "inline",
            "segs": ["fc00:4::", "fc00:5::"],
            "dev": "1",
            "metric": 1024,
            "flags": [],
            "pref": "medium",
        }
    ]


def test_a_segment_list_is_packed(srv6: Run, node: Path) -> None:
    node.write_text(node.read_text() + "sid-structures: [{sids: 'fc00::/16', lblen: 16, nflen: 16, csid: next}]\n")
    srv6("ip -6 route add 2001:db8:77::/64 encap seg6 mode encap segs fc00:4::,fc00:5:: compress auto dev 1")
    assert "compress: auto" in node.read_text()
    assert "encap seg6 mode encap segs 1 [ fc00:4:5:: ] dev 1" in srv6("ip -6 route show 2001:db8:77::/64")


def test_a_segment_list_that_is_not_on_the_switch_is_not_shown(srv6: Run) -> None:
    srv6("policy add half segs fc00:4:: weight 2 segs 2001:db8:99::1")
    srv6("steer add 2001:db8:77::/64 policy half")
    assert srv6("ip -6 route show 2001:db8:77::/64").splitlines() == [
        "2001:db8:77::/64  encap seg6 mode encap segs 1 [ fc00:4:: ] dev 1 metric 1024 pref medium",
    ]


def test_statistics_of_a_sid_are_shown(srv6: Run, switch: SoftSwitch) -> None:
    srv6("sid clear-counters")
    packet = "(2001:db8:1::2,fcbb:bb00:1:e000::)(fc00:4::,fcbb:bb00:1:e000::; SL=1)(a::1,b::1) UDP 1>2"
    switch.inject(1, frame(packet, MAC))
    switch.inject(1, frame(packet.replace("SL=1", "SL=9"), MAC))
    switch.flush()
    size = len(frame(packet, MAC)) - 14
    assert srv6("ip -s -6 route show fcbb:bb00:1:e000::/64") == (
        "fcbb:bb00:1:e000::/64  encap seg6local action End "
        f"packets 1 bytes {size} errors 1 flavors psp metric 1024 pref medium\n"
    )
    [row] = json.loads(srv6("ip -stats -json -6 route show fcbb:bb00:1:e000::/64"))
    assert row["stats64"] == {"packets": 1, "bytes": size, "errors": 1}
    assert "packets" not in srv6("ip -6 route show fcbb:bb00:1:e000::/64")


def test_compressed_sids(srv6: Run, node: Path) -> None:
    """In the words of iproute2, which prints the structure behind the flavour."""
    srv6("ip -6 route add fc01:0:1::/48 encap seg6local action End flavors next-csid,psp lblen 32 nflen 16 dev 1")
    srv6(
        "ip -6 route add fc01:0:2::/56 encap seg6local action End.X nh6 2001:db8:1::2 flavors next-csid lblen 40 dev 1"
    )
    assert srv6("ip -6 route show fc01:0:1::/48") == (
        "fc01:0:1::/48  encap seg6local action End flavors psp,next-csid lblen 32 nflen 16 metric 1024 pref medium\n"
    )
    assert srv6("ip -6 route show fc01:0:2::/56") == (
        "fc01:0:2::/56  encap seg6local action End.X nh6 2001:db8:1::2 flavors next-csid lblen 40 nflen 16 dev 1"
        " metric 1024 pref medium\n"
    )
    [row] = [row for row in json.loads(srv6("sid show --json")) if row["sid"] == "fc01:0:1::/48"]
    assert (row["behavior"], row["flavors"], row["operand"]) == ("End", ["psp", "next-csid"], "lblen 32 nflen 16")
    for words, message in (
        (
            "End flavors next-csid lblen 40 nflen 16",
            "lblen 40 and nflen 16 do not add up to the 48 bits of fc01:0:3::/48",
        ),
        ("End lblen 32", "End takes no 'lblen' without the flavour next-csid"),
        ("End.DT6 vrftable 100 flavors next-csid", "End.DT6 takes no flavour next-csid; valid for End, End.X, End.T, "),
    ):
        assert message in srv6(f"ip -6 route add fc01:0:3::/48 encap seg6local action {words} dev 1", 3)
    for short in ("uN flavors psp", "End flavors psp,next-csid"):
        srv6(f"sid add fc01:0:4::/48 {short} lblen 32")
        assert '{sid: "fc01:0:4::/48", behavior: End, flavors: [psp, next-csid], lblen: 32}' in node.read_text()
        srv6("sid del fc01:0:4::/48")
    srv6("ip -6 route del fc01:0:1::/48")
    assert [sid.behaviour for sid in load_node(node).sids if sid.prefix.prefixlen < 64] == ["End.X with NEXT-CSID"]


def test_a_lookup_is_answered(srv6: Run) -> None:
    srv6("ip route add 10.9.0.0/16 table 100 encap seg6 mode encap segs fc00:4:: dev 2")
    assert srv6("ip -6 route get fc00:9::1") == (
        "fc00:9::1 from :: via 2001:db8:1::2 dev 1 src 2001:db8:1::1 metric 1024 pref medium\n"
    )
    assert srv6("ip route get fcbb:bb00:1:e000::5").startswith(
        "fcbb:bb00:1:e000::5 from ::  encap seg6local action End flavors psp "
    )
    assert srv6("ip route get fcbb:bb00:1::1").startswith(
        "local fcbb:bb00:1::1 from :: dev lo table local proto kernel "
    )
    inside = "10.9.1.1  encap seg6 mode encap segs 1 [ fc00:4:: ] dev 1 table blue src 10.0.1.1 uid 0\n    cache\n"
    assert srv6("ip route get 10.9.1.1 vrf blue") == srv6("ip route get 10.9.1.1 iif 2") == inside
    assert json.loads(srv6("ip -j route get fc00:9::1"))[0]["gateway"] == "2001:db8:1::2"
    assert srv6("ip route get 10.9.1.1", 1) == "srv6: network is unreachable: no route to 10.9.1.1 in VRF default\n"


def test_without_a_node_file_ports_and_numbers_stand_for_names(srv6: Run, node: Path) -> None:
    srv6("ip route add 10.9.0.0/16 table 100 encap seg6 mode encap segs fc00:4:: dev 2")
    srv6("ip -6 route add fc01::1 table 100 encap seg6local action End.X nh6 2001:db8:1::2 dev 1")
    node.rename("elsewhere.yaml")
    assert "fc00::/16 dev 1 metric 1024 pref medium\n" in srv6("ip -6 route show")
    assert srv6("ip route show table 100").splitlines() == [
        "10.0.5.0/24 dev 2 scope link",
        "local 10.0.5.1 dev lo proto kernel scope host",
        "10.9.0.0/16  encap seg6 mode encap segs 1 [ fc00:4:: ] dev 1 scope link",
    ]
    assert srv6("ip -6 route show table 100").splitlines()[-1:] == [
        "fc01::1  encap seg6local action End.X dev 1 metric 1024 pref medium",
    ]
    assert "fc01::1 " in srv6("ip route show table all")
    assert srv6("ip neigh") == "2001:db8:1::2 dev 1 lladdr 02:00:00:00:02:01 REACHABLE\n"
    assert "no node file" in srv6("ip rule show", 2)


REFUSED = [
    ("route add fc01::1 encap seg6local action End.BPF endpoint o x section y dev 1", "it runs no eBPF; valid: End, "),
    ("route add fc01::1 encap seg6local action End iif 1 dev 1", "'iif' is not supported"),
    ("route add fc01::1 encap seg6local action End.B6 srh segs fc00:4:: hmac x dev 1", "an HMAC key id is a number"),
    ("route add fc01::1 encap seg6local dev 1", "'action' is missing"),
    ("route add fc01::1 encap seg6local action End action End dev 1", "'action' is given twice"),
    ("route add ::/0 encap seg6 mode l2encap segs fc00:4:: dev 1", "attach it to a port with mode: l2: `srv6 policy"),
    ("route add ::/0 encap seg6 mode encap segs fc00:4:: hmac x dev 1", "an HMAC key id is a number"),
    (
        "route add ::/0 nexthop encap seg6 segs fc00:4:: compress auto dev 1 nexthop encap seg6 segs fc00:5:: dev 1",
        "the next hops of a route have one 'mode', 'tunsrc', 'compress' and 'hmac' together",
    ),
    ("route add ::/0 encap seg6 mode nonsense segs fc00:4:: dev 1", "unknown encap mode 'nonsense'; valid: encap,"),
    ("route add ::/0 encap seg6 mode encap segs fc00:4:: nhid 3", "'nhid' and 'encap' do not go together"),
    ("route add unreachable 2001:db8::/32", "type unreachable do not exist here"),
    ("route add 2001:db8::/32 via 2001:db8:1::2 mtu 1400", "'mtu' is not supported: the MTU is the port's"),
    ("route add 2001:db8::/32 via 2001:db8:1::2 src fc00::1", "'src' is not supported"),
    ("route add 2001:db8::/32 dev eth9", "cannot find device 'eth9'; valid: 1, 2, 3, veth7"),
    ("route add 2001:db8::/32", "'via A', 'dev P' or 'nhid ID' is missing"),
    ("route save", "`ip route save` is not supported; valid: add, "),
    ("route show cached", "routes are not shown by 'cached'"),
    ("neigh add fc00::9 lladdr 02:00:00:00:00:01 dev 1 nud stale", "nud stale is not supported"),
    ("neigh add fc00::9 dev 1", "'lladdr MAC' is missing"),
    ("neigh add proxy fc00::9 dev 1", "'proxy' is not supported"),
    ("nexthop add id 1 encap seg6 mode encap segs fc00:4:: dev 1", "a next hop has no encapsulation here"),
    ("nexthop add id 1 group 2 type resilient", "resilient ones are not supported"),
    ("nexthop add via 2001:db8:1::2", "'id NUMBER' is missing"),
    ("rule add from 10.0.0.0/8 lookup blue", "'from 10.0.0.0/8' is not supported: VRFs are chosen by port"),
    ("rule add to fc00::/16 lookup localsid", "SIDs and routes of table main are found without a rule"),
    ("rule add fwmark 7 lookup blue", "'fwmark' is not supported: packets have no marks"),
    ("rule add iif 3", "'lookup VRF' is missing"),
    ("rule add iif 9 lookup blue", "port 9 is not in node.yaml; valid: 1, 2, 3"),
    ("sr hmac set 0 sha256", "an HMAC key id is a number from 1 to 4294967295, not '0'"),
    ("sr hmac set 7 md5", "unknown word 'md5'"),
    ("-family bridge route show", "no routes of family 'bridge' here; valid: inet, inet6"),
    ("address show", "unknown word 'address'; valid: neigh, route, sr, nexthop, rule, vrf, link; addresses are"),
    ("link show", "links are shown by `srv6 show ports`; valid: add, delete, set"),
    ("link add br0 type bridge", "devices of type 'bridge' do not exist here; valid: vrf"),
    ("link add red type vrf", "'table N' is missing"),
    ("link set dev 3 master red", "'red' is no VRF; valid: blue"),
    ("link set dev 3 down", "a port is down when its interface is"),
    ("link set dev eth9 up", "cannot find device 'eth9'"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line for line, _ in REFUSED])
def test_refused_with_the_reason(line: str, message: str, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ip", *line.split()]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert node.read_text() == NODE


@pytest.mark.parametrize(
    ("action", "missing"),
    [
        ("End.AM", "End.AM needs 'service', a service"),
        ("End.AS", "End.AS needs 'service', a service"),
        ("End.S", "End.S needs 'table', a search table"),
        ("End.BM", "End.BM needs 'mpls-policy', a label stack"),
    ],
)
def test_what_linux_has_by_name_only_needs_its_operand(
    action: str, missing: str, node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ip", "route", "add", "fc01::1", "encap", "seg6local", "action", action, "dev", "1"]) == 3
    assert missing in capsys.readouterr().err
    assert node.read_text() == NODE


# --- neighbours, next hops, rules -------------------------------------------------------------------------


def test_neighbours_with_their_state(srv6: Run, node: Path) -> None:
    srv6("ip neigh replace 2001:db8:1::2 lladdr 02:00:00:00:02:09 dev 1 nud permanent")
    srv6("ip neigh add 10.0.5.2 lladdr 02:00:00:00:02:05 dev 2 nud permanent")
    assert srv6("ip neigh show") == (
        "10.0.5.2 dev 2 lladdr 02:00:00:00:02:05 PERMANENT\n2001:db8:1::2 dev 1 lladdr 02:00:00:00:02:09 PERMANENT\n"
    )
    assert srv6("ip neigh show dev 2") == "10.0.5.2 lladdr 02:00:00:00:02:05 PERMANENT\n"
    assert srv6("ip -6 neigh show nud permanent").count("\n") == 1
    assert json.loads(srv6("ip -j neigh show 10.0.5.2")) == [
        {"dst": "10.0.5.2", "dev": "2", "lladdr": "02:00:00:00:02:05", "state": ["PERMANENT"]}
    ]
    srv6("ip neigh del 10.0.5.2 dev 2")
    assert [str(each.address) for each in load_node(node).neighbors] == ["2001:db8:1::2"]


def test_groups_of_next_hops_carry_routes(srv6: Run, node: Path) -> None:
    srv6("ip nexthop add id 1 via 2001:db8:1::2 dev 1")
    srv6("ip nexthop add id 3 via 2001:db8:3::2 dev veth7")
    srv6("ip nexthop replace id 3 via 2001:db8:3::2 dev 3")
    srv6("ip nexthop add id 4 blackhole")
    srv6("ip nexthop add id 10 group 1,3/3")
    srv6("ip -6 route add 2001:db8:90::/64 nhid 10")
    srv6("ip -6 route add 2001:db8:91::/64 nhid 4")
    routes = {str(route.prefix): route for route in load_node(node).routes}
    hops = [(str(hop.interface), str(hop.address), hop.weight) for hop in routes["2001:db8:90::/64"].nexthops]
    assert hops == [("1", "2001:db8:1::2", 3), ("3", "2001:db8:3::2", 1)]
    assert routes["2001:db8:91::/64"].blackhole
    assert srv6("ip nexthop show") == (
        "id 1 via 2001:db8:1::2 dev 1 scope link\nid 3 via 2001:db8:3::2 dev 3 scope link\n"
        "id 4 blackhole\nid 10 group 1,3/3\n"
    )
    assert json.loads(srv6("ip -j nexthop get id 10")) == [
        {"id": 10, "group": [{"id": 1, "weight": 3}, {"id": 3}], "flags": []}
    ]
    assert srv6("ip -6 route show 2001:db8:90::/64").splitlines() == [
        "2001:db8:90::/64 nhid 10 metric 1024 pref medium",
        "\tnexthop via 2001:db8:1::2 dev 1 weight 3",
        "\tnexthop via 2001:db8:3::2 dev 3 weight 1",
    ]
    assert "id 1: 2001:db8:1::2 port 1" in srv6("nexthop show 10")
    # As in Linux: a member that goes leaves its groups, and the last one takes group and routes along.
    srv6("ip nexthop del id 1")
    assert srv6("ip nexthop show id 10") == "id 10 group 3\n"
    srv6("ip nexthop del id 3")
    assert [str(route.prefix) for route in load_node(node).routes] == ["fc00::/16", "2001:db8:91::/64"]


def test_a_rule_puts_a_port_into_a_vrf(srv6: Run, node: Path) -> None:
    assert srv6("ip -6 rule show").splitlines() == [
        "0:\tfrom all lookup local",
        "1000:\tfrom all iif 2 lookup blue",
        "32766:\tfrom all lookup main",
    ]
    srv6("ip -6 rule add iif 3 table 100 pref 50")
    assert load_node(node).ports[3].interfaces[0].vrf == "blue"
    assert "# towards the customer" in node.read_text()
    assert {"priority": 1000, "src": "all", "iif": "3", "table": "blue"} in json.loads(srv6("ip -j rule show"))
    srv6("ip rule del iif 3 lookup blue")
    assert load_node(node).ports[3].interfaces[0].vrf == "default"
    assert "port 3 is not in VRF blue" in srv6("ip rule del iif 3 lookup blue", 3)
    assert srv6("ip vrf show").splitlines()[2] == "blue               100"


def test_vrf_devices_are_vrfs_and_their_ports(srv6: Run, node: Path) -> None:
    srv6("ip link add red type vrf table 200")
    srv6("ip link set dev red up")
    srv6("ip link set 3 master red mtu 9000 up")
    [interface] = load_node(node).ports[3].interfaces
    assert (load_node(node).vrfs["red"], interface.vrf, interface.mtu) == (200, "red", 9000)
    assert "red                200" in srv6("ip vrf show")
    srv6("ip link set dev veth7 address 02:00:00:00:01:99")
    assert load_node(node).ports[1].interfaces[0].mac == "02:00:00:00:01:99"
    assert "unknown VRF 'red'" in srv6("ip link del red", 3)
    srv6("ip link set dev 3 nomaster")
    srv6("ip link del red")
    assert list(load_node(node).vrfs) == ["default", "blue"]


def test_a_vlan_leaves_the_vrf_of_its_port(srv6: Run, node: Path) -> None:
    node.write_text(node.read_text().replace("vrf: blue}", "vrf: blue, vlans: {7: {}}}"))
    assert [each.vrf for each in load_node(node).interfaces()][1:3] == ["blue", "blue"]
    srv6("ip rule del iif 2.7 lookup blue")
    assert [each.vrf for each in load_node(node).interfaces()][1:3] == ["blue", "default"]


# --- sysctl -----------------------------------------------------------------------------------------------


def test_an_own_address_is_an_endpoint_where_seg6_is_enabled(srv6: Run, node: Path) -> None:
    def endpoints() -> set[str]:
        return {str(sid.prefix) for sid in load_node(node).sids if sid.flavours == Flavour.USD}

    srv6("sysctl -w net.ipv6.conf.1.seg6_enabled=1")
    assert endpoints() == set()  # "all" and the interface must both say 1
    srv6("sysctl -w net.ipv6.conf.all.seg6_enabled=1")
    assert endpoints() == {"2001:db8:1::1/128", "fcbb:bb00:1::1/128"}
    assert "encap seg6local action End flavors usd" in srv6("ip -6 route show 2001:db8:1::1")
    srv6("sysctl -w net.ipv6.conf.veth7.seg6_enabled=0 net/ipv6/conf/default/seg6_enabled=1")
    assert endpoints() == {"2001:db8:3::1/128", "fcbb:bb00:1::1/128"}
    assert srv6("sysctl net.ipv6.conf.1.seg6_enabled") == "net.ipv6.conf.1.seg6_enabled = 0\n"


def test_rp_filter_is_reverse_path_forwarding(srv6: Run, node: Path) -> None:
    srv6("sysctl -w net.ipv4.conf.veth7.rp_filter=1 net.ipv4.conf.3.rp_filter=2")
    assert [each.urpf4.value for each in load_node(node).interfaces()] == ["strict", "off", "loose"]
    assert srv6("sysctl net.ipv4.conf.1.rp_filter") == "net.ipv4.conf.1.rp_filter = 1\n"
    assert {each.urpf6.value for each in load_node(node).interfaces()} == {"off"}


def test_the_flow_label_of_outer_headers_as_sysctl_says(srv6: Run, node: Path) -> None:
    srv6("ip -6 route add 2001:db8:77::/64 encap seg6 mode encap segs fc00:4:: dev 1")
    for value, label in ((0, FlowLabel.COPY), (1, FlowLabel.HASH), (-1, FlowLabel.ZERO)):
        srv6(f"sysctl -w net.ipv6.seg6_flowlabel={value}")
        [policy] = load_node(node).policies.values()
        assert policy.encap.flow_label is label
    srv6("policy add own segs fc00:4:: flow-label copy")
    assert load_node(node).policies["own"].encap.flow_label is FlowLabel.COPY


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("net.ipv6.seg6_flowlabel=2", "must be one of -1, 0, 1, not 2"),
        ("net.ipv6.conf.all.seg6_require_hmac=2", "must be one of -1, 0, 1, not 2"),
        ("net.ipv6.conf.all.forwarding=0", "is always 1 here: a router forwards"),
        ("net.core.somaxconn=1", "net.core.somaxconn means nothing here; valid: net.ipv4.conf."),
    ],
)
def test_sysctl_words_that_cannot_be(srv6: Run, setting: str, message: str) -> None:
    assert message in srv6(f"sysctl -w {setting}", 3)


def test_what_scripts_set_besides_is_accepted(srv6: Run) -> None:
    srv6("sysctl -w net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1 net.vrf.strict_mode=1")
    assert "net.ipv6.conf.all.forwarding = 1\n" in srv6("sysctl -a")


# --- beside the real one ----------------------------------------------------------------------------------

LINES = [
    "fc01::1 encap seg6local action End.DX4 nh4 10.0.5.2 dev veth7 table 100",
    "fc01::2 encap seg6local action End flavors psp count dev veth7 table 100",
    "fc01::3 encap seg6local action End.T table 100 dev veth7",
    "fc01::5 encap seg6local action End.X nh6 2001:db8:1::2 dev veth7 metric 7",
    "fc01::6 encap seg6local action End.DX6 nh6 2001:db8:1::2 dev veth7",
    "fc01::7 encap seg6local action End.B6.Encaps srh segs fc00:9::1,fc00:9::2 dev veth7",
    "2001:db8:77::/64 encap seg6 mode encap segs fc00:4::,fc00:5:: dev veth7",
    "2001:db8:78::/64 table 100 encap seg6 mode encap.red segs fc00:4:: dev veth7",
    "2001:db8:80::/64 via 2001:db8:1::2 dev veth7",
    "2001:db8:81::/64 via 2001:db8:1::2 table 100",
    "default via 2001:db8:1::2",
]
SETUP = """
ip link add veth7 type veth peer name veth8 && ip link set veth7 up && ip link set veth8 up &&
ip addr add 2001:db8:1::1/64 dev veth7 nodad && ip addr add 10.0.5.1/24 dev veth7 && ip -6 route add"""


def real(line: str) -> dict[str, Any]:
    """The route as the kernel has it, told by the ``ip`` of this machine."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("iproute2 or util-linux is not installed")
    script = f"{SETUP} {line} && ip -6 -j route show table all"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no such route in a network namespace here: {done.stderr.strip()}")
    return next(row for row in json.loads(done.stdout) if row["dst"] == line.split()[0])


@pytest.mark.parametrize("line", LINES)
def test_what_linux_shows_of_the_same_line(line: str, srv6: Run, node: Path) -> None:
    """Destination, encapsulation and its attributes, next hop, and table."""
    expected = real(line)
    node.write_text(
        NODE.replace('"10.0.1.1/24"', '"10.0.5.1/24"').replace('["10.0.5.1/24"], vrf', '["10.0.6.1/24"], vrf')
    )
    srv6(
        f"ip -6 route add {line}".replace(
            "2001:db8:81::/64 via 2001:db8:1::2", "2001:db8:81::/64 via 2001:db8:1::2 dev 1"
        )
    )
    rows = json.loads(srv6("ip -6 -j route show table all"))
    found = next(row for row in rows if row["dst"] == line.split()[0])
    for key in ("dst", "encap", "action", "mode", "segs", "srh", "nh4", "nh6", "flavors", "gateway"):
        assert found.get(key) == expected.get(key), key
    assert found.get("table", "").replace("blue", "100") == expected.get("table", "")


def test_a_line_that_linux_refuses() -> None:
    with pytest.raises(UsageError, match="unknown encap mode"):
        translate_route(shlex.split("fc01::1 encap seg6 mode wrong segs fc00:1::"))
