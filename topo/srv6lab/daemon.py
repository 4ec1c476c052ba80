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
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from srv6cp import artifacts
from srv6cp.controller.loop import ControllerOptions, NodeController
from srv6cp.p4rt import Client, P4RuntimeError
from srv6cp.sync.launch import Launch, LaunchError, Switch
from srv6lab import cables, namespaces
from srv6lab.errors import LabError
from srv6lab.nodes import node_of
from srv6lab.state import State
from srv6lab.topology import TopologyError

FILL_LIMIT = 30.0  # s for a controller to fill a switch that answers
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
        self._changes: dict[str, Mapping[str, Any]] = {name: {} for name in self._topology.routers}
        self._switches: dict[str, Switch] = {}
        self._controllers: dict[str, NodeController] = {}
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
        nodes = {name: node_of(self._topology, name) for name in self._topology.routers}
        program = artifacts.find(self._profile)
        cables.build(self._topology, self._namespaces)
        for name in nodes:
            self._start_switch(name)
        for name, node in nodes.items():
            self._wait_for_switch(name)
            client = self._stack.enter_context(Client(self._address(name), device_id=node.device_id))
            self._controllers[name] = NodeController(client, node, CONTROLLER, program)
        with ThreadPoolExecutor(len(nodes)) as pool:
            for done in [pool.submit(controller.start) for controller in self._controllers.values()]:
                done.result()
        for controller in self._controllers.values():
            self._stack.callback(controller.stop)

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
            "changes": lambda _: self._changes,
            "apply": self._apply,
            "restart": self._restart,
        }
        while True:
            ready, _, _ = select.select([listener], [], [], LOOK_INTERVAL)
            self._look()
            if not ready:
                continue
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(REQUEST_LIMIT)
                answer: dict[str, Any]
                try:
                    request = json.loads(_receive(connection))
                    answer = {"answer": verbs[request["verb"]](request)}
                except (TopologyError, LabError, P4RuntimeError, OverflowError) as error:
                    answer = {"error": str(error), "config": isinstance(error, (TopologyError, OverflowError))}
                except (OSError, ValueError, KeyError, TypeError) as error:
                    answer = {"error": f"request not understood: {error!r}"}
                try:
                    connection.sendall(json.dumps(answer).encode())
                except OSError as error:
                    log.info("the asker has gone: %s", error)

    def _look(self) -> None:
        for name, switch in self._switches.items():
            if not switch.alive and name not in self._dead:
                self._dead.add(name)
                log.warning("%s: %s ended (%s)", name, self._kind, switch.last_words())

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
                "changed": bool(self._changes[name]),
            }
        return {"routers": routers}

    def _apply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        router, changes = request["router"], request["changes"]
        node = node_of(self._topology, router, changes)
        written = self._controllers[router].apply(node)
        self._changes[router] = changes
        return {"written": None if written is None else str(written)}

    def _restart(self, request: Mapping[str, Any]) -> dict[str, Any]:
        router = request["router"]
        if router not in self._switches:
            raise LabError(f"no router {router!r}; there are {', '.join(self._switches)}")
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
