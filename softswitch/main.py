# SPDX-License-Identifier: Apache-2.0
"""The command ``softswitch``."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TypeVar

from p4rtlib.addresses import is_loopback
from p4rtlib.pcap import PcapError
from softswitch.io.files import FilePorts, PlayedFiles
from softswitch.io.interfaces import InterfaceError, Interfaces
from softswitch.io.native.files import NativeFilePorts
from softswitch.io.native.interfaces import NativeInterfaces
from softswitch.native.compiler import NoCompiler, has_compiler
from softswitch.options import LEVELS, Options, UsageError, parse
from softswitch.switch import VERSION, SoftSwitch, SwitchError, Tls

__all__ = ["main"]

EXIT_OK, EXIT_START, EXIT_USAGE = 0, 1, 2

_log = logging.getLogger(__name__)

N = TypeVar("N")
P = TypeVar("P")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the switch until SIGINT or SIGTERM; the exit code (see ``--help``)."""
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments, VERSION)
    except UsageError as error:
        print(f"softswitch: {error} (see softswitch --help)", file=sys.stderr)
        return EXIT_USAGE
    for note in options.notes:
        print(f"softswitch: {note}", file=sys.stderr)
    # Not an Event: a signal that arrives while its lock is held by this very thread would wait for itself.
    stop: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: stop.put(received))
    try:
        _configure_logging(options)
        return _run(options, stop)
    except (SwitchError, InterfaceError, PcapError) as error:
        print(f"softswitch: {error}", file=sys.stderr)
        return EXIT_START


def _configure_logging(options: Options) -> None:
    logging.addLevelName(LEVELS["trace"], "TRACE")
    handler: logging.Handler
    if options.log_console:
        handler = logging.StreamHandler(sys.stdout)
    elif options.log_file:
        try:
            handler = logging.FileHandler(options.log_file)
        except OSError as error:
            raise SwitchError(f"--log-file {options.log_file}: {error.strerror}") from None
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[options.log_level])
    logging.getLogger("grpc").setLevel(logging.WARNING)


def _run(options: Options, stop: SimpleQueue[int]) -> int:
    tls = None
    if options.tls:
        assert options.tls_cert is not None and options.tls_key is not None, "the parser asks for them"
        tls = Tls.of_files(options.tls_cert, options.tls_key, options.tls_ca, client_auth=options.tls_client_auth)
    # The gRPC server starts last: whoever reaches it finds a switch with all its ports.
    switch = SoftSwitch(
        options.program,
        options.p4info,
        options.interfaces if options.dataplane is None else None,
        device_id=options.device_id,
        cpu_port=options.cpu_port,
        drop_port=options.drop_port,
        pcap_dir=options.pcap,
        engine=options.engine,
        keepalive=options.keepalive,
        address=None,
    )
    with switch:
        if options.trace:
            _trace_everything(switch)
        board, ports = switch.board, options.interfaces.items()
        files: PlayedFiles | None = None
        interfaces: Interfaces | NativeInterfaces | None = None
        if options.use_files is not None:
            files = _ports(options, lambda: NativeFilePorts(board, ports), lambda: FilePorts(board, ports))
        elif options.interfaces:
            interfaces = _ports(options, lambda: NativeInterfaces(board, options.workers), lambda: Interfaces(board))
        try:
            if interfaces is not None:
                for number, name in options.interfaces.items():
                    interfaces.add(number, name)
                interfaces.start()
            dataplane = None if options.dataplane is None else switch.listen_dataplane(options.dataplane)
            switch.listen(options.address, tls)
            _announce(switch, options, dataplane)
            if files is not None:
                files.start(options.use_files or 0)
            stop.get()
            _log.info("stopped by a signal")
        finally:
            if interfaces is not None:
                interfaces.close()
            if files is not None:
                files.close()
    return EXIT_OK


def _ports(options: Options, native: Callable[[], N], python: Callable[[], P]) -> N | P:
    """Native ports where they can be had; traces and the Python engine get every frame in Python."""
    if options.trace or options.engine == "python":
        return python()
    try:
        return native()
    except NoCompiler as error:
        # Without a compiler the engine says so, when it is loaded.
        level = logging.WARNING if has_compiler() else logging.INFO
        _log.log(level, "ports pass every frame through Python: %s", error)
        return python()


def _announce(switch: SoftSwitch, options: Options, dataplane: str | None) -> None:
    if options.port_file is not None:
        # Written aside and renamed: whoever waits for the file never reads half of it.
        aside = options.port_file.with_name(options.port_file.name + ".new")
        try:
            aside.write_text(switch.address.rpartition(":")[2] + "\n")
            os.replace(aside, options.port_file)
        except OSError as error:
            raise SwitchError(f"--port-file {options.port_file}: {error.strerror}") from None
    program = options.program or "no program yet"
    print(
        f"softswitch {VERSION}: {program}, P4Runtime on {switch.address} ({_admitted(options)}),"
        f" device id {options.device_id}, CPU port {options.cpu_port or 'none'}"
        f"{f', frames on {dataplane}' if dataplane else ''}",
        flush=True,
    )


def _admitted(options: Options) -> str:
    """Who can be controller."""
    if options.tls:
        return "TLS, clients of the CA" if options.tls_client_auth else "TLS, any client"
    if options.address.startswith("unix:"):
        return "who may write to the socket"
    return "any user of this machine" if is_loopback(options.address) else "anybody, in plaintext"


def _trace_everything(switch: SoftSwitch) -> None:
    """Log a trace of every packet instead of only processing it."""
    device, logger = switch.device, logging.getLogger("softswitch.trace")

    def process(port: int, frame: bytes) -> None:
        if device.program is not None:
            logger.log(LEVELS["trace"], "%s", device.trace(port, frame).to_text())

    def process_all(frames: Sequence[tuple[int, bytes]]) -> None:
        for port, frame in frames:
            process(port, frame)

    device.process = process  # type: ignore[method-assign]
    device.process_all = process_all  # type: ignore[method-assign]
