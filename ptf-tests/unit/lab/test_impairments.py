# SPDX-License-Identifier: Apache-2.0
"""Rate, delay, jitter, loss and queue of cables: read, said, emulated. The clock is the test's: nothing waits."""

from __future__ import annotations

import random
from typing import Any

import pytest

from srv6cp.problems import InvalidError
from srv6lab.emulator import Emulator
from srv6lab.impairments import IDEAL, Impairments, read, read_words
from srv6lab.loader import read_topology
from srv6lab.topology import TopologyError


class Cable:
    """One direction with a clock that stands still until it is set."""

    def __init__(self, words: str, seed: int = 1) -> None:
        self.now = 0.0
        self.emulator = Emulator(lambda: self.now)
        self.emulator._thread = object()  # type: ignore[assignment]  # taken by hand
        self.arrived: list[tuple[float, bytes]] = []
        self.direction = self.emulator.direction(lambda frame: None, read_words(words.split(), IDEAL), seed)

    def due(self) -> list[tuple[float, bytes]]:
        """When each frame that is under way arrives."""
        return sorted((moment, frame) for moment, _, _, frame in self.emulator._due)


def test_words_and_back() -> None:
    words = "rate 10M delay 20ms jitter 5ms loss 1% queue 50"
    has = read_words(words.split(), IDEAL)
    assert has == Impairments(10_000_000, 0.02, 0.005, 0.01, 50)
    assert has.words() == words
    assert read_words(["rate", "none"], has).rate is None
    assert read_words(["ideal"], has) == IDEAL
    assert IDEAL.words() == "ideal"
    assert read({"rate": "1.5Gbit/s", "delay": "100us"}) == Impairments(1_500_000_000, 0.0001)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "rate",
            "rate, delay, jitter, loss, queue are needed, each with a value, such as: rate 10M delay 20ms; or ideal",
        ),
        ("rate 0", "rate must be bit/s from 1k to 100G, such as 10M, not '0'"),
        ("delay 20", "delay must be a time from 0 to 10s, such as 20ms, not '20'"),
        ("delay 11s", "delay must be a time from 0 to 10s, such as 20ms, not '11s'"),
        ("loss 0.5", "loss must be a share from 0% to 100%, such as 1%, not '0.5'"),
        ("loss 101%", "loss must be a share from 0% to 100%, such as 1%, not '101%'"),
        ("queue 0", "queue must be a number from 1 to 100000, not 0"),
        ("jitter 5ms", "jitter 5ms is more than the delay of 0ms: a frame cannot arrive before it was sent"),
        ("delay 1ms delay 2ms", "delay is given twice"),
        ("speed 1", "'speed' is nothing that a cable has; one of rate, delay, jitter, loss, queue, or down, up, ideal"),
    ],
)
def test_wrong_words(words: str, message: str) -> None:
    with pytest.raises(InvalidError) as error:
        read_words(words.split(), IDEAL)
    assert error.value.message == message


def test_topology_says_them_for_all_cables_and_for_one() -> None:
    data: dict[str, Any] = {
        "routers": {"r1": {}, "r2": {}},
        "hosts": {"h1": {"router": "r1"}, "h2": {"router": "r2", "loss": "2%"}},
        "links": [{"link": "r1 -- r2", "delay": "20ms"}, "r1 -- r2"],
        "cables": {"rate": "10M"},
    }
    found = [link.impairments for link in read_topology(data).links]
    rate = 10_000_000
    assert found == [Impairments(rate, 0.02), Impairments(rate), Impairments(rate), Impairments(rate, loss=0.02)]


def test_topology_tells_where_they_are_wrong() -> None:
    data = {
        "routers": {"r1": {}, "r2": {}},
        "hosts": {"h1": {"router": "r1", "delay": 5}},
        "links": [{"link": "r1 -- r2", "rate": "much"}],
        "cables": {"color": "red"},
    }
    with pytest.raises(TopologyError) as error:
        read_topology(data)
    text = str(error.value)
    assert "links[0].rate: rate must be bit/s" in text
    assert "hosts.h1.delay: delay must be a time" in text
    assert "color" in text


def test_rate_spaces_frames_by_their_length() -> None:
    """100 Mbit/s: a frame of 1250 bytes takes 0.1 ms; the first is as late as the others."""
    cable = Cable("rate 100M")
    for number in range(50):
        cable.direction.send(bytes([number]) * 1250)
    moments = [moment for moment, _ in cable.due()]
    assert moments == pytest.approx([0.0001 * (number + 1) for number in range(50)])


def test_rate_lets_a_cable_rest() -> None:
    cable = Cable("rate 1M")
    cable.direction.send(bytes(125))
    cable.now = 1.0
    cable.direction.send(bytes(125))
    assert [moment for moment, _ in cable.due()] == pytest.approx([0.001, 1.001])


def test_queue_drops_what_has_no_room() -> None:
    cable = Cable("rate 1M queue 3")
    for _ in range(5):
        cable.direction.send(bytes(125))
    assert (len(cable.due()), cable.direction.passed.overflowed, cable.direction.passed.frames) == (3, 2, 3)
    cable.now = 0.0015  # the first one is on the cable
    cable.direction.send(bytes(125))
    assert len(cable.due()) == 4


@pytest.mark.parametrize("milliseconds", [1, 20, 100])
def test_delay_and_jitter_have_the_mean_that_was_asked_for(milliseconds: int) -> None:
    cable = Cable(f"delay {milliseconds}ms jitter {milliseconds}ms")
    frames = 20_000
    for number in range(frames):
        cable.direction.send(number.to_bytes(4, "big"))
    moments = [moment for moment, _ in cable.due()]
    assert sum(moments) / frames == pytest.approx(milliseconds / 1000, rel=0.03)
    assert min(moments) >= 0 and max(moments) <= 2 * milliseconds / 1000


def test_jitter_reorders_delay_does_not() -> None:
    for words, same in (("delay 5ms", True), ("delay 5ms jitter 5ms", False)):
        cable = Cable(words)
        for number in range(100):
            cable.now = number / 1000
            cable.direction.send(bytes([number]))
        order = [frame[0] for _, frame in cable.due()]
        assert (order == sorted(order)) is same


@pytest.mark.parametrize("percent", [1, 10])
def test_loss_is_what_was_asked_for_and_repeats(percent: int) -> None:
    """Within 0.1 point over 100 000 frames."""
    lost = set()
    for _ in range(2):
        cable = Cable(f"loss {percent}%", seed=7)
        for _ in range(100_000):
            cable.direction.send(b"")
        lost.add(cable.direction.passed.lost)
    assert len(lost) == 1
    assert lost.pop() / 100_000 == pytest.approx(percent / 100, abs=0.001 * max(1, percent / 5))


def test_an_ideal_cable_hands_over_at_once_and_in_the_same_thread() -> None:
    arrived: list[bytes] = []
    with Emulator() as emulator:
        direction = emulator.direction(arrived.append)
        direction.send(b"frame")
        assert arrived == [b"frame"]
        assert emulator._thread is None


def test_frames_arrive_by_themselves() -> None:
    import threading

    done, arrived = threading.Event(), []

    def take(frame: bytes) -> None:
        arrived.append(frame)
        if len(arrived) == 20:
            done.set()
        if len(arrived) == 3:
            raise RuntimeError("one receiver that fails stops nobody")

    order = list(range(20))
    random.Random(1).shuffle(order)
    with Emulator() as emulator:
        now = emulator.clock()
        for number in order:
            emulator.after(now + number / 1000, take, bytes([number]))
        assert done.wait(10)
    assert [frame[0] for frame in arrived] == sorted(order)
