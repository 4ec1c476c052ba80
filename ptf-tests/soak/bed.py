# SPDX-License-Identifier: Apache-2.0
"""The processes: a switch, two controllers of it, each behind a relay, and commands that edit the node file."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from soak import network
from soak.relay import Relay
from srv6cp.sync.launch import Launch, Switch, free_address, python_environment

#: Switches, and the engine of those that are softswitch.
SWITCHES: dict[str, str | None] = {"softswitch": "python", "softswitch-native": "native", "bmv2": None}
PATIENCE = 60.0  # s for a process to start
_LOOK = 0.05  # s
_ROLE = re.compile(r": (primary|backup) (?:with election id|after all)|lost the switch")


class Trouble(Exception):
    """Something that should have happened has not."""


def until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> float:
    """Wait until it holds; seconds that it took. Raises Trouble."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + patience:
            raise Trouble(f"after {patience:.0f} s: {what}")
        time.sleep(_LOOK)
    return time.monotonic() - began


class Controller:
    """``srv6 run --switch none``, which can be killed and started again."""

    def __init__(self, name: str, folder: Path, node: Path, address: str, keepalive: int) -> None:
        self.name = name
        self.relay = Relay(address)
        self._log = folder / f"controller-{name}.log"
        self._words = ["run", str(node), "--switch", "none", "--wait", "--keepalive", str(keepalive)]
        self._words += ["--grpc-addr", self.relay.address]
        self._process: subprocess.Popen[bytes] | None = None
        self._before = 0  # bytes of the log of earlier processes

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.alive:
            return
        with self._log.open("ab") as log:
            self._before = log.tell()
            self._process = subprocess.Popen(
                command(*self._words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs, be it stopped."""
        return self._process is not None and self._process.poll() is None

    @property
    def role(self) -> str | None:
        """``primary`` or ``backup``, as it said last; None when it has no switch."""
        found = list(_ROLE.finditer(self.said()))
        return found[-1][1] if found and self.alive else None

    def said(self) -> str:
        """What this process has printed."""
        try:
            with self._log.open("rb") as log:
                log.seek(self._before)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; after one that ends it, wait for that."""
        assert self._process is not None
        self._process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                raise Trouble(f"controller {self.name} does not end after {number.name}") from None

    def close(self) -> None:
        """Kill it, whatever its state."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.relay.close()


class Bed:
    """All of it, in a folder."""

    def __init__(self, kind: str, folder: Path, keepalive: int) -> None:
        """``kind``: one of `SWITCHES`."""
        self.folder = folder
        self.node = folder / "node.yaml"
        self.address, self.frames = free_address(), free_address()
        engine = SWITCHES[kind]
        own = ("--keepalive", str(keepalive), "--engine", engine) if engine else ()
        self._launch = Launch(
            "softswitch" if engine else "bmv2",
            self.address,
            network.DEVICE_ID,
            flags=own,
            target_flags=("--dp-grpc-server-addr", self.frames),
        )
        self._switch: Switch | None = None
        self.controllers = [Controller(name, folder, self.node, self.address, keepalive) for name in "ab"]

    def start_switch(self) -> None:
        """Start the switch, which then waits for a program."""
        self._switch = Switch(self._launch, self.folder / "switch.log")

    @property
    def switch_alive(self) -> bool:
        """Whether it runs."""
        return self._switch is not None and self._switch.alive

    def signal_switch(self, number: signal.Signals) -> None:
        """Send the switch a signal; SIGKILL: until it has gone."""
        assert self._switch is not None
        os.kill(self._switch.pid, number)
        if number == signal.SIGKILL:
            self._switch.stop()
            self._switch = None

    def with_role(self, role: str) -> Controller:
        """The controller that has it. Raises Trouble when none has, or both."""
        found = [each for each in self.controllers if each.role == role]
        if len(found) != 1:
            raise Trouble(f"{len(found)} controllers say that they are {role}")
        return found[0]

    def settled(self) -> bool:
        """Whether one controller is primary and the other its backup."""
        return sorted(str(each.role) for each in self.controllers) == ["backup", "primary"]

    def close(self) -> None:
        """End every process, whatever its state."""
        with contextlib.ExitStack() as stack:
            if self._switch is not None:
                if self._switch.alive:
                    os.kill(self._switch.pid, signal.SIGKILL)
                stack.callback(self._switch.stop)
            for controller in self.controllers:
                stack.callback(controller.close)

    # -- the node file

    def replace(self, text: str) -> None:
        """As most editors save: a new file takes the place of the old one."""
        aside = self.node.with_name("node.yaml~")
        aside.write_text(text)
        aside.replace(self.node)

    def overwrite(self, text: str) -> None:
        """As a shell or a simple editor does: the file is emptied, then written."""
        self.node.write_text(text)

    def in_two_steps(self, text: str, pause: float) -> None:
        """As over a slow link: until the rest comes the file ends in the midst of the SIDs, and what is there is valid.
        That is shorter than the quiet period, so nothing of it is to be seen."""
        places = [each.start() for each in re.finditer(r"^  - \{sid:", text, re.MULTILINE)]
        half = places[len(places) // 2]
        self.node.write_text(text[:half])
        time.sleep(pause)
        self.node.write_text(text)

    def edit(self, commands: list[list[str]]) -> Iterator[tuple[list[str], int, str]]:
        """``srv6`` with these words, all at once; the words, exit code and what it says, of each."""
        # A controller is known by the address that it knows the switch by.
        address = next((each.relay.address for each in self.controllers if each.role == "primary"), self.address)
        running = [
            subprocess.Popen(
                command(*words, "-c", str(self.node)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**environment(), "SRV6_GRPC_ADDR": address},
                start_new_session=True,
            )
            for words in commands
        ]
        try:
            for words, process in zip(commands, running, strict=True):
                said, _ = process.communicate(timeout=PATIENCE)
                yield words, process.returncode, said
        except subprocess.TimeoutExpired:
            raise Trouble("a command does not end") from None
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()


def command(*words: str) -> list[str]:
    """``srv6`` of this source tree."""
    return [sys.executable, "-m", "srv6cp.cli.main", *words]


def environment() -> dict[str, str]:
    """The environment in which Python finds it."""
    found = python_environment("srv6cp", "softswitch")
    return {name: value for name, value in found.items() if name not in ("SRV6_NODE", "SRV6_GRPC_ADDR")}
