# SPDX-License-Identifier: Apache-2.0
"""``srv6 trace`` for people: addresses, MACs and reasons by name, what leaves in the notation of what came in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from softswitch.switch import SoftSwitch
from srv6cp.cli.main import main
from srv6cp.cli.packetspec import frame
from srv6cp.cli.tracetext import Decoder
from srv6cp.p4rt import P4Info
from srv6cp.sync.program import Program

MAC = "02:00:00:00:01:01"
NODE = """\
node: r1
source: "fcbb:bb00:1::1"
ports:
  1: {mac: "02:00:00:00:01:01", addresses: ["2001:db8:12::1/64", "10.0.12.1/24"]}
neighbors: [{address: "2001:db8:12::2", mac: "02:00:00:00:02:01"}]
routes: [{prefix: "fcbb:bb00::/32", via: "2001:db8:12::2"}]
sids:
  - {sid: "fcbb:bb00:1:e000::/64", behavior: End, flavors: [psp]}
  - {sid: "fcbb:bb00:1:f::/64", behavior: End.BM, mpls-policy: core}
mpls-policies: [{name: core, labels: [16001, 24002], via: "2001:db8:12::2"}]
policies: [{name: north, segments: ["fcbb:bb00:4::", "fcbb:bb00:5::"]}]
steering: [{prefix: "10.9.0.0/16", policy: north}]
"""
THROUGH = (
    "(2001:db8:12::2,fcbb:bb00:1:e000::)(fcbb:bb00:4::,fcbb:bb00:1:e000::,fcbb:bb00:3::; SL=1)(a::1,b::1) UDP 1000>53"
)
NOWHERE = "(2001:db8:12::2,2001:db8:99::1) UDP 1>2"
INFO = Program.read().info


@pytest.fixture(scope="module")
def switch() -> Iterator[SoftSwitch]:
    with SoftSwitch(None, ports=[1], device_id=1) as running:
        yield running


@pytest.fixture
def traced(
    switch: SoftSwitch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[object]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SRV6_NODE", raising=False)
    monkeypatch.setenv("SRV6_GRPC_ADDR", switch.address)
    Path("node.yaml").write_text(NODE)
    assert main(["apply", "node.yaml"]) == 0
    capsys.readouterr()

    def run(*words: str) -> str:
        assert main(["trace", *words]) == 0
        return capsys.readouterr().out

    yield run


def test_addresses_and_macs_are_no_hexadecimal_numbers(traced) -> None:  # type: ignore[no-untyped-def]
    text = traced(THROUGH)
    assert text.startswith(f"{THROUGH}\nport 1 received ")
    assert "extract ethernet: dst_addr=02:00:00:00:01:01, src_addr=02:00:00:ff:00:01, ether_type=0x86dd" in text
    assert "src_addr=2001:db8:12::2, dst_addr=fcbb:bb00:1:e000::" in text
    assert "extract srh_next: sid=fcbb:bb00:4::" in text
    assert "extract srh_after: octets=fcbb:bb00:1:e000::,fcbb:bb00:3::" in text
    assert (
        "table my_sid_table [vrf_id=0, ipv6_dst=fcbb:bb00:1:e000::]: hit vrf_id=0 ipv6_dst=fcbb:bb00:1:e000::/64"
        in text
    )
    assert "src_mac=02:00:00:00:01:01, dst_mac=02:00:00:00:02:01, mtu=1500)" in text
    assert "ipv6.dst_addr = fcbb:bb00:4::" in text
    assert re.search(r"set_nexthop\(nexthop_id=\d+ \(2001:db8:12::2 port 1\)\)", text)
    assert "select srh_next.sid -> accept" in text
    assert not re.search(r"0x[0-9a-f]{11,}", text)


def test_what_leaves_is_written_as_what_came_in(traced) -> None:  # type: ignore[no-untyped-def]
    """For each port, so that it can be given to the next router's trace."""
    out = "(2001:db8:12::2,fcbb:bb00:4::)(a::1,b::1) UDP 1000>53"
    text = traced(THROUGH)
    assert f"  OUTPUT port 1, 119 bytes: {out}\n" in text
    assert text.endswith(f"result\n  port 1: {out}  [02:00:00:00:01:01 > 02:00:00:00:02:01]\n")
    assert traced(out).startswith(out)


def test_policies_by_name_and_ipv4(traced) -> None:  # type: ignore[no-untyped-def]
    text = traced("(10.0.12.2,10.9.0.1) TCP 1>2")
    assert "src_addr=10.0.12.2, dst_addr=10.9.0.1, options=" in text
    assert "table ipv4_table [vrf_id=0, ipv4_dst=10.9.0.1]: hit vrf_id=0 ipv4_dst=10.9.0.0/16" in text
    assert re.search(r"steer\(policy_id=\d+ \(north\)\)", text)
    assert "outer_ipv6.src_addr = fcbb:bb00:1::1" in text
    assert "segments_left_over.sid_0 = fcbb:bb00:5::" in text
    assert "(fcbb:bb00:1::1,fcbb:bb00:4::)(fcbb:bb00:5::,fcbb:bb00:4::; SL=1)(10.0.12.2,10.9.0.1) TCP 1>2" in text


def test_labels(traced) -> None:  # type: ignore[no-untyped-def]
    text = traced(THROUGH.replace("12::2,fcbb:bb00:1:e000::", "12::2,fcbb:bb00:1:f::"))
    assert re.search(r"end_bm\(sid_index=\d+, mpls_policy_id=\d+ \(core\)\)", text)
    assert "label_0=16001, label_1=24002)" in text
    assert "port 1: MPLS 16001/24002 TTL 63 TC 0 (2001:db8:12::2,fcbb:bb00:4::)(fcbb:bb00:4::," in text


def test_a_packed_list_with_what_it_was_packed_from(traced) -> None:  # type: ignore[no-untyped-def]
    packed = NODE.replace("name: north,", "name: north, compress: auto,")
    Path("node.yaml").write_text(
        f'{packed}sid-structures: [{{sids: "fcbb:bb00::/32", lblen: 32, nflen: 16, csid: next}}]'
    )
    assert main(["apply", "node.yaml"]) == 0
    text = traced("(10.0.12.2,10.9.0.1) TCP 1>2")
    assert "first_segment=fcbb:bb00:4:5:: (packed: fcbb:bb00:4::,fcbb:bb00:5::)" in text
    assert "(fcbb:bb00:1::1,fcbb:bb00:4:5::)" in text


def test_reasons_by_name(traced) -> None:  # type: ignore[no-untyped-def]
    text = traced(NOWHERE)
    assert "verdict.drop_reason = NO_ROUTE" in text and "verdict.punt_reason = NO_ROUTE" in text
    assert "packet_in.reason = NO_ROUTE" in text
    assert f"OUTPUT port 510, 94 bytes (NO_ROUTE): {NOWHERE}\n" in text
    assert text.endswith(
        f"result\n  to the controller, NO_ROUTE: {NOWHERE}\n"
        "  dropped: NO_ROUTE, no route to the destination (RFC 8200 / RFC 4443 3.1 code 0)\n"
    )
    assert traced("(2001:db8:12::2,ff0e::1) UDP 1>2").endswith(
        "result\n  dropped: MULTICAST, multicast, broadcast and link-local are not forwarded "
        "(RFC 4291 2.5.6, 2.7, 1812 5.3.5)\n"
    )


def test_json_has_the_numbers_and_the_outcome(traced) -> None:  # type: ignore[no-untyped-def]
    tree = json.loads(traced("--json", NOWHERE))
    assert tree["frame"] == frame(NOWHERE, MAC).hex() and "text" not in tree
    assert (tree["drop_reason"], tree["punt_reason"]) == ("NO_ROUTE", "NO_ROUTE")
    assert tree["outputs"] == [
        {
            "port": 510,
            "reason": "NO_ROUTE",
            "packet": NOWHERE,
            "src_mac": "02:00:00:ff:00:01",
            "dst_mac": MAC,
        }
    ]
    assert tree["steps"][0]["kind"] == "pass"


def test_steps_that_this_version_does_not_know() -> None:
    """A newer switch, another program: printed as they are."""
    tree = {
        "port": 7,
        "frame": "00",
        "steps": [
            {"kind": "digest", "name": "learned", "size": 3},
            {
                "kind": "table",
                "name": "other",
                "key": {"hdr.dst": "0xff00000000000000000000000000000001"},
                "hit": False,
            },
            {"kind": "action", "name": "other.act", "params": {"value": 70000}},
            {"kind": "effect", "text": "verdict.drop_reason = 0xfe"},
            {"kind": "effect", "text": "count(a, b)"},
            {"kind": "drop", "where": "ingress", "why": "told to"},
        ],
    }
    text = Decoder(P4Info(type(INFO.proto)())).text(tree)
    for line in (
        "digest name=learned, size=3",
        "table other [hdr.dst=0xff00000000000000000000000000000001]: miss",
        "action other.act(value=70000)",
        "verdict.drop_reason = 254",
        "count(a, b)",
        "DROP in ingress: told to",
        "  dropped: 254",
    ):
        assert line in text
