# SPDX-License-Identifier: Apache-2.0
"""The switch under test and its ports: one a process, made when first asked for.

``SWITCH`` in the environment chooses: ``softswitch`` (default; in this process, no root),
``softswitch-native`` (the same with the native engine), ``softswitch-veth`` (the command ``softswitch`` on veth
pairs, root), ``bmv2`` (``simple_switch_grpc`` on veth pairs, root), ``auto`` (``bmv2`` where it can run, else
``softswitch``). ``make`` knows ``bmv2-grpc`` besides, for the differential run: BMv2 without interfaces, no root.

``PROFILE`` chooses the profile of the P4 program: ``full`` (default), or one of ``srv6cp.artifacts.PROFILES``. Tests of
what has a profile of its own name it (``Srv6Test.profile``).
"""

from __future__ import annotations

import atexit
import os

from harness.bed import Testbed, Unavailable, launched
from harness.dataplane import Bmv2Grpc
from harness.inproc import InProcess
from harness.veth import Veth
from srv6cp import artifacts
from srv6cp.sync.launch import missing

__all__ = [
    "CHOICES",
    "Testbed",
    "Unavailable",
    "bmv2_grpc_missing",
    "bmv2_missing",
    "chosen",
    "current",
    "launched",
    "make",
    "native_missing",
    "program",
    "shutdown",
    "veth_missing",
]

CHOICES = ("softswitch", "softswitch-native", "softswitch-veth", "bmv2", "auto")


def bmv2_missing() -> str | None:
    """Why ``simple_switch_grpc`` cannot run here on veth pairs, or None when it can."""
    return bmv2_grpc_missing() or veth_missing()


def bmv2_grpc_missing() -> str | None:
    """Why ``simple_switch_grpc`` cannot run here without interfaces, or None when it can."""
    return missing("bmv2")


def native_missing() -> str | None:
    """Why the native engine cannot run here, or None when it can."""
    from softswitch.native.compiler import NoCompiler, find_compiler

    try:
        find_compiler()
    except NoCompiler as error:
        return str(error)
    return None


def veth_missing() -> str | None:
    """Why veth pairs cannot be made here, or None when they can."""
    if os.geteuid() != 0:
        return "veth pairs need root"
    try:
        import pyroute2  # noqa: F401
    except ImportError:
        return "veth pairs need pyroute2 (pip install 'srv6-p4[topo]')"
    return None


def chosen() -> str:
    """The switch that ``SWITCH`` names, ``auto`` resolved. Raises Unavailable for an unknown name."""
    name = os.environ.get("SWITCH") or "softswitch"
    if name not in CHOICES:
        raise Unavailable(f"SWITCH={name}: no such switch; one of {', '.join(CHOICES)}")
    if name == "auto":
        return "softswitch" if bmv2_missing() else "bmv2"
    return name


def program(otherwise: str | None = None) -> artifacts.Artifacts:
    """The program that ``PROFILE`` names, where it names none that of ``otherwise``.

    Raises ArtifactError for an unknown name and one that was not built.
    """
    name = os.environ.get("PROFILE") or otherwise or artifacts.DEFAULT
    if name not in artifacts.PROFILES:
        raise artifacts.ArtifactError(f"PROFILE={name}: no such profile; one of {', '.join(artifacts.PROFILES)}")
    return artifacts.find(name)


def make(name: str) -> Testbed:
    """Start a switch. Raises Unavailable with the reason where it cannot run."""
    if name in ("softswitch", "softswitch-native"):
        if name == "softswitch-native" and (reason := native_missing()) is not None:
            raise Unavailable(f"SWITCH={name}: {reason}")
        return InProcess("native" if name == "softswitch-native" else "python")
    lacking = {"bmv2": bmv2_missing, "bmv2-grpc": bmv2_grpc_missing}
    reason = lacking.get(name, veth_missing)()
    if reason is not None:
        raise Unavailable(f"SWITCH={name}: {reason}")
    if name == "bmv2-grpc":
        return Bmv2Grpc()
    return Veth(name)


_current: Testbed | None = None
_failed: Unavailable | None = None


def current() -> Testbed:
    """The switch under test of this process. Raises Unavailable each time when it cannot run."""
    global _current, _failed
    if _failed is not None:
        raise _failed
    if _current is None:
        try:
            _current = make(chosen())
        except Unavailable as error:
            _failed = error
            raise
        atexit.register(shutdown)
    return _current


def shutdown() -> None:
    """Stop the switch under test, when there is one."""
    global _current
    if _current is not None:
        bed, _current = _current, None
        bed.shutdown()
