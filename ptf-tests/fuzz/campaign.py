# SPDX-License-Identifier: Apache-2.0
"""One part from its first case to its last, whatever becomes of the processes that run it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.part import Part
from harness import sanitizers

CHILD = Path(__file__).with_name("child.py")
_LOOK = 0.2  # s
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: A process that starts, loads a program and compiles it with sanitizers.
_START = 300.0  # s
_MOST_FAILURES = 200


@dataclass
class Outcome:
    """What came of a part."""

    part: str
    seed: int
    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """By their kind: exception, crash, hang, memory."""
    memory: int = 0
    """MiB, the most."""
    seconds: float = 0.0
    skipped: str | None = None
    next: int | None = None
    """The case at which time was over."""


class Campaign:
    """Runs a part in child processes.  ``corpus``: where cases that fail are kept, a file each."""

    def __init__(
        self,
        part: type[Part],
        seed: int,
        start: int,
        end: int,
        corpus: Path,
        *,
        seconds: float | None = None,
        say: Callable[[str], None] = print,
        child: Sequence[str] = (sys.executable, str(CHILD)),
    ) -> None:
        self._part, self._seed, self._end, self._corpus = part, seed, end, corpus
        self._seconds, self._say, self._child = seconds, say, child
        self._at = self._start = start
        self.outcome = Outcome(part.name, seed)
        self._before: Counter[str] = Counter()  # of children that have ended
        self._options: list[str] = []
        self._environment = dict(os.environ)

    def run(self) -> Outcome:
        """Everything; or until the time is over."""
        began = time.monotonic()
        scratch = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            self._environment["XDG_CACHE_HOME"] = str(scratch / "cache")
            if self._part.sanitized:
                try:
                    prepared = sanitizers.prepare(sanitizers.ADDRESS, scratch)
                except sanitizers.Unavailable as error:
                    self.outcome.skipped = str(error)
                    return self.outcome
                self._child = (*prepared.python, *self._child[1:])
                self._options = list(prepared.options)
                self._environment.update(prepared.environment, XDG_CACHE_HOME=str(scratch / "cache"))
            while self._at < self._end and self.outcome.skipped is None and self.outcome.next is None:
                self._children(scratch, began)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            self.outcome.seconds = time.monotonic() - began
            self.outcome.cases = self.outcome.counts.total() + self.outcome.failures.total()
        return self.outcome

    def replay(self, file: Path) -> Outcome:
        """The case in a file of the corpus."""
        self._at, self._end = 0, 1
        self._file = str(file.absolute())
        return self.run()

    _file = ""

    # -- a child

    def _children(self, scratch: Path, began: float) -> None:
        """One child, from where the last one ended."""
        mark = scratch / "mark"
        mark.write_text(f"{-1:20}")
        folder = Path(tempfile.mkdtemp(dir=scratch))
        with self._started(self._work(folder, mark, self._at, self._end, ""), folder) as (process, lines):
            why = self._watch(process, lines, mark, began)
        self._before = self.outcome.counts.copy()
        reached = int(mark.read_text())
        if why is None:
            self._at = self._end
        elif why == "time":
            self._at = self.outcome.next = max(reached, self._at)
        elif why != "skipped":
            self._lost(why, reached, folder, scratch)
            # One that does not get to its first case would not the next time either.
            self._at = reached + 1 if reached >= 0 else self._end

    def _work(self, folder: Path, mark: Path, start: int, end: int, keep: str) -> str:
        return json.dumps(
            {
                "part": self._part.name, "seed": self._seed, "start": start, "end": end, "scratch": str(folder),
                "mark": str(mark), "options": self._options, "file": self._file, "keep": keep,
            }
        )  # fmt: skip

    @contextmanager
    def _started(self, work: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[Any]]]:
        """A child and what it says, as it comes; it ends with the context, and with whatever it has started."""
        lines: list[Any] = []
        with (folder / "stderr").open("w") as errors:
            process = subprocess.Popen(
                [*self._child, work],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._environment,
                start_new_session=True,
            )

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    lines.append({"noise": line})

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield process, lines
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            reader.join(10)
            if process.stdout is not None:
                process.stdout.close()
            self._take(lines)

    def _watch(self, process: subprocess.Popen[str], lines: list[Any], mark: Path, began: float) -> str | None:
        """None when it has done everything, else why it has not."""
        seen, since = -2, time.monotonic()
        told = time.monotonic()
        while True:
            ended = process.poll() is not None
            if ended:
                time.sleep(_LOOK)  # for what it said last
            done = self._take(lines)
            if done:
                return None if done == "done" else done
            if self.outcome.failures.total() >= _MOST_FAILURES:
                return "time"
            if ended:
                return f"crash: {_ending(process.returncode)}"
            number, now = int(mark.read_text() or -1), time.monotonic()
            if number != seen:
                seen, since = number, now
            if now - since > (_START if number < 0 else self._part.patience):
                return f"hang: {now - since:.0f} s"
            memory = _memory(process.pid)
            self.outcome.memory = max(self.outcome.memory, memory)
            if memory > self._part.memory:
                return f"memory: {memory} MiB"
            if self._seconds is not None and now - began > self._seconds:
                return "time"
            if now - told > 10 and number >= 0:
                told = now
                rate = (number - self._start) / max(now - began, 0.001)
                left = (self._end - number) / max(rate, 0.001) / 60
                self._say(
                    f"{self._part.name}: case {number} of {self._end}, {rate:.0f}/s, {left:.0f} min left, "
                    f"{self.outcome.failures.total()} failures, {memory} MiB"
                )
            time.sleep(_LOOK)

    def _take(self, lines: list[Any]) -> str | None:
        """Deal with what a child has said; ``done`` or ``skipped`` when it has said its last."""
        end = None
        while lines:
            line = lines.pop(0)
            if "counts" in line:
                self.outcome.counts = self._before + Counter(line["counts"])
            elif "failure" in line:
                self._keep("exception", line["failure"], bytes.fromhex(line["case"]), line["text"])
            elif "unavailable" in line:
                self.outcome.skipped, end = line["unavailable"], "skipped"
            elif "done" in line:
                end = "done"
        return end

    def _lost(self, why: str, number: int, folder: Path, scratch: Path) -> None:
        """A child has ended with a case: another one writes it down, and what the first one said is kept with it."""
        said = (folder / "stderr").read_text(errors="replace")[:200_000]
        kept, mark = scratch / "case", scratch / "mark-again"
        kept.write_bytes(b"")
        mark.write_text(f"{-1:20}")
        if number >= 0:
            again = Path(tempfile.mkdtemp(dir=scratch))
            with self._started(self._work(again, mark, number, number + 1, str(kept)), again) as (process, _):
                end = time.monotonic() + _START
                while process.poll() is None and not kept.stat().st_size and time.monotonic() < end:
                    time.sleep(_LOOK)
        self._keep(why.partition(":")[0], number, kept.read_bytes(), f"{why}\n{said}")

    def _keep(self, kind: str, number: int, case: bytes, text: str) -> None:
        self.outcome.failures[kind] += 1
        stem = self._corpus / f"{self._part.name}-{self._seed}-{number}"
        again = f"make fuzz ARGS='--replay {stem}.case'"
        block = max(0, number - number % 500)
        rows = (
            f"make fuzz ARGS='--only {self._part.name} --seed {self._seed} --from {block} --count {number - block + 1}'"
        )
        if not self._file:
            self._corpus.mkdir(parents=True, exist_ok=True)
            stem.with_suffix(".case").write_bytes(case)
            stem.with_suffix(".txt").write_text(f"{kind}\nagain: {again}\nwith what came before it: {rows}\n\n{text}")
        last = next((line for line in reversed(text.strip().splitlines()) if line.strip()), "")
        self._say(f"{self._part.name}: case {number}: {kind}: {last[:200]}\n    {stem}.txt")


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _memory(pid: int) -> int:
    """MiB that a process has in memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE >> 20
    except (OSError, IndexError):
        return 0
