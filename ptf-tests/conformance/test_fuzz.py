# SPDX-License-Identifier: Apache-2.0
"""Malformed requests: each is answered, none ends the server, refused ones change nothing.

``P4RUNTIME_FUZZ=10000 pytest ptf-tests/conformance/test_fuzz.py`` is the long run (``P4RUNTIME_FUZZ_SEED``
for another seed).
"""

from __future__ import annotations

import os
import queue

import pytest
from conformance.fuzz import Fuzzer
from conformance.raw import Code, RawClient, Refused, StreamEnd, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch

COUNT = int(os.environ.get("P4RUNTIME_FUZZ", "1500"))
HIGHEST = (1 << 128) - 1
SEED = int(os.environ.get("P4RUNTIME_FUZZ_SEED", "8986"))


@requirement(
    "11",
    "Malformed requests get a status, never INTERNAL; refused updates leave the state as it was",
    bmv2="some end simple_switch_grpc",
)
def test_malformed_requests(client: RawClient, switch: SoftSwitch, caplog: pytest.LogCaptureFixture) -> None:
    # The highest election id there is: no mutated arbitration can take over.
    client.streams[0].arbitrate(HIGHEST)
    fuzzer = Fuzzer(SEED, HIGHEST)
    state = client.everything()
    answers: dict[int, int] = {}
    for number in range(COUNT):
        method, data = fuzzer.next()
        where = f"request {number} of seed {SEED}: {method} {data.hex()}"
        codes = _call(client, method, data, where)
        assert Code.INTERNAL not in codes, where
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


def _call(client: RawClient, method: str, data: bytes, where: str) -> set[int]:
    """The codes of an answer: of the updates where there are any, else of the call."""
    try:
        if method == "StreamChannel":
            return _stream(client, data, where)
        if method == "Read":
            client.raw_read(data)
        else:
            client.raw(method, data)
    except Refused as refusal:
        assert refusal.code != Code.UNKNOWN or refusal.errors, where
        if refusal.errors:
            assert refusal.code == Code.UNKNOWN, where
            assert any(error.canonical_code for error in refusal.errors), where
        return {error.canonical_code for error in refusal.errors} or {refusal.code}
    return {Code.OK}


def _stream(client: RawClient, data: bytes, where: str) -> set[int]:
    """One message on a stream of its own; the stream is answered or ended."""
    call = client.channel.stream_stream("/p4.v1.P4Runtime/StreamChannel")
    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    requests.put(data)
    # A second, certainly wrong one: the server must still be listening when the first was no reason to end.
    requests.put(pb.StreamMessageRequest().SerializeToString())
    answers = call(iter(requests.get, None), timeout=10)
    try:
        for _ in answers:
            pass
        raise AssertionError(f"the stream ended without status: {where}")
    except Exception as error:
        end = StreamEnd(error)  # type: ignore[arg-type]
        assert end.code not in (Code.DEADLINE_EXCEEDED, Code.UNKNOWN), where
        return {end.code}
    finally:
        requests.put(None)
