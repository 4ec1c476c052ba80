# SPDX-License-Identifier: Apache-2.0
"""The same node in the Linux kernel: seg6local and seg6 routes of iproute2 in a namespace of its own.

The router's ends of the veth pairs have the addresses of the packet tests' node; the hosts' ends have no IPv6, so what
arrives there is counted and dropped, as in the measurements of the switches.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cases
from beds import PORTS, Wires

from harness import defaults

TABLE = 100


class KernelError(Exception):
    """The kernel or iproute2 here lacks something; the text says what."""


def missing() -> str:
    """Why the kernel cannot be measured here; empty when it can."""
    if shutil.which("ip") is None:
        return "iproute2 (ip) is not installed"
    return ""


def routes() -> dict[str, list[str]]:
    """By case of :mod:`cases`: the words behind ``ip route add`` that make the kernel do it."""
    adjacent = defaults.neighbors({3: defaults.port(3)})[0]["address"]

    def local(sid: str, *action: str) -> list[str]:
        return [f"{sid}/64", "encap", "seg6local", "action", *action, "dev", "sw3"]

    def encaps(count: int) -> list[str]:
        segments = [cases.NEXT, *(f"fcbb:bb00:4:{i:x}::" for i in range(1, count))]
        how = ["encap", "seg6", "mode", "encap", "segs", ",".join(segments)]
        return [f"2001:db8:{0xF0 + count:x}::/48", *how, "dev", "sw3"]

    return {
        "End": local(cases.END, "End"),
        "End.X": local(cases.END_X, "End.X", "nh6", adjacent),
        "End, PSP": local(cases.END_PSP, "End", "flavors", "psp"),
        "End.DT4": local(cases.DT4, "End.DT4", "vrftable", str(TABLE)),
        "End.DT46, IPv6 inside": local(cases.DT46, "End.DT46", "vrftable", str(TABLE)),
        **{f"H.Encaps, {count} SIDs": encaps(count) for count in (1, 3, 10)},
        "IPv6 route": [],  # the route of the subnet
    }


class Kernel(Wires):
    """A namespace that forwards; ``refused`` says by case what this kernel or iproute2 cannot do."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: dict[str, str] = {}
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def run(self, *words: str) -> None:
        """``ip WORDS`` inside; KernelError with what it said when it fails."""
        done = self.inside(lambda: subprocess.run(["ip", *words], capture_output=True, text=True, check=False))
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise KernelError(f"ip {' '.join(words)}: {said[0]}")

    def _sysctl(self, name: str, value: str) -> None:
        self.inside(lambda: Path("/proc/sys/net", name).write_text(value))

    def _build(self) -> None:
        self.run("link", "set", "lo", "up")
        self._sysctl("ipv4/ip_forward", "1")
        self._sysctl("ipv6/conf/all/forwarding", "1")
        for port in PORTS:
            name = f"sw{port}"
            self.run("link", "set", name, "address", defaults.port_mac(port))
            self._sysctl(f"ipv6/conf/{name}/disable_ipv6", "0")
            self._sysctl(f"ipv6/conf/{name}/accept_dad", "0")
            for address in defaults.port(port)["addresses"]:
                self.run("address", "add", address, "dev", name)
            for neighbor in defaults.neighbors({port: defaults.port(port)}):
                self.run("neighbor", "add", neighbor["address"], "lladdr", neighbor["mac"], "dev", name)
        via = defaults.neighbors({3: defaults.port(3)})[0]["address"]
        self.run("-6", "route", "add", f"{cases.NEXT}/48", "via", via, "dev", "sw3")
        for case, words in routes().items():
            if not words:
                continue
            try:
                self.run("-6", "route", "add", *words)
            except KernelError as error:
                self.refused[case] = str(error)
