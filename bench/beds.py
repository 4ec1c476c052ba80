# SPDX-License-Identifier: Apache-2.0
"""What is measured over interfaces: switch processes with the node of :mod:`cases` on them, between two veth pairs.

Each has a namespace of its own, in which ``sw1`` and ``sw3`` belong to the switch and nobody listens on ``host1`` and
``host3`` but the traffic generator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import cases

from harness import defaults, testbed
from harness.inproc import InProcess
from harness.netns import Namespace
from harness.router import Router
from srv6cp import artifacts
from srv6cp.config import load_node_dict
from srv6cp.p4rt import Action, Client, TableEntry
from srv6cp.sync.launch import Launch
from srv6cp.sync.launch import Switch as SwitchProcess
from srv6cp.sync.update import update

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
PORTS = (1, 3)
_HOSTS = Path(__file__).with_name("hosts.py")

PYTHON, NATIVE, BMV2, KERNEL, COPY = "Python engine", "native engine", "BMv2", "Linux kernel", "bare copy loop"


class CannotRun(Exception):
    """A switch does not start; the text quotes it."""


def interfaces_missing() -> str:
    """Why nothing can be measured over interfaces; empty when it can."""
    return "" if os.geteuid() == 0 else "interfaces need root"


def bmv2_missing() -> str:
    """Why BMv2 cannot run; empty when it can."""
    if why := interfaces_missing():
        return why
    return testbed.bmv2_grpc_missing() or ""


def native_missing() -> str:
    """Why the native engine cannot run; empty when it can."""
    return testbed.native_missing() or ""


@contextmanager
def in_process(
    engine: str, node: Mapping[str, Any] | None = None, profile: str = artifacts.DEFAULT
) -> Iterator[InProcess]:
    """softswitch in this process, a profile of the program with ``node`` on it, by default that of `cases`."""
    with routed(engine, node or cases.node(), profile) as (made, _):
        yield made


@contextmanager
def routed(engine: str, node: Mapping[str, Any], profile: str) -> Iterator[tuple[InProcess, Router]]:
    """The same with the router that has a controller for it."""
    made = InProcess(engine)
    try:
        control = Router(made, artifacts.find(profile))
        try:
            control.apply(defaults.node(node, made))
            yield made, control
        finally:
            control.close()
    finally:
        made.close()


@contextmanager
def alone(engine: str) -> Iterator[str]:
    """softswitch as a process without ports and without a program; gives the address of its P4Runtime server."""
    with tempfile.TemporaryDirectory(prefix="srv6-bench-") as folder:
        address = f"unix:{folder}/p4runtime"
        launch = Launch("softswitch", address, flags=("--engine", engine))
        try:
            process = testbed.launched(launch, Path(folder, "switch.log"))
        except testbed.Unavailable as error:
            raise CannotRun(str(error)) from None
        try:
            yield address
        finally:
            process.stop()


class Wires:
    """A namespace with the veth pairs; whatever forwards lives in it."""

    def __init__(self) -> None:
        self.namespace = Namespace()
        self.namespace.veth_pairs([(f"sw{port}", f"host{port}") for port in PORTS])

    def inside(self, function: Callable[[], T]) -> T:
        """Call ``function`` in the namespace."""
        return self.namespace.run(function)

    def close(self) -> None:
        """Whatever still holds a socket in it keeps the namespace."""
        self.namespace.close()


class Switch(Wires):
    """A switch process on the wires, without a program."""

    device_id = 1

    def __init__(self, kind: str, *flags: str) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="srv6-bench-")
        self.address = f"unix:{self._folder.name}/p4runtime"
        self._process: SwitchProcess | None = None
        launch = Launch(kind, self.address, self.device_id, {port: f"sw{port}" for port in PORTS}, flags=flags)
        try:
            self._process = testbed.launched(launch, Path(self._folder.name, "switch.log"), self.namespace.run)
        except testbed.Unavailable as error:
            self.close()
            raise CannotRun(str(error)) from None

    def client(self) -> Client:
        """A P4Runtime client, to be used as a context."""
        return Client(self.address, device_id=self.device_id)

    def processor_time(self) -> float:
        """Seconds that the switch has used."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self._process is not None:
            self._process.stop()
        super().close()
        self._folder.cleanup()


def bmv2() -> Switch:
    """``simple_switch_grpc``, with the flags of ``BMV2_ARGS`` (by default without log)."""
    return Switch("bmv2")


def softswitch(engine: str) -> Switch:
    """The command ``softswitch``, with the flags of ``SOFTSWITCH_ARGS``."""
    return Switch("softswitch", "--engine", engine)


def program(switch: Switch, profile: str = artifacts.DEFAULT, node: Mapping[str, Any] | None = None) -> None:
    """Load a profile of the program, and ``node``, by default as much of that of `cases` as it has behaviours for."""
    node = node or (cases.transit_node() if profile == "transit" else cases.node())
    with switch.client() as client:
        client.become_primary()
        update(client, load_node_dict(defaults.node(node, switch)), artifacts.find(profile))


def program_end_only(switch: Switch) -> None:
    """Load the program that does nothing but End."""
    files = artifacts.find("end_only", ROOT / "bench" / "build")
    forward: dict[str, int | str] = {
        "egress_port": 3,
        "src_mac": defaults.port_mac(3),
        "dst_mac": defaults.neighbor_mac(3),
    }
    with switch.client() as client:
        client.become_primary()
        client.set_pipeline(files.p4info, files.json)
        client.insert(
            TableEntry("my_sid_table", {"ipv6_dst": (cases.END, 64)}, Action("end", {})),
            TableEntry("ipv6_table", {"ipv6_dst": ("2001:db8:3::", 64)}, Action("forward", forward)),
        )


def host(switch: Switch, role: str, port: int, seconds: float, rate: int, frames: list[bytes]) -> subprocess.Popen[str]:
    """A process at the other end of a port (``hosts.py``), which takes ``role`` for so many seconds; see `result`."""
    command = [sys.executable, str(_HOSTS), role, f"host{port}", str(seconds), str(rate)]
    process = switch.inside(lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    assert process.stdin is not None
    process.stdin.write("\n".join(frame.hex() for frame in frames))
    process.stdin.close()
    return process


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a host tells in the end. Raises CannotRun."""
    assert process.stdout is not None
    text = process.stdout.read()
    if process.wait() != 0:
        raise CannotRun("a host of the bench ended early")
    found: dict[str, Any] = json.loads(text)
    return found
