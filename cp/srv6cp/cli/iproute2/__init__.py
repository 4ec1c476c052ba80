# SPDX-License-Identifier: Apache-2.0
"""The words of iproute2, and what they mean on this router.

``options``   what stands before the object: -4, -6, -j, -d, -s, -o
``words``     abbreviations, prefixes, devices
``encap``     ``encap seg6 ...`` and ``encap seg6local ...``
``route``     ``ip route add|append|replace|change|del|flush``, to edits of the node file
``objects``   ``ip neigh``, ``ip nexthop``, ``ip rule``, to edits
``link``      ``ip link``: VRFs and the ports in them
``state``     what a switch holds, as routes and neighbours of Linux
``printed``   that as text and JSON, as iproute2 prints it
``show``      ``ip route show|get``, ``ip neigh show`` and so on

Parsing follows ``ip`` word by word: attributes of an encapsulation end at the first word that is none, and what follows
is the route's. What this router has no such thing for is refused with the reason.
"""
