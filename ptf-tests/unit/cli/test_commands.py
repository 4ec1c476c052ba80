# SPDX-License-Identifier: Apache-2.0
"""The command line against a switch: what is printed, what the switch holds then, and exit codes."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from softswitch.switch import SoftSwitch
from srv6cp import artifacts, rundir
from srv6cp.artifacts import Artifacts
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.main import build_parser, main
from srv6cp.cli.packetspec import frame
from srv6cp.controller import following
from srv6cp.controller.following import Follower, Saying
from srv6cp.p4rt import MAX_ELECTION_ID, Client
from srv6cp.sync.launch import free_address
from srv6cp.sync.program import Program

NODE = """\
# the router of these tests
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
vrfs: [blue]
ports:
  1: {mac: "02:00:00:00:01:01", addresses: ["2001:db8:12::1/64"]}
  2: {mac: "02:00:00:00:01:02", addresses: ["10.0.13.1/24"], vrf: blue}
neighbors:
  - {address: "2001:db8:12::2", port: 1, mac: "02:00:00:00:02:01"}
routes:
  - {prefix: "fcbb:bb00::/32", via: "2001:db8:12::2"}   # the rest of the domain
sids:
  - {sid: "fcbb:bb00:1:e000::/64", behavior: End, flavors: [psp]}
"""
MAC = "02:00:00:00:01:01"
THROUGH = "(2001:db8:12::2,fcbb:bb00:1:e000::)(fcbb:bb00:4::,fcbb:bb00:1:e000::; SL=1)(a::1,b::1) UDP 1>2"
NOWHERE = "(2001:db8:12::2,2001:db8:99::1)"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def srv6(switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line: exit code, standard output, standard error."""
    monkeypatch.setenv("SRV6_GRPC_ADDR", switch.address)

    def run(line: str, *more: str) -> tuple[int, str, str]:
        code = main([*line.split(), *more])
        out, err = capsys.readouterr()
        return code, out, err

    assert run("apply node.yaml")[0] == 0
    return run


def test_apply_says_what_it_did_and_does_it_once(srv6: Run, node: Path) -> None:
    assert srv6("apply node.yaml")[1].startswith("r1: 0 inserted, 0 modified, 0 deleted, ")
    node.write_text(NODE.replace("e000", "e001"))
    code, out, _ = srv6("apply node.yaml --dry-run")
    assert code == 0
    assert "+ my_sid_table vrf_id=0 ipv6_dst=fcbb:bb00:1:e001::/64 -> end(" in out
    assert "- my_sid_table vrf_id=0 ipv6_dst=fcbb:bb00:1:e000::/64" in out
    assert srv6("apply node.yaml --keep-foreign")[1].startswith("r1: 1 inserted, 0 modified, 0 deleted")
    data = json.loads(srv6("apply node.yaml --json")[1])
    assert len(data["delete"]) == 1
    gone = {"vrf_id": 0, "ipv6_dst": "fcbb:bb00:1:e000::/64"}
    assert (data["delete"][0]["table"], data["delete"][0]["match"]) == ("my_sid_table", gone)


def test_sids_come_and_go(srv6: Run, node: Path) -> None:
    assert srv6("sid add fcbb:bb00:1:e001:: end.dx4 nh4 10.0.13.2")[0] == 0
    assert node.read_text() == NODE + '  - {sid: "fcbb:bb00:1:e001::", behavior: End.DX4, via: "10.0.13.2"}\n'
    rows = {row["sid"]: row for row in json.loads(srv6("sid show --json")[1])}
    assert rows["fcbb:bb00:1:e001::/128"]["behavior"] == "End.DX4"
    assert rows["fcbb:bb00:1:e001::/128"]["operand"] == "via 10.0.13.2 port 2"
    assert rows["fcbb:bb00:1:e000::/64"]["flavors"] == ["psp"]
    assert srv6("sid replace fcbb:bb00:1:e001::/128 End.DT4 vrf blue")[0] == 0
    assert "vrf blue" in srv6("sid show fcbb:bb00:1:e001::")[1]
    assert srv6("sid replace fcbb:bb00:1:e001::/128 End.DT4 vrf blue ttl uniform dscp pipe ecn keep")[0] == 0
    rows = {row["sid"]: row for row in json.loads(srv6("sid show --json")[1])}
    assert rows["fcbb:bb00:1:e001::/128"]["operand"] == "vrf blue ttl uniform ecn keep"
    code, _, err = srv6("sid add fcbb:bb00:1:e001:: End")
    said = "srv6: node.yaml:15: sid fcbb:bb00:1:e001:: is there already; to change it: srv6 sid replace\n"
    assert (code, err) == (3, said)
    assert srv6("sid del fcbb:bb00:1:e001::")[0] == 0
    assert node.read_text() == NODE
    code, _, err = srv6("sid del fcbb:bb00:1:e001::")
    assert (code, "no sid fcbb:bb00:1:e001::" in err) == (3, True)
    assert srv6("sid show fcbb:bb00:1:e001::")[0] == 1
    assert srv6("sid flush")[0] == 0
    assert srv6("sid show")[1] == "none\n"


def test_a_dry_run_shows_the_edit_and_changes_nothing(srv6: Run, node: Path) -> None:
    code, out, _ = srv6("sid add -n fcbb:bb00:1:e001:: End")
    assert code == 0
    assert '+  - {sid: "fcbb:bb00:1:e001::", behavior: End}' in out.splitlines()
    assert node.read_text() == NODE


def test_no_apply_edits_the_file_only(srv6: Run, node: Path) -> None:
    assert srv6("vrf add --no-apply red id 9")[0] == 0
    assert "{name: red, id: 9}" in node.read_text()


def test_a_binding_sid_of_a_policy_that_names_it_is_not_written(srv6: Run, node: Path) -> None:
    assert srv6("policy add --no-apply north segs fcbb:bb00:4::,fcbb:bb00:1:b::")[0] == 0
    before = node.read_text()
    code, _, err = srv6("sid add fcbb:bb00:1:b::/64 End.B6.Encaps policy north")
    assert (code, node.read_text()) == (3, before)
    assert "segment fcbb:bb00:1:b:: is the policy's own binding SID" in err
    assert err.count("\n") == 1
    assert srv6("policy replace --no-apply north segs fcbb:bb00:4::")[0] == 0
    assert srv6("sid add --no-apply fcbb:bb00:1:b::/64 End.B6.Encaps policy north")[0] == 0
    code, _, err = srv6("policy replace north segs fcbb:bb00:1:b::")
    assert (code, "own binding SID" in err) == (3, True)


def test_policies_and_steering(srv6: Run) -> None:
    assert srv6("policy add north segs fcbb:bb00:4::,fcbb:bb00:5:: weight 3 segs fcbb:bb00:4:: mode encap.red")[0] == 0
    assert srv6("steer add 2001:db8:99::/64 policy north")[0] == 0
    assert srv6("steer add port 1 policy north")[0] == 0
    assert srv6("steer add match protocol udp policy none")[0] == 0
    rows = json.loads(srv6("policy show --json")[1])
    assert [(row["policy"], row["mode"], row["weight"], row["segments"]) for row in rows] == [
        ("north", "encap.red", 3, ["fcbb:bb00:4::", "fcbb:bb00:5::"]),
        ("north", "encap.red", 1, ["fcbb:bb00:4::"]),
    ]
    traffic = {(row["traffic"], row["policy"]) for row in json.loads(srv6("steer show --json")[1])}
    assert {("2001:db8:99::/64", "north"), ("port 1", "north")} <= traffic
    assert ("match protocol udp", "none") in traffic
    code, _, err = srv6("policy del north")
    assert (code, "unknown policy 'north'" in err) == (3, True)
    for line in (
        "steer del match protocol udp",
        "steer del port 1",
        "steer del 2001:db8:99::/64",
        "policy del north",
    ):
        assert srv6(line)[0] == 0, line


def test_a_replaced_rule_goes_on_winning(srv6: Run, node: Path) -> None:
    """Of two rules of equal priority the first one wins; one that is replaced is still the first."""
    node.write_text(
        NODE
        + """\
policies:
  - {name: north, segments: ["fcbb:bb00:4::"]}
  - {name: south, segments: ["fcbb:bb00:5::"]}
steering:
  - {match: {protocol: udp}, policy: north}   # the first
  - {match: {src: "2001:db8::/32"}, policy: south}
"""
    )
    before = node.read_text()
    assert srv6("steer replace match protocol 17 policy south")[0] == 0
    changed = before.replace("protocol: udp}, policy: north}", "protocol: 17}, policy: south}")
    assert node.read_text() == changed
    assert srv6("steer add match protocol udp policy north") == (
        3,
        "",
        "srv6: node.yaml:19: steer match protocol udp is there already; to change it: srv6 steer replace\n",
    )
    assert srv6("neighbor replace 2001:db8:12::2 mac 02:00:00:00:02:09")[0] == 0
    assert node.read_text() == changed.replace('port: 1, mac: "02:00:00:00:02:01"', 'mac: "02:00:00:00:02:09"')
    node.write_text(before)
    assert srv6("steer del match protocol 17")[0] == 0
    assert "# the first" not in node.read_text()


def test_routes_neighbours_and_vrfs(srv6: Run) -> None:
    assert srv6("route add 2001:db8:77::/64 via 2001:db8:12::2")[0] == 0
    assert srv6("route add blackhole 2001:db8:78::/64")[0] == 0
    ways = {row["prefix"]: row["way"] for row in json.loads(srv6("route show --json")[1])}
    assert ways["2001:db8:77::/64"] == "via 2001:db8:12::2 port 1"
    assert ways["2001:db8:78::/64"] == "blackhole"
    assert ways["fcbb:bb00:1::/48"] == "local sid"
    assert srv6("neighbor add 10.0.13.2 mac 02:00:00:00:03:01")[0] == 0
    assert "02:00:00:00:03:01" in srv6("neighbor show")[1]
    assert srv6("neigh del 10.0.13.2")[0] == 0
    assert "02:00:00:00:03:01" not in srv6("neighbor show")[1]
    assert json.loads(srv6("vrf show --json")[1])[1]["interfaces"] == ["2"]


def test_neighbours_with_one_address_in_two_vrfs(srv6: Run, node: Path) -> None:
    assert srv6("vrf add red --no-apply")[0] == 0
    text = node.read_text().replace("vrf: blue}", 'vrf: blue}\n  3: {addresses: ["10.0.13.1/24"], vrf: red}')
    node.write_text(text)
    assert srv6("neighbor add 10.0.13.2 mac 02:00:00:00:03:01 --no-apply")[0] == 3, "on ports 2 and 3"
    assert srv6("neighbor add 10.0.13.2 mac 02:00:00:00:03:01 vrf blue --no-apply")[0] == 0
    assert srv6("neigh add 10.0.13.2 lladdr 02:00:00:00:03:02 dev 3 --no-apply")[0] == 0
    code, _, error = srv6("neigh del 10.0.13.2 --no-apply")
    assert (code, "10.0.13.2 is a neighbour in VRFs blue, red; say vrf V" in error) == (3, True), error
    assert srv6("neigh del 10.0.13.2 vrf red --no-apply")[0] == 0
    assert "03:01" in node.read_text() and "03:02" not in node.read_text()
    assert srv6("neigh del 10.0.13.2 port 2 --no-apply")[0] == 0
    assert "03:01" not in node.read_text()


def test_what_show_prints_is_what_add_and_del_take(srv6: Run, node: Path) -> None:
    """No masks, no priorities and numbers of the switch: rows of `show` delete what they show."""
    lines = [
        "policy add north segs fcbb:bb00:4::",
        "steer add 2001:db8:99::/64 policy north",
        "steer add 10.9.0.0/16 vrf blue policy north",
        "steer add match src 10.0.0.0/8 protocol tcp dst-port 80 vrf blue priority 7 policy north",
        "steer add match dst 2001:db8:aa::/48 src-port 9 traffic-class 4 port 1 policy none",
        "steer add match protocol 99 priority 7 policy north",
        "neighbor add 10.0.13.2 mac 02:00:00:00:03:01",
        "neighbor add fe80::1 mac 02:00:00:00:02:07 port 1",
        "route add 2001:db8:77::/64 nexthop via 2001:db8:12::2 weight 3 nexthop via 2001:db8:12::3",
        "route add 2001:db8:78::/64 via fe80::1 dev 1",
    ]
    for line in lines:
        assert srv6(line)[0] == 0, line
    rows = json.loads(srv6("steer show --json")[1])
    assert [(row["traffic"], row.get("vrf"), row.get("priority"), row["policy"]) for row in rows] == [
        ("2001:db8:99::/64", "default", None, "north"),
        ("10.9.0.0/16", "blue", None, "north"),
        ("match dst 2001:db8:aa::/48 src-port 9 traffic-class 4 port 1", None, 100, "none"),
        ("match src 10.0.0.0/8 protocol tcp dst-port 80 vrf blue", None, 7, "north"),
        ("match protocol 99", None, 7, "north"),
    ]
    ways = {row["prefix"]: row["way"] for row in json.loads(srv6("route show --json")[1])}
    assert ways["2001:db8:77::/64"] == "nexthop via 2001:db8:12::2 port 1 weight 3 nexthop via 2001:db8:12::3 port 1"
    assert ways["2001:db8:78::/64"] == "via fe80::1 port 1"
    assert ways["2001:db8:12::/64"] == "port 1"
    assert not any(row["unused"] for row in json.loads(srv6("route show --json")[1]))
    found = json.loads(srv6("neighbor show --json")[1])
    assert [(row["address"], row["port"], row["mac"], row["state"]) for row in found] == [
        ("2001:db8:12::2", "1", "02:00:00:00:02:01", "static"),
        ("fe80::1", "1", "02:00:00:00:02:07", "static"),
        ("10.0.13.2", "2", "02:00:00:00:03:01", "static"),
    ]
    for row in rows:
        scope = f" vrf {row['vrf']}" if row.get("vrf") else ""
        assert srv6(f"steer del {row['traffic']}{scope}")[0] == 0, row
    assert json.loads(srv6("steer show --json")[1]) == []
    assert srv6(f"route replace 2001:db8:77::/64 {ways['2001:db8:77::/64']}")[1].startswith(
        "r1: 0 inserted, 0 modified"
    )


def test_a_policy_without_a_valid_list_is_shown(srv6: Run, caplog: pytest.LogCaptureFixture) -> None:
    assert srv6("policy add --no-apply half segs fc00:9::1 weight 2 segs fcbb:bb00:4::")[0] == 0
    assert srv6("policy add --no-apply gone segs fc00:9::1,fc00:9::2 invalid drop")[0] == 0
    assert srv6("policy add lost segs fc00:9::1")[0] == 0
    said = [record.getMessage() for record in caplog.records if ": policy " in record.getMessage()]
    reason = "lists invalid: first segment fc00:9::1 is unreachable"
    assert said == [
        f"r1: policy half: 1 of 2 {reason}; its other lists carry the traffic",
        f"r1: policy gone: 1 of 1 {reason}; no list is valid: the traffic is dropped",
        f"r1: policy lost: 1 of 1 {reason}; no list is valid: the traffic is forwarded as if it were not steered",
    ]
    rows = {(row["policy"], ",".join(row["segments"])): row for row in json.loads(srv6("policy show --json")[1])}
    assert {key: row["state"].partition(";")[0] for key, row in rows.items()} == {
        ("half", "fcbb:bb00:4::"): "valid",
        ("half", "fc00:9::1"): "invalid: first segment fc00:9::1 is unreachable",
        ("gone", "fc00:9::1,fc00:9::2"): "invalid: first segment fc00:9::1 is unreachable",
        ("lost", "fc00:9::1"): "invalid: first segment fc00:9::1 is unreachable",
    }
    assert "the traffic is dropped" in srv6("policy show gone")[1]


def test_a_packed_list_is_shown_with_the_original_one(srv6: Run, node: Path) -> None:
    node.write_text(node.read_text() + 'sid-structures: [{sids: "fcbb:bb00::/32", nflen: 16, csid: next}]\n')
    assert srv6("policy add short segs fcbb:bb00:4::,fcbb:bb00:5::,fcbb:bb00:6:: compress auto")[0] == 0
    assert "compress: auto" in node.read_text()
    assert srv6("policy add plain segs fcbb:bb00:4::,fcbb:bb00:5::")[0] == 0
    assert srv6("policy add --no-apply far segs fc00:9::1,fcbb:bb00:4::,fcbb:bb00:5:: compress auto")[0] == 0
    rows = {row["policy"]: row for row in json.loads(srv6("policy show --json")[1])}
    original = ["fcbb:bb00:4::", "fcbb:bb00:5::", "fcbb:bb00:6::"]
    assert (rows["short"]["segments"], rows["short"]["original"]) == (["fcbb:bb00:4:5:6::"], original)
    assert (rows["plain"]["segments"], rows["plain"]["original"]) == (original[:2], None)
    far = ["fc00:9::1", "fcbb:bb00:4::", "fcbb:bb00:5::"]
    assert (rows["far"]["segments"], rows["far"]["original"]) == ([far[0], "fcbb:bb00:4:5::"], far)
    text = srv6("policy show")[1].splitlines()
    assert text[0].split()[3:5] == ["segments", "original"]
    assert text[-1].split()[3:5] == ["fcbb:bb00:4:5:6::", ",".join(original)]
    assert "original" not in srv6("policy show plain")[1]
    node.write_text(NODE)  # what the switch has was packed, and nobody knows from what
    row = next(row for row in json.loads(srv6("policy show --json")[1]) if row["segments"] == ["fcbb:bb00:4:5:6::"])
    assert row["original"] is None


def test_structures_of_sids_come_and_go(srv6: Run, node: Path) -> None:
    assert srv6("sid-structure add fcbb:bb00::/32 nflen 16 csid next")[0] == 0
    assert srv6("sid-structure add fcbb:bb00::/32 lnl 16 fl 16")[0] == 0
    assert srv6("sid-structure add 2001:db8:b2::/48 lblen 48 nflen 32 csid replace")[0] == 0
    rows = json.loads(srv6("sid-structure show --json")[1])
    assert {"sids": "fcbb:bb00::/32", "lblen": 32, "lnlen": 16, "flen": 0, "arglen": 80, "csid": "next"} in rows
    assert {"sids": "fcbb:bb00::/32", "lblen": 32, "lnlen": 16, "flen": 16, "arglen": 0, "csid": "none"} in rows
    assert {row["sids"] for row in rows} > {"fcbb:bb00:1:e000::/64"}  # its own
    code, _, err = srv6("sid-structure add fcbb:bb00::/32 nflen 16")
    assert (code, "sid-structure fcbb:bb00::/32 is there already" in err) == (3, True)
    code, _, err = srv6("sid-structure replace fcbb:bb00::/32 nflen 16 csid both")
    assert (code, "csid must be one of none, next, replace" in err) == (3, True)
    assert srv6("sid-structure replace fcbb:bb00::/32 nflen 16")[0] == 0
    assert srv6("sid-structure del fcbb:bb00::/32 nflen 32")[0] == 0
    assert "nflen: 16" in node.read_text() and "flen: 16" not in node.read_text().replace("nflen: 16", "")
    assert srv6("sid-structure del 2001:db8:b2::/48")[0] == 0
    assert srv6("sid-structure del fcbb:bb00::/32")[0] == 0
    assert srv6("sid-structure show")[1] == "none\n"


def test_a_list_that_nothing_gets_through_is_not_written(srv6: Run, node: Path) -> None:
    node.write_text(node.read_text() + 'sid-structures: [{sids: "fcbb:bb00::/32", nflen: 16, csid: next}]\n')
    before = node.read_text()
    code, _, err = srv6("policy add p segs fcbb:bb00:4:0:5::")
    assert (code, "fcbb:bb00:4:0:5:: has a C-SID 0 with others behind it" in err) == (3, True)
    code, _, err = srv6("policy add p segs fcbb:bb00:4:: compress zip")
    assert (code, "compress must be one of off, auto, next, replace, not 'zip'" in err) == (3, True)
    assert node.read_text() == before


def test_rules_are_shown_in_the_words_that_make_them(srv6: Run) -> None:
    """What an SRH is asked for comes back from the entries that it takes; ``del`` takes the words as they are shown."""
    wanted = [
        "srh true",
        "srh-segments-left 0",
        "srh-segments-left 3",
        "srh-segments-left <2",
        "srh-segments-left >6",
        "dscp 46 srh-next-header udp srh-length 6-15 srh-segments-left 1-2 srh-last-entry 2-3 srh-tag 7",
        "src 2001:db8::/32 srh-last-entry <200 srh-tag 9",
        "srh-length 5-9",
        "srh-segments-left 0 srh-last-entry 1-2",
        "srh-next-segment fcbb:bb00::/32",
    ]
    actions = ("policy none", "action drop", "action count")
    for index, words in enumerate(wanted):
        assert srv6(f"steer add match {words} priority {900 - index} {actions[index % 3]}")[0] == 0, words
    rows = json.loads(srv6("steer show --json")[1])
    assert [row["traffic"] for row in rows] == [f"match {words}" for words in wanted]
    assert [(row["policy"], row["action"]) for row in rows[:3]] == [("none", None), (None, "drop"), (None, "count")]
    assert {row["packets"] for row in rows} == {0}
    for row in rows:
        code, _, err = srv6(f"steer del {row['traffic']}")
        assert code == 0, err
    assert json.loads(srv6("steer show --json")[1]) == []


def test_candidate_paths_are_shown_with_why_they_are_not_active(srv6: Run) -> None:
    words = "path a preference 200 segs fcbb:bb00:4:: path b segs fcbb:bb00:5:: path c segs fc00:9::1"
    assert srv6(f"policy add p color 7 endpoint 2001:db8::9 bsid dynamic {words}")[0] == 0

    def shown() -> dict[str, tuple[str, str | None]]:
        rows = json.loads(srv6("policy show p --json")[1])
        assert all(row["color"] == 7 and row["endpoint"] == "2001:db8::9" and len(row["bsids"]) == 1 for row in rows)
        return {row["path"]: (row["state"].partition(";")[0], row["via"]) for row in rows}

    assert shown() == {
        "a": ("valid", "2001:db8:12::2 port 1"),
        "b": ("not active: preference 100 is lower than 200", None),
        "c": ("invalid: first segment fc00:9::1 is unreachable", None),
    }
    text = srv6("policy show p")[1].splitlines()
    assert text[0].split()[:8] == ["policy", "color", "endpoint", "bsids", "mode", "path", "preference", "weight"]
    assert "color" not in srv6("policy replace q segs fcbb:bb00:4::")[1] + srv6("policy show q")[1]


def test_a_node_file_of_another_router_is_said_to_be_one(srv6: Run, node: Path) -> None:
    text = NODE.replace("02:00:00:00:01:0", "02:00:00:00:09:0").replace("[blue]", "[red]").replace("blue", "red")
    node.write_text(text.replace("node: r1", "node: r9"))
    said = "srv6: node.yaml is the file of another router: port 1 of"
    code, out, err = srv6("sid show")
    assert (code, err.startswith(said), err.count("\n")) == (0, True, 1)
    assert "has MAC 02:00:00:00:01:01, that of r9 has 02:00:00:00:09:01" in err
    code, out, err = srv6("route show")
    assert ("via next hop #" in out, "via 2001:db8:12::2" in out) == (True, False)
    code, out, err = srv6("route show -c node.yaml")  # by name: its names, and the warning
    assert ("via 2001:db8:12::2" in out, err.startswith(said)) == (True, True)
    assert srv6("show ports")[2].startswith(said)
    for command in (["ip route show"], ["ip neigh show"], ["trace", "(2001:db8:12::2,2001:db8:99::1) UDP 1>2"]):
        assert srv6(*command)[2].startswith(said), command
    node.write_text(NODE)
    assert srv6("sid show")[2] == ""
    node.write_text(NODE + "device-id: 7\n")
    assert "has device id 1, r1 has 7" in srv6("sid show --device-id 1")[2]


def test_iproute2_and_srconf(srv6: Run, node: Path) -> None:
    assert srv6("ip -6 route add 2001:db8:77::/64 encap seg6 mode encap segs fcbb:bb00:4:: dev 1")[0] == 0
    assert srv6("ip route add fcbb:bb00:1:e002:: encap seg6local action End.X nh6 2001:db8:12::2 dev 1")[0] == 0
    assert srv6("srconf localsid add fcbb:bb00:1:e003:: end.dx4 ip 10.0.13.2 2")[0] == 0
    behaviors = {row["sid"]: row["behavior"] for row in json.loads(srv6("sid show --json")[1])}
    assert behaviors["fcbb:bb00:1:e002::/128"] == "End.X"
    assert behaviors["fcbb:bb00:1:e003::/128"] == "End.DX4"
    assert "policy route-2001:db8:77::-64" in srv6("route show 2001:db8:77::/64")[1]
    assert srv6("srconf localsid del fcbb:bb00:1:e003::")[0] == 0
    assert srv6("ip -6 route del 2001:db8:77::/64")[0] == 0
    assert srv6("ip route del fcbb:bb00:1:e002::")[0] == 0
    assert [line for line in node.read_text().splitlines() if line] == [
        *NODE.splitlines(),
        "policies:",
        "steering:",
    ]
    assert srv6("ip sr tunsrc set fcbb:bb00:1::2")[0] == 0
    assert srv6("ip sr tunsrc show")[1] == "tunsrc addr fcbb:bb00:1::2\n"


def test_counters_and_drops(srv6: Run, switch: SoftSwitch) -> None:
    assert srv6("sid clear-counters")[0] == 0
    before = {row["reason"]: row["packets"] for row in json.loads(srv6("show drops --json --all")[1])}
    for text in (THROUGH, THROUGH, NOWHERE):
        switch.inject(1, frame(text, MAC))
    switch.flush()
    [row] = json.loads(srv6("sid show --json")[1])
    # Bytes count from the IPv6 header on (CNT-1).
    assert (row["packets"], row["bytes"]) == (2, 2 * (len(frame(THROUGH, MAC)) - 14))
    after = {row["reason"]: row for row in json.loads(srv6("show drops --json")[1])}
    assert after["NO_ROUTE"]["packets"] == before["NO_ROUTE"] + 1
    _, text, _ = srv6("show drops")
    assert "no route to the destination" in text
    counters = json.loads(srv6("show counters --json")[1])
    assert {"sids", "policies", "ports", "drops", "punts"} == set(counters)
    assert [row["reason"] for row in counters["punts"]] == ["NO_ROUTE"]
    ports = {row["port"]: row for row in json.loads(srv6("show ports --json")[1])}
    assert ports[1]["out_packets"] >= 2
    assert srv6("sid clear-counters fcbb:bb00:1:e000::")[1] == "counters of 1 SIDs cleared\n"
    assert json.loads(srv6("sid show --json")[1])[0]["packets"] == 0


def test_what_was_dropped_over_a_limit_is_shown_by_port(srv6: Run, switch: SoftSwitch, node: Path) -> None:
    node.write_text(NODE + "icmp: {rate: 1, burst: 2}\n")
    assert srv6("apply node.yaml")[0] == 0
    before = {row["port"]: row["packets"] for row in limited(srv6)}
    for _ in range(20):
        switch.inject(1, frame(NOWHERE, MAC))
    switch.flush()
    [row] = limited(srv6)
    lost = row["packets"] - before.get(1, 0)
    assert (row["port"], row["limit"]) == (1, "NO_ROUTE")
    assert 0 < lost <= 18
    assert "Over the limit of their port" in srv6("show counters")[1]


def limited(srv6: Run) -> list[dict[str, Any]]:
    rows = {row["reason"]: row for row in json.loads(srv6("show drops --json")[1])}
    return rows["PUNT_RATE_LIMITED"]["ports"] if "PUNT_RATE_LIMITED" in rows else []


def test_sessions_and_tables(srv6: Run) -> None:
    data = json.loads(srv6("show sessions --json")[1])
    assert data["profile"] in artifacts.available()
    # Objects, not lines of text in JSON.
    assert data["clone_sessions"] == [{"session_id": 1, "replicas": [{"port": 510, "instance": 1}]}]
    assert data["meters"]["1"]["NO_ROUTE"] == {"rate": 100, "burst": 50}
    assert data["meters"]["1"]["passes"] == {"rate": 3000, "burst": 400}
    assert "limit NO_ROUTE: 100/s, burst 50, ports 1, 2" in srv6("show sessions")[1]
    sizes = {row["table"]: row["entries"] for row in json.loads(srv6("show tables --json")[1])}
    assert sizes["my_sid_table"] == 1
    [entry] = json.loads(srv6("show tables my_sid_table --json")[1])
    assert entry["match"] == {"vrf_id": 0, "ipv6_dst": "fcbb:bb00:1:e000::/64"}
    assert (entry["action"]["name"], entry["action"]["params"]["flavors"]) == ("end", 1)
    line = "my_sid_table vrf_id=0 ipv6_dst=fcbb:bb00:1:e000::/64 -> end("
    assert srv6("show tables my_sid_table")[1].startswith(line)
    code, _, err = srv6("show tables my_sid")
    assert (code, "did you mean 'my_sid_table'" in err) == (5, True)


@pytest.mark.parametrize("election_id", [1, 1 << 61])
def test_sessions_say_who_is_primary(election_id: int, srv6: Run, switch: SoftSwitch, node: Path) -> None:
    assert "primary: nobody" in srv6("show sessions")[1].splitlines()
    assert json.loads(srv6("show sessions --json")[1])["primary"] is None
    with Client(switch.address, 1, election_id=election_id) as controller:
        controller.become_primary(force=True)
        number = controller.election_id
        assert f"primary: a controller with election id {number}" in srv6("show sessions")[1].splitlines()
        with Saying(Follower.of(controller, "r1", node)):
            primary = json.loads(srv6("show sessions --json")[1])["primary"]
            assert primary == {"election_id": number, "process": os.getpid(), "file": str(node)}
            assert f"primary: process {os.getpid()}, for {node}, with" in srv6("show sessions")[1]
        assert controller.is_primary


def test_trace(srv6: Run) -> None:
    code, out, _ = srv6("trace", THROUGH)
    assert code == 0
    assert out.startswith(f"{THROUGH}\n")
    assert "my_sid_table" in out and "end(" in out
    assert json.loads(srv6("trace --json", frame(NOWHERE, MAC).hex())[1])["port"] == 1
    code, _, err = srv6("trace --port 9", THROUGH)
    assert (code, err) == (2, "srv6: port 9 is not in the node file; valid: 1, 2\n")


def test_trace_without_a_switch(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "--offline", THROUGH]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{THROUGH}\n") and "end(" in out


def test_a_running_controller_is_left_alone(srv6: Run, switch: SoftSwitch, node: Path) -> None:
    with Client(switch.address, 1, election_id=1 << 61) as controller:
        controller.become_primary(force=True)
        code, _, err = srv6("apply node.yaml")
        assert (code, "another controller is primary" in err) == (5, True)
        code, _, err = srv6("vrf add red")
        assert code == 5
        said = "another controller is primary, and it does not say what it follows, so node.yaml is not saved"
        assert err.startswith(f"srv6: {switch.address}: {said}") and err.count("\n") == 1
        assert node.read_text() == NODE
        assert srv6("vrf add red --no-apply")[0] == 0
        assert "red" in node.read_text()
        assert srv6("apply node.yaml --force")[0] == 0
        assert not controller.is_primary or controller.arbitrate().is_primary


def test_a_controller_with_the_highest_election_id_cannot_be_outbid(srv6: Run, switch: SoftSwitch) -> None:
    with Client(switch.address, 1, election_id=MAX_ELECTION_ID) as controller:
        controller.become_primary()
        for command in ("apply node.yaml", "apply node.yaml --force"):
            code, _, err = srv6(command)
            assert (code, len(err.splitlines())) == (5, 1)
            assert "a controller has the highest election id that there is (2**128-1)" in err
            assert err.endswith("stop that controller, or restart the switch, which forgets election ids\n")
    assert srv6("apply node.yaml")[0] == 0


@pytest.mark.parametrize("election_id", [1, 2])
def test_a_controller_with_a_low_election_id_is_not_taken_from(
    election_id: int, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As those of labs and scripts have: 1 is the default of the library."""
    with (
        SoftSwitch(None, ports=[1, 2], device_id=1) as fresh,
        Client(fresh.address, 1, election_id=election_id) as controller,
    ):
        monkeypatch.setenv("SRV6_GRPC_ADDR", fresh.address)
        controller.become_primary()
        for line in ("apply node.yaml", "sid add fcbb:bb00:1:e001:: End", "sid clear-counters"):
            assert main(line.split()) == 5, line
            assert "another controller is primary" in capsys.readouterr().err
        assert controller.is_primary
        assert node.read_text() == NODE
        assert main(["apply", "node.yaml", "--force"]) == 0
        assert "inserted" in capsys.readouterr().out


def test_an_edit_says_whether_the_controller_applies_it(srv6: Run, switch: SoftSwitch, node: Path) -> None:
    other = node.parent / "other.yaml"
    other.write_text(NODE)
    link = node.parent / "link.yaml"
    link.symlink_to(node)
    with Client(switch.address, 1, election_id=1 << 61) as controller:
        controller.become_primary(force=True)
        with Saying(Follower.of(controller, "r1", node)):
            code, out, err = srv6("vrf add red -c link.yaml --json")
            said = f"link.yaml: saved; the controller that follows it (process {os.getpid()}) applies it\n"
            assert (code, err) == (0, said)
            assert json.loads(out) == {"file": "link.yaml", "applied": False, "controller": os.getpid()}
            code, _, err = srv6("vrf add red -c other.yaml")
            assert code == 5
            assert f"it follows {node} (process {os.getpid()}), so other.yaml is not saved" in err
            assert other.read_text() == NODE
            assert f"(process {os.getpid()}, for {node})" in srv6("apply other.yaml")[2]
        with Saying(Follower.of(controller, "r1", node)) as says:  # it has outbid somebody since
            says.election_id(7)
            code, _, err = srv6("vrf add green")
            assert (code, err.endswith(f"(process {os.getpid()}) applies it, once it is primary\n")) == (0, True)
        assert srv6("vrf add violet")[0] == 5  # it has gone


def test_an_edit_without_address_finds_the_switch_of_the_controller_that_follows_the_file(
    srv6: Run, switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SRV6_GRPC_ADDR", raising=False)
    with Client(switch.address, 1, election_id=1 << 61) as controller:
        controller.become_primary(force=True)
        with Saying(Follower.of(controller, "r1", node)):
            code, _, err = srv6("vrf add red")
            said = f"node.yaml: saved; the controller that follows it (process {os.getpid()}) applies it\n"
            assert (code, err) == (0, said)


def test_what_a_killed_controller_said_counts_no_more(srv6: Run, switch: SoftSwitch, node: Path) -> None:
    with Client(switch.address, 1, election_id=1 << 61) as controller:
        controller.become_primary(force=True)
        with Saying(Follower.of(controller, "r1", node)):
            [path] = [path for path in following_files() if f"{os.getpid()}-" in path.name]
            text = path.read_text()
        path.write_text(text)
        assert srv6("vrf add red")[0] == 5
        assert not path.exists()


def test_what_a_controller_says_anew_is_not_removed_with_what_it_said_before(
    switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that a command has opened is replaced, and given up, before the command looks whose it is."""
    with Client(switch.address, 1, election_id=7) as controller, Saying(Follower.of(controller, "r1", node)) as saying:
        lock = fcntl.flock

        def late(file: Any, how: int) -> None:
            if how & fcntl.LOCK_SH:
                saying.election_id(8)
            lock(file, how)

        monkeypatch.setattr(fcntl, "flock", late)
        assert not [each for each in following.followers() if each.pid == os.getpid()]
        monkeypatch.undo()
        assert [each.election_id for each in following.followers() if each.pid == os.getpid()] == [8]


def following_files() -> list[Path]:
    """What controllers say on this machine."""
    return [path for folder in rundir.folders() for path in folder.glob("*.json")]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """A second profile: the same program in other bytes."""
    full = artifacts.find()
    made = Artifacts("small", tmp_path / "small.json", full.p4info, full.manifest)
    made.json.write_bytes(full.json.read_bytes() + b"\n")

    def find(name: str = artifacts.DEFAULT) -> Artifacts:
        return {"small": made, artifacts.DEFAULT: full}[name]

    for module in ("srv6cp.cli.session", "srv6cp.sync.program"):
        monkeypatch.setattr(f"{module}.PROFILES", ("small", artifacts.DEFAULT))
        monkeypatch.setattr(f"{module}.find", find)
    return made


def test_apply_changes_the_profile_and_edits_keep_it(srv6: Run, switch: SoftSwitch, small: Artifacts) -> None:
    def runs() -> int | None:
        with Client(switch.address, 1) as client:
            return client.get_pipeline_cookie()

    assert runs() == Program.read().cookie
    assert "it would be loaded first" in srv6("apply node.yaml --profile small --dry-run")[2]
    assert srv6("apply node.yaml --profile small")[0] == 0
    assert srv6("vrf add red")[0] == 0
    assert srv6("apply node.yaml")[1].startswith("r1: 0 inserted, 0 modified, 0 deleted")
    assert runs() == Program.read(small).cookie
    assert srv6(f"apply node.yaml --profile {artifacts.DEFAULT}")[0] == 0
    assert runs() == Program.read().cookie
    assert srv6("apply node.yaml --profile tiny") == (
        2,
        "",
        f"srv6: no profile 'tiny'; there are: small, {artifacts.DEFAULT}\n",
    )


@pytest.mark.parametrize("given", ["small", None])
def test_run_controls_with_its_profile(
    given: str | None, srv6: Run, small: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the one that the switch runs: it is started for this."""
    seen: list[Any] = []

    def controller(_client: Any, _node: Any, _options: Any, program: Artifacts, _changing: Any) -> None:
        seen.append(program)
        raise CliError("enough", 1)

    monkeypatch.setattr("srv6cp.controller.loop.NodeController", controller)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    srv6(f"run node.yaml --switch none {f'--profile {given}' if given else ''}")
    assert seen == [small if given else artifacts.find()]


@pytest.mark.parametrize(
    "line", ["apply node.yaml", "sid show", "show drops", "sid clear-counters", "trace 00" + 14 * "00"]
)
def test_a_dead_switch(line: str, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = free_address()
    assert main([*line.split(), "--grpc-addr", address]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"srv6: no P4Runtime server answers at {address}")
    assert err.count("\n") == 1


def test_an_edit_for_a_dead_switch_is_saved(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vrf", "add", "red", "--grpc-addr", free_address()]) == 4
    assert capsys.readouterr().err.startswith("node.yaml: saved, but not applied:\nsrv6: no P4Runtime server")
    assert "red" in node.read_text()


def test_a_switch_that_cannot_be_started(
    node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 where there is none, 4 where it does not start; one line each."""
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["run", "node.yaml", "--switch", "bmv2"]) == 1
    missing = "srv6: simple_switch_grpc is not on PATH; install BMv2, or use --switch softswitch\n"
    assert capsys.readouterr() == ("", missing)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["run", "node.yaml", "--switch", "softswitch", "--grpc-addr", address]) == 4
    somebody = f"srv6: softswitch does not start: somebody listens at {address} already; stop it, "
    assert capsys.readouterr().err.startswith(somebody)


USAGE = [
    ([], "COMMAND"),
    (["sid"], "usage: srv6 sid"),
    (["nonsense"], "invalid choice"),
    (["sid", "add", "fc00::1"], "no behaviour is given"),
    (["steer", "add", "port", "1"], "'policy' is missing"),
    (["trace", "nonsense"], "neither a file"),
    (["apply", "node.yaml", "--election-id", "0"], "--election-id: must be a number from 1 to 2**128-1, not '0'"),
    (["run", "node.yaml", "--switch", "softswitch", "-i", "veth0"], "write PORT@IFACE"),
    (["ip", "tunnel", "show"], "unknown word 'tunnel'; valid: neigh, route, sr"),
    (["srconf", "srdev"], "only `srconf localsid` exists"),
]


@pytest.mark.parametrize(("argv", "message"), USAGE)
def test_usage(argv: list[str], message: str, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert message in out + err


def test_no_node_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SRV6_NODE", raising=False)
    assert main(["vrf", "add", "x"]) == 2
    assert "no node file: give -c NODE.YAML" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["apply bad.yaml", "config check bad.yaml", "run bad.yaml", "sid show -c bad.yaml"])
def test_a_bad_node_file(line: str, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (node.parent / "bad.yaml").write_text("node: r1\nsids:\n  - {sid: 'fc00::1', behavior: Endd}\n")
    assert main(line.split()) == 3
    out, err = capsys.readouterr()
    assert "bad.yaml:3: sids[0].behavior: unknown behaviour 'Endd'; did you mean End?" in out + err
    assert "Traceback" not in err


def test_config_check(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "node.yaml"]) == 0
    assert capsys.readouterr().out == "node.yaml: r1 ok, 1 sids, 1 routes, 0 policies, 0 steering, 2 ports\n"
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "SRv6 node"


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    states = {check["check"]: check["state"] for check in report["checks"]}
    assert report["ok"]
    assert states["softswitch"] == states["compiled program"] == states["p4runtime"] == "ok"


_OPEN = """\
node: r1
ports:
  1: {addresses: ["2001:db8:1::1/64"], role: external}
sr-domain: {sid-block: "fcbb:bb00::/32", sources: ["fcbb:bb00::/32"]}
sids:
  - {sid: "fcbb:bb00:1:e000::/64", behavior: End}
  - {sid: "fd00::1", behavior: End}
"""
_OPEN_SID = "SID fd00::1/128 is in no sid-block, so that external ports reach it; only sr-domain.sources guards it"


def test_sid_outside_the_block_is_warned_of_by_check_apply_and_doctor(
    node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (node.parent / "open.yaml").write_text(_OPEN)
    warned = f"warning: open.yaml:7: sids[1]: {_OPEN_SID}\n"
    assert main(["config", "check", "open.yaml"]) == 0
    assert capsys.readouterr().out.endswith(warned)
    assert main(["config", "check", "--json", "open.yaml"]) == 0
    assert [each["line"] for each in json.loads(capsys.readouterr().out)[0]["warnings"]] == [7]
    assert main(["doctor", "-c", "open.yaml", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert checks[-1] == {"check": "node file", "state": "warning", "detail": f"open.yaml:7: sids[1]: {_OPEN_SID}"}
    assert main(["sid", "add", "fcbb:bb00:1:e001::/64", "End", "-c", "open.yaml", "--no-apply"]) == 0
    assert capsys.readouterr().err == warned
    assert main(["apply", "--grpc-addr", "127.0.0.1:1", "open.yaml"]) == 4
    assert capsys.readouterr().err.startswith(warned)
    (node.parent / "candidate.yaml").write_text(_OPEN)
    assert main(["apply", "candidate.yaml", "--into", "open.yaml", "--grpc-addr", "127.0.0.1:1"]) == 4
    assert capsys.readouterr().err.count("warning: ") == 1


def test_external_port_without_sid_block_is_refused_by_check_apply_and_doctor(
    node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (node.parent / "open.yaml").write_text(_OPEN.replace('sid-block: "fcbb:bb00::/32", ', ""))
    for line in ("config check open.yaml", "apply open.yaml", "run open.yaml"):
        assert main(line.split()) == 3
        assert "open.yaml:3: ports[1]: port 1 is external, but nothing is closed to it" in "".join(capsys.readouterr())
    assert main(["doctor", "-c", "open.yaml"]) == 1
    out = capsys.readouterr().out
    assert "open.yaml:3: ports[1]: port 1 is external" in out and out.endswith("the node file is wrong\n")


def test_without_the_lab_the_rest_works(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "srv6lab.cli", None)
    assert main(["config", "schema"]) == 0
    capsys.readouterr()
    assert main(["lab", "up", "x.yaml", "--shell"]) == 1
    assert capsys.readouterr().err == "srv6: srv6 lab needs the package srv6lab: reinstall srv6-p4\n"


def test_what_the_lab_needs_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "srv6lab.commands", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert main(["lab", "list"]) == 1
    assert capsys.readouterr().err == "srv6: srv6 lab needs the module yaml: pip install yaml\n"


def test_no_command_is_imported_before_it_runs() -> None:
    """What every command would otherwise wait for: gRPC, protobuf, the lab."""
    code = (
        "import sys; from srv6cp.cli.main import build_parser; build_parser();"
        "print(*{'grpc', 'google.protobuf', 'scapy', 'shtab', 'srv6cp.p4rt', 'srv6lab.topology'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a parser's commands by name and alias."""
    (action,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


def test_a_line_is_read_by_the_parser_of_its_command_as_by_that_of_all() -> None:
    """``srv6 sid show`` builds no parser of ``srv6 lab``; where there is no such command, all are named."""
    whole = commands(build_parser())
    for word, parser in whole.items():
        alone = commands(build_parser(word))
        assert alone[word].format_help() == parser.format_help()
        assert len(alone) < len(whole) / 2
    for word in ("nonsense", "objects", "", None):
        assert commands(build_parser(word)).keys() == whole.keys()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"srv6 \S+\n", capsys.readouterr().out)
