# SPDX-License-Identifier: Apache-2.0
"""Networks of SRv6 routers from a topology file.

* `topology`    what a file says; `steps`: those of its scenario
* `configuration`  the node file of a router that follows from it; `nodes`: routers as the control plane has them
* `loader`      YAML in, all `mistakes` with file and line; `script`: its scenario; `schema`: the same for editors
* `routes`      shortest paths; `graph`: pictures
* `intent`      the node files of a lab that runs, which commands change; `reach`: what a name means at a host
* `api`         ``from srv6lab import Lab``: for scripts and notebooks
* `lab`         what a running network can do, whatever it is made of
* `network`     one in this process, without root: routers on softswitch; `host`: its hosts
* `running`     one in network namespaces, seen from the command line; behind it `control` (up, down, status ...),
  `state` (what is on disk), `daemon` (controllers and switches), `namespaces`, `cables` and `portwatch` (Linux),
  `linuxhost` and `sniff` (packets)
* `impairments` what cables do to frames, `emulator` does it in one process; `traffic`: flows between hosts
* `path`        the way of a packet, hop by hop
* `view`        what there is to see of a running network, each second; `top` in a terminal, `web` in a browser;
  `record`: how commands find a network of one process that is served
* `scenario`    plays the steps; `shell`: commands for a running network; `terminal`: text that fits
* `cli`         the words of ``srv6 lab``; `commands`: what they do; `shipped`: topologies of the package
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srv6lab.api import Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:
    """`Lab`, when somebody asks for it: every ``srv6`` imports this package, and few start a network."""
    if name == "Lab":
        from srv6lab.api import Lab

        return Lab
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
