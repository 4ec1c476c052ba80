# SPDX-License-Identifier: Apache-2.0
"""Malformed requests: each is answered, none ends the server, refused ones change nothing.

``make fuzz ARGS='--only requests'`` is the long run.
"""

from __future__ import annotations

import pytest
from conformance.fuzz import HIGHEST, Fuzzer, Refusals
from conformance.raw import Code, RawClient
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch

COUNT = 1500
SEED = 8986


@requirement(
    "11",
    "Malformed requests get a status, never INTERNAL; refused updates leave the state as it was",
    bmv2="some end simple_switch_grpc",
)
def test_malformed_requests(client: RawClient, switch: SoftSwitch, caplog: pytest.LogCaptureFixture) -> None:
    # The highest election id there is: no mutated arbitration can take over.
    client.streams[0].arbitrate(HIGHEST)
    fuzzer, refusals = Fuzzer(SEED, HIGHEST), Refusals(client)
    state = client.everything()
    answers: dict[int, int] = {}
    for number in range(COUNT):
        method, data = fuzzer.next()
        where = f"request {number} of seed {SEED}: {method} {data.hex()}"
        codes = refusals.codes(method, data)
        for code in codes:
            answers[code] = answers.get(code, 0) + 1
        if method in ("Write", "SetForwardingPipelineConfig"):
            now = client.everything()
            if Code.OK not in codes:
                assert now == state, where
            state = now
    assert not [record for record in caplog.records if record.exc_info], "the server logged a traceback"
    # The requests got beyond the first check, and some are valid.
    assert {Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.OUT_OF_RANGE} <= set(answers)
    assert max(answers.values()) < 0.9 * sum(answers.values()), answers
    with RawClient(switch.address) as other:
        assert other.stream().arbitrate(0).status.code == Code.ALREADY_EXISTS
