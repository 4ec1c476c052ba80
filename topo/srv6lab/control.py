# SPDX-License-Identifier: Apache-2.0
"""Labs of namespaces as the command line handles them: up, down, status, exec, restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from srv6cp.sync.launch import missing, python_environment
from srv6lab.errors import LabError, Terminated
from srv6lab.intent import file_of
from srv6lab.loader import find
from srv6lab.running import RunningLab, ports_of
from srv6lab.state import Record, State, names
from srv6lab.terminal import wrap
from srv6lab.topology import Topology, UnknownName

STOP_LIMIT = 15.0  # s for the daemon to end


def check_possible(name: str, switch: str) -> None:
    """Raise LabError with the reason where the lab cannot be started: no root, no such switch, a name in use ..."""
    check_root()
    State(name).check_free()
    try:
        import pyroute2  # noqa: F401
    except ImportError:
        raise LabError("network namespaces need pyroute2: pip install 'srv6-p4[topo]'") from None
    if (reason := missing(switch)) is not None:
        raise LabError(f"{reason}; install BMv2, or use --switch softswitch")


def check_root() -> None:
    """Raise LabError without root."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise LabError("networks of namespaces need root on Linux; `srv6 lab up` without --netns needs neither")


def up(name: str, source: str, topology: Topology, switch: str, profile: str) -> RunningLab:
    """Start a lab on a kind of switch and a profile of the P4 program; when this returns, it carries packets.

    When it raises, nothing is left.

    Raises:
        LabError: there is such a lab already, or it does not start.
    """
    if speakers := [host.name for host in topology.hosts.values() if host.gtp is not None]:
        raise LabError(
            f"{' and '.join(speakers)} speak GTP-U, which Linux hosts do not here: with softswitch and without "
            f"--netns, `srv6 lab up {source}` runs all in one process"
        )
    if switches := [host.name for host in topology.hosts.values() if host.mpls]:
        raise LabError(
            f"{' and '.join(switches)} read labels, which Linux hosts do not here: with softswitch and without "
            f"--netns, `srv6 lab up {source}` runs all in one process"
        )
    if functions := [host.name for host in topology.hosts.values() if host.function is not None]:
        raise LabError(
            f"{' and '.join(functions)} are functions in Python: with softswitch and without --netns, "
            f"`srv6 lab up {source}` runs all in one process"
        )
    state = State(name)
    namespaces = {node: f"srv6-{name}-{node}" for node in (*topology.routers, *topology.hosts)}
    created = False
    try:
        with _uninterrupted():
            state.create(Record(name, source, switch, profile, namespaces), find(source))
            created = True
        _start_daemon(state)
        return RunningLab(state)
    except BaseException:
        if created:
            down(name)
        raise


def _start_daemon(state: State) -> None:
    lock = state.acquire()
    if lock is None:
        raise LabError(f"{state.name} has a daemon already")
    try:
        with state.log.open("ab") as log, _uninterrupted():
            daemon = subprocess.Popen(
                [sys.executable, "-m", "srv6lab.daemon", state.name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we tell it
                pass_fds=(lock,),
                env=python_environment("srv6cp", "softswitch", "srv6host", "srv6lab"),
            )
            state.pid_file.write_text(str(daemon.pid))  # now `down` can find it
    finally:
        os.close(lock)  # the daemon's copy holds it
    assert daemon.stdout is not None
    with daemon.stdout:
        said = daemon.stdout.readline().decode(errors="replace").strip()
    if said != "ready":
        daemon.wait()
        lines = [line for line in state.log.read_text(errors="replace").splitlines() if line.strip()]
        raise LabError(f"{state.name}: {said or (lines[-1] if lines else 'the controllers ended without a word')}")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and the like wait until the end of the block: what is made there is on record, too, or neither is."""
    if not _in_main_thread():
        yield
        return
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda number, _: caught.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        raise KeyboardInterrupt


@contextmanager
def termination_as_interrupt() -> Iterator[Callable[[], None]]:
    """SIGTERM and SIGHUP like Ctrl-C, for as long as these would leave a lab behind.

    They raise Terminated, which the shell lets through. Gives a function that raises KeyboardInterrupt when there was
    one: Python drops those that arrive in a destructor or in a callback of an import.
    """
    caught: list[int] = []

    def check() -> None:
        if caught:
            raise KeyboardInterrupt

    if not _in_main_thread():  # signals are none of ours
        yield check
        return

    def interrupt(number: int, _: object) -> None:
        caught.append(number)
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def down(name: str) -> None:
    """Stop a lab and remove what is left of it, in whatever state it is. Raises LabError when there is none."""
    state = _existing(name)
    check_root()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if _in_main_thread() else None
    try:
        _stop_daemon(state)
        record = state.record()
        if record is not None:
            from srv6lab import namespaces

            namespaces.clear([*record.namespaces.values(), state.cables])
        state.remove()
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _stop_daemon(state: State) -> None:
    for number, patience in ((signal.SIGTERM, STOP_LIMIT), (signal.SIGKILL, 2.0)):
        pid = state.daemon()
        if pid is None:
            return
        os.kill(pid, number)
        end = time.monotonic() + patience
        while state.alive() and time.monotonic() < end:
            time.sleep(0.02)


def _existing(name: str) -> State:
    state = State(name)
    if not state.folder.is_dir():
        there = names()
        hint = f"there are {', '.join(there)}" if there else "none is; `srv6 lab up quickstart --netns` starts one"
        raise LabError(f"no lab {name!r} is up; {hint}")
    return state


def only() -> str:
    """The name of the only lab. Raises LabError when there is none, or more than one."""
    check_root()
    there = names()
    if not there:
        raise LabError("no lab is up; `srv6 lab up quickstart --netns` starts one")
    if len(there) > 1:
        raise LabError(f"several labs are up, say which: {', '.join(there)}")
    return there[0]


def attach(name: str) -> RunningLab:
    """A running lab. Raises LabError when it does not run."""
    state = _existing(name)
    check_root()
    return RunningLab(state)


def status(name: str) -> dict[str, Any]:
    """The state of a lab for display; ``well`` says whether all of it runs."""
    state = _existing(name)
    check_root()
    record = state.record()
    result: dict[str, Any] = {"well": False, "daemon": state.daemon(), "folder": str(state.folder)}
    if record is not None:
        result |= {"topology": record.source, "profile": record.profile, "namespaces": dict(record.namespaces)}
    if state.alive():
        result["routers"] = RunningLab(state).request("status")["routers"]
        result["well"] = all(map(_runs_well, result["routers"].values()))
    return result


def _runs_well(router: Mapping[str, Any]) -> bool:
    """A cable that was cut on purpose is nothing that is wrong."""
    ports = all(port.up or port.cut for port in ports_of(router).values())
    return router["state"] == "running" and router["controller"] == "primary" and ports and not router["wrong"]


def render(name: str, found: Mapping[str, Any]) -> str:
    """What `status` found, as text."""
    if "routers" not in found:
        return wrap(
            f"{name}: its controllers have crashed, see {found['folder']}; `srv6 lab down {name}` clears it away"
        )
    runs = f"topology {found['topology']}, profile {found['profile']}"
    lines = [f"{name}: {runs}, controllers pid {found['daemon']}, logs in {found['folder']}"]
    for router, row in found["routers"].items():
        note = ", configuration changed" if row["changed"] else ""
        if row["state"] != "running":
            note += f"; `srv6 lab restart {name} {router}` starts it again"
        lines += [
            f"  {router}  {row['switch']} pid {row['pid']} {row['state']}, controller {row['controller']}{note}",
            "      ports: " + ", ".join(f"{number} {port}" for number, port in ports_of(row).items()),
            f"      namespace {found['namespaces'][router]}, P4Runtime {row['address']}, device id {row['device-id']}",
            f"      node file {row['file']}",
        ]
        if row["wrong"]:
            lines.append(f"      not applied: {row['wrong']}")
    for node, namespace in found["namespaces"].items():
        if node not in found["routers"]:
            lines.append(f"  {node}  host, namespace {namespace}")
    return "\n".join(wrap(line, indent="      ") for line in lines)


def restart(name: str, router: str) -> str:
    """Start the switch of a router anew; what happened, as text."""
    return attach(name).restart(router)


def execute(name: str, node: str, words: list[str]) -> int:
    """Become a command in a node's namespace; where it is ``srv6``, it speaks of that router.

    Returns, with exit code 127, only when there is no such command.
    """
    state = _existing(name)
    check_root()
    record = state.record()
    namespaces_of = record.namespaces if record is not None else {}
    if node not in namespaces_of:
        raise UnknownName(f"no node {node!r} in {name}; there are {', '.join(namespaces_of)}")
    from srv6lab import namespaces

    if (file := file_of(state.folder, node)).exists():  # `exec r1 -- srv6 sid show` speaks of this router
        os.environ.update(SRV6_NODE=str(file), SRV6_GRPC_ADDR=f"unix:{state.socket(node)}")
    sys.stdout.flush()
    try:
        namespaces.become(namespaces_of[node], state.hosts_file(node), words)
    except FileNotFoundError:
        print(f"srv6: exec: {words[0]}: there is no such command", file=sys.stderr)
    except OSError as error:
        print(f"srv6: exec: {words[0]}: {error.strerror or error}", file=sys.stderr)
    return 127
