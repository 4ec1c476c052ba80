# SPDX-License-Identifier: Apache-2.0
"""Networks of SRv6 routers from a topology file.

* `topology`    what a file says, and the configuration of every router that follows from it
* `loader`      YAML in, errors that name file and place; `nodes`: the routers as the control plane has them
* `routes`      shortest paths; `graph`: pictures
* `lab`         what a running network can do, whatever it is made of
* `network`     one in this process, without root: routers on softswitch; `host`: its hosts
* `running`     one in network namespaces, seen from the command line; behind it `control` (up, down, status ...),
  `state` (what is on disk), `daemon` (controllers and switches), `namespaces` and `cables` (Linux),
  `linuxhost` and `sniff` (packets)
* `path`        the way of a packet, hop by hop
* `scenario`    what a topology file wants to be shown; `shell`: commands for a running network
* `cli`         the words of ``srv6 lab``; `commands`: what they do; `shipped`: topologies of the package
"""
