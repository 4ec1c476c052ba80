# SPDX-License-Identifier: Apache-2.0
"""Other people's words for a SID: iproute2's ``seg6local`` and srext's ``srconf localsid``.

Everything becomes the keys of ``sids`` in the configuration, which are then checked like any others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from srv6cp.config.errors import InvalidError
from srv6cp.model import DEFAULT_VRF

# Keys that mean the same as one of ours.
_SYNONYMS = {
    "behaviour": "behavior",
    "action": "behavior",
    "flavours": "flavors",
    "nh6": "via",
    "nh4": "via",
    "nexthop": "via",
    "table": "vrf",
    "vrftable": "vrf",
    "oif": "port",
    "dev": "port",
}
_MAIN_TABLES = ("main", "254", "0")
_WORDS_WITH_VALUE = (
    *("action", "behavior", "behaviour", "flavors", "flavours", "via", "nexthop", "nh6", "nh4"),
    *("vrf", "table", "vrftable", "port", "oif", "dev", "policy", "in-vrf"),
)
_FLAGS = {"count": None, "allow-outside-locator": "allow-outside-locator"}
_SRCONF_NEXTHOP = ("ip", "nh")


def normalize_sid(item: dict[Any, Any]) -> dict[Any, Any]:
    """A SID as written, with our keys. A behaviour of several words is read as ``seg6local`` words."""
    result: dict[Any, Any] = {}
    for key, value in item.items():
        ours = _SYNONYMS.get(key, key)
        if ours in result:
            raise InvalidError(f"{key!r} says the same as {ours!r}; give one of them", str(key))
        result[ours] = _table(value) if key in ("table", "vrftable") else value
    behavior = result.get("behavior")
    if isinstance(behavior, str) and " " in behavior.strip() and " with " not in behavior.lower():
        for key, value in parse_words(behavior.split()).items():
            if key != "behavior" and key in result:
                raise InvalidError(f"{key!r} is given in 'behavior' and beside it", key)
            result[key] = value
    return result


def parse_words(words: Sequence[str]) -> dict[str, Any]:
    """``End.DX4 nh4 10.0.0.1``, ``action End.X nh6 fe80::1 dev 2``, ``end.dx4 ip 10.0.0.1 2``, ...

    Returns the keys of a SID without ``sid``. ``srh segs A,B`` becomes ``segments``, a list that the
    caller must turn into a policy. ``dev``/``oif`` beside a next hop become part of ``via``.

    Raises:
        InvalidError: a word is not understood or its value is missing.
    """
    rest = list(words)
    result: dict[str, Any] = {}
    if rest and rest[0] not in _WORDS_WITH_VALUE:
        result["behavior"] = rest.pop(0)
    while rest:
        word = rest.pop(0)
        if word in _FLAGS:
            key = _FLAGS[word]
            if key:
                result[key] = True
        elif word == "srh":
            continue
        elif word == "segs":
            result["segments"] = _value(word, rest).replace(",", " ").split()
        elif word in _SRCONF_NEXTHOP:
            result["via"] = _value(word, rest)
            if rest and rest[0] not in _WORDS_WITH_VALUE:
                result["port"] = rest.pop(0)
        elif word == "mac":
            raise InvalidError("a next hop by MAC address is not supported; give its IP address: 'ip ADDRESS PORT'")
        elif word in _WORDS_WITH_VALUE:
            key, value = _SYNONYMS.get(word, word), _value(word, rest)
            result[key] = _table(value) if word in ("table", "vrftable") else value
        elif not rest and str(result.get("behavior", "")).lower() == "end.dx2" and "port" not in result:
            result["port"] = word  # srconf: end.dx2 INTERFACE
        else:
            raise InvalidError(
                f"unknown word {word!r}; valid: {', '.join((*_WORDS_WITH_VALUE, *_FLAGS, 'segs', 'ip'))}"
            )
    if "behavior" not in result:
        raise InvalidError("no behaviour is given, such as End or End.DX4")
    if "via" in result and "port" in result:
        result["via"] = {"address": result["via"], "port": result.pop("port")}
    if "flavors" in result:
        result["flavors"] = result["flavors"].replace(",", " ").split()
    return result


def _value(word: str, rest: list[str]) -> str:
    if not rest:
        raise InvalidError(f"{word!r} needs a value")
    return rest.pop(0)


def _table(value: Any) -> Any:
    return DEFAULT_VRF if str(value) in _MAIN_TABLES else value
