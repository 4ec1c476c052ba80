# SPDX-License-Identifier: Apache-2.0
"""``MeterConfig`` messages (P4Runtime 1.5 section 9.4)."""

from __future__ import annotations

from typing import Any

from p4rtlib.objects import MeterInfo
from softswitch.p4runtime.errors import invalid, unimplemented

__all__ = ["decode_meter_config", "encode_meter_config", "rates_of"]

#: (cir, cburst, pir, pburst, eburst)
MeterValues = tuple[int, ...]


def decode_meter_config(meter: MeterInfo, message: Any, where: str) -> MeterValues:
    """The five numbers of a ``MeterConfig``, checked against the type of the meter.

    Rates are per second and bursts plain, in packets or bytes as the program says.
    """
    values = (message.cir, message.cburst, message.pir, message.pburst, message.eburst)
    label = f"{where}, meter {meter.name}"
    for name, value in zip(("cir", "cburst", "pir", "pburst", "eburst"), values, strict=False):
        if value < 0:
            raise invalid(f"{label}: {name} {value} is negative")
    cir, cburst, pir, pburst, eburst = values
    if meter.type != "TWO_RATE_THREE_COLOR" and (pir, pburst) != (cir, cburst):
        raise invalid(f"{label}: pir and pburst must equal cir and cburst in a {meter.type} meter")
    if meter.type != "SINGLE_RATE_THREE_COLOR" and eburst:
        raise invalid(f"{label}: eburst {eburst} is only for SINGLE_RATE_THREE_COLOR meters; this is {meter.type}")
    if eburst:
        raise unimplemented(f"{label}: this target has no excess bucket (eburst {eburst})")
    if pir < cir:
        raise invalid(f"{label}: pir {pir} is below cir {cir}")
    return values


def encode_meter_config(values: MeterValues, message: Any) -> None:
    """Write the numbers into a ``MeterConfig``."""
    message.SetInParent()
    message.cir, message.cburst, message.pir, message.pburst, message.eburst = values


def rates_of(values: MeterValues | None) -> list[tuple[float, int]] | None:
    """Rates for the device, committed first; ``None`` resets a meter."""
    if values is None:
        return None
    cir, cburst, pir, pburst, _ = values
    return [(float(cir), cburst), (float(pir), pburst)]
