# SPDX-License-Identifier: Apache-2.0
"""Other people's words for a SID: iproute2's ``seg6local`` and srext's ``srconf localsid``.

Everything becomes the keys of ``sids`` in the configuration, which are then checked like any others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from srv6cp.behaviours import REGISTRY, Operand
from srv6cp.problems import InvalidError

# Words for the keys that every SID has.
_SYNONYMS = {"behaviour": "behavior", "action": "behavior", "flavours": "flavors"}
_SHARED_WORDS = ("action", "behavior", "behaviour", "flavors", "flavours", "in-vrf", "tlv")
_FLAGS = {"count": None, "allow-outside-locator": "allow-outside-locator"}
_SRCONF_NEXTHOP = ("ip", "nh")


class _Vocabulary:
    """Words for the operands of a behaviour, and behind them those of all others, for errors that make sense."""

    def __init__(self, behaviour: Any) -> None:
        try:
            known = REGISTRY.parse_endpoint(str(behaviour))[0]
            own = known.operands
        except ValueError:
            known, own = None, ()  # the loader says what is wrong with it
        # In iproute2 every SID has a device; here it means something where frames or packets leave by it.
        self.formal_device = bool(known) and not any({"port", "via"} & set(operand.keys) for operand in own)
        self.bare = next((operand.key for operand in own if operand.bare), None)
        self._operands: dict[str, Operand] = {}
        for operand in (*own, *REGISTRY.operands):
            for word in (operand.key, *operand.synonyms):
                self._operands.setdefault(word, operand)

    @property
    def words(self) -> list[str]:
        return [*_SHARED_WORDS, *self._operands]

    def translate(self, word: Any, value: Any) -> tuple[Any, Any]:
        """Our key and value for somebody's."""
        operand = self._operands.get(word)
        if operand is None or word == operand.key:
            return _SYNONYMS.get(word, word), value
        convert = operand.synonyms[word]
        return operand.key, convert(value) if convert else value


def normalize_sid(item: dict[Any, Any]) -> dict[Any, Any]:
    """A SID as written, with our keys. A behaviour of several words is read as ``seg6local`` words."""
    behaviour = next((item[key] for key in ("behavior", "behaviour", "action") if item.get(key) is not None), None)
    words: dict[str, Any] = {}
    if isinstance(behaviour, str) and " " in behaviour.strip() and " with " not in behaviour.lower():
        words = parse_words(behaviour.split())
    vocabulary = _Vocabulary(words.get("behavior", behaviour))
    result: dict[Any, Any] = {}
    for key, value in item.items():
        ours, value = vocabulary.translate(key, value)
        if ours in result:
            raise InvalidError(f"{key!r} says the same as {ours!r}; give one of them", str(key))
        result[ours] = value
    for key, value in words.items():
        if key != "behavior" and key in result:
            raise InvalidError(f"{key!r} is given in 'behavior' and beside it", key)
        result[key] = value
    return result


def listed_flavours(item: Mapping[Any, Any]) -> list[str]:
    """``flavors`` of a SID: a list, or one text with commas."""
    listed = item.get("flavors") or ()
    return listed.replace(",", " ").split() if isinstance(listed, str) else list(map(str, listed))


def parse_words(words: Sequence[str]) -> dict[str, Any]:
    """``End.DX4 nh4 10.0.0.1``, ``action End.X nh6 fe80::1 dev 2``, ``end.dx4 ip 10.0.0.1 2``, ...

    Returns the keys of a SID without ``sid``. ``srh segs A,B [hmac KEYID]`` becomes ``segments`` and ``hmac``,
    which the caller must turn into a policy. ``dev``/``oif`` beside a next hop become part of ``via``; as in iproute2
    ``table`` behind ``dev`` is that of the SID itself.

    Raises:
        InvalidError: a word is not understood or its value is missing.
    """
    rest = list(words)
    result: dict[str, Any] = {}
    if rest and rest[0] not in _Vocabulary(None).words:
        result["behavior"] = rest.pop(0)
    elif len(rest) > 1 and rest[0] in ("action", "behavior", "behaviour"):
        rest.pop(0)
        result["behavior"] = rest.pop(0)
    vocabulary = _Vocabulary(result.get("behavior"))
    valid = vocabulary.words
    device = False
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
        elif word == "hmac" and "segments" in result:
            result["hmac"] = _value(word, rest)
        elif word in _SRCONF_NEXTHOP:
            result["via"] = _value(word, rest)
            if rest and rest[0] not in valid:
                result["port"] = rest.pop(0)
        elif word == "mac":
            raise InvalidError("a next hop by MAC address is not supported; give its IP address: 'ip ADDRESS PORT'")
        elif word == "table" and device:
            result["in-vrf"] = vocabulary.translate("table", _value(word, rest))[1]
        elif word == "dev" and vocabulary.formal_device:
            device = bool(_value(word, rest))
        elif word in valid:
            device = device or word == "dev"
            key, value = vocabulary.translate(word, _value(word, rest))
            result[key] = value
        elif not rest and vocabulary.bare is not None and vocabulary.bare not in result:
            result[vocabulary.bare] = word  # srconf: end.dx2 INTERFACE
        else:
            raise InvalidError(f"unknown word {word!r}; valid: {', '.join((*valid, *_FLAGS, 'segs', 'ip'))}")
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
