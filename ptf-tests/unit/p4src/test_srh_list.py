# SPDX-License-Identifier: Apache-2.0
"""The cut of an SRH with ``WITH_SRH_LIST``: Segment List[0], [SL-1] and [SL] are read right wherever they are, and what
is only read leaves as it came.  ``srh_list.p4`` puts a report in front of every frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from scapy.packet import Packet

from harness import craft, testbed
from harness.dataplane import Bmv2
from softswitch.bmv2json import load_program
from softswitch.device import Device
from srv6cp.p4rt import Client, P4Info

BUILD = Path(__file__).parent / "build"
PLAIN, ADVANCED, POPPED, OUT = 1, 2, 3, 9  # ports of srh_list.p4
ETHERNET, IPV6 = 14, 40
INNER = craft.ip6("2001:db8::1", "2001:db8::2", craft.udp(b"payload"))
TLVS: dict[str, Sequence[Packet]] = {
    "none": (),
    "padding": (craft.padn(6), craft.pad1(), craft.pad1()),
    "hmac": (craft.hmac_tlv(7, bytes(range(32))),),
}
Exchange = Callable[[Sequence[tuple[int, bytes]]], list[list[tuple[int, bytes]]]]


@dataclass(frozen=True)
class Report:
    """What the program tells: segments that are there, and bytes of extension headers that were walked."""

    first: IPv6Address | None = None
    following: IPv6Address | None = None
    current: IPv6Address | None = None
    exhausted: IPv6Address | None = None
    complete: bool = False
    extension_length: int = 0

    LENGTH = 67  # bytes on the wire

    @classmethod
    def read(cls, data: bytes) -> Report:
        """From the bytes in front of a frame; a field that nothing was read into must be zero."""
        flags, values = data[0], [IPv6Address(data[at : at + 16]) for at in range(1, 65, 16)]
        present = [flags >> 3 & 1, flags >> 3 & 1, flags >> 2 & 1, flags >> 1 & 1]
        assert not any(int(value) for value, there in zip(values, present, strict=True) if not there)
        found = [value if there else None for value, there in zip(values, present, strict=True)]
        return cls(*found, complete=bool(flags & 1), extension_length=int.from_bytes(data[65:67], "big"))


@dataclass(frozen=True)
class Case:
    """A frame with an SRH ``at`` an offset, ``length`` bytes long, and what is read of it."""

    name: str
    frame: bytes
    report: Report
    at: int = 0
    length: int = 0

    @property
    def advanced(self) -> bytes:
        """The frame after SRH_ADVANCE."""
        assert self.report.following is not None
        frame = bytearray(self.frame)
        frame[ETHERNET + 24 : ETHERNET + 40] = self.report.following.packed
        frame[self.at + 3] -= 1
        return bytes(frame)

    @property
    def popped(self) -> bytes:
        """The frame after SRH_ADVANCE and SRH_POP, next header and length being left to others."""
        frame = self.advanced
        return frame[: self.at] + frame[self.at + self.length :]


def segments(count: int, block: int = 0xA) -> list[IPv6Address]:
    """Different segments, every byte of which tells."""
    return [IPv6Address(bytes([0xFC, block, i]) + bytes(at * 19 ^ i for at in range(13))) for i in range(count)]


def exhausted(payload: Packet, count: int, block: int) -> Packet:
    """An SRH without a segment left in front of ``payload``."""
    return craft.srh(segments(count, block), sl=0, payload=payload)


# What stands in front of the SRH: from the payload of the last header, and the segment that is read of it.
FRONTS: dict[str, tuple[Callable[[Packet], Packet], IPv6Address | None]] = {
    "nothing": (lambda srh: srh, None),
    "hop-by-hop": (lambda srh: craft.hbh(srh, bytes(12)), None),
    "three headers": (lambda srh: craft.hbh(craft.dstopt(craft.auth(srh)), bytes(4)), None),
    "an exhausted SRH": (lambda srh: exhausted(srh, 1, 0xB), segments(1, 0xB)[0]),
    "two exhausted SRHs": (lambda srh: exhausted(exhausted(srh, 2, 0xC), 3, 0xB), segments(1, 0xB)[0]),
    "exhausted SRHs between": (
        lambda srh: craft.hbh(exhausted(craft.dstopt(srh, bytes(20)), 127, 0xD)),
        segments(1, 0xD)[0],
    ),
}


def in_frame(packet: Packet) -> bytes:
    """``packet`` behind an IPv6 header in a frame."""
    whole = craft.ip6("2001:db8:a::1", "fcbb:bb00::1", packet)
    return craft.frame(whole, dst="02:00:00:00:00:01", src="02:00:00:00:00:02")


def case(entries: int, left: int, tlvs: str, front: str) -> Case:
    """An SRH of ``entries`` segments, ``left`` of which are left."""
    listed = segments(entries)
    srh = craft.srh(listed, sl=left, tlvs=TLVS[tlvs], payload=INNER)
    build, earlier = FRONTS[front]
    frame = in_frame(build(srh))
    length = len(bytes(srh)) - len(bytes(INNER))
    at = len(frame) - len(bytes(srh))
    walked = at - ETHERNET - IPV6
    if left == 0:
        report = Report(exhausted=earlier or listed[0], extension_length=walked + length)
    else:
        current = listed[left] if left < entries else None
        report = Report(listed[0], listed[left - 1], current, earlier, True, walked)
    return Case(f"{entries} segments, {left} left, TLVs: {tlvs}, behind {front}", frame, report, at, length)


def grid() -> list[Case]:
    """Last Entry 0 to 5 and every legal Segments Left, and the longest list that there is."""
    sizes = [(entries, left) for entries in range(1, 7) for left in range(entries + 1)]
    sizes += [(127, left) for left in (0, 1, 2, 3, 64, 125, 126, 127)]
    # 127 segments fill Hdr Ext Len
    return [
        case(entries, left, tlvs, front)
        for entries, left in sizes
        for tlvs in TLVS
        for front in FRONTS
        if entries < 127 or tlvs == "none"
    ]


GRID = grid()


@pytest.fixture(
    scope="module", params=["python", "native", pytest.param("bmv2", marks=[pytest.mark.bmv2, pytest.mark.diff])]
)
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """Send (port, frame) pairs through the program; what leaves because of each."""
    kind: str = request.param
    checks = {"native": testbed.native_missing, "bmv2": testbed.bmv2_grpc_missing}
    if kind in checks and (reason := checks[kind]()) is not None:
        pytest.skip(reason)
    code = (BUILD / "srh_list.json").read_bytes()
    if kind == "bmv2":
        switch = Bmv2()
        client = Client(switch.address, device_id=1)
        try:
            client.connect(20, wait=True)
            client.become_primary()
            client.set_pipeline(P4Info.from_file(BUILD / "srh_list.p4info.txtpb"), code)
            yield switch.frames.exchange
        finally:
            client.close()
            switch.close()
        return
    device = Device(engine=kind)
    device.load(load_program(code))
    left: list[tuple[int, bytes]] = []
    device.set_output(lambda port, frame: left.append((port, frame)))

    def through(frames: Sequence[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
        found = []
        for port, frame in frames:
            device.process(port, frame)
            found.append(left.copy())
            left.clear()
        return found

    yield through


def answers(exchange: Exchange, port: int, frames: Sequence[bytes]) -> list[tuple[Report, bytes]]:
    """The report and the frame behind it for each frame."""
    found = []
    for outputs in exchange([(port, frame) for frame in frames]):
        ((out, data),) = outputs
        assert out == OUT
        found.append((Report.read(data[: Report.LENGTH]), data[Report.LENGTH :]))
    return found


def test_segments_are_read_and_the_frame_stays(exchange: Exchange) -> None:
    for each, (report, frame) in zip(GRID, answers(exchange, PLAIN, [c.frame for c in GRID]), strict=True):
        assert report == each.report, each.name
        assert frame == each.frame, each.name


@pytest.mark.parametrize("port", [ADVANCED, POPPED])
def test_advance_and_pop(exchange: Exchange, port: int) -> None:
    """Nothing of the SRH stays behind, and an exhausted SRH in front of it does (END-16)."""
    cases = [each for each in GRID if each.report.following is not None]
    for each, (report, frame) in zip(cases, answers(exchange, port, [c.frame for c in cases]), strict=True):
        assert report == each.report, each.name
        assert frame == (each.advanced if port == ADVANCED else each.popped), each.name


def test_behind_four_headers_only_segments_left_are_read(exchange: Exchange) -> None:
    """All slots are taken: an SRH is still read, an exhausted one ends the walk."""

    def four(srh: Packet) -> bytes:
        return in_frame(craft.hbh(craft.dstopt(craft.dstopt(craft.auth(srh)))))

    listed = segments(3)
    frames = [four(craft.srh(listed, sl=left, payload=INNER)) for left in (0, 2)]
    found = answers(exchange, PLAIN, frames)
    assert [frame for _, frame in found] == frames
    length = 8 * 3 + 24
    assert found[0][0] == Report(extension_length=length)
    assert found[1][0] == Report(listed[0], listed[1], listed[2], None, True, length)


@pytest.mark.parametrize("slot", range(4))
def test_an_exhausted_srh_is_read_in_every_slot(exchange: Exchange, slot: int) -> None:
    packet = exhausted(INNER, 2, 0xB)
    for _ in range(slot):
        packet = craft.dstopt(packet)
    ((report, frame),) = answers(exchange, PLAIN, [in_frame(packet)])
    assert report == Report(exhausted=segments(2, 0xB)[0], extension_length=8 * slot + 40)
    assert frame == in_frame(packet)


def test_no_segment_in_an_exhausted_routing_header(exchange: Exchange) -> None:
    """A header without room for a segment, and a routing header that is no SRH, are passed over."""
    following = exhausted(INNER, 2, 0xC)
    packets = [
        craft.srh([], sl=0, payload=following),
        craft.srh([], sl=0, tlvs=[craft.padn(6), craft.pad1(), craft.pad1()], payload=following),
        craft.srh(segments(1, 0xB), sl=0, rtype=3, payload=following),
    ]
    frames = [in_frame(packet) for packet in packets]
    for (report, frame), sent in zip(answers(exchange, PLAIN, frames), frames, strict=True):
        assert report.exhausted == segments(1, 0xC)[0]
        assert frame == sent


def test_what_lies_about_its_lengths_stays_as_it_is(exchange: Exchange) -> None:
    """Segments Left and Last Entry outside the SRH: not complete, as long as no list can hold them."""
    listed = segments(2)
    lying = [(left, last) for left in (1, 2, 3, 4, 127, 128, 255) for last in (0, 1, 2, 3, 200, 255)]
    frames = [in_frame(craft.srh(listed, sl=left, le=last, payload=INNER)) for left, last in lying]
    for (report, frame), sent, (left, last) in zip(answers(exchange, PLAIN, frames), frames, lying, strict=True):
        assert frame == sent, (left, last)
        assert report.complete == (left <= 2 and (last < left or left < 2)), (left, last)


@pytest.mark.parametrize("left", [0, 1, 2, 4])
def test_cut_short_anywhere(exchange: Exchange, left: int) -> None:
    """Every byte comes out again; of an SRH that is not all there End is told, and no exhausted one is read."""
    whole = case(4, left, "padding", "hop-by-hop")
    lengths = range(whole.at - 10, whole.at + whole.length + 1)
    frames = [whole.frame[:length] for length in lengths]
    for (report, frame), sent in zip(answers(exchange, PLAIN, frames), frames, strict=True):
        assert frame == sent
        there = len(sent) == whole.at + whole.length
        assert report.complete == (there and left > 0)
        assert (report.exhausted is not None) == (there and left == 0)
        if left == 0 and whole.at + 8 <= len(sent) and not there:
            assert report.extension_length > len(sent) - ETHERNET - IPV6  # HEADER_TRUNCATED
