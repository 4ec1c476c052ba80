# SPDX-License-Identifier: Apache-2.0
"""``srv6 service-path`` and ``srv6 search-table`` on a switch, and traces of End.NSH and End.S."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import wire
from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.cli.main import main
from srv6cp.config import load_node
from srv6cp.controller.loop import NodeController
from srv6cp.p4rt import Client

NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
ports:
  1: {addresses: ["2001:db8:1::1/64"], mac: "02:00:00:00:00:01"}
  2: {addresses: ["2001:db8:2::1/64"]}
neighbors: [{address: "2001:db8:2::2", port: 2, mac: "02:00:00:00:00:99"}]
sids:
  - {sid: "fcbb:bb00:1:84::/64", behavior: End.NSH}
  - {sid: "fcbb:bb00:1:5::/64", behavior: End.S, table: content}
service-paths: [{name: firewall, spi: 42, si: 255, via: "2001:db8:2::2"}]
search-tables: [{name: content, entries: [{target: "2001:db8:c::/48", via: "2001:db8:2::2"}]}]
"""
HOST, CONTENT = "2001:db8:1::2", "2001:db8:c::1"


def test_show_and_trace(switch: SoftSwitch, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-c", str(node), "--grpc-addr", switch.address]
    assert main(["apply", str(node), "--grpc-addr", switch.address, "--profile", "services"]) == 0
    nsh = wire.Part(bytes((0x03, 0xF2, 2, 1, 0, 0, 42, 255)) + b"data", 145)
    frames = [
        bytes(wire.ether(wire.ip6(HOST, sid, wire.srh([CONTENT, sid], sl=1, payload=payload)),
                         dst="02:00:00:00:00:01", src="02:00:00:00:00:02"))
        for sid, payload in (("fcbb:bb00:1:84::", nsh), ("fcbb:bb00:1:5::", wire.udp(b"", between=(HOST, CONTENT))))
    ]  # fmt: skip
    switch.inject(1, frames[0])
    capsys.readouterr()
    assert main(["service-path", "show", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"spi": 42, "si": 255, "via": "2001:db8:2::2 port 2", "packets": 1, "returned": 0, "headers": ""}
    ]
    assert main(["search-table", "show", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"table": "content", "target": "2001:db8:c::/48", "via": "2001:db8:2::2 port 2"}
    ]
    assert main(["sid", "show", *words]) == 0
    shown = capsys.readouterr().out
    assert "End.NSH" in shown and "End.S" in shown and "table content" in shown
    for frame, expected in zip(frames, ("NSH", "found_nexthop"), strict=True):
        assert main(["trace", frame.hex(), "--port", "1", *words]) == 0
        assert expected in capsys.readouterr().out


def test_headers_are_shown_and_flushed(switch: SoftSwitch, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a controller has learned; whoever flushes it becomes primary."""
    words = ["-c", str(node), "--grpc-addr", switch.address]
    sid = "fcbb:bb00:1:84::"
    nsh = wire.Part(bytes((0x03, 0xF2, 2, 1, 0, 0, 42, 255)) + b"data", 145)
    packet = wire.ip6(HOST, sid, wire.srh([CONTENT, CONTENT, sid], sl=2, payload=nsh))
    frame = bytes(wire.ether(packet, dst="02:00:00:00:00:01", src="02:00:00:00:00:02"))
    program = artifacts.find("services")
    with (
        Client(switch.address, device_id=1, election_id=9) as client,
        NodeController(client, load_node(node), program=program) as controller,
    ):
        switch.inject(1, frame)
        controller.settle()
    capsys.readouterr()
    assert main(["service-path", "show", *words, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["headers"] == f"({HOST},{CONTENT}; SL=1 of 3)"
    assert main(["service-path", "flush", *words, "--force"]) == 0
    assert "headers of 1 service paths flushed" in capsys.readouterr().out
    assert main(["service-path", "show", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["headers"] == ""


def test_words(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(
            ["service-path", "add", "ids", "spi", "7", "si", "9", "via", "2001:db8:2::2", "-c", str(node), "--dry-run"]
        )
        == 0
    )
    assert "ids" in capsys.readouterr().out
