# SPDX-License-Identifier: Apache-2.0
"""Runs the generated function: queues, limits, errors, traces.

A packet enters ``run`` as a tuple (kind, port, data, ingress length, extra) with ``extra``:

* received: None
* resubmitted, recirculated: (field list id, kept values)
* clone of the received packet: (field list id, kept values, egress port, rid, cut)
* replica and egress clone: (all variables, egress port, rid, cut)

Copies wait in one of two queues.  Those bound for egress are taken first; packets to be parsed again follow.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType
from typing import Any

from p4rtlib.gcpause import gc_paused
from softswitch.bmv2json.errors import too_deep
from softswitch.bmv2json.model import KEPT, Program
from softswitch.engine import text
from softswitch.engine.api import Host, Stats
from softswitch.engine.lowered.model import Kind
from softswitch.engine.lowered.program import lower
from softswitch.engine.python.assemble import Assembler, Generated
from softswitch.engine.python.runtime import AssertionFailed, Overlay
from softswitch.state.changes import Change
from softswitch.state.state import State
from softswitch.trace import Recorder, Trace

_log = logging.getLogger(__name__)

#: Copies that may wait at once, for egress and for the parser, as simple_switch's input buffer.
QUEUE_LIMIT = 1024
#: Passes that one received frame may cause, copies included; then what waits is dropped.
PASS_LIMIT = 4096

_CAUSES = {
    Kind.RECEIVED: "received",
    Kind.RESUBMITTED: "resubmitted",
    Kind.RECIRCULATED: "recirculated",
    Kind.CLONE_I2E: "clone-i2e",
    Kind.REPLICA: "replica",
}

_Item = tuple[int, int, bytes, int, Any]
_Run = Callable[[int, int, bytes, int, Any], None]


@lru_cache(maxsize=3 * KEPT)  # for packets, for traces and for dry ones
def _generate(program: Program, drop_port: int, traced: bool, dry: bool) -> tuple[CodeType, Generated]:
    """The code of a program, and what it refers to; raises UnsupportedProgram."""
    label = "trace" if traced else "run"
    with gc_paused():
        try:
            generated = Assembler(lower(program, drop_port, every_field=traced), traced, dry).build()
        except RecursionError:
            raise too_deep() from None
        return compile(generated.source, f"<{text.comment(program.name) or 'program'}:{label}>", "exec"), generated


class PythonEngine:
    """The :class:`softswitch.engine.api.Engine` in Python."""

    name = "python"
    wants_changes = False

    def __init__(self, dry: bool = False) -> None:
        """``dry``: an engine for traces alone, whose packets change nothing of the state."""
        self._dry = dry
        self._dry_twin: PythonEngine | None = None
        self._overlays: list[Overlay] = []
        self._run: _Run = lambda *args: None
        self._traced: tuple[_Run, dict[str, Any]] | None = None
        self._egress: deque[_Item] = deque()
        self._ingress: deque[_Item] = deque()
        #: generated source, for people and tests
        self.source = ""

    def load(self, program: Program, state: State, host: Host) -> None:
        """Compile the program; raises :class:`UnsupportedProgram`."""
        self._program, self._state, self._host = program, state, host
        self._traced = self._dry_twin = None
        if not self._dry:
            self._run, _ = self._compile(traced=False)

    def _compile(self, traced: bool) -> tuple[_Run, dict[str, Any]]:
        code, generated = _generate(self._program, self._host.drop_port, traced, self._dry)
        of_state = {name: pick(self._state) for name, pick in generated.state_objects.items()}
        self._overlays = [each for each in of_state.values() if isinstance(each, Overlay)]
        names: dict[str, Any] = {**generated.constants, **of_state}
        started = self._state.started_ns

        def now_us(since_start: int = 0) -> int:
            """Microseconds of the meters' clock, or since the program was loaded."""
            return (time.monotonic_ns() - (started if since_start else 0)) // 1000

        names.update(
            randint=random.Random().randint,
            now_us=now_us,
            outputs=self._host.outputs,
            digests=self._host.digests,
            stats=self._host.stats,
            sessions=self._state.pre.sessions,
            groups=self._state.pre.groups,
            push_egress=lambda item: self._push(self._egress, item),
            push_ingress=lambda item: self._push(self._ingress, item),
        )
        if not traced:
            self.source = generated.source
        exec(code, names)
        run: _Run = names["run"]
        return run, names

    def _push(self, queue: deque[_Item], item: _Item) -> None:
        if len(queue) >= QUEUE_LIMIT:
            self._host.stats.queue_full += 1
        else:
            queue.append(item)

    def process(self, port: int, frame: bytes) -> None:
        """Run a frame and all copies it causes."""
        try:
            self._run(0, port, frame, len(frame), None)
        except Exception as err:
            self._failed(err)
        if self._egress or self._ingress:
            self._drain(self._run)

    def _drain(self, run: Callable[..., None]) -> None:
        budget = PASS_LIMIT
        while self._egress or self._ingress:
            if not budget:
                self._host.stats.too_many_passes += len(self._egress) + len(self._ingress)
                self._egress.clear()
                self._ingress.clear()
                return
            budget -= 1
            item = self._egress.popleft() if self._egress else self._ingress.popleft()
            try:
                run(*item)
            except Exception as err:
                self._failed(err)

    def _failed(self, err: Exception) -> None:
        """The program did something that has no result; BMv2 would have stopped."""
        stats = self._host.stats
        if self._dry:
            return  # the trace says so
        if isinstance(err, AssertionFailed):
            stats.assertion_failures += 1
            _log.error("packet dropped: assertion failed: %s", err)
            return
        stats.runtime_errors += 1
        if stats.runtime_errors <= 10:
            _log.warning("packet dropped: %s: %s", type(err).__name__, err, exc_info=stats.runtime_errors == 1)

    def process_all(self, frames: Iterable[tuple[int, bytes]]) -> None:
        """Run frames in order."""
        for port, frame in frames:
            self.process(port, frame)

    def trace(self, port: int, frame: bytes, dry: bool = False) -> Trace:
        """Run a frame through the traced variant, which is compiled at first use."""
        if dry and not self._dry:
            if self._dry_twin is None:
                host = Host([], [], Stats(), self._host.drop_port, self._host.cpu_port)
                twin = PythonEngine(dry=True)
                twin.load(self._program, self._state, host)
                self._dry_twin = twin
            return self._dry_twin.trace(port, frame)
        if self._traced is None:
            self._traced = self._compile(traced=True)
        run, names = self._traced
        recorder = Recorder(port, frame)
        names["T"] = recorder

        def step(kind: int, in_port: int, data: bytes, length: int, extra: Any) -> None:
            recorder.close_to(0)
            recorder.open("pass", cause=_CAUSES[Kind(kind)], port=in_port, length=len(data))
            try:
                run(kind, in_port, data, length, extra)
            except Exception as err:
                recorder.add("drop", where="program", why=f"{type(err).__name__}: {err}")
                raise

        try:
            step(0, port, frame, len(frame), None)
        except Exception as err:
            self._failed(err)
        self._drain(step)
        if self._dry:
            self._host.outputs.clear()
            self._host.digests.clear()
            for overlay in self._overlays:
                overlay.forget()
        return recorder.trace

    def changed(self, change: Change) -> None:
        """Nothing to do: the generated code reads the state itself."""

    def sync(self) -> None:
        """Nothing to do: the generated code writes the state itself."""
