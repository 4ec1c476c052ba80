# SPDX-License-Identifier: Apache-2.0
"""One soak: steps, each a fault, its end, and a look at everything."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from soak.bed import Bed, Trouble, until
from soak.faults import KINDS, Kind, Step, draw
from soak.network import GUESTS, Config
from soak.state import Observer
from soak.traffic import Traffic
from srv6cp.sync.launch import LaunchError

_SETTLE = 40.0  # s until the state must be right
_CALM = 0.3  # s of traffic in which every packet must come out
_DRAIN = 3.0  # s without a packet
_SHOWN = 8
_TAKEOVER_LOOK = 30.0  # s: a takeover that takes longer is none


@dataclass
class Options:
    """How a soak goes."""

    switch: str = "softswitch"
    seed: int = 1
    faults: int = 200
    start: int = 1
    keepalive: int = 4
    rate: float = 200.0
    """Probes a second."""
    takeover: float = 5.0
    """Longest takeover, in seconds."""
    folder: Path = Path("logs/soak")


@dataclass
class Result:
    """What came of it."""

    steps: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    takeovers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    edits: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    problems: int = 0

    def table(self) -> str:
        """Lines for people, the last one the outcome."""
        lines = [f"{'fault':34}{'times':>6}{'failed':>8}{'worst takeover':>16}"]
        for name, count in self.steps.most_common():
            worst = f"{max(self.takeovers[name]):.2f} s" if self.takeovers[name] else "-"
            lines.append(f"{name:34}{count:6}{self.failed[name]:8}{worst:>16}")
        edits = ", ".join(f"{count} {name}" for name, count in self.edits.most_common()) or "none"
        lost = ", ".join(f"{count} since {cause}" for cause, count in self.lost.most_common()) or "none lost"
        everyone = [seconds for each in self.takeovers.values() for seconds in each]
        lines += [
            f"edits: {edits}",
            f"packets: {self.sent} sent, {lost}",
            f"takeovers: {len(everyone)}, the longest {max(everyone, default=0):.2f} s",
            f"soak: {self.steps.total()} faults, {self.problems} problems",
        ]
        return "\n".join(lines)


class Soak:
    """A context manager: everything that it starts ends with it."""

    def __init__(self, options: Options, say: Callable[[str], None] = print) -> None:
        self.options, self._say = options, say
        self.result = Result()
        self._problems: list[str] = []
        self._lock = threading.Lock()
        self._config = Config()
        self._bed: Bed | None = None
        self._traffic: Traffic | None = None
        self._observer: Observer | None = None

    def __enter__(self) -> Soak:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        if not self.result.problems:
            shutil.rmtree(self.options.folder, ignore_errors=True)

    def run(self) -> Result:
        """Every step; may be interrupted. Raises Trouble or LaunchError when it cannot begin."""
        options = self.options
        kinds = [each for each in KINDS if not (each.by_silence and options.switch == "bmv2")]
        for number in range(1, options.start):
            self._config = draw(options.seed, number, self._config, kinds).after
        self._open()
        for number in range(options.start, options.start + options.faults):
            step = draw(options.seed, number, self._config, kinds)
            self._config = step.after
            self._step(step)
        return self.result

    # -- everything there, everything gone

    def _open(self) -> None:
        options = self.options
        shutil.rmtree(options.folder, ignore_errors=True)
        options.folder.mkdir(parents=True)
        self._begin()

    def _begin(self) -> None:
        options = self.options
        bed = self._bed = Bed(options.switch, options.folder, options.keepalive)
        bed.replace(self._config.text())
        bed.start_switch()
        traffic = self._traffic = Traffic(bed.frames, options.rate, self._found)
        self._observer = Observer(bed.address)
        for controller in bed.controllers:
            controller.start()
        traffic.allow(self._config)
        self._settle()
        traffic.excuse(None)

    def _close(self) -> None:
        if self._traffic is not None:
            self._count(self._traffic)
            self._traffic.close()
            self._traffic = None
        if self._bed is not None:
            self._bed.close()
            self._bed = None

    def _count(self, traffic: Traffic) -> None:
        self.result.sent += traffic.sent
        self.result.lost.update(traffic.lost)
        traffic.sent = 0
        traffic.lost.clear()

    def _found(self, problem: str) -> None:
        with self._lock:
            self._problems.append(problem)

    # -- a step

    def _step(self, step: Step) -> None:
        began = time.monotonic()
        result, notes = self.result, list[str]()
        result.steps[step.kind.name] += 1
        if step.edit:
            result.edits[step.edit] += 1
        broken = False
        try:
            self._go_wrong(step, notes)
        except (Trouble, LaunchError) as error:
            broken = True
            self._found(str(error))
        with self._lock:
            problems, self._problems = self._problems, []
        what = "; ".join((*notes, f"{len(problems)} problems" if problems else "right"))
        last = self.options.start + self.options.faults - 1
        self._say(f"[{step.number}/{last}] {step}: {what}; {time.monotonic() - began:.1f} s")
        if problems:
            result.failed[step.kind.name] += 1
            result.problems += len(problems)
            self._keep(step, problems)
        if broken:  # nothing is known of the state: everything anew
            self._close()
            self._begin()

    def _go_wrong(self, step: Step, notes: list[str]) -> None:
        bed, traffic = self._bed, self._traffic
        assert bed is not None and traffic is not None and self._observer is not None
        kind = step.kind
        traffic.allow(step.before, step.after)
        if step.moment == "before":
            self._edit(bed, step)
            time.sleep(step.pause)
        since = time.monotonic()
        traffic.excuse(kind.excuse)
        undo = kind.hurt(bed)
        try:
            if kind.takeover:
                notes.append(f"takeover {self._takeover(traffic, kind, since, time.monotonic()):.2f} s")
            if step.moment == "during":
                self._edit(bed, step)
            time.sleep(step.hold)
        finally:
            if kind.excuse:
                traffic.restarted()
                self._observer.forget()
            undo()
        notes.append(f"settled in {self._settle():.2f} s")
        traffic.allow(step.after)
        traffic.excuse(None)
        time.sleep(_CALM)
        traffic.drain(_DRAIN)
        for problem in self._observer.problems(bed.node, traffic.counts()):
            self._found(problem)
        self._count(traffic)
        traffic.resume()

    def _takeover(self, traffic: Traffic, kind: Kind, since: float, done: float) -> float:
        """Seconds from ``since`` until a ping is answered that was sent when the fault was ``done``."""
        if not traffic.wait_for_answer(done, _TAKEOVER_LOOK):
            raise Trouble(f"no takeover within {_TAKEOVER_LOOK:.0f} s")
        seconds = time.monotonic() - since
        self.result.takeovers[kind.name].append(seconds)
        if seconds > self.options.takeover:
            self._found(f"takeover after {seconds:.2f} s, more than {self.options.takeover:g} s")
        return seconds

    def _edit(self, bed: Bed, step: Step) -> None:
        text = step.after.text()
        if step.edit == "replace":
            bed.replace(text)
        elif step.edit == "overwrite":
            bed.overwrite(text)
        elif step.edit == "two steps":
            bed.in_two_steps(text, step.pause)
        elif step.edit == "command":
            for words, code, said in bed.edit(step.commands()):
                if code:
                    self._found(f"srv6 {' '.join(words)}: exit code {code}: {said.strip()}")
            if (found := _guests(bed.node)) != step.after.guests:
                self._found(f"edits lost: {sorted(found ^ step.after.guests)}")
                bed.replace(text)  # so that what follows is what would have followed

    def _settle(self) -> float:
        """Wait until the state is right and the roles are clear; seconds that it took."""
        bed, observer = self._bed, self._observer
        assert bed is not None and observer is not None
        wrong: list[str] = []

        def right() -> bool:
            wrong[:] = observer.problems(bed.node)
            return not wrong and bed.settled()

        try:
            return until(right, "the state is not right", _SETTLE)
        except Trouble as error:
            roles = ", ".join(f"{each.name} {each.role or 'without switch'}" for each in bed.controllers)
            raise Trouble("\n  ".join([f"{error}; controllers: {roles}", *wrong[:_SHOWN]])) from None

    def _keep(self, step: Step, problems: Sequence[str]) -> None:
        """Write what was found, and copy the logs as they are."""
        folder = self.options.folder
        kept = folder / f"step-{step.number}"
        kept.mkdir(exist_ok=True)
        seed, switch = self.options.seed, self.options.switch
        again = f"make soak SEED={seed} FAULTS=1 ARGS='--from {step.number} --switch {switch}'"
        (kept / "problems.txt").write_text("\n".join((f"{step}", f"again: {again}", *problems)) + "\n")
        for path in folder.iterdir():
            if path.is_file():
                with suppress(OSError):
                    shutil.copy(path, kept)
        counts = Counter(problem.splitlines()[0][:160] for problem in problems)
        for text, count in counts.most_common(_SHOWN):
            self._say(f"    {count} x {text}")
        self._say(f"    logs: {kept}; again: {again}")


def _guests(file: Path) -> set[str]:
    """The SIDs of a node file that may come and go."""
    sids = {entry["sid"].removesuffix("/64") for entry in yaml.safe_load(file.read_text())["sids"]}
    return sids & set(GUESTS)
