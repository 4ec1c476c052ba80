# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and how it ends.  `draw` says what happens in each step of a seed."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from soak.bed import Bed, Controller
from soak.network import Config
from soak.relay import Cable

Undo = Callable[[], None]


@dataclass(frozen=True)
class Kind:
    """A kind of fault. ``hurt`` does it and returns what ends it."""

    name: str
    weight: int
    hurt: Callable[[Bed], Undo]
    takeover: bool = False
    """The backup must become primary."""
    excuse: str | None = None
    """Why packets may be lost; without one no packet may."""
    by_silence: bool = False
    """Nobody is told: the switch has to notice that its client is silent (BMv2 does not)."""
    deaf: bool = False
    """The switch cannot be spoken to meanwhile."""
    hold: tuple[float, float] = (0.2, 1.5)
    """Seconds until it ends, after the takeover where there is one."""


def _end(number: signal.Signals, *roles: str) -> Callable[[Bed], Undo]:
    """Controllers end and are started again."""

    def hurt(bed: Bed) -> Undo:
        chosen = [bed.with_role(role) for role in roles]
        for each in chosen:
            each.signal(number)
        return lambda: _start(chosen)

    return hurt


def _stop(*roles: str) -> Callable[[Bed], Undo]:
    """Controllers are stopped and go on."""

    def hurt(bed: Bed) -> Undo:
        chosen = [bed.with_role(role) for role in roles]
        for each in chosen:
            each.signal(signal.SIGSTOP)

        def undo() -> None:
            for each in chosen:
                each.signal(signal.SIGCONT)

        return undo

    return hurt


def _cable(cable: Cable, *roles: str) -> Callable[[Bed], Undo]:
    """The cables of controllers are not whole for a while."""

    def hurt(bed: Bed) -> Undo:
        chosen = [bed.with_role(role) for role in roles]
        for each in chosen:
            each.relay.set(cable)

        def undo() -> None:
            for each in chosen:
                each.relay.set(Cable.WHOLE)

        return undo

    return hurt


def _kill_switch(*roles: str) -> Callable[[Bed], Undo]:
    """The switch is killed and comes back without a program; controllers with it, in some order."""

    def hurt(bed: Bed) -> Undo:
        chosen = [bed.with_role(role) for role in roles]
        bed.signal_switch(signal.SIGKILL)
        for each in chosen:
            each.signal(signal.SIGKILL)

        def undo() -> None:
            _start(chosen[:1])
            bed.start_switch()
            _start(chosen[1:])

        return undo

    return hurt


def _stop_switch(bed: Bed) -> Undo:
    bed.signal_switch(signal.SIGSTOP)
    return lambda: bed.signal_switch(signal.SIGCONT)


def _start(controllers: Sequence[Controller]) -> None:
    for each in controllers:
        each.start()


PRIMARY, BACKUP = "primary", "backup"
BOTH = (PRIMARY, BACKUP)
RESTART = "the switch was restarted"

KINDS = (
    Kind("kill the primary", 4, _end(signal.SIGKILL, PRIMARY), takeover=True),
    Kind("kill the backup", 2, _end(signal.SIGKILL, BACKUP)),
    Kind("kill both controllers", 2, _end(signal.SIGKILL, *BOTH)),
    Kind("end the primary", 1, _end(signal.SIGTERM, PRIMARY), takeover=True),
    Kind("stop the primary", 3, _stop(PRIMARY), takeover=True, by_silence=True),
    Kind("stop the backup", 1, _stop(BACKUP), hold=(0.2, 6)),
    Kind("stop both controllers", 1, _stop(*BOTH), hold=(0.2, 6)),
    Kind("cut off the primary", 3, _cable(Cable.CUT, PRIMARY), takeover=True),
    Kind("cut off the backup", 1, _cable(Cable.CUT, BACKUP)),
    Kind("cut off both", 1, _cable(Cable.CUT, *BOTH)),
    Kind("partition the primary", 3, _cable(Cable.SILENT, PRIMARY), takeover=True, by_silence=True),
    Kind("partition the backup", 1, _cable(Cable.SILENT, BACKUP), hold=(0.2, 6)),
    Kind("partition both", 1, _cable(Cable.SILENT, *BOTH), hold=(0.2, 6)),
    Kind("slow down the primary", 1, _cable(Cable.SLOW, PRIMARY)),
    Kind("slow down both", 1, _cable(Cable.SLOW, *BOTH)),
    Kind("stop the switch", 2, _stop_switch, deaf=True, hold=(0.2, 6)),
    Kind("kill the switch", 3, _kill_switch(), excuse=RESTART, deaf=True),
    Kind("kill the switch and the primary", 1, _kill_switch(PRIMARY), excuse=RESTART, deaf=True),
    Kind("kill the switch and both", 1, _kill_switch(*BOTH), excuse=RESTART, deaf=True),
)

#: How the node file is changed: by renaming, in place, in place in two steps, by commands.
EDITS = ("replace", "overwrite", "two steps", "command")
#: Before the fault, so that it comes while the change is applied, or while it lasts.
MOMENTS = ("before", "during")


class Step(NamedTuple):
    """What happens in a step."""

    number: int
    kind: Kind
    hold: float
    before: Config
    after: Config
    edit: str | None
    moment: str
    pause: float
    """Seconds between an edit and the fault, or between the two steps of an edit."""

    def __str__(self) -> str:
        return self.kind.name + (f", edit {self.moment} it: {self.edit}" if self.edit else "")

    def commands(self) -> list[list[str]]:
        """The edit as words of ``srv6``, when it is one by commands."""
        came, went = sorted(self.after.guests - self.before.guests), sorted(self.before.guests - self.after.guests)
        # While the fault lasts there may be nobody who applies it.
        extra = ["--no-apply"] if self.moment == "during" else []
        return [["sid", "add", f"{sid}/64", "End", *extra] for sid in came] + [
            ["sid", "del", f"{sid}/64", *extra] for sid in went
        ]


def draw(seed: int, number: int, config: Config, kinds: Sequence[Kind] = KINDS) -> Step:
    """Step ``number`` of a seed, of a node file that is as ``config`` before. The same arguments, the same step."""
    rng = random.Random(f"{seed}/{number}")
    kind = rng.choices(kinds, [each.weight for each in kinds])[0]
    edit = rng.choice(EDITS) if rng.random() < 0.6 else None
    after = config.changed(rng) if edit else config
    if edit == "command":
        after.ways = dict(config.ways)
    return Step(number, kind, rng.uniform(*kind.hold), config, after, edit, rng.choice(MOMENTS), rng.uniform(0, 0.35))
