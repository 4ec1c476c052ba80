# SPDX-License-Identifier: Apache-2.0
"""``srv6 oam show``: copies of packets with the O flag, from the switch and from the controller's journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import wire
from softswitch.switch import SoftSwitch
from srv6cp import rundir
from srv6cp.cli.main import main
from srv6cp.config import load_node
from srv6cp.controller.loop import ControllerOptions, NodeController
from srv6cp.controller.oam import journal_name, own_journal
from srv6cp.p4rt import Client

NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
ports:
  1: {addresses: ["2001:db8:1::1/64"], mac: "02:00:00:00:00:01"}
  2: {addresses: ["2001:db8:2::1/64"]}
neighbors: [{address: "2001:db8:2::2", port: 2, mac: "02:00:00:00:00:99"}]
routes: [{prefix: "fcbb:bb00:2::/48", via: "2001:db8:2::2"}]
sids: [{sid: "fcbb:bb00:1:1::/64", behavior: End}]
oam: {o-flag: true}
"""
SID, LAST = "fcbb:bb00:1:1::", "fcbb:bb00:2::"


def test_what_was_copied(
    switch: SoftSwitch, node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    monkeypatch.setattr(rundir, "_candidates", lambda: [folder])
    monkeypatch.setattr(rundir, "own", lambda: folder)
    packet = wire.ip6("2001:db8:1::2", SID, wire.srh([LAST, SID], sl=1, flags=0x20, payload=wire.ip6(SID, LAST, b"")))
    frame = bytes(wire.ether(packet, dst="02:00:00:00:00:01", src="02:00:00:00:00:02"))
    with Client(switch.address, device_id=1, election_id=9) as client:
        journal = own_journal(client.device_id, client.address)
        with NodeController(client, load_node(node), ControllerOptions(oam_journal=journal)) as controller:
            for _ in range(3):
                switch.inject(1, frame)
            controller.settle()
            words = ["oam", "show", "-c", str(node), "--grpc-addr", switch.address]
            assert main([*words, "--json", "-n", "2"]) == 0
            said = json.loads(capsys.readouterr().out)
            assert main(words) == 0
            text = capsys.readouterr().out
    assert said["sids"] == ["fcbb:bb00:1:1::/64"]
    assert said["ports"] == [{"port": 1, "copies": 3, "limited": 0}]
    assert [(copy["sid"], copy["port"], copy["segments_left"]) for copy in said["copies"]] == [(SID, 1, 1)] * 2
    assert "SIDs that copy: fcbb:bb00:1:1::/64" in text and text.count(f"({LAST},{SID}; SL=1)") == 3
    assert (folder / journal_name(1, switch.address)).stat().st_mode & 0o777 == 0o600
