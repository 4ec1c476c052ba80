# SPDX-License-Identifier: Apache-2.0
"""What the control plane reads: packets that are punted, node files, topologies, recordings."""

from __future__ import annotations

import copy
import json
import pickle
import random
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from diff.generator import ANY, BLOCK, Generator
from unit.config.example import FULL
from unit.controller.test_punt_handler import Bench, check_soundness

from fuzz import mutate
from fuzz.part import Part
from p4rtlib.pcap import PcapError, read_pcap
from srv6cp.artifacts import find
from srv6cp.compile import compile_node
from srv6cp.config import ConfigError, Source, load_node, load_node_dict
from srv6cp.controller.punt import PacketIn
from srv6cp.model import PuntReason
from srv6cp.model.numbers import CPU_PORT
from srv6cp.p4rt import P4Info
from srv6lab.loader import load_topology
from srv6lab.shipped import shipped
from srv6lab.topology import TopologyError

#: What mutations put into node files.
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 7, 511, 65536, 2**70, "", "x", "::", "::/0", "0.0.0.0/0", "fcbb:bb00:1::",
    "2001:db8:12::2", "10.0.13.2", "10.0.0.0/8", "ff02::1", "fe80::1", "1.100", "1.x", "default", "blue", "red",
    "north", "frames", "End", "End.DX2", "End.B6.Encaps", "insert", "l2encap", "inherit", "\ud800", "é", [], {}, [[]],
    [None], [1, "a"], {"a": 1}, {1: {}}, {"address": "fe80::1", "port": 1}, {"port": 1}, [{"segments": []}],
]  # fmt: skip


class Nodes(Part):
    """Node files, as values and as text: a node that compiles and fits the program, or mistakes of a line each."""

    name = "nodes"
    count: ClassVar[int] = 20_000

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        if number % 2:
            return mutate.text(FULL, rng, rng.choice((1, 1, 2, 5))).encode(errors="replace")
        data = copy.deepcopy(_full())
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            mutate.tree(data, rng, VALUES)
        return b"\0" + pickle.dumps(data)

    def run(self, case: bytes) -> str:
        try:
            node = load_node_dict(pickle.loads(case[1:])) if case[:1] == b"\0" else load_node(_text(case))
        except ConfigError as error:
            assert error.problems
            _lines(list(map(str, error.problems)))
            return "refused"
        for entity in compile_node(node, _info()):
            _info().codec.encode(entity)
        return "loaded"


def _text(case: bytes) -> str:
    return case.decode() + "\n"


@cache
def _full() -> Any:
    return Source(FULL).load()


@cache
def _info() -> P4Info:
    return P4Info.from_file(find().p4info)


def _lines(messages: list[str]) -> None:
    for message in messages:
        assert message.strip() and "\n" not in message and "Traceback" not in message, repr(message[:500])
        assert len(message) < 5000, repr(message[:200])


class Topologies(Part):
    """Topologies of the lab."""

    name = "topologies"
    count: ClassVar[int] = 5_000

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        given = rng.choice(sorted(shipped().values())).read_text()
        if number % 2:
            return mutate.text(given, rng, rng.choice((1, 1, 2, 5))).encode(errors="replace")
        data = yaml.safe_load(given)
        for _ in range(rng.choice((1, 1, 2, 4))):
            mutate.tree(data, rng, VALUES)
        return yaml.safe_dump(json.loads(json.dumps(data)), allow_unicode=False).encode(errors="replace")

    def run(self, case: bytes) -> str:
        path = self.scratch / "topology.yaml"
        path.write_bytes(case)
        try:
            load_topology(path)
        except TopologyError as error:
            _lines(str(error).split("\n"))
            return "refused"
        return "loaded"


class Recordings(Part):
    """Pcap files."""

    name = "recordings"
    count: ClassVar[int] = 50_000

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        order = rng.choice(("little", "big"))
        magic = rng.choice((0xA1B2C3D4, 0xA1B23C4D))
        made = magic.to_bytes(4, order) + b"".join(  # type: ignore[arg-type]
            value.to_bytes(size, order)  # type: ignore[arg-type]
            for value, size in ((2, 2), (4, 2), (0, 4), (0, 4), (262144, 4), (1, 4))
        )
        for second in range(rng.randrange(4)):
            frame = rng.randbytes(rng.randrange(100))
            made += b"".join(value.to_bytes(4, order) for value in (second, 0, len(frame), len(frame))) + frame  # type: ignore[arg-type]
        return mutate.octets(made, rng, rng.choice((0, 1, 1, 2, 4)))

    def run(self, case: bytes) -> str:
        path = self.scratch / "recording.pcap"
        path.write_bytes(case)
        try:
            found = list(read_pcap(path))
        except PcapError as error:
            _lines([str(error)])
            return "refused"
        assert sum(len(frame) for _, frame in found) <= len(case)
        return "read"


class Punts(Part):
    """Packets that the data plane gives to the controller, with whatever in their headers."""

    name = "punts"
    count: ClassVar[int] = 200_000

    def __init__(self, seed: int, scratch: Path) -> None:
        super().__init__(seed, scratch)
        self._generator = Generator(seed, ANY)
        self._bench = Bench()
        self._now = 0.0

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        found = next(self._generator.cases(1, number)) if number % BLOCK == 0 else None
        if found is not None or not hasattr(self, "_block"):
            start = number - number % BLOCK
            self._block = [case.frame for case in self._generator.cases(BLOCK, start)]
        frame = self._block[number % BLOCK]
        if rng.random() < 0.5:
            frame = bytes.fromhex("020000000101") + frame[6:]
        frame = mutate.octets(frame, rng, rng.choice((0, 0, 1, 2, 4)))
        return pickle.dumps((_punt(rng, frame), frame))

    def run(self, case: bytes) -> str:
        fields, frame = pickle.loads(case)
        self._now += 0.01
        packet = PacketIn(PuntReason(fields.pop("reason")), frame, **fields)
        out = self._bench.handler.handle(packet, self._now) + self._bench.handler.poll(self._now)
        for each in out:
            check_soundness(each)
        return "answered" if out else "nothing said"


def _punt(rng: random.Random, frame: bytes) -> dict[str, int]:
    return {
        "reason": int(rng.choice(list(PuntReason))),
        "ingress_port": rng.choice((1, 2, 9, 511, CPU_PORT)),
        "vrf_id": rng.choice((0, 7, 65535)),
        "offset": rng.choice((14, 14, 14, 18, 54, 2000, 65535)),
        "pointer": rng.choice((0, 43, 65535)),
        "mtu": rng.choice((0, 1, 68, 1280, 65535)),
        "nexthop_id": rng.choice((0, 5, 6, 7, 8)),
    }
