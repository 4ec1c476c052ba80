# SPDX-License-Identifier: Apache-2.0
"""Seconds from YAML to programmed tables, and of reconciling, with softswitch and BMv2."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import beds
import cases
from report import Report, at_most
from settings import Settings

from srv6cp import artifacts
from srv6cp.compile import compile_node
from srv6cp.config import load_node
from srv6cp.p4rt import Client, Entity
from srv6cp.sync import reconcile


def run(report: Report, settings: Settings) -> None:
    """The whole path, its parts, and a pass after a restart."""
    count = settings.nodes
    report.section("control", f"Control plane ({count:,} SIDs and {count:,} routes)")
    text = cases.big_node(count, count)
    with beds.alone("auto") as address, Client(address, device_id=1) as client:
        _one(report, "softswitch", client, text, 4)
    if why := beds.bmv2_missing():
        report.skip(beds.BMV2, why)
        return
    switch = beds.bmv2()
    try:
        with switch.client() as client:
            _one(report, beds.BMV2, client, text, 2)
    finally:
        switch.close()


def _one(report: Report, series: str, client: Client, text: str, limit: float) -> None:
    files = artifacts.find()
    client.become_primary()
    client.set_pipeline(files.p4info, files.json)
    begin = time.perf_counter()
    node = load_node(text)
    loaded = time.perf_counter()
    desired = compile_node(node, client.p4info)
    compiled = time.perf_counter()
    plan = reconcile.plan(client, desired)
    planned = time.perf_counter()
    reconcile.apply(client, plan)
    done = time.perf_counter()
    report.add(series, "YAML to node", loaded - begin, "s")
    report.add(series, "node to entries", compiled - loaded, "s")
    report.add(series, "read and compare", planned - compiled, "s")
    report.add(series, f"write {len(plan.inserts) + len(plan.modifies):,} entries", done - planned, "s")
    report.add(series, "the whole path", done - begin, "s", at_most(limit))
    report.add(series, "reconcile, nothing to do", _timed(partial(_nothing_to_do, client, desired)), "s")
    client.set_pipeline(files.p4info, files.json)  # what a restarted switch comes to: empty tables
    back = _timed(partial(_reconcile, client, desired))
    report.add(series, "reconcile after a restart, one pass", back, "s", at_most(10))
    _nothing_to_do(client, desired)


def _timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _reconcile(client: Client, desired: list[Entity]) -> None:
    reconcile.apply(client, reconcile.plan(client, desired))


def _nothing_to_do(client: Client, desired: list[Entity]) -> None:
    plan = reconcile.plan(client, desired)
    if plan.inserts or plan.modifies or plan.deletes:
        raise SystemExit(f"bench: the switch is not what was written: {plan}")
