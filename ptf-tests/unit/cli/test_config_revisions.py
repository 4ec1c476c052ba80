# SPDX-License-Identifier: Apache-2.0
"""``srv6 config history|show|diff|rollback``, and which commands make revisions."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.cli.running import NODE, Router, wait_for

from softswitch.switch import SoftSwitch
from srv6cp.cli.main import main
from srv6cp.cli.revisions import Revisions

Run = Callable[..., tuple[int, str, str]]


def sid(number: int) -> str:
    return f'  - {{sid: "fcbb:bb00:1:{number:x}::", behavior: End}}\n'


@pytest.fixture
def srv6(switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("SRV6_GRPC_ADDR", switch.address)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        return code, *capsys.readouterr()

    return run


def history(srv6: Run) -> list[dict[str, Any]]:
    code, out, _ = srv6("config", "history", "--json")
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_every_command_that_changes_the_file_makes_a_revision(srv6: Run, node: Path, switch: SoftSwitch) -> None:
    assert srv6("config", "history")[1] == "node.yaml: no revision yet\n"
    assert srv6("apply", "node.yaml", "--comment", "the first")[0] == 0
    assert srv6("apply", "node.yaml")[0] == 0  # no other content
    assert srv6("sid", "add", "fcbb:bb00:1:2::", "End")[0] == 0
    assert srv6("ip", "-6", "route", "add", "blackhole", "2001:db8:dead::/48")[0] == 0
    assert srv6("sid", "add", "--no-apply", "--comment", "for later", "fcbb:bb00:1:3::", "End")[0] == 0
    assert srv6("sid", "add", "--dry-run", "fcbb:bb00:1:4::", "End")[0] == 0
    assert [(row["number"], row["command"], row["comment"], row["applied"]) for row in history(srv6)] == [
        (1, "srv6 apply node.yaml --comment 'the first'", "the first", True),
        (2, "srv6 sid add fcbb:bb00:1:2:: End", "", True),
        (3, "srv6 ip -6 route add blackhole 2001:db8:dead::/48", "", True),
        (4, "srv6 sid add --no-apply --comment 'for later' fcbb:bb00:1:3:: End", "for later", False),
    ]
    first = history(srv6)[0]
    assert (first["node"], first["device_id"], first["address"]) == ("r1", 1, switch.address)
    heading, *rows = srv6("config", "history")[1].splitlines()
    assert heading.split() == ["revision", "time", "user", "state", "command", "comment"]
    assert rows[3].split()[3] == "saved" and len(rows) == 4
    assert srv6("apply", "node.yaml")[0] == 0
    assert [row["applied"] for row in history(srv6)] == [True] * 4


def test_what_was_written_by_hand_is_kept_before_a_command_edits_it(srv6: Run, node: Path) -> None:
    """The first edit of a file can be taken back, and nothing is lost that was never applied."""
    assert srv6("sid", "add", "fcbb:bb00:1:2::", "End")[0] == 0
    node.write_text(node.read_text() + sid(3))
    assert srv6("sid", "add", "fcbb:bb00:1:4::", "End")[0] == 0
    found = history(srv6)
    assert [(row["number"], row["comment"], row["applied"]) for row in found] == [
        (1, "as it was found in the file", True),
        (2, "", True),
        (3, "as it was found in the file", False),
        (4, "", True),
    ]
    assert srv6("config", "show", "1")[1] == NODE
    assert srv6("config", "show", "3")[1] == NODE + sid(2) + sid(3)


def test_what_was_refused_is_no_revision(srv6: Run, node: Path) -> None:
    assert srv6("apply", "node.yaml")[0] == 0
    node.write_text(NODE + "  - {sid: nonsense, behavior: End}\n")
    assert srv6("apply", "node.yaml")[0] == 3
    assert len(history(srv6)) == 1


def test_a_difference_is_shown_as_text_and_counted(srv6: Run, node: Path) -> None:
    srv6("apply", "node.yaml")
    srv6("sid", "add", "fcbb:bb00:1:2::", "End")
    node.write_text(node.read_text().replace("12::1/64", "12::9/64"))
    code, out, _ = srv6("config", "diff")  # from the newest revision to the file
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("--- node.yaml (revision 2, ") and lines[1] == "+++ node.yaml"
    assert '-ports: {1: {addresses: ["2001:db8:12::1/64"]}}' in lines
    assert '+ports: {1: {addresses: ["2001:db8:12::9/64"]}}' in lines
    assert lines[-1] == "ports: 1 changed"
    assert srv6("config", "diff", "1", "2", "--stat")[1] == "SIDs: 1 added\n"
    assert srv6("config", "diff", "2", "1", "--stat")[1] == "SIDs: 1 removed\n"
    assert srv6("config", "rollback", "1", "--dry-run")[1].count("\n-") == 2  # a port, a SID
    assert srv6("config", "diff", "1", "1")[1] == "no object differs\n"
    text = json.loads(srv6("config", "diff", "1", "--json")[1])
    assert (text["from"], text["to"], text["objects"][0]) == (
        *(1, None),
        {"kind": "SIDs", "added": 1, "removed": 0, "changed": 0},
    )
    assert srv6("config", "diff", "1", "2", "1")[::2] == (2, "srv6: diff takes two revisions at most\n")
    node.write_text("node: [\n")
    assert srv6("config", "diff", "--stat")[1].startswith("no valid node: node.yaml:")


def test_rollback_writes_the_file_applies_it_and_is_a_revision(srv6: Run, node: Path) -> None:
    real = node.rename(node.with_name("real.yaml"))
    real.chmod(0o640)
    node.symlink_to(real)
    srv6("apply", "node.yaml")
    srv6("sid", "add", "fcbb:bb00:1:2::", "End")
    code, out, _ = srv6("config", "rollback", "1")
    assert (code, out.partition(",")[0], real.read_text()) == (0, "r1: 0 inserted", NODE)
    assert node.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [row["sid"] for row in json.loads(srv6("sid", "show", "--json")[1])] == ["fcbb:bb00:1:1::/128"]
    assert [(row["number"], row["comment"]) for row in history(srv6)][-1] == (3, "back to revision 1")
    assert srv6("config", "rollback", "2", "--comment", "it was right")[0] == 0
    assert real.read_text() == NODE + sid(2)


def test_rollback_mends_a_broken_file_and_keeps_what_was_in_it(srv6: Run, node: Path) -> None:
    srv6("apply", "node.yaml")
    node.write_bytes(b"node: [\r\n\xff")
    assert srv6("config", "rollback", "1")[0] == 0
    assert node.read_text() == NODE
    assert srv6("config", "show", "2")[1] == "node: [\n\ufffd"
    node.unlink()
    code, _, said = srv6("config", "rollback", "1", "-c", "node.yaml")
    assert (code, said) == (3, "srv6: node.yaml: not there; `srv6 config show 1 > FILE` makes one\n")


def test_rollback_says_itself_what_it_takes_away(srv6: Run, node: Path) -> None:
    """From a file that is broken, too, so that there is no node to compare with."""
    srv6("apply", "node.yaml", "--accept-removals")
    node.write_text(NODE + "".join(map(sid, range(2, 30))))
    assert srv6("apply", "node.yaml")[0] == 0
    node.write_text("node: [")
    assert srv6("config", "rollback", "1")[0] == 0
    assert len(json.loads(srv6("sid", "show", "--json")[1])) == 1


def test_a_damaged_revision_is_a_line_of_the_history(srv6: Run, node: Path) -> None:
    srv6("apply", "node.yaml")
    srv6("sid", "add", "fcbb:bb00:1:2::", "End")
    os.truncate(Revisions(node).folder / "1.json", 20)
    code, out, _ = srv6("config", "history")
    assert (code, "damaged" in out.splitlines()[1], "applied" in out.splitlines()[2]) == (0, True, True)
    code, _, said = srv6("config", "rollback", "1")
    assert (code, said) == (1, "srv6: node.yaml: revision 1 is damaged: not what was written\n")


def test_a_running_router_makes_revisions_and_goes_back(tmp_path: Path, routers: Callable[..., Router]) -> None:
    router = routers(tmp_path)
    wait_for(lambda: router.said("Ctrl-C stops"))
    router.node.write_text(NODE + sid(2))
    wait_for(lambda: router.said("1 inserted"))
    wait_for(lambda: len(router.show("config", "history")) == 2)
    assert router.edit("sid", "add", "fcbb:bb00:1:3::", "End", "-c", str(router.node))[0] == 0
    wait_for(lambda: len(router.sids()) == 3)
    assert router.edit("config", "rollback", "1", "-c", str(router.node))[0] == 0
    wait_for(lambda: router.sids() == {"fcbb:bb00:1:1::/128"})
    found = router.show("config", "history")
    assert [row["command"].split()[1] for row in found] == ["run", "run", "sid", "config"]
    assert all(row["applied"] for row in found)


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("config rollback ", ["1", "2"]),
        ("config rollback 1 ", []),
        ("config diff 1 ", ["1", "2"]),
        ("config diff 1 2 ", []),
        ("config check ", []),
    ],
)
def test_revisions_are_completed(srv6: Run, line: str, offers: list[str]) -> None:
    assert srv6("sid", "add", "--no-apply", "fcbb:bb00:1:2::", "End")[0] == 0
    assert srv6("completion", "--words", f"srv6 {line}")[1].split() == offers
