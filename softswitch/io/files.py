# SPDX-License-Identifier: Apache-2.0
"""Pcap files as ports (``--use-files``): frames of ``<name>_in.pcap`` arrive, what leaves goes to
``<name>_out.pcap``."""

from __future__ import annotations

import heapq
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from p4rtlib.pcap import PcapWriter, read_pcap
from softswitch.io.switchboard import Port, Switchboard

__all__ = ["FilePorts", "PlayedFiles"]

_log = logging.getLogger(__name__)

#: Frames that are processed in one go.
BURST = 64


class PlayedFiles(ABC):
    """Plays the input files once, all ports merged in the order of their time stamps, without waiting between
    frames.

    ``PcapError`` from the constructor when an input file is not usable; a missing one is an empty one.
    """

    def __init__(self) -> None:
        self._outputs: list[PcapWriter] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _play(self) -> int | None:
        """Play everything; the number of frames, None when stopped before."""

    def start(self, delay: float = 0.0) -> None:
        """Begin ``delay`` seconds from now."""
        self._thread = threading.Thread(target=self._run, args=(delay,), name="pcap files", daemon=True)
        self._thread.start()

    def _run(self, delay: float) -> None:
        if not self._stop.wait(delay) and (count := self._play()) is not None:
            _log.info("all input files are played: %d frames", count)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all input was processed."""
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    def close(self) -> None:
        """Stop and close the output files."""
        self._stop.set()
        self.wait(5)
        for writer in self._outputs:
            writer.close()


class FilePorts(PlayedFiles):
    """Every frame passes through Python."""

    def __init__(self, board: Switchboard, ports: Iterable[tuple[int, str]], directory: Path = Path()) -> None:
        super().__init__()
        self._board = board
        self._inputs: list[list[tuple[int, int, Port, bytes]]] = []
        for number, name in ports:
            port = board.add(number, name)
            source = directory / f"{name}_in.pcap"
            frames = read_pcap(source) if source.exists() else iter(())
            self._inputs.append([(time_ns, number, port, frame) for time_ns, frame in frames])
            writer = PcapWriter(directory / f"{name}_out.pcap")
            self._outputs.append(writer)
            board.attach(number, writer.write)

    def _frames(self) -> Iterator[tuple[Port, bytes]]:
        for _, _, port, frame in heapq.merge(*self._inputs, key=lambda item: item[:2]):
            yield port, frame

    def _play(self) -> int | None:
        count, frames = 0, self._frames()
        while burst := list(islice(frames, BURST)):
            if self._stop.is_set():
                return None
            self._board.receive_all(burst)
            count += len(burst)
        return count
