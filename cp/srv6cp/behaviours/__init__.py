# SPDX-License-Identifier: Apache-2.0
"""Behaviours: one record each, a file a family, and everything else reads ``REGISTRY``.

A new behaviour is a record in its family: an ``Endpoint`` with the action that implements it and its ``operands``
(:mod:`srv6cp.behaviours.operands`). Configuration, JSON Schema, compilation, readback, command line, lab and tables of
the documentation then know it. A behaviour with a table of its own brings a :class:`Section` of the node file.
"""

from srv6cp.behaviours import (
    bind,
    csid,
    decap,
    end,
    headend,
    l2,
    l2_bridge,
    mobile,
    mpls,
    nsh,
    proxy,
    replicate,
    search,
    vnf,
)
from srv6cp.behaviours.interfaces import Binder, Entry, Names, Scope
from srv6cp.behaviours.operands import Operand
from srv6cp.behaviours.record import ALL_FLAVOURS, Endpoint, Headend
from srv6cp.behaviours.registry import Registry
from srv6cp.behaviours.section import Section

REGISTRY = Registry(
    (
        *end.ENDPOINTS,
        *decap.ENDPOINTS,
        *l2.ENDPOINTS,
        *l2_bridge.ENDPOINTS,
        *bind.ENDPOINTS,
        *mpls.ENDPOINTS,
        *csid.ENDPOINTS,
        *mobile.ENDPOINTS,
        *replicate.ENDPOINTS,
        *proxy.ENDPOINTS,
        *search.ENDPOINTS,
        *nsh.ENDPOINTS,
        *vnf.ENDPOINTS,
    ),
    headend.HEADENDS,
)

__all__ = [
    "ALL_FLAVOURS",
    "REGISTRY",
    "Binder",
    "Endpoint",
    "Entry",
    "Headend",
    "Names",
    "Operand",
    "Registry",
    "Scope",
    "Section",
]
