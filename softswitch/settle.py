# SPDX-License-Identifier: Apache-2.0
"""When is a network of switches and controllers in one process done?

    settle([r1, r2], [controller1, controller2])

returns when every frame that was injected, and everything that became of it, has come to its end: forwarded, dropped,
or handed to a controller that has dealt with it and whose answers have been through the switches, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from softswitch.switch import SoftSwitch

__all__ = ["Controller", "settle"]


class Controller(Protocol):
    """A controller of one of the switches, such as ``srv6cp.controller.loop.NodeController``."""

    def settle(self, timeout: float) -> object:
        """Return when everything that the switch had sent before is dealt with, and the switch has taken the answers;
        ``TimeoutError`` when that lasts longer than ``timeout`` seconds."""


def settle(switches: Iterable[SoftSwitch], controllers: Iterable[Controller] = (), timeout: float = 10.0) -> bool:
    """Wait until nothing moves any more between ``switches``, of which all must be given, and ``controllers``; false
    after ``timeout`` seconds.

    What a controller does later because of a timer is not waited for, nor are frames of interfaces.
    """
    every, those, deadline = list(switches), list(controllers), time.monotonic() + timeout
    while True:
        before = _processed(every)
        try:
            for switch in every:
                if not switch.flush(_left(deadline)):
                    return False
            for controller in those:
                controller.settle(_left(deadline))
            for switch in every:
                if not switch.flush(_left(deadline)):
                    return False
        except TimeoutError:
            return False
        # Frames come from frames: where none was processed meanwhile, none is left in a queue that was seen empty.
        if _processed(every) == before:
            return True


def _processed(switches: Sequence[SoftSwitch]) -> int:
    return sum(switch.device.stats.received for switch in switches)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
