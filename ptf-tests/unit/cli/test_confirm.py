# SPDX-License-Identifier: Apache-2.0
"""Changes that go back by themselves: whoever is killed, the old state returns, or a line says that it does not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from unit.cli.running import NODE, Router, wait_for

from softswitch.switch import SoftSwitch
from srv6cp.cli import goback, pending
from srv6cp.cli.main import main
from srv6cp.cli.pending import Pendings
from srv6cp.sync.launch import Launch, Switch, free_address

Run = Callable[..., tuple[int, str, str]]
FIRST, SECOND = "fcbb:bb00:1:1::/128", "fcbb:bb00:1:2::/128"
ADD = ("sid", "add", "fcbb:bb00:1:2::", "End")
WITH_SECOND = NODE + '  - {sid: "fcbb:bb00:1:2::", behavior: End}\n'


class Clock:
    """Time that passes when it is told to: that of the machine, which begins anew with it, and the wall's."""

    def __init__(self) -> None:
        self.uptime, self.wall, self.boot = 1000.0, 1_700_000_000.0, "one"

    def passes(self, seconds: float) -> None:
        self.uptime += seconds
        self.wall += seconds

    def restarts(self) -> None:
        self.uptime, self.boot = 5.0, "two"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pending, "_uptime", lambda: clock.uptime)
    monkeypatch.setattr(pending, "_boot", lambda: clock.boot)
    monkeypatch.setattr(pending, "_wall", lambda: clock.wall)
    return clock


@pytest.fixture
def srv6(switch: SoftSwitch, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Commands on a switch that holds the node. The process that waits is one that has been killed."""
    monkeypatch.setenv("SRV6_GRPC_ADDR", switch.address)
    monkeypatch.setattr(goback, "_start", lambda path: None)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(words))
        return code, *capsys.readouterr()

    assert run("apply", "node.yaml")[0] == 0
    return run


def sids(srv6: Run) -> set[str]:
    return {row["sid"] for row in json.loads(srv6("sid", "show", "--json")[1])}


def newest(srv6: Run) -> tuple[int, str]:
    row = json.loads(srv6("config", "history", "--json")[1])[-1]
    return row["number"], row["comment"]


def test_a_change_that_is_not_confirmed_goes_back(srv6: Run, node: Path, clock: Clock) -> None:
    code, out, said = srv6(*ADD, "--confirm", "60")
    assert (code, out[:13]) == (0, "r1: 1 inserte")
    assert said == "node.yaml: goes back to revision 1 in 60 s, unless confirmed: srv6 confirm -c node.yaml\n"
    assert sids(srv6) == {FIRST, SECOND}
    clock.passes(59)
    assert goback.go_back(node) is None
    clock.passes(2)
    goback.wait(node)
    assert (node.read_text(), sids(srv6)) == (NODE, {FIRST})
    assert newest(srv6) == (3, "back to revision 1: not confirmed within 60 s")
    assert Pendings(node).read() is None
    assert srv6("confirm")[::2] == (1, "srv6: node.yaml: nothing waits to be confirmed\n")


def test_a_change_that_is_confirmed_stays(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--confirm", "60")
    assert srv6("confirm")[:2] == (0, "node.yaml: confirmed: revision 2 stays\n")
    clock.passes(100)
    goback.wait(node)
    assert (node.read_text(), sids(srv6)) == (WITH_SECOND, {FIRST, SECOND})


def test_a_file_that_was_changed_by_hand_goes_back_with_apply(srv6: Run, node: Path, clock: Clock) -> None:
    node.write_text(WITH_SECOND)
    assert srv6("apply", "node.yaml", "--confirm", "60")[0] == 0
    clock.passes(61)
    goback.wait(node)
    assert (node.read_text(), sids(srv6)) == (NODE, {FIRST})
    assert srv6("config", "show", "2")[1] == WITH_SECOND  # nothing is lost


def test_a_rollback_can_be_tried_too(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD)
    assert srv6("config", "rollback", "1", "--confirm", "60")[0] == 0
    assert sids(srv6) == {FIRST}
    clock.passes(61)
    goback.wait(node)
    assert (node.read_text(), sids(srv6)) == (WITH_SECOND, {FIRST, SECOND})


def test_what_was_only_saved_is_not_gone_back_to(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--no-apply")
    assert srv6("apply", "node.yaml", "--confirm", "60")[0] == 0
    clock.passes(61)
    goback.wait(node)
    assert (node.read_text(), sids(srv6)) == (NODE, {FIRST})


def test_where_there_is_nothing_to_go_back_to_nothing_is_changed(srv6: Run, node: Path, tmp_path: Path) -> None:
    said = "srv6: node.yaml: revision 1 is applied already, there is nothing to confirm\n"
    assert srv6("apply", "node.yaml", "--confirm", "60")[::2] == (1, said)
    (tmp_path / "new.yaml").write_text(WITH_SECOND)
    code, _, said = srv6("apply", "new.yaml", "--confirm", "60")
    assert (code, said) == (1, "srv6: new.yaml: there is no revision to go back to; apply it once without --confirm\n")
    code, _, said = srv6(*ADD, "--no-apply", "--confirm", "60")
    assert (code, "--confirm has nothing to take back" in said, sids(srv6)) == (2, True, {FIRST})


def test_a_change_without_a_way_back_is_not_made(srv6: Run, node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise ChildProcessError("it ended, or did not answer")

    monkeypatch.setattr(goback, "_start", refuse)
    code, _, said = srv6(*ADD, "--confirm", "60")
    assert code == 1
    assert (
        said == "srv6: node.yaml: nothing is changed: what would go back does not start: it ended, or did not answer\n"
    )
    assert (node.read_text(), sids(srv6), Pendings(node).read()) == (NODE, {FIRST}, None)


def test_nothing_waits_when_the_switch_does_not_answer(srv6: Run, node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRV6_GRPC_ADDR", free_address())
    assert srv6(*ADD, "--confirm", "60")[0] == 4
    assert (node.read_text(), Pendings(node).read()) == (NODE, None)


def test_other_changes_wait_for_the_confirmation(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--confirm", "60")
    clock.passes(10)
    said = (
        "srv6: node.yaml: the last change waits to be confirmed, 50 s more: `srv6 confirm` keeps it, "
        "`srv6 config rollback 1` goes back; --confirm allows another\n"
    )
    for words in (("sid", "add", "fcbb:bb00:1:3::", "End"), ("apply", "node.yaml")):
        assert srv6(*words)[::2] == (1, said)
    assert srv6("sid", "add", "--confirm", "90", "fcbb:bb00:1:3::", "End")[0] == 0
    clock.passes(80)
    assert goback.go_back(node) is None  # it has its own time
    clock.passes(11)
    goback.wait(node)
    assert (node.read_text(), sids(srv6)) == (NODE, {FIRST})  # what was there before both


def test_rollback_ends_the_waiting(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--confirm", "60")
    assert srv6("config", "rollback", "1")[0] == 0
    assert (Pendings(node).read(), sids(srv6)) == (None, {FIRST})


def test_a_change_that_nobody_took_back_is_said(srv6: Run, node: Path, clock: Clock) -> None:
    """The process that waited was killed, and no controller runs."""
    srv6(*ADD, "--confirm", "60")
    clock.passes(600)
    what = "node.yaml: the last change was not confirmed in time, and is still there"
    said = f"{what}: `srv6 confirm` keeps it, `srv6 config rollback 1` goes back\n"
    assert srv6("apply", "node.yaml")[::2] == (1, f"srv6: {said}")
    assert srv6("config", "history")[2] == said
    assert srv6("confirm")[0] == 0
    assert srv6("apply", "node.yaml")[0] == 0


def test_a_restart_of_the_machine_does_not_stop_the_time(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--confirm", "60")
    clock.restarts()
    assert goback.by_controller(node, starting=True) is None
    clock.passes(61)
    assert goback.by_controller(node, starting=True) is not None
    assert (node.read_text(), Pendings(node).read()) == (NODE, None)


def test_a_clock_that_is_set_does_not_matter(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--confirm", "60")
    clock.wall += 10_000
    assert goback.go_back(node) is None
    clock.wall -= 20_000
    clock.uptime += 61
    assert goback.go_back(node) is not None


def test_a_switch_that_is_gone_is_said_by_the_next_command(
    srv6: Run, node: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, switch: SoftSwitch
) -> None:
    srv6(*ADD, "--confirm", "60")
    waiting = Pendings(node).read()
    assert waiting is not None and waiting.switch["grpc_addr"] == switch.address
    gone = replace(waiting, switch={**waiting.switch, "grpc_addr": free_address()})
    Pendings(node).write(gone)
    monkeypatch.setattr(goback, "_INSISTS", -1.0)
    clock.passes(61)
    goback.wait(node)
    assert node.read_text() == NODE
    code, _, said = srv6("confirm")
    assert (code, "too late: it is back at revision 1; its switch may not be: " in said) == (1, True)
    assert srv6("apply", "node.yaml")[0] == 0
    assert (sids(srv6), Pendings(node).read()) == ({FIRST}, None)


def test_what_waits_and_is_damaged_is_said(srv6: Run, node: Path, clock: Clock) -> None:
    srv6(*ADD, "--confirm", "60")
    (Pendings(node).revisions.folder / "pending.json").write_text("{")
    code, _, said = srv6("apply", "node.yaml")
    assert (code, said.count("\n"), "what waits to be confirmed cannot be read (" in said) == (1, 1, True)
    assert srv6("confirm")[0] == 0
    assert srv6("apply", "node.yaml")[0] == 0


def test_apply_into_is_guarded_as_apply_is(srv6: Run, node: Path, tmp_path: Path) -> None:
    full = NODE + "".join(f'  - {{sid: "fcbb:bb00:1:{number:x}::", behavior: End}}\n' for number in range(2, 30))
    (tmp_path / "full.yaml").write_text(full)
    (tmp_path / "half.yaml").write_text(NODE)
    assert srv6("apply", "full.yaml", "--into", "node.yaml")[0] == 0
    assert node.read_text() == full
    code, _, said = srv6("apply", "half.yaml", "--into", "node.yaml")
    assert (code, node.read_text()) == (1, full)
    assert said == "srv6: node.yaml: not applied: it takes away 28 of 29 SIDs; if that is meant: --accept-removals\n"
    assert srv6("apply", "half.yaml", "--into", "node.yaml", "--accept-removals")[0] == 0
    assert (node.read_text(), sids(srv6)) == (NODE, {FIRST})
    said = "srv6: --into and --confirm cannot go with --keep-foreign or --profile\n"
    assert srv6("apply", "half.yaml", "--into", "node.yaml", "--keep-foreign")[::2] == (2, said)
    assert srv6("apply", "node.yaml", "--confirm", "60", "--profile", "transit")[::2] == (2, said)


# --- with processes -------------------------------------------------------------------------------------------


def waiting(path: Path) -> list[int]:
    """Processes that wait for the confirmation of a file."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                words = (each / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--wait" in words and os.fsencode(path) in words:
                found.append(int(each.name))
    return found


def make_overdue(path: Path) -> None:
    """What waits is killed, and its time is over."""
    for process in waiting(path):
        os.kill(process, signal.SIGKILL)
    wait_for(lambda: not waiting(path))
    pendings = Pendings(path)
    waits = pendings.read()
    assert waits is not None
    pendings.write(replace(waits, uptime=0.0))


def test_a_command_that_is_gone_with_its_session_goes_back(tmp_path: Path) -> None:
    with Switch(Launch("softswitch", free_address())) as switch:
        switch.wait_until_ready()
        router = Router.__new__(Router)  # the commands of one, without a controller
        router.node, router.address = tmp_path / "node.yaml", switch.address
        router.node.write_text(NODE)
        router.environment = {**os.environ, "SRV6_GRPC_ADDR": switch.address}
        router.inside = lambda start: start()
        assert router.edit("apply", str(router.node))[0] == 0
        command = router.command(*ADD, "--confirm", "1", "-c", str(router.node))
        process = subprocess.Popen(command, env=router.environment, start_new_session=True, stderr=subprocess.PIPE)
        assert process.stderr is not None and b"goes back to revision 1" in process.stderr.read()
        try:
            os.killpg(process.pid, signal.SIGHUP)  # the terminal is closed
        except ProcessLookupError:
            pass
        process.wait()
        wait_for(lambda: router.node.read_text() == NODE)
        wait_for(lambda: router.sids() == {FIRST})
        wait_for(lambda: not waiting(router.node))


def test_a_router_goes_back_when_what_waits_is_killed(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """The controller that follows the file does it then."""
    router = routers(tmp_path)
    wait_for(lambda: router.said("Ctrl-C stops"))
    code, said = router.edit(*ADD, "--confirm", "600", "-c", str(router.node))
    assert (code, "goes back to revision 1 in 600 s" in said) == (0, True)
    make_overdue(router.node)
    wait_for(lambda: router.said("not confirmed within 600 s: back to revision 1"))
    assert router.node.read_text() == NODE
    wait_for(lambda: router.sids() == {FIRST})


def test_a_router_that_is_restarted_goes_back_before_it_starts(tmp_path: Path, routers: Callable[..., Router]) -> None:
    router = routers(tmp_path)
    wait_for(lambda: router.said("Ctrl-C stops"))
    new = tmp_path / "new.yaml"
    new.write_text(WITH_SECOND)
    assert router.edit("apply", str(router.node), "--confirm", "1")[0] == 1  # it is as the controller has it
    assert router.edit("apply", str(new), "--into", str(router.node), "--confirm", "600")[0] == 0
    wait_for(lambda: SECOND in router.sids())
    router.process.kill()
    router.process.wait()
    wait_for(lambda: not router.answers())
    make_overdue(router.node)
    again = routers(tmp_path, node=router.node.read_text())
    wait_for(lambda: again.said("Ctrl-C stops"))
    assert again.said("not confirmed within 600 s: back to revision 1")
    assert (again.node.read_text(), again.sids()) == (NODE, {FIRST})
