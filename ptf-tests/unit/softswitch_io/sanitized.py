# SPDX-License-Identifier: Apache-2.0
"""Run by test_sanitizers.py with the sanitizers' runtime loaded: ``sanitized.py OPTIONS``.

Frames, programs that change, files; then ``no error``.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "ptf-tests/unit")]

from softswitch_io.rig import CPU, Rig, op, program, until  # noqa: E402

from p4rtlib.pcap import PcapError  # noqa: E402
from softswitch.io.native import library  # noqa: E402


def arrived(rig: Rig) -> int:
    """Frames that came in so far."""
    counts = [rig.board.ports[port].counts() for port in rig.far]
    return sum(count.rx_packets + count.rx_dropped for count in counts)


def over_sockets(rng: random.Random, folder: Path) -> None:
    """All that happens to frames, with two workers, while programs and ports change."""
    with Rig(workers=2, punt_bytes=4096, pcap_dir=folder) as rig:
        stop = threading.Event()

        def read(port: int, worker: int) -> None:
            while not stop.is_set():
                if not rig.receive(port, worker):
                    return

        readers = [threading.Thread(target=read, args=(p, w), daemon=True) for p in rig.far for w in range(2)]
        for reader in readers:
            reader.start()
        sent = 0
        for turn in range(6):
            rig.device.load(program("replication" if turn % 2 else "externs"))
            rig.device.pre.set_multicast_group(1, [(port, 7) for port in (1, 2, 3, 9, 511)] + [(CPU, 0)])
            rig.device.pre.set_clone_session(5, [(CPU, 11)])
            for i in range(400):
                length = rng.choice((1, 4, 60, 60, 60, 1500, 9000, 65500))
                rig.send(1 + i % 3, (op(rng.randrange(13), 1, i) + rng.randbytes(length))[:length], i % 2)
                sent += 1
                if i % 100 == 0:
                    rig.board.set_up(2, i % 200 == 0)
                    rig.device.process(CPU, op(0))
                    assert rig.device.stats.received
            until(lambda sent=sent: arrived(rig) == sent, 60)
        assert rig.board.lost().punts_dropped
        stop.set()
        for ends in rig.far.values():
            for far in ends:
                far.shutdown(2)


def over_links(rng: random.Random) -> None:
    """Rings: long and tagged frames, a link that goes."""
    from softswitch_io.test_native_interfaces import NEAR, Links, ethernet, ip

    links = Links(2)
    try:
        for i in range(300):
            frame = ethernet(rng.randbytes(rng.choice((46, 100, 1900, 1960, 2000, 8900))))
            if i % 3 == 0:
                frame = frame[:12] + b"\x81\x00\x20\x05" + frame[12:100]
            links.far[0].send(frame)
        until(lambda: links.counts(1).get("rx_packets") == 300)
        ip("link", "del", NEAR[0])
        until(lambda: not links.board.is_up(1))
    finally:
        links.close()


def from_files(rng: random.Random, folder: Path) -> None:
    """Files that are played, and files that are cut or changed somewhere."""
    from softswitch_io.test_native_files import NativeFilePorts, frames, pcap, play

    source = folder / "a_in.pcap"
    for order in "<>":
        pcap(source, list(enumerate(frames(rng, 500))), order)
        assert play(NativeFilePorts, folder)[1]
        data = source.read_bytes()
        for _ in range(40):
            changed = bytearray(data[: rng.randrange(len(data))])
            for _ in range(rng.randrange(3)):
                if changed:
                    changed[rng.randrange(len(changed))] = rng.choice((0, 1, 0x7F, 0xFF))
            source.write_bytes(changed)
            with contextlib.suppress(PcapError):
                play(NativeFilePorts, folder)


def main(options: str) -> None:
    """Run everything."""
    os.environ.pop("LD_PRELOAD", None)  # it would slow the compiler down
    library.load.__wrapped__.__defaults__ = (tuple(options.split()),)  # type: ignore[attr-defined]
    rng = random.Random(3)
    with tempfile.TemporaryDirectory() as folder:
        over_sockets(rng, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        from_files(rng, Path(folder))
    if os.geteuid() == 0:
        over_links(rng)
    print("no error")


if __name__ == "__main__":
    main(*sys.argv[1:])
