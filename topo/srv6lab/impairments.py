# SPDX-License-Identifier: Apache-2.0
"""What a cable does to frames: rate, delay, jitter, loss, queue; as data, from words, and back.

Each direction of a cable has them. ``rate 10M`` is bit/s, counted as frames are long (preamble and gap are not);
``delay 20ms`` what a frame takes from end to end besides; ``jitter 5ms`` how much that is more or less, evenly spread:
so frames may overtake each other, as with Linux' netem; ``loss 1%`` of the frames, each by itself; ``queue 100`` frames
that may wait for the cable, the next one is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srv6cp import values
from srv6cp.problems import InvalidError

KEYS = ("rate", "delay", "jitter", "loss", "queue")
DEFAULT_QUEUE = 100
MAX_QUEUE = 100_000
MAX_DELAY = 10.0  # s
MIN_RATE, MAX_RATE = 1_000, 100_000_000_000

_NUMBER = r"(\d+(?:\.\d+)?)"
_RATE = re.compile(_NUMBER + r"([kKmMgG]?)(?:bit|bps|bit/s)?")
_TIME = re.compile(_NUMBER + r"(us|ms|s)")
_SHARE = re.compile(_NUMBER + r"%")
_PREFIXES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_UNITS = {"us": 1_000_000, "ms": 1_000, "s": 1}  # in a second


@dataclass(frozen=True)
class Impairments:
    """Of one cable: ``rate`` in bit/s (None: none), ``delay`` and ``jitter`` in s, ``loss`` from 0 to 1, ``queue``."""

    rate: int | None = None
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    queue: int = DEFAULT_QUEUE

    @property
    def ideal(self) -> bool:
        """Whether frames pass at once and all of them."""
        return self.rate is None and not (self.delay or self.jitter or self.loss)

    def words(self) -> str:
        """As `read_words` takes them; ``ideal`` where there is nothing to say."""
        said = [f"rate {show_rate(self.rate)}"] if self.rate is not None else []
        said += [f"delay {show_time(self.delay)}"] if self.delay else []
        said += [f"jitter {show_time(self.jitter)}"] if self.jitter else []
        said += [f"loss {self.loss * 100:g}%"] if self.loss else []
        said += [f"queue {self.queue}"] if self.queue != DEFAULT_QUEUE else []
        return " ".join(said) or "ideal"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: bit/s, seconds, a share of 1, frames."""
        return {key: getattr(self, key) for key in KEYS}


IDEAL = Impairments()


def read(item: Mapping[Any, Any], before: Impairments = IDEAL) -> Impairments:
    """``before`` with those of the `KEYS` that ``item`` has. Raises InvalidError with the key as path."""
    given = {key: _READERS[key](item[key], key) for key in KEYS if item.get(key) is not None}
    return _checked(replace(before, **given))


def read_words(words: Sequence[str], before: Impairments) -> Impairments:
    """``rate 10M delay 20ms``, or ``ideal``. Raises InvalidError."""
    if list(words) == ["ideal"]:
        return IDEAL
    if not words or len(words) % 2:
        raise InvalidError(f"{', '.join(KEYS)} are needed, each with a value, such as: rate 10M delay 20ms; or ideal")
    given: dict[str, Any] = {}
    for key, value in zip(words[::2], words[1::2], strict=True):
        if key not in KEYS:
            raise InvalidError(f"{key!r} is nothing that a cable has; one of {', '.join(KEYS)}, or down, up, ideal")
        if key in given:
            raise InvalidError(f"{key} is given twice")
        given[key] = None if (key, value) == ("rate", "none") else _READERS[key](value, key)
    return _checked(replace(before, **given))


def _checked(made: Impairments) -> Impairments:
    if made.jitter > made.delay:
        raise InvalidError(
            f"jitter {show_time(made.jitter)} is more than the delay of {show_time(made.delay)}: a frame cannot arrive "
            "before it was sent",
            "jitter",
        )
    return made


def read_rate(value: Any, what: str = "rate") -> int:
    """bit/s. Raises InvalidError."""
    found = _RATE.fullmatch(str(value)) if not isinstance(value, bool) else None
    rate = int(float(found[1]) * _PREFIXES[found[2].lower()]) if found else 0
    if not MIN_RATE <= rate <= MAX_RATE:
        raise InvalidError(f"{what} must be bit/s from 1k to 100G, such as 10M, not {values.show(value)}", what)
    return rate


def _time(value: Any, what: str) -> float:
    found = _TIME.fullmatch(str(value))
    seconds = float(found[1]) / _UNITS[found[2]] if found else 0.0 if str(value) == "0" else -1.0
    if not 0 <= seconds <= MAX_DELAY:
        raise InvalidError(f"{what} must be a time from 0 to 10s, such as 20ms, not {values.show(value)}", what)
    return seconds


def _share(value: Any, what: str) -> float:
    found = _SHARE.fullmatch(str(value))
    share = float(found[1]) / 100 if found else 0.0 if str(value) == "0" else -1.0
    if not 0 <= share <= 1:
        raise InvalidError(f"{what} must be a share from 0% to 100%, such as 1%, not {values.show(value)}", what)
    return share


def _queue(value: Any, what: str) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    try:
        return values.integer(number, what, 1, MAX_QUEUE)
    except InvalidError as error:
        raise InvalidError(error.message, what) from None


_READERS: dict[str, Any] = {"rate": read_rate, "delay": _time, "jitter": _time, "loss": _share, "queue": _queue}


def show_rate(rate: float | None) -> str:
    """``10M``: the shortest that `read_rate` takes."""
    if rate is None:
        return "none"
    for prefix in ("G", "M", "k"):
        size = _PREFIXES[prefix.lower()]
        if rate >= size:
            return f"{rate / size:.4g}{prefix}"
    return f"{rate:.4g}"


def show_time(seconds: float) -> str:
    """``20ms``."""
    unit = "s" if seconds >= 1 else "ms" if seconds >= 1e-3 or not seconds else "us"
    return f"{seconds * _UNITS[unit]:.4g}{unit}"
