# SPDX-License-Identifier: Apache-2.0
"""SRv6 packets: build them, take them apart, print them on one line.

* `raw`       views over bytes and the checksums; no scapy (used by the controller for every packet-in)
* `notation`  one line in RFC 8754 6.1 notation; no scapy
* `layers`    scapy layers: `SRH`, `Tlv`, `Pad1`, `PadN`, `HmacTlv`; next header 143 bound to Ethernet
* `build`     segment lists in path order (S1 first): `srh`, `srv6`, `h_encaps`, `h_encaps_l2`, `h_insert`,
  `advance`
* `dissect`   what came out: `segments`, `active_segment`, `inner`, `remove_outer`, `remove_srh`

The names of `layers`, `build` and `dissect` can be taken from the package itself; scapy is imported on their
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .notation import frame_notation, notation

if TYPE_CHECKING:
    from .build import advance, h_encaps, h_encaps_l2, h_insert, srh, srv6
    from .dissect import active_segment, all_srhs, inner, remove_outer, remove_srh, segments
    from .layers import SRH, HmacTlv, Pad1, PadN, Tlv

_LAZY = {
    "layers": ("SRH", "HmacTlv", "Pad1", "PadN", "Tlv"),
    "build": ("advance", "h_encaps", "h_encaps_l2", "h_insert", "srh", "srv6"),
    "dissect": ("active_segment", "all_srhs", "inner", "remove_outer", "remove_srh", "segments"),
}
_HOME = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "SRH",
    "HmacTlv",
    "Pad1",
    "PadN",
    "Tlv",
    "active_segment",
    "advance",
    "all_srhs",
    "frame_notation",
    "h_encaps",
    "h_encaps_l2",
    "h_insert",
    "inner",
    "notation",
    "remove_outer",
    "remove_srh",
    "segments",
    "srh",
    "srv6",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value
