# SPDX-License-Identifier: Apache-2.0
"""The functions of a shared object made by :mod:`softswitch.native.compiler`, through ctypes."""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_double, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

_U32, _U64, _P = c_uint32, c_uint64, c_void_p

#: name -> (result, arguments); see changes.h and packets.h.
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "sw_new": (_P, (c_int64,)),
    "sw_free": (None, (_P,)),
    "sw_counter": (None, (_P, _U32, _P)),
    "sw_register": (None, (_P, _U32, _P)),
    "sw_table": (None, (_P, _U32, c_char_p)),
    "sw_insert": (_P, (_P, _U32, c_char_p)),
    "sw_modify": (None, (_P, _U32, _P, c_char_p)),
    "sw_delete": (None, (_P, _U32, _P, c_char_p)),
    "sw_clear": (None, (_P, _U32)),
    "sw_default": (None, (_P, _U32, c_char_p)),
    "sw_table_bytes": (_U64, (_P, _U32)),
    "sw_member": (_P, (_P, _P, _U32, c_char_p, _U32, _U32)),
    "sw_selection": (_P, (_P, _P, _U32, _P)),
    "sw_forget": (None, (_P, _P)),
    "sw_meter": (
        None,
        (_P, _U32, _U64, _P, _U32, _U32, ctypes.POINTER(c_double), ctypes.POINTER(c_int64), c_int64),
    ),
    "sw_value_set": (None, (_P, _U32, _U32, c_char_p)),
    "sw_copies": (None, (_P, _U32, _U32, c_int32, _U32, _P)),
    "sw_worker_new": (_P, (_P, _U64)),
    "sw_worker_free": (None, (_P,)),
    "sw_given_way": (_U64, (_P,)),
    "sw_process": (None, (_P, _U32, c_char_p, _U32)),
    "sw_frames": (None, (_P, _P, _U32)),
    "sw_burst": (None, (_P, _P, _U32, _U64)),
}


#: Called for each entry of a batch, with Python's global lock held: to give it up and take it again would cost more
#: than they do.  They wait for packets at most, and a thread that runs packets in C does not need that lock.
_WITH_LOCK = ("sw_insert", "sw_modify", "sw_delete")


def open_library(path: Path) -> Any:
    """The library with its functions declared; OSError when it cannot be loaded."""
    library, with_lock = ctypes.CDLL(str(path)), ctypes.PyDLL(str(path))
    for name in _WITH_LOCK:
        setattr(library, name, getattr(with_lock, name))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library
