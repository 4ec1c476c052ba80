# SPDX-License-Identifier: Apache-2.0
"""The controller of the switch under test: applies nodes, waits until everything is done, reads counters."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Network
from typing import Any

from harness import reasons, testbed
from harness.bed import Testbed
from harness.flow import PATIENCE, Count, CountingClient, Flow, NotSettled, cells
from srv6cp import artifacts
from srv6cp.artifacts import Artifacts
from srv6cp.compile import PolicyUse, needs
from srv6cp.compile.capabilities import Capabilities
from srv6cp.compile.system import of_punt_cell, punt_cell
from srv6cp.config import load_node_dict
from srv6cp.controller.loop import NodeController
from srv6cp.model import PuntReason
from srv6cp.model.numbers import CPU_PORT
from srv6cp.p4rt import P4Info, TableEntry

ETHERNET, TAGGED = 14, 18  # bytes before the IPv6 header


class Lacking(Exception):
    """The profile under test cannot be such a node; the message says what it lacks."""


class _Controller(NodeController):
    """A controller that can begin anew on tables that nobody has touched."""

    @property
    def policies(self) -> tuple[PolicyUse, ...]:
        """Those in use, with their numbers on the switch."""
        written = self._tables._written
        assert written is not None
        return written.policies

    def begin_anew(self) -> None:
        """What `apply` does with the node that it has, but for reading the switch and comparing."""
        self._ask(lambda: self._handler.configure(self._node))


class Router:
    """One controller on one switch, for all tests of a process."""

    def __init__(self, bed: Testbed, program: Artifacts | None = None) -> None:
        """``program``: which one the switch gets; without it the one that has everything."""
        self.bed = bed
        self.program = program or artifacts.find()
        self.capabilities = Capabilities(P4Info.from_file(self.program.p4info))
        self.client = CountingClient(bed.address, device_id=bed.device_id)
        self.client.connect(timeout=PATIENCE, wait=True)
        self.controller: _Controller | None = None
        self.flow: Flow | None = None
        self.node: Any = None
        self._config: Mapping[str, Any] = {}
        self._writes = 0  # of the client, when the switch had been made what `_config` asks for
        self._sid_index: dict[tuple[int, IPv6Network], int] = {}
        self._policy_ids: dict[str, list[int]] = {}
        self._cells: dict[str, Iterable[int] | None] = {}
        self._base: dict[tuple[str, int], Count] = {}

    # --- configuration
    # ------------------------------------------------------------------------------------------

    def apply(self, config: Mapping[str, Any]) -> Any:
        """Reconcile the switch to ``config`` (the YAML schema as data), count anew, return the node.

        A test often asks for the node that the one before had: then the tables are left alone, unless something was
        written since.

        Raises Lacking, before anything is done, where the profile under test is not the one that has everything, and
        lacks what the node asks for.
        """
        known = self.controller is not None and config == self._config
        node = self.node if known else load_node_dict(dict(config))
        if self.program.name != artifacts.DEFAULT:
            lacking = [need.what for need in needs.needs(node) if not self.capabilities.has(need.table, need.action)]
            if lacking:
                raise Lacking(f"profile {self.program.name} has not: {', '.join(dict.fromkeys(lacking))}")
        self.node, self._config = node, config
        if self.controller is None or self.flow is None:
            # before the controller says anything: it may still be under way when this is done
            flow = Flow(self.bed, self.client)
            controller = _Controller(self.client, self.node, program=self.program)
            controller.start()
            self.bed.watch_links(controller.port_state)
            # behind the controller's own listener: what is counted is in the controller's queue already
            self.client.count_packet_ins()
            self.controller = controller
            self.flow = flow
        else:
            self.settle()
            # what an earlier test taught would be probed half a minute later, in the middle of another test
            self.controller.flush_neighbors()
            known = known and self.client.writes == self._writes
            if known:
                self.controller.begin_anew()
            else:
                self.controller.apply(self.node)
        self.settle()
        self.forget()
        if not known:
            self._find_counters()
        self._start_counting()
        self._writes = self.client.writes
        return self.node

    def set_cable(self, port: int, whole: bool) -> None:
        """Cut the cable at a port, or mend it; returns when the controller has done what follows from it."""
        assert self.controller is not None
        self.bed.set_cable(port, whole)
        end = time.monotonic() + PATIENCE
        while self.controller.status().ports.get(port, True) is not whole:
            if time.monotonic() > end:
                raise NotSettled(f"the controller does not know that port {port} is {'up' if whole else 'down'}")
            time.sleep(0.005)
        self.settle()

    def settle(self) -> None:
        """Return when everything that was sent so far is done, answers of the controller included."""
        if self.flow is not None:
            self.flow.settle(self._drain)

    def pace(self) -> None:
        """Called after each frame, so that a burst is not longer than the switch can take."""
        if self.flow is not None:
            self.flow.pace(self._drain)

    def _drain(self) -> None:
        if self.controller is not None:
            self.controller.drain(PATIENCE)

    def forget(self) -> None:
        """Forget frames that nobody took."""
        self.bed.poll()
        for port in self.bed.ports:
            self.bed.take_all(port)

    def check(self) -> None:
        """Fail when the switch died."""
        if not self.bed.alive():
            raise NotSettled(f"the switch died\n{self.bed.last_words()}")

    def close(self) -> None:
        """Stop the controller and the client."""
        if self.controller is not None:
            self.controller.stop()
        self.client.close()

    # --- counters
    # -----------------------------------------------------------------------------------------------

    def _find_counters(self) -> None:
        """Which cells belong to the node."""
        self._sid_index = {}
        for entry in self.client.read(TableEntry("my_sid_table")):
            assert isinstance(entry, TableEntry)
            if entry.action.name == "not_a_sid":  # type: ignore[union-attr]
                continue
            vrf_id, index = entry.match["vrf_id"], entry.action.params["sid_index"]  # type: ignore[union-attr]
            assert isinstance(vrf_id, int) and isinstance(index, int)
            self._sid_index[vrf_id, network(entry.match["ipv6_dst"])] = index
        self._policy_ids = {}
        assert self.controller is not None
        for use in self.controller.policies:
            self._policy_ids.setdefault(use.policy.name, []).append(use.number)
        sids = sorted(set(self._sid_index.values()) - {0})
        policies = sorted(number for numbers in self._policy_ids.values() for number in numbers)
        cells_of_node: dict[str, Iterable[int] | None] = {
            "drop_counter": None,
            "punt_counter": None,
            "port_limit_counter": self._punt_cells(),
            "egress_port_counter": self.bed.ports,
            "my_sid_counter": [2 * i + tag for i in sids for tag in (0, 1)],
            "my_sid_error_counter": sids,
            "sr_policy_counter": [2 * i + tag for i in policies for tag in (0, 1)],
        }
        # a profile without policies has no counter of theirs
        self._cells = {name: which for name, which in cells_of_node.items() if which is None or which}

    def _start_counting(self) -> None:
        self._base = self._read_cells(self._cells)

    def _read_cells(self, wanted: Mapping[str, Iterable[int] | None]) -> dict[tuple[str, int], Count]:
        """Cells of counters, on the shortest way: they are many, and what they hold is not under test yet."""
        found = self.bed.peek(wanted)
        return cells(self.client, wanted) if found is None else {key: Count(*value) for key, value in found.items()}

    def _since(self, name: str, indices: Iterable[int] | None = None) -> dict[int, Count]:
        # Single cells as a controller reads them; all of a counter, hundreds, which mostly say 0, on the shortest way.
        found = self._read_cells({name: None}) if indices is None else cells(self.client, {name: indices})
        return {index: count - self._base.get((name, index), Count()) for (_, index), count in found.items()}

    def _by_reason(self, counter: str, names: Mapping[str, int]) -> dict[str, int]:
        by_number = {number: name for name, number in names.items()}
        found = sorted(self._since(counter).items())
        return {by_number.get(index, str(index)): count.packets for index, count in found if count.packets}

    def drops(self) -> dict[str, int]:
        """Drops by reason since counting started, without zeros."""
        return self._by_reason("drop_counter", reasons.DROP)

    def forget_drops(self) -> None:
        """Start counting drops anew."""
        self._base.update(self._read_cells({"drop_counter": None}))

    def punts(self) -> dict[str, int]:
        """Packets to the control plane by reason since counting started, without zeros."""
        return self._by_reason("punt_counter", reasons.PUNT)

    def limited(self) -> dict[tuple[int, int], int]:
        """Packets over a limit of their port since counting started, by port and punt reason (0: passes)."""
        found = self._since("port_limit_counter", self._punt_cells())
        return {of_punt_cell(cell): count.packets for cell, count in sorted(found.items()) if count.packets}

    def _punt_cells(self) -> list[int]:
        return [punt_cell(port, reason) for port in (*self.bed.ports, CPU_PORT) for reason in PuntReason]

    def _from_ipv6_header(self, name: str, index: int) -> Count:
        """A pair of cells (untagged, tagged) without the link-layer headers, which the switch counts."""
        found = self._since(name, (2 * index, 2 * index + 1))
        plain, tagged = found.get(2 * index, Count()), found.get(2 * index + 1, Count())
        size = plain.bytes - ETHERNET * plain.packets + tagged.bytes - TAGGED * tagged.packets
        return Count(plain.packets + tagged.packets, size)

    def _index_of(self, sid: str, vrf: str) -> int:
        key = (self.node.vrfs[vrf], network(sid))
        if key not in self._sid_index:
            known = ", ".join(str(prefix) for _, prefix in self._sid_index)
            raise LookupError(f"no SID {key[1]} in VRF {vrf} on the switch; there are: {known or 'none'}")
        return self._sid_index[key]

    def sid_counter(self, sid: str, vrf: str) -> Count:
        """Packets that a SID processed since counting started."""
        return self._from_ipv6_header("my_sid_counter", self._index_of(sid, vrf))

    def sid_errors(self, sid: str, vrf: str) -> int:
        """Packets that a SID refused since counting started."""
        index = self._index_of(sid, vrf)
        return self._since("my_sid_error_counter", (index,)).get(index, Count()).packets

    def policy_counter(self, name: str) -> Count:
        """Packets that a policy carried since counting started."""
        if name not in self._policy_ids:
            raise LookupError(f"no policy {name} in use; there are: {', '.join(self._policy_ids) or 'none'}")
        counts = [self._from_ipv6_header("sr_policy_counter", number) for number in self._policy_ids[name]]
        return Count(sum(c.packets for c in counts), sum(c.bytes for c in counts))

    def port_counter(self, port: int) -> Count:
        """Frames that left a port since counting started."""
        return self._since("egress_port_counter", (port,)).get(port, Count())


def network(value: Any) -> IPv6Network:
    """A prefix from what P4Runtime or a test gives: a network, a pair of value and length, or text (SIDs:
    /64).
    """
    if isinstance(value, tuple):
        return IPv6Network((int(value[0]), value[1]))
    if isinstance(value, str) and "/" not in value:
        return IPv6Network(value)
    return value if isinstance(value, IPv6Network) else IPv6Network(value)


#: The controller of each switch, and the name of the program that it is for.
_routers: dict[Testbed, Router] = {}


def router_of(bed: Testbed, profile: str | None = None) -> Router:
    """The controller of a switch, started when first asked for; it ends with the switch.

    Its program is that of ``profile``, by default of ``PROFILE``: a test that needs another one than the test before
    has the switch load it.
    """
    program = testbed.program(profile)
    router = _routers.get(bed)
    if router is not None and router.program.name != program.name:
        router.close()
        router = None
    if router is None:
        if bed not in _routers:
            bed.on_shutdown(lambda: _routers.pop(bed).close())
        router = _routers[bed] = Router(bed, program)
    return router
