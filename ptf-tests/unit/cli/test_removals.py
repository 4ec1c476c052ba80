# SPDX-License-Identifier: Apache-2.0
"""Commands and ``srv6 run`` hold back what takes away much, and take it when that is said to be meant."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.cli.running import NODE, TIMEOUT, Router, node_file, wait_for

from softswitch.switch import SoftSwitch
from srv6cp.cli.main import main
from srv6cp.sync.launch import Launch, Switch, free_address

MANY = 20
FULL = NODE + "".join(f'  - {{sid: "fcbb:bb00:1:{number:x}::", behavior: End}}\n' for number in range(2, MANY + 1))
TAKES = "it takes away 19 of 20 SIDs"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return node_file(FULL, tmp_path, monkeypatch)


@pytest.fixture
def srv6(switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line on a switch that holds the node: exit code, standard error."""
    monkeypatch.setenv("SRV6_GRPC_ADDR", switch.address)

    def run(*words: str) -> tuple[int, str]:
        code = main(list(words))
        return code, capsys.readouterr().err

    assert run("apply", "node.yaml", "--accept-removals")[0] == 0
    return run


def test_apply_holds_back_what_takes_away_much(srv6: Run, node: Path) -> None:
    node.write_text(NODE)
    said = f"srv6: node.yaml: not applied: {TAKES}; if that is meant: --accept-removals\n"
    assert srv6("apply", "node.yaml") == (1, said)
    assert srv6("apply", "node.yaml", "--removal-share", "95") == (0, "")


def test_apply_takes_away_much_when_it_is_accepted(srv6: Run, node: Path) -> None:
    node.write_text(NODE)
    assert srv6("apply", "node.yaml", "--removal-share", "10", "--accept-removals") == (0, "")
    assert srv6("apply", "node.yaml") == (0, "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("", 1), ("no\n", 1)])
def test_apply_asks_at_a_terminal(
    srv6: Run, node: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    node.write_text(NODE)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    asked = Terminal()
    monkeypatch.setattr("sys.stderr", asked)
    assert srv6("apply", "node.yaml")[0] == code
    assert asked.getvalue().startswith(f"node.yaml: {TAKES}. Apply it? [y/N] ")


def test_a_command_that_says_what_it_takes_away_is_believed(srv6: Run, node: Path) -> None:
    assert srv6("sid", "flush") == (0, "")


def test_an_edit_of_a_file_that_lacks_much_does_not_take_it_away(srv6: Run, node: Path) -> None:
    """Somebody else has emptied the file; the command adds one SID."""
    node.write_text(NODE)
    code, said = srv6("sid", "add", "fcbb:bb00:1:99::", "End")
    assert code == 1
    assert said == (
        "node.yaml: saved, but not applied:\n"
        "srv6: node.yaml: with what else is different in it it takes away 19 of 20 SIDs; "
        "if that is meant: srv6 apply --accept-removals node.yaml\n"
    )


def test_a_running_router_holds_back_half_a_file_until_it_is_accepted(
    tmp_path: Path, routers: Callable[..., Router]
) -> None:
    router = routers(tmp_path, node=FULL)
    wait_for(lambda: router.said("Ctrl-C stops"))
    router.node.write_text(NODE)
    wait_for(lambda: router.said(f"srv6: {router.node}: not applied: {TAKES}; the switch keeps what it has; if that"))
    assert len(router.sids()) == MANY
    code, said = router.edit("apply", str(router.node))
    assert (code, "another controller is primary" in said) == (5, True)
    code, said = router.edit("apply", "--accept-removals", str(router.node))
    assert (code, f"accepted; the controller that follows it (process {router.process.pid}) applies it" in said) == (
        0,
        True,
    )
    wait_for(lambda: len(router.sids()) == 1)
    router.node.write_text(FULL)
    wait_for(lambda: len(router.sids()) == MANY)
    assert router.edit("sid", "flush", "-c", str(router.node))[0] == 0  # it says itself what it takes away
    wait_for(lambda: not router.sids())


def test_a_pair_holds_back_and_takes_alike(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """The backup takes over with what was accepted, and not with what the file said before."""
    with Switch(Launch("softswitch", free_address())) as switch:
        switch.wait_until_ready()
        first = routers(tmp_path / "1", switch="none", address=switch.address, node=FULL)
        wait_for(lambda: first.said("Ctrl-C stops"))
        shared = tmp_path / "2" / "node.yaml"
        shared.parent.mkdir()
        shared.symlink_to(first.node)
        second = routers(tmp_path / "2", switch="none", address=switch.address, node=FULL)
        wait_for(lambda: second.said("backup of another controller"))
        first.node.write_text(NODE)
        for one in (first, second):
            wait_for(lambda one=one: one.said(f"not applied: {TAKES}"))
        assert first.edit("apply", "--accept-removals", str(first.node))[0] == 0
        wait_for(lambda: second.said("noted; applied when this controller is primary"))
        wait_for(lambda: len(first.sids()) == 1)
        first.process.terminate()
        wait_for(lambda: second.said(": primary with election id"))
        assert len(first.sids()) == 1


def test_a_controller_that_would_empty_a_switch_does_not_start(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """Restarted while its file was half written."""
    with Switch(Launch("softswitch", free_address())) as switch:
        switch.wait_until_ready()
        first = routers(tmp_path / "1", switch="none", address=switch.address, node=FULL)
        wait_for(lambda: first.said("Ctrl-C stops"))
        first.process.kill()
        half = routers(tmp_path / "2", switch="none", address=switch.address)
        assert half.process.wait(TIMEOUT) == 1
        assert half.said(f"not applied: {TAKES}; if that is meant: --accept-removals")
        assert len(first.sids()) == MANY
        meant = routers(tmp_path / "3", "--accept-removals", switch="none", address=switch.address)
        wait_for(lambda: meant.said("Ctrl-C stops"))
        assert len(meant.sids()) == 1
