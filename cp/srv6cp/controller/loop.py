# SPDX-License-Identifier: Apache-2.0
"""The long-running controller of one switch.

    client's stream thread ── packets, role, disconnects ──► inbox ──► controller thread
                                                                        │ PuntHandler: what to answer
    switch ◄── packet-outs, writes ─────────────────────────────────────┘ Tables: what to program

All state belongs to the controller's one thread; everything else reaches it through the inbox, orders first, then
packets by their precedence. A switch that is lost is looked for with growing pauses and reconciled when found; so
is one that another controller left behind.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from srv6cp.artifacts import Artifacts
from srv6cp.behaviours.l2_bridge import KEY as BRIDGES
from srv6cp.behaviours.nsh import CHECKS as KEPT_CHECKS
from srv6cp.behaviours.nsh import RETURNS
from srv6cp.behaviours.proxy import CHECKS
from srv6cp.behaviours.proxy import KEY as SERVICES
from srv6cp.model import DropReason, NeighborKey, Node
from srv6cp.p4rt import (
    Arbitration,
    ArbitrationFailed,
    Client,
    ConnectionFailed,
    CounterEntry,
    DigestEntry,
    DigestList,
    DirectCounterEntry,
    Disconnected,
    NotPrimary,
    P4RuntimeError,
    StreamClosed,
    TableEntry,
    WriteError,
    insert,
    modify,
)
from srv6cp.p4rt import PacketIn as StreamPacket
from srv6cp.sync.program import Program
from srv6cp.sync.tables import Changes, Tables

from . import macages
from .bridging import DIGEST, READ, SOURCES, Addresses, Ages, key_of
from .chaining import used
from .election import Election
from .inbox import Inbox, Order
from .neighbors import NeighborTimers
from .oam import OamCopy
from .precedence import SHARES, precedence
from .punt import PacketIn, PacketOut, routed
from .punt_handler import PuntHandler

log = logging.getLogger(__name__)

_BATCH = 16
"""Packets that are handled before the tables are written and the answers sent: what an answer waits for at most."""
# Of digests: the longest wait for a list, its length, and the wait for the answer.
_DIGEST_PAUSE_NS, _DIGEST_LIST, _DIGEST_ANSWER_NS = 10_000_000, 256, 1_000_000_000
_REPAIR_PAUSE = 1.0
_LONGEST_REPAIR_PAUSE = 60.0
# How often a controller that is to take over asks whether its node is still about to be another.
_CHANGING_PAUSE = 0.05
_LONGEST_STOP = 10.0

T = TypeVar("T")


@dataclass(frozen=True)
class ControllerOptions:
    """How the controller behaves; times in seconds."""

    neighbors: NeighborTimers = field(default_factory=NeighborTimers)
    queue: int = 1024
    """Packet-ins that may wait; further ones are dropped and counted."""
    first_retry: float = 0.2
    """Pause before the second attempt to find a lost switch; it doubles ..."""
    longest_retry: float = 5.0
    """... up to this."""
    attempt: float = 1.0
    """How long one attempt may take."""
    keepalive: float = 4.0
    """A switch that is silent for so long is lost."""
    oam_journal: Path | None = None
    """Where copies of packets with the O flag are noted for `srv6 oam show`."""
    mac_ages: Path | None = None
    """Where it is noted when MAC addresses were last seen, for `srv6 mac show`."""


@dataclass(frozen=True)
class NeighborRow:
    """One neighbour for display. `state` is that of RFC 4861 7.3.2, `static` or `failed`."""

    interface: str
    address: str
    mac: str | None
    state: str
    waiting: int = 0


@dataclass(frozen=True)
class ControllerStatus:
    """A snapshot: `counts` says what was done with packets, `changes` what the last reconciliation wrote."""

    node: str
    role: str
    """`primary`, `backup`, `disconnected` or `stopped`."""
    election_id: int
    neighbors: tuple[NeighborRow, ...]
    counts: Mapping[str, int]
    handled: int
    """Packet-ins dealt with."""
    queued: int
    """Packet-ins waiting for the controller."""
    dropped: int
    """Packet-ins dropped because the queue was full."""
    pending: int
    """Packets waiting for a neighbour."""
    reconciliations: int
    changes: Changes
    refused: Mapping[str, int] = field(default_factory=dict)
    """What packets asked for and did not get: by port and reason, how often."""
    ports: Mapping[int, bool] = field(default_factory=dict)
    """Whether a port is up, for those whose state is known."""
    oam: tuple[OamCopy, ...] = ()
    """Copies of packets with the O flag, the latest ones, the oldest first."""


class NodeController:
    """Makes one switch the router that a `Node` describes, and keeps it that.

        with Client(address, device_id) as client, NodeController(client, node) as controller:
            controller.wait()

    The client stays the caller's: it is not closed here. Tables are left in place by `stop`, so that traffic
    goes on and the next controller finds nothing to do.
    """

    def __init__(
        self,
        client: Client,
        node: Node,
        options: ControllerOptions | None = None,
        program: Artifacts | None = None,
        changing: Callable[[], bool] = lambda: False,
    ) -> None:
        """``changing`` says whether another node is about to be given (`apply`): a switch that becomes this
        controller's is left as it is until then."""
        self._client = client
        self._changing = changing
        self._held = False  # the switch is ours, and waits for that node
        self._node = node
        self._options = options or ControllerOptions()
        self._tables = Tables(client, Program.read(program))
        sources = self._tables.info.tables.get(SOURCES)
        self._addresses = Addresses(sources.size if sources else 0, self._say_of_addresses)
        self._mac_ages = self._options.mac_ages
        self._election = Election(client)
        self._handler = PuntHandler(
            node, self._mark, self._tables.targets, self._options.neighbors, self._options.oam_journal
        )
        self._caches = self._handler.caches
        self._tables.learned = self._learned
        self._inbox: Inbox[StreamPacket] = Inbox(self._options.queue, self._precedence, SHARES)
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._subscriptions: tuple[Callable[[], None], ...] = ()
        self._stopping = False
        self._stopped = threading.Event()
        # Of the controller thread:
        self._calm: list[Future[None]] = []  # those who wait until no packet waits for a neighbour
        self._changed: dict[NeighborKey, None] = {}  # neighbours that have, since the tables were written
        self._stale = False  # these, or ports
        self._retry_at: float | None = None  # when to look for the lost switch again
        self._repair_at: float | None = None  # when to reconcile after a failed write
        self._repair_pause = _REPAIR_PAUSE
        self._lost_at = 0.0
        self._pause = 0.0
        self._handled = 0
        self._reconciliations = 0
        self._changes = Changes()
        self._ports: dict[int, bool] = {}  # up or down, as far as somebody has told

    # Life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, arbitrate and, as primary, load the program and reconcile; then go on in a thread.

        As backup it returns as well, ready to take over. Raises P4RuntimeError when the switch cannot be
        reached or refuses what it is told; nothing is left running then.
        """
        if self._thread is not None:
            raise RuntimeError("the controller has been started already")
        self._stopping = False
        self._stopped.clear()
        client, inbox = self._client, self._inbox
        self._subscriptions = (
            client.on_packet_in(inbox.put),
            client.on_digest(self._on_digest),
            client.on_status(self._on_status),
            client.on_disconnect(self._on_disconnect),
        )
        name = f"controller-{self._node.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        atexit.register(self.stop)
        try:
            inbox.order(self._begin).result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the thread and the subscriptions; tables stay as they are. Does nothing when not running."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        atexit.unregister(self.stop)
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._stopping = True
        self._inbox.order(lambda: None)  # wakes the thread up
        thread.join(_LONGEST_STOP)
        if thread.is_alive():
            log.warning("%s: the switch does not answer; not waiting for it", self._where)
        self._inbox.abandon()
        for calm in self._calm:
            calm.cancel()
        self._election.lost()
        self._stopped.set()

    def __enter__(self) -> NodeController:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until `stop` was called from a signal handler or another thread; False after `timeout` s."""
        return self._stopped.wait(timeout)

    # Requests -----------------------------------------------------------------------------------------------

    def apply(self, node: Node) -> Changes | None:
        """Change the configuration at run time.

        Returns what was written, None when this controller is not primary: then it is applied on becoming so.
        Raises OverflowError when it has more than the switch can number, and changes nothing then;
        P4RuntimeError when the switch refuses it, and goes on trying.
        """
        return self._ask(lambda: self._apply(node))

    def port_state(self, port: int, up: bool) -> None:
        """Say that a port is up or down; what needs a port that is down is left out of the tables until it is up.

        softswitch tells the controller by itself; for other switches whoever knows says it (`links.LinkWatch`). May
        be called from any thread, and does not wait.
        """
        self._tell_ports({port: up})

    def drain(self, timeout: float | None = None) -> None:
        """Return when everything that had arrived before is handled and answered. Raises TimeoutError."""
        self._ask(lambda: None, timeout, behind_packets=True)

    def settle(self, timeout: float = 5.0) -> None:
        """Return when everything that the switch had sent before is handled, no packet waits for its neighbour, and the
        switch has taken the answers.

        A switch of softswitch's is needed; see ``softswitch.settle`` for a network of them. Raises TimeoutError.
        """
        deadline = time.monotonic() + timeout

        def left() -> float:
            return max(0.0, deadline - time.monotonic())

        calm: Future[None] = Future()
        self._client.barrier(left())
        self._ask(lambda: self._calm.append(calm), left(), behind_packets=True)
        try:
            calm.result(left())
        except FutureTimeout:
            raise TimeoutError(f"packets waited for their neighbours for more than {timeout:g} s") from None
        except CancelledError:
            raise RuntimeError("the controller was stopped") from None
        self._client.barrier(left())

    def exchange(
        self, packet: bytes, vrf_id: int, wanted: Callable[[bytes], bool], timeout: float
    ) -> tuple[bytes, float] | None:
        """Send an IP packet of this node, routed in a VRF, and wait for an answer to the node that is wanted.

        Returns the answer, from its IP header on, and the seconds between; None when none came within ``timeout``. Not
        in the controller's thread. Raises RuntimeError when this controller is not primary.
        """
        found: Future[tuple[bytes, float]] = Future()

        def takes(answer: bytes) -> bool:
            if found.done() or not wanted(answer):
                return False
            found.set_result((answer, time.perf_counter()))
            return True

        def send() -> float:
            if not self._election.is_primary:
                raise RuntimeError("the controller is not primary: it sends nothing")
            self._handler.awaited.append(takes)
            begin = time.perf_counter()
            self._answer([routed(packet, vrf_id)])
            return begin

        try:
            begin = self._ask(send)
            answer, end = found.result(timeout)
            return answer, end - begin
        except FutureTimeout:
            return None
        finally:
            with self._lock:
                self._handler.awaited[:] = [each for each in self._handler.awaited if each is not takes]

    def flush_neighbors(self, keys: Iterable[NeighborKey] | None = None) -> None:
        """Forget these learned neighbours (default: all); they are asked for again when needed."""
        self._ask(lambda: self._flush(keys))

    def status(self) -> ControllerStatus:
        """A snapshot of the controller, from any thread, running or not."""
        with self._lock:
            handler = self._handler
            return ControllerStatus(
                self._node.name,
                self._election.role if self._thread is not None else "stopped",
                self._client.election_id,
                self._neighbor_rows(),
                dict(handler.counts),
                self._handled,
                len(self._inbox),
                self._inbox.dropped,
                handler.neighbors.waiting,
                self._reconciliations,
                self._changes,
                {f"{interface}: {why}": number for (interface, why), number in handler.refusals.counts.items()},
                dict(self._ports),
                tuple(handler.oam.copies),
            )

    def _neighbor_rows(self) -> tuple[NeighborRow, ...]:
        rows = [
            NeighborRow(str(neighbor.interface), str(neighbor.address), neighbor.mac, "static")
            for neighbor in self._node.neighbors
        ]
        for key, state, mac, waiting in self._handler.neighbors.rows():
            text = mac.hex(":") if mac else None
            rows.append(NeighborRow(str(key.interface), str(key.address), text, state.value, waiting))
        return tuple(rows)

    def _ask(self, run: Callable[[], T], timeout: float | None = None, *, behind_packets: bool = False) -> T:
        """Run something in the controller thread, in front of the packets that wait or behind them, and wait for its
        result."""
        if self._thread is None:
            raise RuntimeError("the controller is not running")
        try:
            result: T = self._inbox.order(run, behind_packets=behind_packets).result(timeout)
            return result
        except CancelledError:
            raise RuntimeError("the controller was stopped") from None
        except FutureTimeout:
            raise TimeoutError(f"the controller was not done within {timeout:g} s") from None

    # The controller thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            work = self._inbox.take(self._deadline(), _BATCH)
            with self._lock:
                if isinstance(work, Order):
                    work.carry_out()
                else:
                    self._guard(lambda packets=work or []: self._work(packets))  # type: ignore[misc]
                if self._calm and not self._handler.neighbors.waiting:
                    for calm in self._calm:
                        calm.set_result(None)
                    self._calm.clear()

    def _deadline(self) -> float | None:
        times = [self._retry_at]
        if self._election.is_primary:
            times += [self._repair_at, self._handler.next_deadline()]
            times += [self._addresses.next_look, self._caches.next_look, self._handler.chains.next_look]
        return min((at for at in times if at is not None), default=None)

    def _work(self, packets: list[StreamPacket]) -> None:
        now = time.monotonic()
        out: list[PacketOut] = []
        for packet in packets:
            self._handled += 1
            try:
                out += self._handler.handle(PacketIn.from_metadata(packet.payload, packet.metadata), now)
            except (KeyError, ValueError) as error:
                log.debug("%s: packet-in not understood: %r", self._where, error)
        if self._retry_at is not None and now >= self._retry_at:
            self._look_for_switch()
        if self._election.is_primary:
            if self._repair_at is not None and now >= self._repair_at:
                self._take_over()
            deadline = self._handler.next_deadline()
            if deadline is not None and now >= deadline:
                out += self._handler.poll(now)
            look = self._addresses.next_look
            if look is not None and now >= look:
                self._age(now)
            look = self._caches.next_look
            if look is not None and now >= look:
                self._age_caches(now)
            look = self._handler.chains.next_look
            if look is not None and now >= look:
                self._age_headers(now)
            self._answer(out)

    def _answer(self, out: list[PacketOut]) -> None:
        """Bring the tables up to date with neighbours and caches, then send: what is sent may depend on them."""
        if updates := self._caches.updates():
            self._client.write(updates)
        if self._stale and not self._held:
            self._stale = False
            changed, self._changed = self._changed, {}
            neighbors = self._handler.neighbors
            self._tables.follow(self._node, {key: neighbors.text(key) for key in changed}, neighbors.resolved)
        if self._handler.chains.pending:
            updates, self._handler.chains.pending = self._handler.chains.pending, []
            self._client.write(updates)
        for packet in out:
            self._client.packet_out(packet.payload, **packet.metadata)

    def _guard(self, run: Callable[[], None]) -> None:
        """Run something that nobody waits for; the controller survives what the switch does to it."""
        try:
            run()
        except (StreamClosed, ConnectionFailed) as error:
            if self._client.connected:  # slow, not gone
                self._complain(error)
            else:
                self._disconnected(str(error))
        except NotPrimary as error:
            log.warning("%s", error)
            self._repair_soon()
            self._inbox.order(lambda: self._guard(self._role_changed))
        except P4RuntimeError as error:
            self._complain(error)
        except Exception:
            log.exception("%s: controller error", self._where)

    def _complain(self, error: P4RuntimeError) -> None:
        self._repair_soon()
        log.error("%s: %s; will be reconciled", self._where, error)

    def _repair_soon(self) -> None:
        """The tables are not what they should be: reconcile after a pause, which grows while that fails."""
        if self._repair_at is None:
            self._repair_at = time.monotonic() + self._repair_pause
            self._repair_pause = min(2 * self._repair_pause, _LONGEST_REPAIR_PAUSE)

    @property
    def _where(self) -> str:
        return f"{self._node.name} ({self._client.address} device-id {self._client.device_id})"

    def _precedence(self, packet: StreamPacket) -> tuple[int, int]:
        return precedence(packet, self._handler.neighbors.asked)

    def _mark(self, keys: Iterable[NeighborKey]) -> None:
        self._changed.update(dict.fromkeys(keys))
        self._stale = True

    # Primary, backup, disconnected --------------------------------------------------------------------------

    def _begin(self) -> None:
        primary = self._election.stand()
        self._client.keep_alive(self._options.keepalive)
        self._client.watch_ports(self._tell_ports)
        if primary:
            try:
                self._take_over()
            except NotPrimary as error:
                # The other one of a pair was started at the same moment, with a higher election id.
                log.info("%s: backup after all: %s", self._where, error)
                self._election.step_back()

    def _apply(self, node: Node) -> Changes | None:
        self._tables.configure(node)
        self._node = node
        self._handler.configure(node)
        if not self._election.is_primary:
            return None
        return self._reconcile()

    def _flush(self, keys: Iterable[NeighborKey] | None) -> None:
        for key in self._handler.neighbors.keys() if keys is None else keys:
            self._handler.forget(key)
        if self._election.is_primary:
            self._answer(self._handler.want(self._tables.next_hops(), time.monotonic()))

    def _tell_ports(self, states: Mapping[int, bool]) -> None:
        self._inbox.order(lambda: self._guard(lambda: self._ports_are(states)))

    def _ports_are(self, states: Mapping[int, bool]) -> None:
        changed = [port for port, up in states.items() if self._ports.get(port, True) is not up]
        self._ports.update(states)
        if not changed:
            return
        self._tables.down = frozenset(port for port, up in self._ports.items() if not up)
        for port in changed:
            log.warning("%s: port %d is %s", self._where, port, "up" if states[port] else "down")
        # As the kernel does: somebody else may be there when the port comes back.
        for key in self._handler.neighbors.behind(changed):
            self._handler.forget(key)
        self._stale = True
        if self._election.is_primary:
            self._answer(self._handler.ask_for(self._tables.next_hops(changed), time.monotonic()))

    def _take_over(self) -> None:
        """The tables are ours: whatever is in them becomes what the node asks for.

        A backup that has not read the node file yet, which the primary has, would take back what that has done.
        """
        self._held = self._changing()
        if self._held:
            self._repair_at = time.monotonic() + _CHANGING_PAUSE
            return
        self._repair_at = None
        found = self._tables.take_over(self._node, recover=not self._handler.neighbors)
        self._adopt_addresses(found.loaded)
        if found.neighbors:
            self._handler.adopt(found.neighbors, time.monotonic())
        changes = self._reconcile()
        log.info("%s: %s%s", self._where, "program loaded; " if found.loaded else "", changes)

    def _reconcile(self) -> Changes:
        self._tables.configure(self._node)
        self._addresses.stale(self._node)
        self._caches.stale(self._node)
        self._handler.chains.configure(self._node, time.monotonic())
        self._stale = self._held = False
        self._changed.clear()
        try:
            plan = self._tables.reconcile(self._node, self._handler.neighbors.resolved())
        except P4RuntimeError:
            self._repair_soon()
            raise
        self._changes = Changes.of(plan)
        if bridges := self._tables.names(BRIDGES):
            self._listen()
        self._addresses.configure(self._node, bridges, time.monotonic())
        if bridges:
            self._note_ages(time.monotonic())
        self._caches.configure(self._node, self._tables.names(SERVICES), time.monotonic())
        self._repair_at = None
        self._repair_pause = _REPAIR_PAUSE
        self._reconciliations += 1
        self._answer(self._handler.want(self._tables.next_hops(), time.monotonic()))
        return self._changes

    def _learned(self) -> Iterable[TableEntry]:
        return (*self._addresses.entries(), *self._caches.entries(), *self._handler.chains.entries())

    # Service function chains --------------------------------------------------------------------------------

    def _age_headers(self, now: float) -> None:
        packets: dict[tuple[int, int], int] = {}
        for table in (KEPT_CHECKS, RETURNS):
            for cell in self._client.read(DirectCounterEntry(table)):
                if isinstance(cell, DirectCounterEntry) and cell.match:
                    path = used(cell.match, table)
                    packets[path] = packets.get(path, 0) + cell.packets
        for counter in self._client.read(CounterEntry("drop_counter", DropReason.NSH_HEADERS)):
            if isinstance(counter, CounterEntry) and (lost := self._handler.chains.lost(counter.packets)):
                log.warning("%s: %d NSH packets came back, and there are no headers for them", self._where, lost)
        self._client.write(self._handler.chains.age(packets, now))

    def look_at_headers(self, now: float) -> None:
        """Forget the headers of service paths that have aged, as if it were ``now`` (of the monotonic clock)."""
        self._ask(lambda: self._age_headers(now))

    def flush_headers(self) -> None:
        """Forget the headers of every service path."""
        self._ask(lambda: self._client.write(self._handler.chains.flush()))

    # Bridge domains -----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Have the switch tell of addresses, in lists, and again when an answer is lost."""
        digest = DigestEntry(DIGEST, _DIGEST_PAUSE_NS, _DIGEST_LIST, _DIGEST_ANSWER_NS)
        try:
            self._client.write([insert(digest)])
        except WriteError:
            self._client.write([modify(digest)])  # it did before

    def _on_digest(self, digest: DigestList) -> None:
        if digest.digest == DIGEST and self._addresses.queue(digest.data):
            self._inbox.order(lambda: self._guard(self._learn))

    def _adopt_addresses(self, loaded: bool) -> None:
        """What the switch has of them is what there is; nothing where its program has just been loaded."""
        there = [] if loaded or SOURCES not in self._client.p4info.tables else self._client.read(map(TableEntry, READ))
        found = (entry for entry in there if isinstance(entry, TableEntry))
        self._addresses.adopt(self._node, found, time.monotonic())

    def _learn(self) -> None:
        if not self._election.is_primary or self._held:
            return
        learned = self._addresses.learn(time.monotonic())
        try:
            self._client.write_stamped(self._addresses.serialized(learned, self._client.p4info.codec))
        except WriteError as error:
            back, others = self._addresses.refuse(error.failures)
            self._client.write(back)
            if others:
                raise

    def _age(self, now: float) -> None:
        counts = {
            key_of(cell.match): cell.packets
            for cell in self._client.read(DirectCounterEntry(SOURCES))
            if isinstance(cell, DirectCounterEntry) and cell.match
        }
        self._client.write(self._addresses.age(counts, now))
        self._note_ages(now)

    def _note_ages(self, now: float) -> None:
        if self._mac_ages is None:
            return
        try:
            macages.write(self._mac_ages, self._addresses.ages(), now, time.time())
        except OSError as error:
            log.warning("%s: %s: %s; `srv6 mac show` tells no ages", self._where, self._mac_ages, error.strerror)
            self._mac_ages = None

    def _say_of_addresses(self, text: str) -> None:
        log.warning("%s: %s", self._where, text)
        self._note_ages(time.monotonic())

    def flush_addresses(self) -> None:
        """Forget every learned MAC address of bridge domains."""
        self._ask(lambda: self._client.write(self._addresses.flush()))

    @property
    def learned(self) -> int:
        """How many MAC addresses are known; those told of last may not be on the switch yet."""
        return len(self._addresses)

    def addresses(self) -> Ages:
        """What is known of learned MAC addresses beside the entries of the switch; from any thread."""
        with self._lock:
            return self._addresses.ages()

    # Services -----------------------------------------------------------------------------------------------

    def _age_caches(self, now: float) -> None:
        counts = {
            int(cell.match["cache_id"]): cell.packets  # type: ignore[arg-type]
            for cell in self._client.read(DirectCounterEntry(CHECKS))
            if isinstance(cell, DirectCounterEntry) and cell.match
        }
        self._client.write(self._caches.age(counts, now))

    def flush_caches(self, service: str | None = None) -> None:
        """Forget the headers that are cached for a service, or (None) for all."""
        self._ask(lambda: self._client.write(self._caches.flush(service)))

    def _on_status(self, _answer: Arbitration) -> None:
        self._inbox.order(lambda: self._guard(self._role_changed))

    def _role_changed(self) -> None:
        was_primary = self._election.is_primary
        if self._election.changed():
            self._take_over()
        elif was_primary and not self._election.is_primary:
            self._handler.forget_neighbors()  # the new primary learns them; we shall read them back
            self._caches.forget()

    def _on_disconnect(self, event: Disconnected) -> None:
        self._inbox.order(lambda: self._disconnected(event.reason or event.code.name))

    def _disconnected(self, reason: str) -> None:
        if self._client.connected or self._election.role == "disconnected":
            return  # old news, or the start that fails and says so itself
        log.warning("%s: lost the switch: %s; looking for it", self._where, reason)
        self._election.lost()
        self._repair_at = None
        self._lost_at = self._retry_at = time.monotonic()
        self._pause = self._options.first_retry

    def _look_for_switch(self) -> None:
        try:
            primary = self._election.stand(reconnect_within=self._options.attempt)
        except (ConnectionFailed, ArbitrationFailed, StreamClosed) as error:
            log.debug("%s", error)
            self._retry_at = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, self._options.longest_retry)
            return
        self._retry_at = None
        self._client.watch_ports(self._tell_ports)
        log.warning("%s: found the switch again after %.1f s", self._where, time.monotonic() - self._lost_at)
        if primary:
            self._take_over()
