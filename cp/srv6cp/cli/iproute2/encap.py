# SPDX-License-Identifier: Apache-2.0
"""``encap seg6 mode M segs A,B [compress auto]`` and ``encap seg6local action B ...``.

Both end at the first word that is none of their attributes: ``table`` behind ``dev`` is that of the route.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from srv6cp.behaviours import REGISTRY
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.words import Words, segments
from srv6cp.config.hmac import MAX_KEY_ID
from srv6cp.model import FLAVOUR_NAMES

_KINDS = ("seg6", "seg6local")
_ENDPOINT_VALUES = ("table", "vrftable", "nh4", "nh6", "oif", "flavors", "lblen", "nflen")
_NO_BPF = "the data plane is a P4 program, it runs no eBPF"
# Words of `srv6 sid add` that iproute2 has not; those that take a value.
_OWN = {"policy": True, "allow-outside-locator": False}


@dataclass
class Seg6:
    """A segment list with the mode in which it is pushed (H.Encaps, H.Insert, ...)."""

    segments: list[str] = field(default_factory=list)
    mode: str | None = None
    source: str | None = None
    compress: str | None = None
    hmac: int | None = None


@dataclass
class Seg6Local:
    """A local SID: its words as ``srv6 sid add`` takes them behind the SID."""

    words: list[str] = field(default_factory=list)


def read_encap(words: Words) -> Seg6 | Seg6Local:
    """Read what stands behind ``encap``; the words of the route stay. Raises UsageError."""
    kind = words.take("seg6 or seg6local")
    if kind not in _KINDS:
        raise words.unknown(kind, _KINDS)
    return _seg6(words) if kind == "seg6" else _seg6local(words)


def _seg6(words: Words) -> Seg6:
    found = Seg6()
    seen: set[str] = set()
    while (word := words.peek()) in ("mode", "segs", "tunsrc", "compress", "hmac"):
        assert word is not None
        _once(seen, word)
        words.take(word)
        value = words.take(f"the value of {word!r}")
        if word == "mode":
            found.mode = _mode(value)
        elif word == "segs":
            found.segments = segments(value)
        elif word == "tunsrc":
            found.source = value
        elif word == "compress":
            found.compress = value
        else:
            found.hmac = hmac_key(value)
    if not found.segments:
        raise UsageError("'segs A,B,...' is missing")
    return found


def hmac_key(text: str) -> int:
    """An HMAC key id, decimal or hexadecimal as iproute2 takes it. Raises UsageError."""
    try:
        number = int(text, 0)
    except ValueError:
        number = 0
    if not 0 < number <= MAX_KEY_ID:
        raise UsageError(f"an HMAC key id is a number from 1 to {MAX_KEY_ID}, not {text!r}")
    return number


def _mode(text: str) -> str:
    """A mode as written. Raises UsageError for one that routes have not."""
    try:
        headend = REGISTRY.parse_headend(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if headend.layer2:
        raise UsageError(
            f"mode {text} takes frames, and a route has packets; attach it to a port with mode: l2: "
            f"`srv6 policy add NAME segs ... mode {headend.mode}`, `srv6 steer add port P policy NAME`"
        )
    if headend.gtp:
        raise UsageError(
            f"mode {text} needs lengths of prefixes, for which iproute2 has no words: `srv6 policy add NAME segs ... "
            f"mode {headend.mode} upf-prefix-length N`, `srv6 steer add prefix P policy NAME`"
        )
    return text


def _seg6local(words: Words) -> Seg6Local:
    result: list[str] = []
    seen: set[str] = set()
    while (word := words.peek()) is not None:
        if word in ("action", *_ENDPOINT_VALUES):
            _once(seen, word)
            words.take(word)
            value = words.take(f"the value of {word!r}")
            if word == "action":
                _check_action(value)
                result[:0] = [value]
            elif word == "flavors":
                _check_flavours(value)
                result += ["flavors", value]
            else:
                result += [word, value]
        elif word == "count":
            _once(seen, word)
            words.take(word)  # every SID counts
        elif word == "srh":
            _once(seen, word)
            result += _srh(words)
        elif word == "iif":
            raise UsageError("'iif' is not supported: a SID is reached from every port of its VRF")
        elif word in ("endpoint", "fd", "object-file", "object-pinned"):
            raise UsageError(f"{word!r} is not supported: {_NO_BPF}")
        elif word in _OWN:
            words.take(word)
            result += [word, *([words.take(f"the value of {word!r}")] if _OWN[word] else [])]
        else:
            break
    if "action" not in seen:
        raise UsageError("'action' is missing, such as End or End.DX4")
    return Seg6Local(result)


def _srh(words: Words) -> list[str]:
    words.take("srh")
    if words.take("'segs'") != "segs":
        raise UsageError("'srh' is followed by 'segs A,B,...'")
    result = ["srh", "segs", words.take("the segments")]
    if words.peek() == "hmac":
        words.take("hmac")
        result += ["hmac", str(hmac_key(words.take("the HMAC key id")))]
    return result


def _check_action(name: str) -> None:
    if name.lower() == "end.bpf":
        valid = ", ".join(record.name for record in REGISTRY.endpoints)
        raise UsageError(f"action {name} is not supported: {_NO_BPF}; valid: {valid}")


def _check_flavours(text: str) -> None:
    for name in text.lower().split(","):
        if name not in FLAVOUR_NAMES:
            raise UsageError(f"flavour {name} is not supported; valid: {', '.join(FLAVOUR_NAMES)}")


def _once(seen: set[str], word: str) -> None:
    if word in seen:
        raise UsageError(f"{word!r} is given twice")
    seen.add(word)


def policy_item(name: str, lists: list[tuple[Seg6, int | None]]) -> dict[str, Any]:
    """The policy for weighted segment lists, which share all else. Raises UsageError where they do not."""
    first = lists[0][0]
    shared = first.mode, first.source, first.compress, first.hmac
    if any((each.mode, each.source, each.compress, each.hmac) != shared for each, _ in lists):
        raise UsageError("the next hops of a route have one 'mode', 'tunsrc', 'compress' and 'hmac' together")
    item: dict[str, Any] = {"name": name}
    if len(lists) == 1:
        item["segments"] = first.segments
    else:
        item["segment-lists"] = [
            {"segments": each.segments, **({"weight": weight} if weight else {})} for each, weight in lists
        ]
    if first.compress:
        item["compress"] = first.compress
    item["encap"] = {"mode": first.mode or "encap", **({"source": first.source} if first.source else {})}
    if first.hmac:
        item["encap"]["hmac"] = first.hmac
    return item
