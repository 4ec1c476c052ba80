# SPDX-License-Identifier: Apache-2.0
"""The engine as a whole: traces, overload, malformed frames, threads, the project's program."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable

import pytest

from harness import testbed
from softswitch.bmv2json import load_program
from softswitch.device import ActionSpec, Device, Entry, Exact, InvalidArgument, Lpm, NotLoaded
from softswitch.engine.python import engine as python_engine

from . import bench as srv6_bench
from .conftest import PROGRAMS, Bench
from .test_programs import data_packet, key_packet, op_packet

Load = Callable[[str], Bench]


def samples(name: str, rng: random.Random, count: int) -> list[bytes]:
    """Frames for a program, some valid and some cut or mutated."""
    makers: dict[str, Callable[[], bytes]] = {
        "arithmetic": lambda: rng.randbytes(rng.randrange(40)),
        "parsing": lambda: bytes([rng.randrange(8) | rng.choice([0, 0, 0x10])]) + rng.randbytes(rng.randrange(14)),
        "tables": lambda: key_packet(rng.choice([1, 2, 3, 0x81]), rng.randrange(8), rng.getrandbits(32)),
        "replication": lambda: op_packet(rng.randrange(13), rng.randrange(7), rng.getrandbits(16), 30),
        "externs": lambda: data_packet(rng.randrange(4), rng.randrange(256), v=rng.randbytes(rng.randrange(9))),
        "srv6": srv6_bench.end_packet,
    }
    frames = []
    for _ in range(count):
        frame = bytearray(makers[name]())
        choice = rng.random()
        if choice < 0.2:
            frame = frame[: rng.randrange(len(frame) + 1)]
        elif choice < 0.7:
            for _ in range(rng.randrange(4)):
                if frame:
                    frame[rng.randrange(len(frame))] = rng.choice([0, 1, 4, 41, 43, 60, 255, rng.randrange(256)])
        frames.append(bytes(frame))
    return frames


def prepared(load: Load, name: str) -> Bench:
    """A device with enough configuration that packets get far."""
    device = load(name)
    device.pre.set_multicast_group(1, [(1, 7), (2, 8)])
    device.pre.set_clone_session(5, [(4, 11)])
    if name == "srv6":
        for table, state in srv6_bench.router().tables.items():
            if not state.immutable:
                for entry in state.entries():
                    device.tables[table].insert(entry)
    return device


NAMES = ["arithmetic", "parsing", "tables", "replication", "externs", "srv6"]


@pytest.mark.parametrize("name", NAMES)
def test_trace_does_what_process_does(bench: Load, name: str) -> None:
    """Same frames out, same counters, same registers; and what the trace says left is what left."""
    plain, traced = prepared(bench, name), prepared(bench, name)
    for frame in samples(name, random.Random(7), 250):
        port = random.Random(frame).choice([1, 1, 2, 510])
        sent = plain.run(frame, port)
        traced.sent.clear()
        trace = traced.trace(port, frame)
        assert traced.sent == sent
        assert trace.outputs == sent
        assert json.loads(trace.to_json())["frame"] == frame.hex()
        assert trace.to_text()
    assert plain.stats == traced.stats
    assert plain.stats.runtime_errors == 0
    for kind in ("counters", "registers"):
        mine, other = getattr(plain, kind), getattr(traced, kind)
        assert {n: a.read_all() for n, a in mine.items() if a.size < 5000} == {
            n: a.read_all() for n, a in other.items() if a.size < 5000
        }


@pytest.mark.parametrize("name", NAMES)
def test_no_frame_makes_the_device_raise(bench: Load, name: str) -> None:
    device = prepared(bench, name)
    rng = random.Random(8)
    frames = [b"", b"\0", bytes(13), bytes(14), bytes(1500), b"\xff" * 200, *samples(name, rng, 1500)]
    for frame in frames:
        device.process(rng.choice([0, 1, 2, 510]), frame)
    stats = device.stats
    assert stats.received == len(frames)
    assert stats.runtime_errors == 0


def test_trace_of_an_sid_says_what_happened() -> None:
    device = srv6_bench.router()
    trace = device.trace(1, srv6_bench.end_packet())
    (table,) = trace.find("table", name="my_sid_table")
    assert table.data["hit"]
    assert table.data["entry"].endswith("/64")
    (action,) = [s for s in table.children if s.kind == "action"]
    assert action.data["name"] == "end"
    assert action.data["params"] == {"sid_index": 1, "flavors": 0, "options": 0}
    assert [s.data["header"] for s in trace.find("extract")][:3] == ["ethernet", "ipv6", "srh"]
    assert "OUTPUT port 2, 166 bytes" in trace.to_text()
    assert [p for p, _ in trace.outputs] == [2]
    # numbers beyond 64 bits stay exact in JSON
    tree = json.loads(trace.to_json())
    assert "0xfcbbbb000002e0000000000000000000" in json.dumps(tree)


def test_trace_of_a_drop_and_of_a_parser_error(bench: Load) -> None:
    device = bench("replication")
    assert device.trace(1, op_packet(5)).find("drop", where="ingress")
    assert device.trace(1, op_packet(11)).find("drop", where="egress")
    parsing = bench("parsing")
    (parser,) = parsing.trace(1, bytes.fromhex("0603")).find("parser")
    assert parser.data["error"] == "OddValue"
    causes = [s.data["cause"] for s in device.trace(1, op_packet(10)).find("pass")]
    assert causes == ["received", *["recirculated"] * 3]


def test_recirculation_has_an_end(bench: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_engine, "PASS_LIMIT", 2)
    device = bench("replication")
    assert device.run(op_packet(10)) == []
    assert device.stats.too_many_passes == 1
    # and the next packet is not affected
    assert len(device.run(op_packet(0))) == 1


def test_replication_has_a_bound(bench: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_engine, "QUEUE_LIMIT", 2)
    device = bench("replication")
    device.pre.set_multicast_group(1, [(port, 0) for port in range(5)])
    assert len(device.run(op_packet(4, 1))) == 2
    assert device.stats.queue_full == 3


def test_undefined_operation_drops_the_packet_only(caplog: pytest.LogCaptureFixture) -> None:
    """An index beyond a header stack, on which BMv2 stops with an exception."""
    program = json.loads((PROGRAMS / "parsing.json").read_text())
    assign = next(
        primitive
        for action in program["actions"]
        for primitive in action["primitives"]
        if primitive["op"] == "assign" and primitive["parameters"][0]["value"] == ["scalars", "index_0"]
    )
    assign["parameters"][1] = {"type": "field", "value": ["tags[0]", "value"]}
    width = next(t for t in program["header_types"] if t["name"] == "scalars_0")
    for field in width["fields"]:
        if field[0] == "index_0":
            field[1] = 8  # the index is as wide as the field it comes from
    device = Bench()
    device.load(load_program(program))
    assert len(device.run(bytes.fromhex("0106030099"))) == 1  # index 3
    with caplog.at_level("WARNING"):
        assert device.run(bytes.fromhex("0108030099")) == []  # index 4
    assert device.stats.runtime_errors == 1
    assert "stack index out of range" in caplog.text
    assert len(device.run(bytes.fromhex("0106030099"))) == 1


def test_state_changes_while_packets_run() -> None:
    """Writers and packets in different threads: no exception, no lost entry."""
    device = srv6_bench.router()
    failures: list[BaseException] = []
    frame = srv6_bench.end_packet()

    def packets() -> None:
        try:
            for _ in range(2000):
                device.process(1, frame)
        except BaseException as err:
            failures.append(err)

    def writes(vrf: int) -> None:
        try:
            table = device.tables["my_sid_table"]
            for i in range(1000):
                table.insert(Entry((Exact(vrf), Lpm(i << 64, 64)), ActionSpec("end", (1, 0, 0))))
                if i % 2:
                    table.delete((Exact(vrf), Lpm(i << 64, 64)))
        except BaseException as err:
            failures.append(err)

    threads = [threading.Thread(target=packets), *(threading.Thread(target=writes, args=(v,)) for v in (1, 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(device.tables["my_sid_table"]) == 1 + 2 * 500
    assert device.stats.transmitted == 2000


def test_callbacks_may_use_the_device() -> None:
    """Output is delivered without the lock held."""
    device = srv6_bench.router()
    seen: list[int] = []

    def output(port: int, frame: bytes) -> None:
        thread = threading.Thread(target=lambda: seen.append(len(device.tables["ipv6_table"].entries())))
        thread.start()
        thread.join(5)

    device.set_output(output)
    device.process(1, srv6_bench.end_packet())
    assert seen == [2]


def test_device_without_program() -> None:
    device = Device()
    device.process(1, b"x")
    with pytest.raises(NotLoaded):
        _ = device.tables
    with pytest.raises(NotLoaded):
        device.trace(1, b"x")
    with pytest.raises(InvalidArgument, match="valid: auto, native, python"):
        Device(engine="rocket")


def test_reload_starts_anew(bench: Load) -> None:
    device = bench("replication")
    device.pre.set_clone_session(5, [(4, 11)])
    device.run(op_packet(0))
    device.load(load_program((PROGRAMS / "tables.json").read_bytes()))
    assert device.pre.sessions == {}
    assert device.stats.received == 0
    assert len(device.run(key_packet(1))) == 1


def test_rate_is_well_above_the_bar() -> None:
    """End needs 0.15 of BMv2's 20 000 packets/s; a slow machine is allowed for."""
    assert srv6_bench.rate(srv6_bench.router(), srv6_bench.end_packet(), 0.3) > 6000


@pytest.mark.parametrize("engine", ["python", "native"])
def test_switches_that_share_a_program_share_no_state(engine: str) -> None:
    if engine == "native" and (reason := testbed.native_missing()) is not None:
        pytest.skip(reason)
    text = (PROGRAMS / "externs.json").read_bytes()
    assert load_program(text) is load_program(bytes(bytearray(text)))
    devices = [Bench(cpu_port=510, engine=engine) for _ in range(2)]
    for device in devices:
        device.load(load_program(text))
    first, second = devices
    first.run(data_packet(0, 1), 1)
    for name, counter in first.counters.items():
        assert not any(value.packets for value in second.counters[name].read_all()), name
        assert counter.packets is not second.counters[name].packets
    for name, register in first.registers.items():
        assert register.cells is not second.registers[name].cells
    assert any(value.packets for counter in first.counters.values() for value in counter.read_all())
