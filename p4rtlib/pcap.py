# SPDX-License-Identifier: Apache-2.0
"""Classic pcap files of Ethernet frames: read with time stamps in micro- or nanoseconds, written in nanoseconds."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import stat
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from p4rtlib.outputs import open_output

__all__ = [
    "HEADER",
    "PcapError",
    "PcapWriter",
    "cut_in_frame",
    "cut_in_header",
    "not_captured",
    "read_pcap",
    "records_format",
]

#: Bytes of a file in front of its records.
HEADER = 24

_NANO, _MICRO = 0xA1B23C4D, 0xA1B2C3D4
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_ETHERNET = 1
_SNAPLEN = 262144
_RECORD = struct.Struct("<IIII")


class PcapError(Exception):
    """A file that is no usable pcap file; the text names the file and the defect."""


def _appending(path: str, flags: int) -> int:
    """Every write goes to the end, so that native ports can write to the same file as well."""
    return open_output(path, flags | os.O_APPEND)


class PcapWriter:
    """Appends frames to a new file; every frame is on disk (or in the page cache) when :meth:`write`
    returns.

    ``ended`` is for who records in several places, native ones too: the errno of the write that failed and after which
    no more are tried, 0 until then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended = ctypes.c_int(0)
        self._lock = threading.Lock()
        try:
            self._file = open(path, "wb", buffering=0, opener=_appending)  # noqa: SIM115
            if self._file.write(struct.pack("<IHHiIII", _NANO, 2, 4, 0, 0, _SNAPLEN, _ETHERNET)) != HEADER:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise PcapError(f"{path}: cannot be written: {error.strerror}") from None

    def write(self, frame: bytes, time_ns: int | None = None) -> None:
        """Append ``frame``, stamped with ``time_ns`` (default: now, nanoseconds since the epoch).

        ``OSError`` when it has no room; what is in the file are whole records.
        """
        seconds, nanos = divmod(time.time_ns() if time_ns is None else time_ns, 1_000_000_000)
        record = _RECORD.pack(seconds & 0xFFFFFFFF, nanos, len(frame), len(frame)) + frame
        with self._lock:
            if self._file.closed:
                return
            written = self._file.write(record)
            if written != len(record):
                os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def fileno(self) -> int:
        """The descriptor; records may be written to it in one call each."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file; later writes are ignored."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> PcapWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def records_format(path: Path, data: bytes | mmap.mmap) -> tuple[str, int]:
    """Byte order (of :mod:`struct`) of a pcap file and the unit of its fractions in ns; ``PcapError`` for others."""
    if len(data) < HEADER:
        raise PcapError(f"{path}: too short for a pcap file")
    for order in "<>":
        magic = struct.unpack_from(order + "I", data)[0]
        if magic in (_NANO, _MICRO):
            break
    else:
        hint = "; it is pcapng: convert it with `editcap -F pcap`" if data[:4] == _PCAPNG else ""
        raise PcapError(f"{path}: not a pcap file{hint}")
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    if link not in (0, _ETHERNET):
        raise PcapError(f"{path}: link type {link}; only Ethernet (1) is supported")
    return order, 1 if magic == _NANO else 1000


def cut_in_header(path: Path, offset: int) -> PcapError:
    """The error for a file that ends in the header of a record."""
    return PcapError(f"{path}: cut in a record header at offset {offset}")


def cut_in_frame(path: Path, offset: int) -> PcapError:
    """The error for a file that ends in a frame."""
    return PcapError(f"{path}: cut in the frame at offset {offset}")


def not_captured(path: Path, offset: int, captured: int, length: int) -> PcapError:
    """The error for a frame of which only a part is there."""
    return PcapError(f"{path}: frame at offset {offset} was not captured completely ({captured} of {length})")


def read_pcap(path: Path) -> Iterator[tuple[int, bytes]]:
    """(time in ns, frame) of each record; ``PcapError`` for other formats, cut files and cut frames.

    A record is read when it is asked for: a file may be larger than memory.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise PcapError(f"{path}: not a regular file")
            yield from _records(path, file, status.st_size)
    except OSError as error:
        raise PcapError(f"{path}: cannot be read: {error.strerror}") from None


def _open_at_once(path: str, flags: int) -> int:
    """A pipe is opened without waiting for its writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def _records(path: Path, file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    order, unit = records_format(path, file.read(HEADER))
    record = struct.Struct(order + "IIII")
    offset = HEADER
    while header := file.read(record.size):
        if len(header) < record.size:
            raise cut_in_header(path, offset)
        seconds, fraction, captured, length = record.unpack(header)
        offset += record.size
        if captured != length:
            raise not_captured(path, offset, captured, length)
        # Before memory is taken for it.
        if offset + captured > size:
            raise cut_in_frame(path, offset)
        if captured > _SNAPLEN:
            raise PcapError(f"{path}: frame at offset {offset} of {captured} octets; at most {_SNAPLEN}")
        yield seconds * 1_000_000_000 + fraction * unit, file.read(captured)
        offset += captured
