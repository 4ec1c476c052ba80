# SPDX-License-Identifier: Apache-2.0
"""The background process of a lab of namespaces: its parent of switches, and a controller for every router.

Started by `srv6lab.control` as ``python -m srv6lab.daemon NAME LOCK`` with the lock of the lab as open descriptor. It
prints ``ready``, or one line that says why it cannot run, and then serves the socket ``control``: one JSON object a
connection, answered by one JSON object. SIGTERM ends it and the switches; namespaces are removed by whoever sent that.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from functools import partial
from typing import IO, Any

from srv6cp import artifacts
from srv6cp.cli.exitcodes import CHECK_FAILED, CONFIG, USAGE, CliError
from srv6cp.cli.guarding import ACCEPT
from srv6cp.config import ConfigError
from srv6cp.controller import macages
from srv6cp.controller.following import Follower, Saying
from srv6cp.controller.links import LinkWatch
from srv6cp.controller.loop import ControllerOptions, NodeController
from srv6cp.controller.nodewatch import NodeWatch
from srv6cp.controller.oam import own_journal
from srv6cp.controller.quiet import QuietFile
from srv6cp.model import Node
from srv6cp.p4rt import Client, P4RuntimeError
from srv6cp.packets.probes import is_answer
from srv6cp.sync.launch import Launch, LaunchError, Switch, python_environment
from srv6cp.sync.removals import TakesAway
from srv6cp.sync.tables import Changes
from srv6lab import cables, namespaces
from srv6lab.errors import LabError
from srv6lab.intent import Intent
from srv6lab.lab import ELECTION_ID, PortState
from srv6lab.portwatch import PortWatch, wait_until_known
from srv6lab.probes import from_json
from srv6lab.reach import names_at
from srv6lab.state import State, hosts_file
from srv6lab.topology import TopologyError, UnknownName

FILL_LIMIT = 30.0  # s for a controller to fill a switch that answers
LONGEST_PROBE = 10.0  # s that a probe waits for its answer: requests of others wait meanwhile
REQUEST_LIMIT = 5.0  # s for a request to arrive
LOOK_INTERVAL = 0.5  # s between looks at the switches

# The switches are on this machine and return when `srv6 lab restart` has started them: looking often costs nothing.
CONTROLLER = ControllerOptions(longest_retry=0.5)

log = logging.getLogger("srv6lab.daemon")


class Daemon:
    """The routers of one lab; a context manager."""

    def __init__(self, state: State) -> None:
        record = state.record()
        if record is None:
            raise LabError(f"{state.folder}: no record of the lab")
        self._state = state
        self._kind = record.switch
        self._profile = record.profile
        self._namespaces = record.namespaces
        self._topology = state.topology()
        self._intent: Intent
        self._files: dict[str, NodeWatch] = {}  # node files, which others may change
        self._wrong: dict[str, str] = {}  # what is wrong with those that are not applied
        self._watch = PortWatch(self._topology, self._namespaces)
        self._cut: set[int] = set()  # numbers of links
        self._switches: dict[str, Switch] = {}
        self._controllers: dict[str, NodeController] = {}
        self._clients: dict[str, Client] = {}
        self._says: dict[str, Saying] = {}
        self._dead: set[str] = set()  # switches whose end has been logged
        self._stack = ExitStack()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop controllers and switches."""
        self._stack.close()
        for switch in self._switches.values():
            switch.terminate()
        for switch in self._switches.values():
            switch.stop()

    def start(self) -> None:
        """Make the network. Raises LabError, TopologyError, ArtifactError, OSError or P4RuntimeError."""
        self._intent = Intent(self._topology, self._state.folder, watched=True)
        nodes = self._intent.nodes
        program = artifacts.find(self._profile)
        for name in self._namespaces:
            self._write_names(name)
        cables.build(self._topology, self._namespaces, self._state.cables)
        self._stack.enter_context(self._watch)
        for host in self._topology.hosts.values():
            if host.functions is not None:
                self._start_proxy(host.name, str(host.functions))
        for name in nodes:
            self._start_switch(name)
        for name, node in nodes.items():
            self._wait_for_switch(name)
            client = self._stack.enter_context(
                Client(self._address(name), device_id=node.device_id, election_id=ELECTION_ID)
            )
            self._clients[name] = client
            here = client.device_id, client.address
            options = replace(CONTROLLER, oam_journal=own_journal(*here), mac_ages=macages.own_file(*here))
            self._controllers[name] = NodeController(client, node, options, program)
        with ThreadPoolExecutor(len(nodes)) as pool:
            for done in [pool.submit(controller.start) for controller in self._controllers.values()]:
                done.result()
        for name, controller in self._controllers.items():
            self._stack.callback(controller.stop)
            if self._kind == "bmv2":
                self._watch_links(name, controller)
            follower = Follower.of(self._clients[name], name, self._intent.file(name))
            self._says[name] = self._stack.enter_context(Saying(follower))
            self._note(name)

    def _watch_links(self, router: str, controller: NodeController) -> None:
        """Tell a controller of the links of its ports, as softswitch does by itself."""
        interfaces = {
            link.at(router).port: cables.interface(link.at(router)) for link in self._topology.links_of(router)
        }
        watch = namespaces.inside(self._namespaces[router], partial(LinkWatch, interfaces, controller.port_state))
        self._stack.callback(watch.close)

    def _address(self, router: str) -> str:
        return f"unix:{self._state.socket(router)}"

    def _start_switch(self, router: str) -> None:
        ports = {link.at(router).port: cables.interface(link.at(router)) for link in self._topology.links_of(router)}
        number = self._topology.routers[router].number
        self._state.socket(router).unlink(missing_ok=True)  # of a killed predecessor
        try:
            self._switches[router] = Switch(
                Launch(self._kind, self._address(router), number, ports),
                self._state.switch_log(router),
                inside=lambda start: namespaces.inside(self._namespaces[router], start),
                tied=False,  # the thread inside ends at once; `down` finds the switch by its namespace
            )
        except LaunchError as error:
            raise LabError(f"{router}: {error}") from None
        self._dead.discard(router)

    def _start_proxy(self, host: str, prefix: str) -> None:
        """The functions of a host; its log is beside that of the switches."""
        with self._state.switch_log(host).open("ab") as said:
            proxy = namespaces.inside(
                self._namespaces[host],
                lambda: subprocess.Popen(
                    [sys.executable, "-m", "srv6host", "proxy", prefix],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=python_environment("srv6host"),
                ),
            )
        assert proxy.stdout is not None
        self._stack.callback(proxy.wait)
        self._stack.callback(proxy.terminate)
        if proxy.stdout.readline() != b"ready\n":
            raise LabError(f"{host}: its proxy does not start; see {self._state.switch_log(host)}")
        threading.Thread(target=self._log_proxy, args=(host, proxy.stdout), daemon=True).start()

    def _log_proxy(self, host: str, said: IO[bytes]) -> None:
        for line in said:
            log.info("%s: %s", host, line.decode(errors="replace").rstrip())

    def _wait_for_switch(self, router: str) -> None:
        try:
            self._switches[router].wait_until_ready()
        except LaunchError as error:
            raise LabError(f"{router}: {error}") from None

    # --- requests ---------------------------------------------------------------------------------------------

    def serve(self, listener: socket.socket) -> None:
        """Answer requests and look after the switches, for ever."""
        verbs: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "status": lambda _: self._status(),
            "apply": self._apply,
            "edit": self._edit,
            "cable": self._cable,
            "probe": self._probe,
            "restart": self._restart,
        }
        while True:
            ready, _, _ = select.select([listener], [], [], LOOK_INTERVAL)
            self._look()
            self._look_at_files()
            for name, says in self._says.items():
                says.election_id(self._clients[name].election_id)
            if not ready:
                continue
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(REQUEST_LIMIT)
                answer: dict[str, Any]
                try:
                    request = json.loads(_receive(connection))
                    answer = {"answer": verbs[request["verb"]](request)}
                except (TopologyError, LabError, CliError, P4RuntimeError, OverflowError) as error:
                    answer = {"error": str(error), "code": _code(error)}
                except (OSError, ValueError, KeyError, TypeError) as error:
                    answer = {"error": f"request not understood: {error!r}", "code": CHECK_FAILED}
                except Exception as error:  # one request must not end the lab
                    log.exception("request failed")
                    answer = {"error": f"{error!r}; see {self._state.log}", "code": CHECK_FAILED}
                try:
                    connection.sendall(json.dumps(answer).encode())
                except OSError as error:
                    log.info("the asker has gone: %s", error)

    def _look(self) -> None:
        for name, switch in self._switches.items():
            if not switch.alive and name not in self._dead:
                self._dead.add(name)
                log.warning("%s: %s ended (%s)", name, self._kind, switch.last_words())

    def _look_at_files(self) -> None:
        """Apply node files that somebody has changed; once for each change."""
        for name, watch in self._files.items():
            node = None
            try:
                node = watch.look()
                if node is None:
                    continue
                self._intent.nodes[name] = node
                written = self._give(name, node)
            except (ConfigError, TakesAway, P4RuntimeError, OverflowError, OSError) as error:
                if node is not None and isinstance(error, P4RuntimeError):
                    watch.applied = node  # the controller goes on trying
                meant = f"; if that is meant: srv6 apply {ACCEPT} {watch.path}" if isinstance(error, TakesAway) else ""
                self._wrong[name] = f"{error}{meant}"
                log.warning("%s: not applied: %s%s", name, error, meant)
            else:
                watch.applied = node
                log.info("%s: its node file has changed: %s", name, written or "applied when its switch answers")

    def _note(self, router: str) -> None:
        """The file is as this process has written it."""
        self._files[router] = NodeWatch(QuietFile(self._intent.file(router)), self._intent.nodes[router])

    def _give(self, router: str, node: Node) -> Changes | None:
        """Have the controller apply what the node file says; what was written, None when the switch is not there."""
        written = self._controllers[router].apply(node)
        self._wrong.pop(router, None)
        for host in self._topology.hosts.values():
            if host.router == router:
                self._write_names(host.name)
        return written

    def _write_names(self, node: str) -> None:
        """What others are called where a command runs (``srv6 lab exec``): it follows from what can be reached.

        In place: commands that run have the file mounted.
        """
        text = hosts_file(names_at(self._topology, self._intent.nodes, node))
        self._state.hosts_file(node).write_text(text, "utf-8")

    def _status(self) -> dict[str, Any]:
        routers = {}
        for name, switch in self._switches.items():
            controller = self._controllers[name].status()
            routers[name] = {
                "switch": self._kind,
                "pid": switch.pid,
                "state": "running" if switch.alive else f"ended ({switch.ending})",
                "address": self._address(name),
                "device-id": self._topology.routers[name].number,
                "controller": controller.role,
                "changed": self._intent.changed(name),
                "file": str(self._intent.file(name)),
                "wrong": self._wrong.get(name),
                "ports": self._ports(name),
            }
        return {"routers": routers}

    def _ports(self, router: str) -> dict[str, Any]:
        return {
            str(link.at(router).port): asdict(
                PortState(link.other(router).node, self._watch.up(link.at(router)), link.number in self._cut)
            )
            for link in self._topology.links_of(router)
        }

    def _apply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._change(request["router"], lambda router: self._intent.change(router, request["changes"]))

    def _edit(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._change(request["router"], lambda router: self._intent.edit(router, request["words"]))

    def _change(self, router: str, change: Callable[[str], Node]) -> dict[str, Any]:
        node = change(router)
        self._note(router)
        try:
            written = self._give(router, node)
        except (P4RuntimeError, OverflowError):
            before = self._intent.undo(router)
            self._note(router)
            with suppress(P4RuntimeError):
                self._give(router, before)
            raise
        return {"written": None if written is None else str(written)}

    def _cable(self, request: Mapping[str, Any]) -> dict[str, Any]:
        whole = request["whole"]
        for link in self._topology.links_between(*request["ends"]):
            try:
                cables.connect(link, self._state.cables, whole)
            except OSError as error:
                raise LabError(f"the cable between {' and '.join(request['ends'])}: {error}") from None
            (self._cut.discard if whole else self._cut.add)(link.number)
            wait_until_known(self._controllers, link.ends, whole)
        return {}

    def _probe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        probe = from_json(request["probe"])
        router, wait = request["router"], min(float(request["timeout"]), LONGEST_PROBE)
        try:
            found = self._controllers[router].exchange(probe.packet, 0, lambda packet: is_answer(probe, packet), wait)
        except RuntimeError as error:
            raise LabError(f"{router}: {error}") from None
        return {} if found is None else {"packet": found[0].hex(), "seconds": found[1]}

    def _restart(self, request: Mapping[str, Any]) -> dict[str, Any]:
        router = request["router"]
        self._topology.check_router(router)
        controller = self._controllers[router]
        before = controller.status().reconciliations
        self._switches[router].stop()
        self._look()
        begin = time.monotonic()
        self._start_switch(router)
        self._wait_for_switch(router)
        while (status := controller.status()).role != "primary" or status.reconciliations == before:
            if time.monotonic() - begin > FILL_LIMIT:
                raise LabError(f"{router}: the controller did not fill the new switch within {FILL_LIMIT:g} s")
            time.sleep(0.02)
        return {"written": str(status.changes), "seconds": time.monotonic() - begin}


def _code(error: Exception) -> int:
    """The exit code that the asker ends with."""
    if isinstance(error, CliError):
        return error.code
    if isinstance(error, UnknownName):
        return USAGE
    return CONFIG if isinstance(error, (TopologyError, OverflowError)) else CHECK_FAILED


def _receive(connection: socket.socket) -> bytes:
    """Everything until the other side has shut its direction."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def _stop(*_: object) -> None:
    raise SystemExit(0)


def main(name: str) -> int:
    """Run until SIGTERM."""
    state = State(name)
    signal.signal(signal.SIGTERM, _stop)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("grpc").setLevel(logging.WARNING)
    with socket.socket(socket.AF_UNIX) as listener, Daemon(state) as daemon:
        try:
            daemon.start()
            listener.bind(str(state.control))
            listener.listen()
        except (LabError, TopologyError, artifacts.ArtifactError, OSError, P4RuntimeError) as error:
            _tell(str(error))
            return 1
        except Exception as error:
            log.exception("cannot start")
            _tell(f"{type(error).__name__}: {error}")
            return 1
        _tell("ready")
        daemon.serve(listener)
    return 0


def _tell(line: str) -> None:
    """One line for the process that started us; then standard output is nobody's."""
    try:
        print(" ".join(line.split()), flush=True)
    except OSError:
        pass  # it has gone; the log has what matters
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
