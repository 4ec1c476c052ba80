# SPDX-License-Identifier: Apache-2.0
"""The command ``softswitch``."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import pwd
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import softswitch
from p4rtlib.addresses import is_loopback, is_low_port
from p4rtlib.outputs import open_output
from p4rtlib.pcap import PcapError
from p4rtlib.unixsockets import is_unix, path_of
from softswitch import allocator, privileges
from softswitch.engine.native.engine import HEADERS
from softswitch.io.files import FilePorts, PlayedFiles
from softswitch.io.interfaces import InterfaceError, Interfaces
from softswitch.io.native.files import NativeFilePorts
from softswitch.io.native.interfaces import NativeInterfaces
from softswitch.native import compiler
from softswitch.native.compiler import NoCompiler, has_compiler
from softswitch.options import LEVELS, Options, UsageError, parse
from softswitch.privileges import Account, PrivilegeError
from softswitch.stopping import StopSignals
from softswitch.switch import VERSION, File, SoftSwitch, SwitchError, Tls, read

__all__ = ["main"]

EXIT_OK, EXIT_START, EXIT_USAGE = 0, 1, 2

_log = logging.getLogger(__name__)

N = TypeVar("N")
P = TypeVar("P")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the switch until SIGINT or SIGTERM; the exit code (see ``--help``). For a process of its own: it gives up
    privileges that it needs no more."""
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments, VERSION)
    except UsageError as error:
        print(f"softswitch: {error} (see softswitch --help)", file=sys.stderr)
        return EXIT_USAGE
    for note in options.notes:
        print(f"softswitch: {note}", file=sys.stderr)
    stop = StopSignals()
    allocator.keep_little()
    try:
        account = privileges.choose(options.user)
        privileges.confine()
        _configure_logging(options)
        return _run(options, account, stop)
    except (SwitchError, InterfaceError, PcapError, PrivilegeError) as error:
        print(f"softswitch: {error}", file=sys.stderr)
        return EXIT_START


def _configure_logging(options: Options) -> None:
    logging.addLevelName(LEVELS["trace"], "TRACE")
    handler: logging.Handler
    if options.log_console:
        handler = logging.StreamHandler(sys.stdout)
    elif options.log_file:
        try:
            file = open(options.log_file, "a", encoding="utf-8", opener=open_output)  # noqa: SIM115
            handler = logging.StreamHandler(file)
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


def _run(options: Options, account: Account | None, stop: StopSignals) -> int:
    """Open everything, give up privileges, then read the program, which is input like any other, and serve."""
    program, p4info = _source(options.program, "program"), _source(options.p4info, "p4info")
    tls = None
    if options.tls:
        assert options.tls_cert is not None and options.tls_key is not None, "the parser asks for them"
        tls = Tls.of_files(options.tls_cert, options.tls_key, options.tls_ca, client_auth=options.tls_client_auth)
    switch = SoftSwitch(
        None,
        None,
        options.interfaces if options.dataplane is None else None,
        device_id=options.device_id,
        cpu_port=options.cpu_port,
        drop_port=options.drop_port,
        pcap_dir=options.pcap,
        engine=options.engine,
        keepalive=options.keepalive,
        max_message=options.max_message << 20,
        address=None,
        start=False,
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
            if account is None:
                privileges.shed(low_port=any(map(is_low_port, (options.address, options.dataplane or ""))))
            dataplane = None if options.dataplane is None else switch.listen_dataplane(options.dataplane)
            switch.listen(options.address, tls)
            opened = _opened(switch, options, dataplane)
            if account is not None:
                _write_port_file(switch, options)  # whoever connects is served when the rest is done
                _become(account, options)
            switch.load(program, p4info)
            if interfaces is not None:
                interfaces.start()
            # The gRPC server starts last: whoever reaches it finds a switch with all its ports.
            switch.start()
            if account is None:
                _write_port_file(switch, options)
            _announce(options, opened, account)
            if files is not None:
                files.start(options.use_files or 0)
            stop.wait()
            _log.info("stopped by a signal")
        finally:
            if interfaces is not None:
                interfaces.close()
            if files is not None:
                files.close()
    return EXIT_OK


def _source(path: Path | None, what: str) -> File | None:
    return None if path is None else read(path, what)


def _become(account: Account, options: Options) -> None:
    """Become the user, with all in memory that this user may not be able to read: the code of this package."""
    for module in pkgutil.walk_packages(softswitch.__path__, "softswitch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    compiler.remember_headers(HEADERS)
    compiler.forget_temporary_folder()
    account.become(account.prepare(os.environ.get("XDG_CACHE_HOME")))
    if options.tls:
        files = (options.tls_cert, options.tls_key, options.tls_ca)
        unreadable = [str(path) for path in files if path is not None and not os.access(path, os.R_OK)]
        if unreadable:
            _log.warning(
                "certificates are not read again when they are renewed: user %s cannot read %s; see --user",
                account.name,
                ", ".join(unreadable),
            )


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


def _write_port_file(switch: SoftSwitch, options: Options) -> None:
    if options.port_file is None:
        return
    # Written aside and renamed: whoever waits for the file never reads half of it.
    aside = options.port_file.with_name(options.port_file.name + ".new")
    try:
        with open(aside, "w", encoding="ascii", opener=open_output) as file:
            file.write(switch.address.rpartition(":")[2] + "\n")
        os.replace(aside, options.port_file)
    except OSError as error:
        raise SwitchError(f"--port-file {options.port_file}: {error.strerror}") from None


def _opened(switch: SoftSwitch, options: Options, dataplane: str | None) -> str:
    """What is open, and to whom."""
    frames = ""
    if dataplane is not None:
        frames = f", frames on {dataplane} ({_admitted(options.dataplane or '', None)})"
    return f"P4Runtime on {switch.address} ({_admitted(options.address, options)}){frames}"


def _announce(options: Options, opened: str, account: Account | None) -> None:
    program = options.program or "no program yet"
    user = f", user {account.name}" if account is not None else ""
    print(
        f"softswitch {VERSION}: {program}, {opened}, device id {options.device_id},"
        f" CPU port {options.cpu_port or 'none'}{user}",
        flush=True,
    )


def _admitted(address: str, tls: Options | None) -> str:
    """Who is let in at an address."""
    if tls is not None and tls.tls:
        return "TLS, clients of the CA" if tls.tls_client_auth else "TLS, any client"
    if is_unix(address):
        return f"user {_owner(path_of(address))} alone"
    return "any user of this machine" if is_loopback(address) else "anybody, in plaintext"


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


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
