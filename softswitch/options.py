# SPDX-License-Identifier: Apache-2.0
"""Command line of ``softswitch``: the flags of ``simple_switch_grpc``, and a few of its own."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from p4rtlib.addresses import is_loopback
from softswitch.p4runtime.intake import MAX_MESSAGE

__all__ = ["LEVELS", "Options", "UsageError", "parse"]

#: BMv2's log levels and those of Python's logging.
LEVELS = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "off": 100}

_EPILOG = """\
target options, after "--" as with simple_switch_grpc (accepted before it as well):
  --grpc-server-addr ADDRESS:PORT   where P4Runtime listens [127.0.0.1:9559]; port 0 takes a free one;
                                    unix:PATH: a socket of mode 0600, for who started the switch alone
  --cpu-port N                      port of packet-in and packet-out, 1..511 except the drop port
  --drop-port N                     port that drops [511]
  --dp-grpc-server-addr ADDRESS:PORT
                                    frames over gRPC (p4.bm.DataplaneInterface) instead of interfaces; unix:PATH
                                    is possible too
  --grpc-server-ssl                 TLS, with
  --grpc-server-cert FILE, --grpc-server-key FILE, --grpc-server-cacert FILE, --grpc-server-with-client-auth;
                                    files are read again when they are renewed

Started by root, the switch opens its ports, sockets and files, and then becomes an unprivileged user: see --user.

exit codes: 0 stopped by a signal, 1 could not start, 2 wrong command line

example: softswitch -i 1@veth0 -i 2@veth2 --device-id 1 full.json -- --cpu-port 510
"""

#: Flags of simple_switch_grpc without a meaning here: accepted with a line that says so.
_IGNORED_WITH_VALUE = {
    "--thrift-port": "there is no Thrift server; P4Runtime does everything",
    "--nanolog": "there is no nanomsg event log; see --trace and the pcap files",
    "--notifications-addr": "there are no nanomsg notifications; P4Runtime streams carry them",
    "--debugger-addr": "there is no nanomsg debugger; see --trace",
    "--max-port-count": "any number of ports is possible",
    "--priority-queues": "there is one queue",
    "--max-mc-groups": "groups are limited to 65535",
    "--max-l1-entries": "multicast entries are not limited",
    "--max-l2-entries": "multicast entries are not limited",
    "--log-file-max-size": "log files are not rotated",
    "--log-file-max-files": "log files are not rotated",
    "--dump-packet-data": "see --trace and --pcap",
}
_IGNORED_PLAIN = {
    "--debugger": "there is no nanomsg debugger; see --trace",
    "--log-flush": "log files are always flushed",
    "--disable-swap": "programs are replaced by P4Runtime only",
}
_REFUSED = {
    "--packet-in": "frames over nanomsg are not supported; use -i, --use-files or --dp-grpc-server-addr",
    "--restore-state": "restoring a state file is not supported; let the controller reconcile",
}


class UsageError(Exception):
    """A wrong command line."""


@dataclass
class Options:
    """A parsed command line."""

    program: Path | None = None
    p4info: Path | None = None
    interfaces: dict[int, str] = field(default_factory=dict)
    device_id: int = 0
    pcap: Path | None = None
    use_files: int | None = None
    log_console: bool = False
    log_file: Path | None = None
    log_level: str = "trace"
    port_file: Path | None = None
    trace: bool = False
    engine: str = "auto"
    workers: int = 1
    keepalive: int = 4
    max_message: int = MAX_MESSAGE >> 20
    address: str = "127.0.0.1:9559"
    dataplane: str | None = None
    cpu_port: int | None = None
    drop_port: int = 511
    tls: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    tls_client_auth: bool = False
    insecure: bool = False
    user: str | None = None
    notes: list[str] = field(default_factory=list)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(message)


def _interface(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"(\d+)@(\S+)", text)
    if match is None or int(match[1]) > 511:
        raise argparse.ArgumentTypeError(f"{text!r}: PORT@INTERFACE with PORT in 0..511 is needed, as in 1@veth0")
    return int(match[1]), match[2]


def _number(low: int, high: int, what: str) -> type:
    def convert(text: str) -> int:
        try:
            value = int(text, 0)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r}: {what} in {low}..{high} is needed")
        return value

    return convert  # type: ignore[return-value]


def _parser() -> _Parser:
    parser = _Parser(
        prog="softswitch",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        description="P4 software switch: runs the BMv2 JSON of v1model programs, serves P4Runtime.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("program", nargs="?", type=Path, metavar="PROGRAM.json", help="what p4c-bm2-ss wrote")
    add(
        "-i",
        "--interface",
        action="append",
        default=[],
        type=_interface,
        metavar="PORT@IFACE",
        help="attach a network interface as port (repeatable; needs CAP_NET_RAW)",
    )
    add("--no-p4", action="store_true", help="start without program; a controller brings it")
    add("--p4info", type=Path, metavar="FILE", help="p4info of the program: P4Runtime is ready at once")
    add(
        "--device-id",
        type=_number(0, (1 << 64) - 1, "a device id"),
        default=0,
        metavar="N",
        help="P4Runtime device id [0]",
    )
    add(
        "--pcap",
        nargs="?",
        const=Path(),
        type=Path,
        metavar="DIR",
        help="record each port into DIR/<iface>_in.pcap and DIR/<iface>_out.pcap; DIR is made [.]",
    )
    add(
        "--use-files",
        type=_number(-1 << 31, 1 << 31, "seconds"),
        metavar="SECONDS",
        help="ports are files <iface>_in.pcap and <iface>_out.pcap; start after SECONDS",
    )
    add("--log-console", action="store_true", help="log to stdout")
    add("--log-file", type=Path, metavar="FILE", help="log to a file")
    add("-L", "--log-level", choices=sorted(LEVELS, key=LEVELS.__getitem__), default="trace", help="[trace]")
    add("--port-file", type=Path, metavar="FILE", help="write the chosen gRPC port number there")
    add("--trace", action="store_true", help="log the trace of every packet (slow)")
    add(
        "--engine",
        choices=("auto", "native", "python"),
        default="auto",
        help="what runs packets: native (C, compiled at load; needs a C compiler), python, or auto: native where"
        " possible [auto]",
    )
    add(
        "--workers",
        type=_number(1, 64, "a number of threads"),
        default=1,
        metavar="N",
        help="threads that serve the interfaces; the packets of a flow stay in one (native engine) [1]",
    )
    add(
        "--keepalive",
        type=_number(1, 3600, "a number of seconds"),
        default=4,
        metavar="SECONDS",
        help="a client that does not answer for so long has left, and a backup is told [4]",
    )
    add(
        "--max-message",
        type=_number(1, 1024, "MiB"),
        default=MAX_MESSAGE >> 20,
        metavar="MIB",
        help="longest message that a client may send, which also bounds the memory that all of them can take [4]",
    )
    add(
        "--user",
        metavar="NAME[:GROUP]",
        help="what root becomes when all is open, names or numbers; root: stays root, without most capabilities"
        " [softswitch where there is such a user, else nobody]",
    )
    add(
        "--insecure", action="store_true", help="admit anyone who reaches the addresses that it listens at, unencrypted"
    )
    add("-v", "--version", action="store_true", help="show the version")
    add("--json-version", action="store_true", help="show the highest BMv2 JSON version understood")
    # target options
    add("--grpc-server-addr", default="127.0.0.1:9559", help=argparse.SUPPRESS)
    add("--cpu-port", type=_number(1, 511, "a port"), help=argparse.SUPPRESS)
    add("--drop-port", type=_number(0, 511, "a port"), default=511, help=argparse.SUPPRESS)
    add("--grpc-server-ssl", action="store_true", help=argparse.SUPPRESS)
    add("--grpc-server-cacert", type=Path, help=argparse.SUPPRESS)
    add("--grpc-server-cert", type=Path, help=argparse.SUPPRESS)
    add("--grpc-server-key", type=Path, help=argparse.SUPPRESS)
    add("--grpc-server-with-client-auth", action="store_true", help=argparse.SUPPRESS)
    add("--dp-grpc-server-addr", help=argparse.SUPPRESS)
    for flag in [*_IGNORED_WITH_VALUE, *_REFUSED]:
        add(flag, help=argparse.SUPPRESS)
    for flag in _IGNORED_PLAIN:
        add(flag, action="store_true", default=None, help=argparse.SUPPRESS)
    return parser


def parse(arguments: Sequence[str], version: str) -> Options:
    """Options of a command line (without the program name).

    ``UsageError`` when it is wrong; ``SystemExit(0)`` after ``--help``, ``--version`` and ``--json-version``.
    """
    # "--" only separates generic from target options; no option of one is spelled like one of the other.
    words = [word for word in arguments if word != "--"]
    found = _parser().parse_args(words)
    if found.version:
        print(f"softswitch {version}")
        sys.exit(0)
    if found.json_version:
        print("2.23")
        sys.exit(0)
    options = Options(
        p4info=found.p4info,
        device_id=found.device_id,
        pcap=found.pcap,
        log_console=found.log_console,
        log_file=found.log_file,
        log_level=found.log_level,
        port_file=found.port_file,
        trace=found.trace,
        engine=found.engine,
        workers=found.workers,
        keepalive=found.keepalive,
        max_message=found.max_message,
        address=found.grpc_server_addr,
        dataplane=found.dp_grpc_server_addr,
        cpu_port=found.cpu_port,
        drop_port=found.drop_port,
        tls=found.grpc_server_ssl,
        tls_cert=found.grpc_server_cert,
        tls_key=found.grpc_server_key,
        tls_ca=found.grpc_server_cacert,
        tls_client_auth=found.grpc_server_with_client_auth,
        insecure=found.insecure,
        user=found.user,
    )
    if found.use_files is not None:
        options.use_files = max(0, found.use_files)
    for flag, reason in _REFUSED.items():
        if getattr(found, flag[2:].replace("-", "_")) is not None:
            raise UsageError(f"{flag}: {reason}")
    for flag, reason in {**_IGNORED_WITH_VALUE, **_IGNORED_PLAIN}.items():
        if getattr(found, flag[2:].replace("-", "_")) is not None:
            options.notes.append(f"{flag} is ignored: {reason}")
    for number, name in found.interface:
        if number in options.interfaces or name in options.interfaces.values():
            raise UsageError(f"-i {number}@{name}: port or interface is given twice")
        if number in (options.drop_port, options.cpu_port):
            raise UsageError(f"-i {number}@{name}: this is the CPU or the drop port")
        options.interfaces[number] = name
    _check(options, found.program, found.no_p4)
    return options


def _check(options: Options, program: Path | None, no_p4: bool) -> None:
    if no_p4:
        if program is not None:
            options.notes.append(f"{program} is ignored: --no-p4 was given")
        if options.p4info is not None:
            raise UsageError("--p4info needs a program; it cannot go with --no-p4")
    elif program is None:
        raise UsageError("no program; give the JSON file that p4c-bm2-ss wrote, or --no-p4")
    else:
        options.program = program
    if options.cpu_port is not None and options.cpu_port == options.drop_port:
        raise UsageError(f"--cpu-port {options.cpu_port} is the drop port; choose another, or another --drop-port")
    if options.log_console and options.log_file:
        raise UsageError("--log-console and --log-file exclude each other")
    if options.pcap is not None and options.pcap.exists() and not options.pcap.is_dir():
        raise UsageError(f"--pcap: {options.pcap} is not a directory")
    if options.pcap is not None and options.use_files is not None:
        raise UsageError("--pcap and --use-files write the same files; the files of --use-files suffice")
    if options.dataplane is not None and (options.interfaces or options.use_files is not None):
        raise UsageError("--dp-grpc-server-addr carries the frames of all ports; it cannot go with -i or --use-files")
    _check_reach(options)


def _check_reach(options: Options) -> None:
    """Who can be controller, or send frames: flags that contradict each other are refused, and so is a door left open
    by mistake."""
    if options.dataplane is not None and not options.insecure and not is_loopback(options.dataplane):
        raise UsageError(
            f"--dp-grpc-server-addr {options.dataplane}: whoever reaches it would send frames into every port; use an"
            " address of this machine alone such as 127.0.0.1:50052 or unix:PATH, or say --insecure"
        )
    if options.tls:
        for flag, path in (("--grpc-server-cert", options.tls_cert), ("--grpc-server-key", options.tls_key)):
            if path is None:
                raise UsageError(f"--grpc-server-ssl needs {flag}")
        if options.tls_client_auth and options.tls_ca is None:
            raise UsageError("--grpc-server-with-client-auth needs --grpc-server-cacert")
        if options.tls_ca is not None and not options.tls_client_auth:
            raise UsageError("--grpc-server-cacert keeps nobody out without --grpc-server-with-client-auth: give both")
        if options.insecure and (options.dataplane is None or is_loopback(options.dataplane)):
            raise UsageError("--insecure means no TLS; it cannot go with --grpc-server-ssl")
        return
    for flag, given in (
        ("cert", options.tls_cert),
        ("key", options.tls_key),
        ("cacert", options.tls_ca),
        ("with-client-auth", options.tls_client_auth),
    ):
        if given:
            raise UsageError(f"--grpc-server-{flag} means nothing without --grpc-server-ssl")
    if not options.insecure and not is_loopback(options.address):
        raise UsageError(
            f"--grpc-server-addr {options.address}: whoever reaches it would be controller of the switch; use"
            " --grpc-server-ssl, an address of this machine alone such as 127.0.0.1:9559, or say --insecure"
        )
