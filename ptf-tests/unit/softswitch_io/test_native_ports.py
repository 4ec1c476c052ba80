# SPDX-License-Identifier: Apache-2.0
"""Native ports over socket pairs: bytes, order, counts, what reaches Python, programs that change, recordings."""

from __future__ import annotations

import resource
import threading
import time
from pathlib import Path

import pytest

from p4rtlib.pcap import read_pcap
from softswitch.device import Device
from softswitch.engine.api import Stats

from .rig import CPU, Rig, op, program, until


def in_python(frames: list[tuple[int, bytes]], name: str = "replication") -> list[tuple[int, bytes]]:
    """What the Python engine makes of frames, without ports."""
    device = Device(cpu_port=CPU)
    device.load(program(name))
    device.pre.set_multicast_group(1, [(2, 7), (3, 8)])
    sent: list[tuple[int, bytes]] = []
    device.set_output(lambda port, frame: sent.append((port, frame)))
    for port, frame in frames:
        device.process(port, frame)
    return sent


def test_bytes() -> None:
    frames = [(1, op(0, 3, i, bytes([i]) * size)) for i, size in enumerate((0, 1, 60, 1500, 9000, 65000))]
    frames += [(3, op(4, 1, 9, b"to everybody")), (1, op(7, 20, 5, bytes(100)))]
    expected = in_python(frames)
    with Rig() as rig:
        rig.device.pre.set_multicast_group(1, [(2, 7), (3, 8)])
        for port, frame in frames[:-2]:
            rig.send(port, frame)
            assert (2, rig.receive(2)) == expected.pop(0)
        for port, frame in frames[-2:]:
            rig.send(port, frame)
            until(lambda: rig.stats(2).get("tx_packets", 0) >= len(frames) - 1)
        got = [(2, rig.receive(2)), (3, rig.receive(3)), (2, rig.receive(2))]
        assert sorted(got) == sorted(expected)


def test_flows_keep_their_order_with_two_workers() -> None:
    count, flows = 2000, 8
    with Rig(workers=2) as rig:

        def arrive(worker: int) -> None:
            for i in range(count):
                for flow in range(worker, flows, 2):
                    rig.send(1, op(0, flow, i), worker)

        senders = [threading.Thread(target=arrive, args=(worker,)) for worker in range(2)]
        for sender in senders:
            sender.start()
        for worker in range(2):
            seen: dict[int, list[int]] = {flow: [] for flow in range(worker, flows, 2)}
            for _ in range(count * flows // 2):
                frame = rig.receive(2, worker)[-4:]
                seen[frame[1]].append(int.from_bytes(frame[2:], "big"))
            assert all(values == list(range(1, count + 1)) for values in seen.values())
        for sender in senders:
            sender.join()
        until(lambda: rig.stats(1)["rx_packets"] == rig.stats(2)["tx_packets"] == count * flows)
        assert rig.device.stats == Stats(received=count * flows, transmitted=count * flows)


def test_counts_tell_the_truth() -> None:
    with Rig(known=(1, 2, 3, 9)) as rig:
        rig.device.pre.set_multicast_group(1, [(8, 0), (9, 0), (3, 0)])  # unknown, without interface, here
        rig.device.pre.set_clone_session(5, [(CPU, 0)])
        for frame in (op(0), op(5), op(4, 1), op(1), b"\1"):
            rig.send(1, frame)
        until(lambda: rig.device.stats.received == 5 and rig.punted)
        short = rig.device.stats.dropped  # whatever becomes of the one that is too short
        assert rig.device.stats.no_port == 1
        assert rig.board.lost().unattached == 1
        assert rig.stats(1) == {"rx_packets": 5, "rx_bytes": 17}
        length = len(rig.receive(3))
        until(lambda: rig.stats(3) == {"tx_packets": 1, "tx_bytes": length})
        sent = rig.stats(2)["tx_packets"]
        assert rig.device.stats.transmitted == sent + 1 + 1 + 1  # port 3, the port without interface, the CPU port
        before = rig.device.stats.as_dict()
        native = rig.native
        native.close()
        native.close()
        assert rig.device.stats.as_dict() == before
        assert rig.stats(1) == {"rx_packets": 5, "rx_bytes": 17}
        assert (rig.stats(2)["tx_packets"], rig.board.lost().unattached) == (sent, 1)
        assert short == rig.device.stats.dropped


def test_a_port_that_is_down() -> None:
    with Rig() as rig:
        rig.board.set_up(2, False)
        rig.send(1, op(0))
        until(lambda: rig.stats(2) == {"tx_dropped": 1})
        rig.board.set_up(1, False)
        rig.send(1, op(0))
        until(lambda: rig.stats(1).get("rx_dropped") == 1)
        assert rig.device.stats.received == 1
        rig.board.set_up(1, True)
        rig.board.set_up(2, True)
        rig.send(1, op(0, 7))
        assert rig.receive(2)[-3] == 7


def test_python_too_slow_for_packet_ins() -> None:
    go, count = threading.Event(), 300
    with Rig(punt_bytes=1024) as rig:
        rig.device.pre.set_clone_session(5, [(CPU, 0)])
        rig.to_controller = lambda frame: (go.wait(30), rig.punted.append(frame))
        for i in range(count):
            rig.send(1, op(1, 0, i))
            rig.receive(2)  # the data path does not wait
        lost = rig.board.lost().punts_dropped
        assert lost > count // 2
        go.set()
        until(lambda: len(rig.punted) == count - lost)
        rig.send(1, op(1))
        until(lambda: len(rig.punted) == count - lost + 1)
        assert rig.device.stats.transmitted == 2 * (count + 1)


def test_digests_arrive_under_the_program_that_made_them() -> None:
    go = threading.Event()
    with Rig("externs", ports=(0, 1, 2)) as rig:
        taken = rig.digests.extend
        rig.device.on_digest(lambda which, values: (go.wait(30), taken((which, value) for value in values)))
        frame = bytes(5) + bytes([4, 8, 0x12, 0x34, 0, 0, 0, 0, 0, 0])  # externs.p4: sums, then data
        for _ in range(5):
            rig.send(1, frame)
        until(lambda: rig.device.stats.received == 5)
        rig.device.load(program("replication"))
        rig.device.load(program("replication"))
        go.set()
        until(lambda: len(rig.digests) == 5)
        assert rig.digests == [("digest_t", (8, 0x1234))] * 5


def test_programs_change_while_frames_arrive() -> None:
    with Rig(workers=2) as rig:
        stop, all_sent = threading.Event(), threading.Event()
        sent = [0, 0]

        def arrive(worker: int) -> None:
            while not stop.is_set():
                if sent[worker] - received[worker] < 200:
                    rig.send(1, op(0, 1), worker)
                    sent[worker] += 1
                else:
                    time.sleep(0.001)

        received = [0, 0]

        def leave(worker: int) -> None:
            while received[worker] < sent[worker] or not all_sent.is_set():
                if not rig.receive(2, worker):
                    return
                received[worker] += 1

        threads = [threading.Thread(target=f, args=(w,), daemon=True) for f in (arrive, leave) for w in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            before = sum(received)
            rig.device.load(program("replication"))
            until(lambda before=before: sum(received) > before + 100, state=lambda: (sent, received, rig.state()))
            # those may have been in the engine before; some have to pass the new one
            until(lambda: rig.device.stats.received > 0, state=lambda: (sent, received, rig.state()))
        stop.set()
        for thread in threads[:2]:
            thread.join(20)
        all_sent.set()
        until(lambda: sum(received) == sum(sent), state=lambda: (sent, received, rig.state()))
        assert rig.stats(1)["rx_packets"] == sum(sent)
        assert 0 < rig.device.stats.received < sum(sent)  # since the last load
        for far in rig.far[2]:
            far.shutdown(2)


def test_the_python_engine_behind_native_ports() -> None:
    with Rig(engine="python") as rig:
        rig.device.pre.set_clone_session(5, [(CPU, 0)])
        rig.send(1, op(1, 3))
        assert rig.receive(2)[-3] == 3
        until(lambda: rig.punted)
        until(lambda: rig.device.stats == Stats(received=1, transmitted=2))
        rig.device.engine_name = "native"
        rig.device.load(program("replication"))
        rig.device.engine_name = "python"
        rig.send(1, op(0, 4))
        assert rig.receive(2)[-3] == 4
        rig.device.load(program("replication"))
        rig.send(1, op(0, 5))
        assert rig.receive(2)[-3] == 5
        until(lambda: rig.device.stats.transmitted == 1)


def test_without_a_program_frames_are_counted_and_forgotten() -> None:
    with Rig(None) as rig:
        rig.send(1, op(0))
        until(lambda: rig.stats(1) == {"rx_packets": 1, "rx_bytes": 4})
        assert rig.device.stats == Stats()
        rig.device.load(program("replication"))
        rig.send(1, op(0, 9))
        assert rig.receive(2)[-3] == 9


def test_packet_outs_while_workers_run() -> None:
    count = 3000
    with Rig() as rig:

        def out() -> None:
            for i in range(count):
                rig.device.process(CPU, op(0, 0xEE, i))

        thread = threading.Thread(target=out)
        thread.start()
        seen: dict[int, list[int]] = {0xAA: [], 0xEE: []}
        for i in range(count):
            rig.send(1, op(0, 0xAA, i))
            for _ in range(2):
                tail = rig.receive(2)[-4:]
                seen[tail[1]].append(int.from_bytes(tail[2:], "big"))
        thread.join()
        assert seen[0xAA] == seen[0xEE] == list(range(1, count + 1))
        until(lambda: rig.stats(2)["tx_packets"] == rig.device.stats.transmitted == 2 * count)


def test_a_second_listener_sees_what_leaves() -> None:
    with Rig() as rig:
        heard: list[bytes] = []
        end = rig.board.attach(2, heard.append)
        rig.send(1, op(0, 1))
        first = rig.receive(2)
        until(lambda: heard == [first])
        end()
        rig.send(1, op(0, 2))
        assert rig.receive(2) != first
        assert heard == [first]
        until(lambda: rig.stats(2)["tx_packets"] == 2)


def test_recordings(tmp_path: Path) -> None:
    with Rig(pcap_dir=tmp_path) as rig:
        frames = [op(0, i, 0, bytes(i)) for i in range(100)]
        for frame in frames:
            rig.send(1, frame)
        left = [rig.receive(2) for _ in frames]
        rig.device.process(CPU, op(0, 200))
        left.append(rig.receive(2))
    assert [frame for _, frame in read_pcap(tmp_path / "port1_in.pcap")] == frames
    assert [frame for _, frame in read_pcap(tmp_path / "port2_out.pcap")] == left
    assert abs(next(read_pcap(tmp_path / "port1_in.pcap"))[0] / 1e9 - time.time()) < 600


def test_a_dead_socket_does_not_keep_a_worker_busy() -> None:
    with Rig() as rig:
        rig.far[3][0].close()
        rig.send(1, op(0, 1))
        assert rig.receive(2)
        before = resource.getrusage(resource.RUSAGE_SELF)
        time.sleep(0.5)
        after = resource.getrusage(resource.RUSAGE_SELF)
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
        rig.send(1, op(0, 2))
        assert rig.receive(2)[-3] == 2


@pytest.mark.parametrize("engine", ["native", "python"])
def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All frames go their way; what was not recorded is counted, its end is said once a file, and files are whole."""
    count, before = 300, resource.getrlimit(resource.RLIMIT_FSIZE)
    with Rig(engine=engine, pcap_dir=tmp_path) as rig:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
        try:
            for i in range(count):
                rig.send(1, op(0, 3, payload=i.to_bytes(100, "big")))
                left = rig.receive(2)
                assert int.from_bytes(left[-8:], "big") == i
            until(lambda: len(ended(caplog)) == 2, state=caplog.text.__str__)
            rig.send(1, op(0, 3))
            rig.receive(2)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        room = {1: (5000 - 24) // (16 + 104), 2: (5000 - 24) // (16 + len(left))}
        until(lambda: rig.stats(2).get("tx_packets") == count + 1)
        assert {port: count + 1 - rig.stats(port)["unrecorded"] for port in room} == room
        assert "rx_dropped" not in rig.stats(1) and "tx_dropped" not in rig.stats(2)
    for port, name in ((1, "port1_in"), (2, "port2_out")):
        frames = [frame for _, frame in read_pcap(tmp_path / f"{name}.pcap")]
        assert [int.from_bytes(frame[-8:], "big") for frame in frames] == list(range(room[port]))
    assert len(ended(caplog)) == 2


def ended(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of recordings that have ended."""
    return [text for text in caplog.messages if "recording has stopped: " in text]
