# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab top``: what the page shows, in a terminal: load of the cables, flows, routers, events."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from srv6cp.cli.output import table
from srv6lab import traffic
from srv6lab.impairments import show_rate
from srv6lab.terminal import wrap

INTERVAL = 1.0  # s
_HOME, _CLEAR = "\x1b[H", "\x1b[J"
_BAR = 20  # columns for 100 %
_SHOWN_EVENTS = 5


def follow(topology: Mapping[str, Any], live: Callable[[int], Mapping[str, Any]], *, once: bool, as_json: bool) -> int:
    """Print what ``live`` says (`View.live`) each second until Ctrl-C, or ``once``; 0."""
    events: list[Mapping[str, Any]] = []
    last = 0
    terminal = sys.stdout.isatty() and not (once or as_json)
    if once:  # load is a matter of two looks
        live(last)
        time.sleep(INTERVAL)
    while True:
        now = live(last)
        events = [*events, *now["events"]][-_SHOWN_EVENTS:]
        last = max((event["number"] for event in events), default=last)
        text = json.dumps(now) if as_json else render(topology, now, events)
        print((_HOME + _CLEAR if terminal else "") + text, flush=True)
        if once:
            return 0
        try:
            time.sleep(INTERVAL)
        except KeyboardInterrupt:
            return 0


def render(topology: Mapping[str, Any], now: Mapping[str, Any], events: list[Mapping[str, Any]]) -> str:
    """One screen."""
    rows = []
    for link in topology["links"]:
        state = now["links"].get(link["number"]) or now["links"].get(str(link["number"]))
        if state is None:
            continue
        one, two = (end["node"] for end in link["ends"])
        for (sender, receiver), side in zip(((one, two), (two, one)), state["sides"], strict=True):
            rows.append(
                {
                    "from": sender,
                    "to": receiver,
                    "load": "down" if state["cut"] else f"{side['load']:.0f} %",
                    "": "#" * round(_BAR * side["load"] / 100),
                    "rate": f"{show_rate(side['rate'])}bit/s",
                    "of": state["capacity"],
                    "dropped": side["dropped"],
                }
            )
    parts = [topology["name"], table(rows, ("from", "to", "load", "", "rate", "of", "dropped"), "no cable")]
    if now["flows"]:
        parts.append(table(traffic.rows(now["flows"]), traffic.COLUMNS))
    wrong = [f"{name} {state}" for name, state in now["routers"].items() if state != "primary"]
    parts.append(wrap(f"routers: {', '.join(wrong) or 'all well'}"))
    told = [f"{time.strftime('%H:%M:%S', time.localtime(event['time']))} {event['text']}" for event in events]
    return "\n\n".join((*parts, "\n".join(wrap(line) for line in told))).rstrip()
