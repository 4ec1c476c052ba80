# SPDX-License-Identifier: Apache-2.0
"""``Srv6Test``: the base class of the packet tests. Its interface is described in README.md beside this file.

A test configures the router under test with ``self.node(...)``, sends frames, and says what comes out of
which port. Whole frames are compared, byte by byte; a frame that nobody expected fails the test.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from diff import recorded
from ptf.base_tests import BaseTest

from harness import craft, defaults, ptfport, reasons, show, testbed, wire
from harness.clauses import SWITCHES, behaviours, only_on, rfc, rule, switches_of
from harness.flow import Count
from harness.router import Lacking, Router, router_of
from harness.wire import Frame, Part

__all__ = ["Count", "Frame", "Srv6Test", "behaviours", "craft", "only_on", "rfc", "rule", "wire"]

ICMP6_QUOTE = 1280 - 40 - 8  # RFC 4443 2.4 (c): as much as fits in the minimum MTU
ICMP4_QUOTE = 576 - 20 - 8  # RFC 1812 4.3.2.3


class Srv6Test(BaseTest):
    """A router with eight ports, its controller, and a neighbour behind each port.

    ``strict`` (class attribute): at the end of a test a frame that was not expected is a failure. ``profile``: the one
    that the test needs, where it is not in the one with everything else.
    """

    strict = True
    profile: str | None = None
    router: Router

    def setUp(self) -> None:
        super().setUp()
        bed = testbed.current()
        if bed.name not in switches_of(type(self)):
            self.skipTest(getattr(type(self), "skip_reason", f"not on {bed.name}"))
        self.testbed = bed
        self.router = router_of(bed, self.profile)
        self.router.forget()
        self._sent: list[tuple[int, bytes]] = []
        self._config: dict[str, Any] = {}
        self._steps: list[list[Any]] = []

    def tearDown(self) -> None:
        __tracebackhide__ = True
        folder = os.environ.get(recorded.VARIABLE)
        # What runs on one switch only is not compared.
        if folder and switches_of(type(self)) == SWITCHES:
            recorded.append(folder, self.id().removesuffix(".runTest"), self._steps, self.router.program.name)
        try:
            if self.strict and not self._failing():
                self.expect_nothing()
            self.router.check()
        finally:
            super().tearDown()

    @property
    def dataplane(self) -> Any:
        """ptf's own data plane on the same ports, for ``ptf.testutils``."""
        return ptfport.dataplane()

    def _failing(self) -> bool:
        outcome = getattr(self, "_outcome", None)
        return bool(getattr(self, "failed", False) or (outcome is not None and not outcome.success))

    # --- configuration
    # ------------------------------------------------------------------------------------------

    def node(self, *, neighbors_static: bool = True, **config: Any) -> Any:
        """Make the switch under test the node that ``config`` describes, and start counting anew.

        ``config`` is the YAML schema as Python data, underscores for hyphens in the top-level keys
        (``sr_domain=...``). What is not given comes from ``harness.defaults.node``: eight ports with
        addresses and resolved neighbours, locator ``fcbb:bb00:1::/48``. ``ports`` is merged port by port
        (``None`` removes one); ``neighbors`` are added to the static ones of the defaults
        (``neighbors_static=False``: instead of them). A node that the profile under test cannot be skips the
        test; the program with everything has no excuse.
        """
        self._config = defaults.node(config, self.testbed, neighbors_static)
        try:
            node = self.router.apply(self._config)
        except Lacking as error:
            self.skipTest(str(error))
        self._sent.clear()
        self._steps.append(["node", self._config])
        return node

    @contextmanager
    def cut_cable(self, *ports: int) -> Iterator[None]:
        """The cables at these ports are cut inside the ``with``."""
        try:
            for port in ports:
                self.router.set_cable(port, False)
            self.router.forget()
            yield
        finally:
            for port in ports:
                self.router.set_cable(port, True)
            self.router.forget()

    def mac(self, port: int) -> str:
        """MAC address of the router's port."""
        return defaults.port_mac(port)

    def neighbor_mac(self, port: int) -> str:
        """MAC address of the neighbour behind a port."""
        return defaults.neighbor_mac(port)

    # --- frames
    # -------------------------------------------------------------------------------------------------

    def frame_in(self, port: int, packet: Any, *, vlan: int | tuple[int, ...] = ()) -> Frame:
        """The frame in which the neighbour of ``port`` sends an IP packet to the router."""
        ethernet = {"dst": self.mac(port), "src": self.neighbor_mac(port), "vlan": vlan}
        if not isinstance(packet, craft.Packet):
            return self._frame(packet, **ethernet)
        return Frame(craft.frame(packet, **ethernet))

    def frame_out(self, port: int, packet: Any, *, vlan: int | tuple[int, ...] = ()) -> Frame:
        """The frame in which the router must send an IP packet to the neighbour of ``port``."""
        return self._frame(packet, dst=self.neighbor_mac(port), src=self.mac(port), vlan=vlan)

    @staticmethod
    def _frame(packet: Any, **ethernet: Any) -> Frame:
        if isinstance(packet, Frame):
            return packet
        raw = bytes(packet)
        if isinstance(packet, Part) and packet.proto == wire.MPLS:
            return wire.ether(packet, **ethernet)
        if isinstance(packet, craft.Ether):
            return Frame(raw)
        if raw[:1] and raw[0] >> 4 in (4, 6):
            return wire.ether(Part(raw, wire.IPV6 if raw[0] >> 4 == 6 else wire.IPV4), **ethernet)
        raise ValueError("neither an IP packet nor a frame: use Frame(...) or ether(...) for anything else")

    def send(self, port: int, packet: Any, *, vlan: int | tuple[int, ...] = ()) -> Frame:
        """Send into ``port`` of the router; returns the frame.

        ``packet``: a frame (``craft.ether``, any scapy ``Ether``, ``Frame`` for bytes) goes out as it is; an IP packet
        (``craft.ip6``, any scapy ``IPv6`` or ``IP``, bytes) is sent by the neighbour to the router's MAC, in ``vlan``
        when given.
        """
        frame = self.frame_in(port, packet, vlan=vlan)
        self._sent.append((port, frame))
        self._steps.append(["send", port, frame.hex()])
        self.testbed.send(port, frame)
        self.router.pace()
        return frame

    def receive(self, port: int) -> Frame | None:
        """The next frame that leaves ``port``, or None when everything sent is done and nothing came."""
        self.router.settle()
        frame = self.testbed.take(port)
        return None if frame is None else Frame(frame)

    def expect(self, port: int, packet: Any, *, vlan: int | tuple[int, ...] = ()) -> None:
        """The next frame that leaves ``port`` is exactly this one (an IP packet: sent to the port's
        neighbour).
        """
        __tracebackhide__ = True
        expected = self.frame_out(port, packet, vlan=vlan)
        received = self.receive(port)
        if received is None:
            self._fail(f"nothing left port {port}; expected\n{show.text(expected)}{self._elsewhere()}")
        elif received != expected:
            self._fail(f"wrong frame on port {port}\n{show.difference(expected, received)}")

    def expect_nothing(self) -> None:
        """No frame leaves any port beyond those already expected."""
        __tracebackhide__ = True
        self.router.settle()
        left = [(port, frame) for port in self.testbed.ports for frame in self.testbed.take_all(port)]
        if left:
            shown = "\n".join(f"port {port}: {show.summary(frame)}\n{show.text(frame)}" for port, frame in left)
            self._fail(f"{len(left)} frame(s) that nobody expected\n{shown}")

    def expect_only(self, port: int, packet: Any, *, vlan: int | tuple[int, ...] = ()) -> None:
        """``expect`` and nothing else on any port."""
        __tracebackhide__ = True
        self.expect(port, packet, vlan=vlan)
        self.expect_nothing()

    def expect_one_of(self, choices: Mapping[int, Any]) -> int:
        """Exactly one frame leaves, and it is the one that ``choices`` names for its port. Returns the port.

        For ECMP and weighted segment lists, where the hash decides: ``{2: packet_via_2, 3: packet_via_3}``.
        """
        __tracebackhide__ = True
        self.router.settle()
        came = [port for port in self.testbed.ports if self.testbed.pending(port)]
        if len(came) != 1 or came[0] not in choices:
            self._fail(f"expected one frame on one of the ports {sorted(choices)}, came on {came}")
        self.expect_only(came[0], choices[came[0]])
        return came[0]

    # --- ICMP errors
    # ----------------------------------------------------------------------------------------------

    def icmp6_error(self, kind: int, code: int, value: int, invoking: wire.Packet, *, src: str) -> Part:
        """The ICMPv6 error that RFC 4443 asks for: to the source of ``invoking``, quoting what fits in 1280
        bytes.

        ``value`` is the pointer, the MTU or 0; ``src`` the address that the router answers from.
        """
        quoted = bytes(invoking)[:ICMP6_QUOTE]
        to = IPv6Address(bytes(invoking)[8:24])
        message = wire.icmp6(kind, code, struct.pack("!I", value) + quoted, between=(src, to))
        return wire.ip6(src, to, message, hl=defaults.ICMP_HOP_LIMIT)

    def expect_icmp6(
        self, port: int, kind: int, code: int, value: int, invoking: Any, *, src: str | None = None
    ) -> None:
        """The next frame on ``port`` is the ICMPv6 error about ``invoking``, an IPv6 packet as it arrived.

        ``src``: own address that the error must come from; without it the one that the router uses for errors
        about packets that came in by the port of the last frame sent (see ``harness.defaults.error_source``).
        """
        __tracebackhide__ = True
        source = src or defaults.error_source(self._config, self._sent[-1][0], 6)
        self.expect(port, self.icmp6_error(kind, code, value, bytes(invoking), src=source))

    def icmp4_error(self, kind: int, code: int, value: int, invoking: wire.Packet, *, src: str) -> Part:
        """The ICMPv4 error of RFC 1812 4.3.2: quoting as much as fits in 576 bytes."""
        raw = bytes(invoking)
        message = wire.icmp4(kind, code, struct.pack("!I", value) + raw[:ICMP4_QUOTE])
        return wire.ip4(src, IPv4Address(raw[12:16]), message, **defaults.ICMP4_FIELDS)

    def expect_icmp4(
        self, port: int, kind: int, code: int, value: int, invoking: Any, *, src: str | None = None
    ) -> None:
        """As ``expect_icmp6``, for ICMPv4."""
        __tracebackhide__ = True
        source = src or defaults.error_source(self._config, self._sent[-1][0], 4)
        self.expect(port, self.icmp4_error(kind, code, value, bytes(invoking), src=source))

    # --- counters: everything counts from the last self.node()
    # -----------------------------------------------------

    def drops(self) -> dict[str, int]:
        """Drops since ``node()`` or the last ``expect_drop``, by reason, without zeros."""
        self.router.settle()
        return self.router.drops()

    def expect_drop(self, reason: str, count: int = 1) -> None:
        """Exactly ``count`` packets were dropped, for this reason and no other (``drop_reason_t`` of the
        program).
        """
        __tracebackhide__ = True
        if reason not in reasons.DROP:
            raise ValueError(f"no such drop reason: {reason!r}; one of {', '.join(reasons.DROP)}")
        found = self.drops()
        self.router.forget_drops()
        if found != {reason: count}:
            self._fail(f"expected drops { ({reason: count}) }, counted {found}")

    def expect_no_drop(self) -> None:
        """No packet was dropped since ``node()`` or the last ``expect_drop``."""
        __tracebackhide__ = True
        if found := self.drops():
            self._fail(f"expected no drop, counted {found}")

    def punts(self) -> dict[str, int]:
        """Packets handed to the control plane since ``node()``, by reason, without zeros."""
        self.router.settle()
        return self.router.punts()

    def sid_counter(self, sid: str, vrf: str = "default") -> Count:
        """Packets that a SID processed successfully, and their bytes from the IPv6 header on (CNT-1)."""
        self.router.settle()
        return self.router.sid_counter(sid, vrf)

    def sid_errors(self, sid: str, vrf: str = "default") -> int:
        """Packets that a SID refused."""
        self.router.settle()
        return self.router.sid_errors(sid, vrf)

    def policy_counter(self, name: str) -> Count:
        """Packets that a policy encapsulated or inserted into, and their bytes before it did."""
        self.router.settle()
        return self.router.policy_counter(name)

    def port_counter(self, port: int) -> Count:
        """Frames that left a port, and their bytes."""
        self.router.settle()
        return self.router.port_counter(port)

    def expect_sid_counter(
        self, sid: str, packets: int, size: int | None = None, *, vrf: str = "default", errors: int = 0
    ) -> None:
        """``packets`` processed, ``size`` bytes in all when given, and ``errors`` refused."""
        __tracebackhide__ = True
        found, refused = self.sid_counter(sid, vrf), self.sid_errors(sid, vrf)
        if found.packets != packets or (size is not None and found.bytes != size) or refused != errors:
            expected = f"{packets} packets" + ("" if size is None else f" of {size} bytes") + f", {errors} errors"
            self._fail(f"counter of {sid}: expected {expected}; counted {found}, {refused} errors")

    # --- failures
    # -------------------------------------------------------------------------------------------------

    def _elsewhere(self) -> str:
        lines = [
            f"\nport {port}: {show.summary(f)}" for port in self.testbed.ports for f in self.testbed.take_all(port)
        ]
        drops = self.router.drops()
        return "".join(lines) + (f"\ndrops: {drops}" if drops else "") + f"\npunts: {self.router.punts()}"

    def _fail(self, message: str) -> None:
        __tracebackhide__ = True
        self.failed = True
        parts = [message]
        for port, frame in self._sent[-3:]:
            parts.append(f"sent into port {port}: {show.summary(frame)}\n{show.text(frame)}")
        if self._sent and (trace := self.testbed.trace(*self._sent[-1])):
            parts.append(f"trace of the last frame sent\n{trace}")
        self.fail("\n".join(parts))
