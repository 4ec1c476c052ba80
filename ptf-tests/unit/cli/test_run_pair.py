# SPDX-License-Identifier: Apache-2.0
"""``srv6 run --switch none``: pairs of controllers, and switches and controllers that come, go and hang."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.cli.running import NODE, TIMEOUT, Router, wait_for

from srv6cp.sync.launch import SWITCHES, Launch, Switch, free_address, missing


def test_a_backup_does_not_say_what_a_primary_says(tmp_path: Path, routers: Callable[..., Router]) -> None:
    with Switch(Launch("softswitch", free_address())) as switch:
        switch.wait_until_ready()
        first = routers(tmp_path / "1", switch="none", address=switch.address)
        wait_for(lambda: first.said("Ctrl-C stops"))
        second = routers(tmp_path / "2", switch="none", address=switch.address)
        wait_for(lambda: second.said("r1: backup of another controller of the switch at"))
        assert "SIDs; Ctrl-C stops" not in second.log.read_text()
        first.process.terminate()
        wait_for(lambda: second.said(": primary with election id"))


def role(router: Router) -> str:
    """The one that it took last."""
    return re.findall(r": (primary|backup) (?:with election id|after all)", router.log.read_text())[-1]


def test_a_pair_started_at_once_and_before_its_switch(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """One is primary, the other its backup, whoever comes first; none ends."""
    address = free_address()
    pair = [routers(tmp_path / name, "--wait", switch="none", address=address) for name in "ab"]
    for one in pair:
        wait_for(lambda one=one: one.said(f"waiting for {address}, device id 1: connection refused"))
    with Switch(Launch("softswitch", address)) as switch:
        switch.wait_until_ready()
        # The one that came later to the switch may take it from the other.
        wait_for(lambda: all(one.said("SIDs; Ctrl-C stops") or one.said("r1: backup of another") for one in pair))
        wait_for(lambda: {role(one) for one in pair} == {"primary", "backup"})
        for one in pair:
            one.process.terminate()
            assert one.process.wait(TIMEOUT) == 0


def test_a_file_that_changes_before_its_switch_is_there_is_read(tmp_path: Path, routers: Callable[..., Router]) -> None:
    address = free_address()
    router = routers(tmp_path, "--wait", switch="none", address=address)
    wait_for(lambda: router.said("waiting for"))
    router.node.write_text(NODE + '  - {sid: "fcbb:bb00:1:2::", behavior: End}\n')
    with Switch(Launch("softswitch", address)) as switch:
        switch.wait_until_ready()
        wait_for(lambda: router.said("1 inserted"))
        assert "fcbb:bb00:1:2::/128" in router.sids()
        router.process.terminate()
        assert router.process.wait(TIMEOUT) == 0


def test_waiting_ends_in_time_and_with_a_signal(tmp_path: Path, routers: Callable[..., Router]) -> None:
    limited = routers(tmp_path / "a", "--wait", "1", switch="none")
    assert limited.process.wait(TIMEOUT) == 4
    waiting = routers(tmp_path / "b", "--wait", switch="none")
    wait_for(lambda: waiting.said("waiting for"))
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.process.wait(TIMEOUT) == 0


def test_a_switch_that_is_lost_and_found_is_both_said(tmp_path: Path, routers: Callable[..., Router]) -> None:
    address = free_address()
    with Switch(Launch("softswitch", address)) as switch:
        switch.wait_until_ready()
        router = routers(tmp_path, switch="none", address=address)
        wait_for(lambda: router.said("Ctrl-C stops"))
    wait_for(lambda: router.said("lost the switch"))
    with Switch(Launch("softswitch", address)) as switch:
        wait_for(lambda: router.said("found the switch again after"))
        router.process.terminate()
        assert router.process.wait(TIMEOUT) == 0


def test_a_primary_that_hangs_is_replaced_and_steps_down(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """It holds its connection and says nothing: the switch gives it up, and when it returns it is a backup."""
    with Switch(Launch("softswitch", free_address(), flags=("--keepalive", "1"))) as switch:
        switch.wait_until_ready()
        first = routers(tmp_path / "1", switch="none", address=switch.address)
        wait_for(lambda: first.said("Ctrl-C stops"))
        second = routers(tmp_path / "2", switch="none", address=switch.address)
        wait_for(lambda: second.said("backup of another controller"))
        first.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: second.said(": primary with election id"))
        first.process.send_signal(signal.SIGCONT)
        wait_for(lambda: first.said(": backup with election id"))
        assert "lost the switch" in first.log.read_text()


@pytest.mark.parametrize("kind", SWITCHES)
def test_a_switch_that_hangs_is_lost(tmp_path: Path, routers: Callable[..., Router], kind: str) -> None:
    if reason := missing(kind):
        pytest.skip(reason)
    with Switch(Launch(kind, free_address())) as switch:
        switch.wait_until_ready()
        router = routers(tmp_path, "--keepalive", "1", switch="none", address=switch.address)
        wait_for(lambda: router.said("Ctrl-C stops"))
        os.kill(switch.pid, signal.SIGSTOP)
        wait_for(lambda: router.said("lost the switch: no answer for 1 s"))
        os.kill(switch.pid, signal.SIGCONT)
        wait_for(lambda: router.said("found the switch again"))
