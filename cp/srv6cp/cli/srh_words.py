# SPDX-License-Identifier: Apache-2.0
"""The words of ``steer add match`` for what the entries of a rule ask of an SRH: the inverse of
:mod:`srv6cp.compile.srh_match`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from srv6cp.values import protocol_name


def srh_words(matches: Sequence[Mapping[str, Any]]) -> list[str]:
    """For the matches of all entries of one rule; nothing when they do not look at an SRH."""
    live = [match for match in matches if "srh" in match]
    spent = [match for match in matches if "extension" in match]
    if not live and not spent:
        return []
    left = _range(match.get("srh_segments_left") for match in live)
    if spent:
        left = (0, left[1] if live else 0)
    elif left == (0, 255):
        left = (1, 255)
    length = _range(_either(matches, "hdr_ext_len"))
    last = _range([match.get("srh_last_entry") for match in live] or [_high_byte(match) for match in spent])
    one = (live or spent)[0]
    segment = one.get("srh_next_segment")
    if segment is not None and left == (1, 255):  # there is none behind the last one
        left = (0, 255)
    words = []
    header = _either([one], "next_header")[0]
    if header is not None:
        words += ["srh-next-header", protocol_name(int(header.value))]
    for key, found in (("srh-length", length), ("srh-segments-left", left), ("srh-last-entry", last)):
        if found != (0, 255):
            words += [key, _text(found)]
    tag = one.get("srh_tag") if live else one.get("extension_data")
    if tag is not None and int(tag.mask) & 0xFFFF:
        words += ["srh-tag", str(int(tag.value) & 0xFFFF)]
    if segment is not None:
        words += ["srh-next-segment", f"{segment.value}/{int(segment.mask).bit_count()}"]
    return words or ["srh", "true"]


def _either(matches: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    return [match.get(f"srh_{name}", match.get(f"extension_{name}")) for match in matches]


def _high_byte(match: Mapping[str, Any]) -> Any:
    """Last Entry of an exhausted SRH."""
    data = match.get("extension_data")
    return None if data is None else type(data)(int(data.value) >> 24, int(data.mask) >> 24)


def _range(parts: Iterable[Any]) -> tuple[int, int]:
    """The numbers that values with masks of 8 bits cover together."""
    found = [(0, 255) if part is None else (int(part.value), int(part.value) | 255 - int(part.mask)) for part in parts]
    return min((low for low, _ in found), default=0), max((high for _, high in found), default=255)


def _text(numbers: tuple[int, int]) -> str:
    low, high = numbers
    if low == high:
        return str(low)
    if not low:
        return f"<{high + 1}"
    return f">{low - 1}" if high == 255 else f"{low}-{high}"
