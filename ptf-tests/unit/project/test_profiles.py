# SPDX-License-Identifier: Apache-2.0
"""Packet tests with the smaller profiles of the program: what a profile has works in it, what it lacks is skipped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness import testbed
from srv6cp.artifacts import DEFAULT, PROFILES, ArtifactError

ROOT = Path(__file__).resolve().parents[3]

ENDPOINTS = ("End", "EndX", "EndT")
#: What every profile has: End, End.X, End.T, flavours, routes of both families, ICMP errors.
COMMON = (
    *(f"ptf-tests/test_end.py::Advances{each}" for each in ENDPOINTS),
    *(f"ptf-tests/test_flavors.py::PopsAtOne{each}Psp" for each in ENDPOINTS),
    *(f"ptf-tests/test_flavors.py::KeepsAtTwo{each}PspUspUsd" for each in ENDPOINTS),
    *(f"ptf-tests/test_flavors.py::ExhaustedSrhsAmongOptions{each}Usp" for each in ENDPOINTS),
    *(f"ptf-tests/test_flavors.py::Decapsulates{each}Usd" for each in ENDPOINTS),
    *(f"ptf-tests/test_routing_ipv{each}.py::LongestPrefix" for each in (4, 6)),
    *(f"ptf-tests/test_routing_ipv{each}.py::NoRoute" for each in (4, 6)),
    "ptf-tests/test_icmp_errors.py::TracerouteToSid",
    "ptf-tests/test_icmp_errors.py::QuotesWhatFits",
)
#: What a profile may lack.
BINDING = "ptf-tests/test_end.py::AdvancesEndB6Encaps"
LACKS_BINDING = {"transit": True, "edge": False, "hmac": False, "mobile": False, "telemetry": False, "services": False}


def packet_tests(profile: str, *tests: str) -> subprocess.CompletedProcess[str]:
    """pytest on the packet tests, with softswitch and this profile."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = {**os.environ, "SWITCH": "softswitch", "PROFILE": profile}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


def counted(done: subprocess.CompletedProcess[str]) -> tuple[int, int, int]:
    """Passed, failed, skipped, of the last line."""
    found = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped\s*\Z", done.stdout, re.M)
    assert found, done.stdout + done.stderr
    return int(found[1]), int(found[2]), int(found[3])


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != DEFAULT])
def test_what_a_profile_has_works(profile: str) -> None:
    done = packet_tests(profile, *COMMON, BINDING)
    lacking = LACKS_BINDING[profile]
    assert counted(done) == (len(COMMON) + (not lacking), 0, int(lacking)), done.stdout
    assert ("profile transit has not: End.B6.Encaps" in done.stdout) == lacking


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    done = packet_tests("none", BINDING)
    assert done.returncode == 4
    assert "PROFILE=none: no such profile; one of transit, edge, full, hmac, mobile, telemetry, services" in done.stderr
    monkeypatch.setenv("PROFILE", "none")
    with pytest.raises(ArtifactError, match="PROFILE=none"):
        testbed.program()


def test_the_default_has_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", DEFAULT):
        monkeypatch.setenv("PROFILE", value)
        assert testbed.program().name == DEFAULT
