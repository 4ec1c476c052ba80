# SPDX-License-Identifier: Apache-2.0
"""What is particular to the native engine: compiler and cache, fallback, limits, bursts, traces, sanitizers."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from harness import sanitizers, testbed
from softswitch.bmv2json import ProgramError, UnsupportedProgram, load_program
from softswitch.bmv2json.model import Program
from softswitch.device import ActionSpec, Device, Entry, Exact, Lpm
from softswitch.engine.native.engine import Batch, NativeEngine
from softswitch.native import compiler

from ..softswitch_engine.conftest import PROGRAMS
from .conftest import Bench, make


def op_packet(op: int, arg: int = 0) -> bytes:
    """A packet for replication.p4."""
    return bytes([op, arg, 1, 0]) + bytes(range(6))


# ---------------------------------------------------------------------------- compiler and fallback


def test_second_load_comes_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    make("replication")
    (made,) = (tmp_path / "softswitch").glob("*.so")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: pytest.fail("compiled again"))
    assert len(make("replication").run(op_packet(0))) == 1
    assert list((tmp_path / "softswitch").iterdir()) == [made]


def test_without_compiler(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("softswitch.engine.engines._said", set())
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compiler, "ZIG", "no_such_package")
    with pytest.raises(ProgramError, match="no C compiler"):
        make("replication")
    device = make("replication", "auto")
    assert device.engine.name == "python"
    (record,) = caplog.records
    assert record.message.startswith("the Python engine runs this program: no C compiler: neither cc, gcc or clang")
    assert len(device.run(op_packet(0))) == 1


def test_auto_is_native_here() -> None:
    assert make("replication", "auto").engine.name == "native"


def wide_register() -> Program:
    """externs.p4 with registers of 96 bits, which native code does not hold."""
    program = json.loads((PROGRAMS / "externs.json").read_text())
    program["register_arrays"][0]["bitwidth"] = 96
    return load_program(program)


def test_what_is_not_supported_is_named_and_runs_in_python(caplog: pytest.LogCaptureFixture) -> None:
    device = Bench(engine="native")
    with pytest.raises(UnsupportedProgram, match=r"register ingress\.cells of more than 64 bits"):
        device.load(wide_register())
    assert device.program is None
    device = Bench(engine="auto")
    device.load(wide_register())
    assert device.engine.name == "python"
    assert "register ingress.cells of more than 64 bits" in caplog.text


def test_failing_compiler_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "cc"
    script.write_text("#!/bin/sh\ntest \"$1\" = --version && exit 0\necho 'no space left' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ProgramError, match="no space left"):
        make("replication")


#: A package that compiles with what it finds, and writes down how it was called.
FAKE_ZIG = """
import pathlib, subprocess, sys
pathlib.Path({called!r}).write_text(" ".join(sys.argv[1:]))
options = [option for option in sys.argv[2:] if not option.startswith("-mcpu=")]
sys.exit(subprocess.run([{path!r}, *options], env={{"PATH": {search!r}}}).returncode)
"""


def test_package_brings_the_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no other; what it made is not taken for that of another version."""
    if (reason := testbed.native_missing()) is not None:
        pytest.skip(reason)
    package, called = tmp_path / "fake_zig", tmp_path / "called"
    package.mkdir()
    (package / "__init__.py").touch()
    real, search = compiler.find_compiler().command[0], os.environ["PATH"]
    (package / "__main__.py").write_text(FAKE_ZIG.format(called=str(called), path=real, search=search))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(compiler, "ZIG", "fake_zig")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make("replication")
    assert not called.exists(), "the system's compiler comes first"
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    assert len(make("replication").run(op_packet(0))) == 1
    words = called.read_text().split()
    assert words[0] == "cc" and {"-O2", "-mcpu=baseline", "-fno-sanitize=undefined"} <= set(words)
    called.unlink()
    make("replication")
    assert not called.exists(), "from the cache"
    monkeypatch.setattr(compiler, "_package_version", lambda origin: "another")
    make("replication")
    assert called.exists()


def test_options_of_the_compiler_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``$CC`` may have some: what was made with others is not taken."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = compiler.find_compiler().command
    for count, options in enumerate(("", " -fno-builtin"), 1):
        monkeypatch.setenv("CC", command[0] + options)
        make("order")
        assert len(list((tmp_path / "softswitch").glob("*.so"))) == count


def test_zig_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real package, without anything on PATH."""
    pytest.importorskip("ziglang", reason="ziglang is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    device = make("replication")
    assert device.engine.name == "native"
    assert len(device.run(op_packet(0))) == 1
    assert {path.name for path in (tmp_path / "softswitch").iterdir() if not path.suffix} == {"zig"}


# ---------------------------------------------------------------------------- limits


def limited(name: str, *options: str) -> Bench:
    """A device whose engine was compiled with more options."""
    device = make(name)
    engine = NativeEngine((*compiler.OPTIMISE, *options))
    engine.load(device.state.program, device.state, device._host)
    device.state.feed.listener = engine.changed
    device._engine = engine
    return device


def test_recirculation_has_an_end() -> None:
    device = limited("replication", "-DPASS_LIMIT=2")
    assert device.run(op_packet(10)) == []
    assert device.stats.too_many_passes == 1
    assert len(device.run(op_packet(0))) == 1


def test_replication_has_a_bound() -> None:
    device = limited("replication", "-DQUEUE_LIMIT=2")
    device.pre.set_multicast_group(1, [(port, 0) for port in range(5)])
    assert len(device.run(op_packet(4, 1))) == 2
    assert device.stats.queue_full == 3


# ---------------------------------------------------------------------------- bursts, traces, threads


def test_burst_is_what_process_does() -> None:
    one, other = make("replication"), make("replication")
    for device in (one, other):
        device.pre.set_multicast_group(1, [(1, 7), (2, 7)])
    frames = [(port, op_packet(op, 1)) for port, op in [(1, 0), (2, 4), (3, 5), (1, 10), (2, 7)] * 40]
    expected = [out for port, frame in frames for out in one.run(frame, port)]
    assert isinstance(other.engine, NativeEngine)
    worker = other.engine.worker()
    assert worker.burst(Batch(frames)) == expected
    assert other.stats == one.stats
    assert worker.burst(Batch(frames), keep=False) == []
    assert other.stats.transmitted == 2 * one.stats.transmitted
    assert worker.burst(Batch([])) == []


def test_trace_shows_and_counts_in_the_same_state() -> None:
    device = make("tables")
    table = device.tables["ingress.exact_table"]
    key = (Exact(1), Exact(0), Exact(0))
    frame = bytes([1]) + bytes(15)
    device.run(frame)
    assert table.counter(key) == (1, 16)
    assert "ingress.exact_table" in device.trace(0, frame).to_text()
    assert table.counter(key) == (2, 32)
    table.set_counter(key, 7, 8)
    device.run(frame)
    assert table.counter(key) == (8, 24)


def test_rows_outlive_their_entry() -> None:
    """A counter that is read while its entry is deleted shows the last value, not freed memory."""
    device = make("srv6")
    table = device.tables["ingress_port_table"]
    table.insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, 1, 0, 0))))
    table.set_counter((Exact(1),), 5, 6)
    values = table.counters()
    table.delete((Exact(1),))
    assert [value for _, value in values] == [(5, 6)]


def test_writes_while_packets_flow() -> None:
    """Two workers and a writer: no packet is lost or half-routed, and every entry is there at the end."""
    device = make("srv6")
    assert isinstance(device.engine, NativeEngine)
    engine = device.engine
    mac = 0x020000000101
    device.tables["ingress_port_table"].insert(Entry((Exact(1),), ActionSpec("set_router_interface", (0, mac, 0, 0))))
    device.tables["ipv6_table"].insert(Entry((Exact(0), Lpm(0, 0)), ActionSpec("set_nexthop", (1,))))
    nexthop = device.tables["nexthop_table"]
    for number, port in ((1, 2), (2, 3)):
        nexthop.insert(Entry((Exact(number),), ActionSpec("set_adjacency", (port, 0, mac, port, 1500))))
    addresses = bytes.fromhex("20010db800000000000000000000000120010db8000900000000000000000001")
    ipv6 = bytes.fromhex("6000000000083b40") + addresses + bytes(8)
    packet = mac.to_bytes(6, "big") + bytes.fromhex("020000000a0a86dd") + ipv6
    stop = threading.Event()
    seen: list[set[int]] = [set(), set()]
    sent = [0, 0]

    def forward(number: int) -> None:
        worker, batch = engine.worker(), Batch([(1, packet)] * 64)
        while not stop.is_set():
            outputs = worker.burst(batch)
            seen[number].update(port for port, _ in outputs)
            assert len(outputs) == 64
            assert all(int.from_bytes(frame[:6], "big") == port for port, frame in outputs)
            sent[number] += 64

    threads = [threading.Thread(target=forward, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    route = (Exact(0), Lpm(0x20010DB8_00090000 << 64, 48))
    for turn in range(300):
        device.tables["ipv6_table"].insert(Entry(route, ActionSpec("set_nexthop", (2 - turn % 2,))))
        device.tables["ipv6_table"].insert(Entry((Exact(1), Lpm(turn << 64, 64)), ActionSpec("set_nexthop", (1,))))
        device.tables["ipv6_table"].modify(Entry(route, ActionSpec("set_nexthop", (1 + turn % 2,))))
        device.tables["ipv6_table"].delete(route)
    stop.set()
    for thread in threads:
        thread.join()
    assert all(sent)
    assert seen[0] | seen[1] <= {2, 3}
    assert device.stats.dropped == 0
    assert len(device.tables["ipv6_table"]) == 301


# ---------------------------------------------------------------------------- sanitizers


@pytest.mark.slow
@pytest.mark.parametrize("part", ["srv6", "small"])
def test_address_and_undefined_behaviour_sanitizers(tmp_path: Path, part: str) -> None:
    """All programs with random packets."""
    sanitizers.run(sanitizers.ADDRESS, Path(__file__).with_name("sanitized.py"), tmp_path, part)


@pytest.mark.slow
def test_thread_sanitizer(tmp_path: Path) -> None:
    """Two threads of traffic while everything a controller writes comes and goes."""
    sanitizers.run(sanitizers.THREAD, Path(__file__).with_name("threads.py"), tmp_path)


def test_device_without_lock_is_not_needed_for_a_burst() -> None:
    """A worker does not wait for the device's lock, which a batch of writes holds."""
    device = make("replication")
    assert isinstance(device, Device) and isinstance(device.engine, NativeEngine)
    worker = device.engine.worker()
    done = threading.Event()

    def forward() -> None:
        worker.burst(Batch([(1, op_packet(0))]))
        done.set()

    with device.lock:
        thread = threading.Thread(target=forward)
        thread.start()
        assert done.wait(5)
    thread.join()
