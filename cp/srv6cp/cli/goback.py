# SPDX-License-Identifier: Apache-2.0
"""Going back by itself when a change is not confirmed in time: who does it, and how.

A command with ``--confirm`` starts a process of its own session that waits for the deadline: it lives on when the
command, its terminal or the connection to the router is gone. Should it be killed too, the controller that follows
the file does it a moment later, and ``srv6 run`` before it starts; where none of them runs, the next command says that
the change is still there. Whoever it is holds the lock of the node file, so that it is done once.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from srv6cp.cli import exitcodes, session
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import note
from srv6cp.cli.pending import Pending, Pendings
from srv6cp.cli.revisions import Author, user
from srv6cp.problems import ConfigError

_READY = b"ready\n"
_LONGEST_START = 30.0
_LONGEST_SLEEP = 5.0
_INSISTS = 60.0  # s for a switch that does not answer
#: Files and deadlines of a controller that has tried, so that it says once that it cannot.
_GIVEN_UP: set[tuple[Path, float | None]] = set()
_GRACE = 2.0  # s for the process whose task it is, before a controller does it


def begin(args: argparse.Namespace, path: Path, text: str, address: str) -> Pending | None:
    """From now on the node file goes back by itself, whatever happens to this command.

    ``text`` is what the file is going to be. Returns what waited before, for `cancel`. Raises CliError, and nothing has
    begun then.
    """
    pendings = Pendings(path)
    present = pendings.read()
    try:
        newest = pendings.revisions.newest(applied=True)
        if present is not None and not present.written:  # more time, but no other way back
            pending = Pending.of(present.back_to, present.text, args, address)
        elif newest is None:
            raise CliError(
                f"{path}: there is no revision to go back to; apply it once without --confirm", exitcodes.CHECK_FAILED
            )
        elif newest.text == text:
            raise CliError(
                f"{path}: revision {newest.number} is applied already, there is nothing to confirm",
                exitcodes.CHECK_FAILED,
            )
        else:
            pending = Pending.of(newest.number, newest.text, args, address)
        pendings.write(pending)
    except OSError as error:
        raise CliError(
            f"{path}: nothing is changed: the way back cannot be kept: {error}", exitcodes.CHECK_FAILED
        ) from None
    try:
        _start(path)
    except OSError as error:
        cancel(path, present)
        raise CliError(
            f"{path}: nothing is changed: what would go back does not start: {error}", exitcodes.CHECK_FAILED
        ) from None
    return present


def cancel(path: Path, before: Pending | None) -> None:
    """Nothing has been changed: what waited before, if anything, waits on."""
    pendings = Pendings(path)
    if before is None:
        pendings.clear()
    else:
        pendings.write(before)


def began(path: Path) -> None:
    """The change is there: its time begins, and the user is told."""
    pendings = Pendings(path)
    pending = pendings.read()
    if pending is not None:
        pendings.write(pending.started())
        when = f"in {pending.seconds} s, unless confirmed: srv6 confirm -c {path}"
        note(f"{path}: goes back to revision {pending.back_to} {when}")


def _start(path: Path) -> None:
    """Start the process that waits. Raises OSError unless it is ready to do what it is for."""
    command = [sys.executable, "-m", "srv6cp.cli.main", "confirm", "--wait", "-c", os.path.abspath(path)]
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE, stderr=null, start_new_session=True)
    assert process.stdout is not None
    with process.stdout:
        readable, _, _ = select.select([process.stdout], [], [], _LONGEST_START)
        if not readable or os.read(process.stdout.fileno(), len(_READY)) != _READY:
            process.kill()
            process.wait()
            raise ChildProcessError("it ended, or did not answer")
    process.returncode = 0  # nobody waits for it: it outlives this command


def wait(path: Path) -> None:
    """What the process does: wait for the deadline, and go back unless nothing waits any more."""
    import srv6cp.sync.update  # noqa: F401  # all that will be needed, while it is there

    sys.stdout.write(_READY.decode())
    sys.stdout.flush()  # nothing more is printed: nobody reads it
    pendings = Pendings(path)
    while (pending := pendings.read()) is not None and not pending.written:
        left = pending.left()
        if left > 0:
            time.sleep(min(left, _LONGEST_SLEEP))
            continue
        try:
            gone = go_back(path)
        except (CliError, ConfigError, OSError) as error:
            pendings.write(replace(pending, failed=_line(error)))
            return
        if gone is not None:
            _give_to_switch(path, pendings, gone)
            return


def go_back(path: Path, grace: float = 0.0, wait: bool = True) -> Pending | None:
    """Write the old text into the node file when that is due since ``grace`` seconds; None when it is not.

    It is then still to be applied. Raises CliError, ConfigError or OSError; BlockingIOError when a command has the file
    and ``wait`` is false.
    """
    pendings = Pendings(path)
    with NodeFile(path, whole=True, wait=wait) as file:
        pending = pendings.read()
        if pending is None or pending.written or pending.left() > -grace:
            return None
        from srv6cp.config import Source, load_node_source

        node = load_node_source(Source(pending.text, str(path)))
        why = f"back to revision {pending.back_to}: not confirmed within {pending.seconds} s"
        address, device_id = session.target(pending.options(path), node)
        author = Author(user(), "", why, node.name, device_id, address)
        pendings.revisions.found(file.before, author)
        if file.before != pending.text:
            file.text = pending.text
            file.save()
        pendings.revisions.keep(pending.text, author, applied=True)
        _agree(path, pending.text)
        done = replace(pending, written=True, failed="")
        pendings.write(done)
        return done


def _agree(path: Path, text: str) -> None:
    """Whoever follows the file takes the old text, however much it takes away."""
    from srv6cp.controller import consent

    try:
        consent.give(path, text)
    except OSError as error:
        note(f"srv6: {path}: {error}")


def _give_to_switch(path: Path, pendings: Pendings, pending: Pending) -> None:
    """Apply the file, unless a controller does; what keeps that from being done is written down."""
    from srv6cp.p4rt import P4RuntimeError

    end = time.monotonic() + _INSISTS
    pause = 0.5
    while True:
        try:
            _apply(path, pending)
        except (CliError, ConfigError, P4RuntimeError, OverflowError, OSError) as error:
            if time.monotonic() > end:
                pendings.write(replace(pending, failed=_line(error)))
                return
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_SLEEP)
        else:
            pendings.clear()
            return


def _apply(path: Path, pending: Pending) -> None:
    args = pending.options(path)
    node = session.load(path)
    try:
        session.apply_node(args, node)
    except session.ControllerRunning as running:
        if session.follower_of(running, path) is None:
            raise


def by_controller(path: Path, starting: bool = False) -> Pending | None:
    """For a controller that follows the file: whether the file has gone back by its hand just now.

    It is asked again and again, and says what it does and what it cannot. At the start the process whose task it would
    have been is not waited for.
    """
    pendings = Pendings(path)
    pending: Pending | None = None
    try:
        pending = pendings.read()
        if pending is None or (path, pending.uptime) in _GIVEN_UP:
            return None
        if not pending.written:
            pending = go_back(path, 0.0 if starting else _GRACE, wait=starting)
        elif not starting:
            return None  # it has gone back already, and is applied as any change is
        if pending is None:
            return None
        pendings.clear()
    except BlockingIOError:
        return None  # a command has the file; the next time
    except (CliError, ConfigError, OSError) as error:
        waits = pending.uptime if pending is not None else None
        if (path, waits) not in _GIVEN_UP:
            _GIVEN_UP.add((path, waits))
            print(f"srv6: {path}: not confirmed, but it cannot go back: {_line(error)}", file=sys.stderr, flush=True)
        return None
    print(
        f"srv6: {path}: not confirmed within {pending.seconds} s: back to revision {pending.back_to}", file=sys.stderr
    )
    sys.stderr.flush()
    return pending


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
