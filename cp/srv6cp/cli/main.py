# SPDX-License-Identifier: Apache-2.0
"""The command ``srv6``: one parser of all commands, and what becomes of their errors.

A command is a module ``cmd_...`` with ``register(subparsers)``; it imports what it needs when it runs, so that none
waits for another's libraries.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from srv6cp.cli import exitcodes
from srv6cp.cli.exitcodes import CliError

_OBJECTS = "objects"  # `sid`, `route` and so on; each of the others is called as its module
_COMMANDS = (
    "apply",
    "confirm",
    "config",
    _OBJECTS,
    "mac",
    "ip",
    "hmac",
    "sysctl",
    "srconf",
    "show",
    "run",
    "trace",
    "oam",
    "telemetry",
    "ping",
    "traceroute",
    "doctor",
    "lab",
    "completion",
)

_EPILOG = """exit codes: 0 ok, 1 a check failed, 2 usage, 3 configuration, 4 cannot connect,
5 rejected by the switch, 130 interrupted. Every command has --help."""


class _Version(argparse.Action):
    """Print the version, which is looked for only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"srv6 {_version()}")
        parser.exit()


def build_parser(word: str | None = None) -> argparse.ArgumentParser:
    """The whole command line; with the ``word`` of a command as much as a line with this command needs."""
    parser = argparse.ArgumentParser(
        prog="srv6",
        description="SRv6 network programming in P4: configure, run and look into an SRv6 router.",
        epilog=_EPILOG,
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more; -vv: debug")
    parser.add_argument("--version", nargs=0, action=_Version, help="show program's version number and exit")
    parser.set_defaults(build_parser=build_parser)  # for what prints a script of all of it
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    if word is not None and word not in _COMMANDS:
        objects = import_module(f"srv6cp.cli.cmd_{_OBJECTS}")
        if word in objects.words():
            objects.register(subparsers, word)
            return parser
    for name in (word,) if word in _COMMANDS and word != _OBJECTS else _COMMANDS:
        import_module(f"srv6cp.cli.cmd_{name}").register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``srv6 argv``; the exit code."""
    _set_up_output()
    try:
        code = _main(argv)
        _flush()
        return code
    except KeyboardInterrupt:  # also while the commands are imported
        return exitcodes.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; what is left in the buffers has nowhere to go.
        _discard_output()
        return exitcodes.OK
    except _Unwritable as error:
        _discard_output()
        with suppress(OSError):
            print(f"srv6: standard output: {error}", file=sys.stderr, flush=True)
        return exitcodes.CHECK_FAILED


class _Unwritable(Exception):
    """Standard output cannot take what is printed: a full disk, say."""


def _main(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser(next((word for word in words if not word.startswith("-")), None))
    try:
        args = parser.parse_args(words)
    except SystemExit as stop:  # argparse has printed the reason, or the help
        return stop.code if isinstance(stop.code, int) else exitcodes.USAGE
    args.line = shlex.join([parser.prog, *words])
    _set_up_logging(args.verbose)
    run = getattr(args, "run", None)
    if run is None:
        getattr(args, "parser", parser).print_help()
        return exitcodes.USAGE
    try:
        return int(run(args) or exitcodes.OK)
    except BrokenPipeError:
        raise
    except Exception as error:
        code, message = classify(error)
        if code is None:
            raise
        for line in message.splitlines():
            print(f"srv6: {line}", file=sys.stderr)
        return code


def _set_up_output() -> None:
    """A stream that is closed takes what is printed and drops it; what a stream cannot encode is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _Unwritable(error.strerror) from None
    sys.stderr.flush()


def _discard_output() -> None:
    """Let nothing that is still in the buffers be written: Python would try again, and complain, when it ends."""
    handle = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
        with suppress(OSError, ValueError):
            os.dup2(handle, stream.fileno())
            stream.flush()


def classify(error: Exception) -> tuple[int | None, str]:
    """Exit code and text for an error that is not a bug; (None, "") for one that is."""
    from srv6cp.config import ConfigError

    if isinstance(error, CliError):
        return error.code, str(error)
    if isinstance(error, ConfigError):
        return exitcodes.CONFIG, str(error)
    if isinstance(error, OverflowError):
        return exitcodes.CONFIG, str(error)
    from srv6cp.artifacts import ArtifactError
    from srv6cp.p4rt import ArbitrationFailed, ConnectionFailed, P4RuntimeError
    from srv6cp.sync.launch import LaunchError, NotInstalled

    if isinstance(error, (ArtifactError, NotInstalled)):
        return exitcodes.CHECK_FAILED, str(error)
    if isinstance(error, (ConnectionFailed, ArbitrationFailed, LaunchError)):
        return exitcodes.CANNOT_CONNECT, str(error)
    if isinstance(error, P4RuntimeError):
        return exitcodes.REJECTED, str(error)
    if isinstance(error, OSError):
        return exitcodes.CHECK_FAILED, str(error)
    return None, ""


def _set_up_logging(verbose: int) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if verbose < 3:
        logging.getLogger("grpc").setLevel(logging.WARNING)


def _version() -> str:
    try:
        return version("srv6-p4")
    except PackageNotFoundError:
        return "(source tree)"


if __name__ == "__main__":
    sys.exit(main())
