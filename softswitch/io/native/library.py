# SPDX-License-Identifier: Apache-2.0
"""io.c, compiled and cached, through ctypes."""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_uint8, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any

from softswitch.engine.native.engine import HEADERS
from softswitch.native import compiler

__all__ = ["Counts", "Frame", "Totals", "load", "run_function"]

_HERE = Path(__file__).parent


class Frame(ctypes.Structure):
    """``struct frame`` of abi.h."""

    _fields_ = (("data", c_void_p), ("length", c_uint32), ("port", c_uint32))


class Counts(ctypes.Structure):
    """``struct counts`` of io.h."""

    _fields_ = tuple(
        (name, c_uint64)
        for name in (
            "rx_packets", "rx_bytes", "rx_dropped", "tx_packets", "tx_bytes", "tx_dropped", "oversized", "unrecorded",
        )
    )  # fmt: skip


class Totals(ctypes.Structure):
    """``struct totals`` of io.h."""

    _fields_ = tuple(
        (name, c_uint64)
        for name in ("received", "transmitted", "no_port", "unattached", "punts_dropped", "events_dropped")
    )


#: Type of the function that runs frames, for one in Python.
run_function = ctypes.CFUNCTYPE(None, c_void_p, ctypes.POINTER(Frame), c_uint32)

_U32, _U64, _P = c_uint32, c_uint64, c_void_p

#: name -> (result, arguments); see io.c.
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "io_new": (_P, (_U32, _U32, _P, _U64)),
    "io_free": (None, (_P,)),
    "io_channel": (c_int, (_P, _U32, _U32, c_int, c_int, _U32, _U32, _U32)),
    "io_file": (None, (_P, _U32, _U32, c_int)),
    "io_check": (_U32, (_P, _U64, _U32, ctypes.POINTER(_U64), ctypes.POINTER(_U32 * 4))),
    "io_tape": (None, (_P, _U32, _P, _U64, _U32, _U32)),
    "io_play": (None, (_P,)),
    "io_played": (c_int, (_P,)),
    "io_pcap": (None, (_P, _U32, c_int, c_int, _P, _P)),
    "io_port_up": (None, (_P, _U32, c_int)),
    "io_fates": (None, (_P, ctypes.c_char_p, c_uint8)),
    "io_bind": (None, (_P, _U32, _P, _P, _U64, _U32)),
    "io_bound": (None, (_P, _U32)),
    "io_serial": (_U64, (_P, _U32)),
    "io_stop": (None, (_P,)),
    "io_counts": (None, (_P, _U32, ctypes.POINTER(Counts))),
    "io_share": (_U64, (_P, _U32)),
    "io_totals": (None, (_P, ctypes.POINTER(Totals))),
    "io_ready": (c_int, (_P,)),
    "io_take": (_U64, (_P, _P, _U64)),
    "io_run": (None, (_P, _U32)),
}


@lru_cache(maxsize=4)
def load(options: tuple[str, ...] = compiler.OPTIMISE) -> Any:
    """The library with its functions declared.  Raises ``NoCompiler``."""
    source = (_HERE / "io.c").read_text(encoding="utf-8")
    try:
        library = ctypes.CDLL(str(compiler.build(source, options, (_HERE, HEADERS))))
    except OSError as error:
        raise compiler.NoCompiler(f"cannot load what the compiler made: {error}") from None
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library
