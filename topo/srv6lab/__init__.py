# SPDX-License-Identifier: Apache-2.0
"""Networks of SRv6 routers from a topology file.

* `topology`  what a file says, and the configuration of every router that follows from it
* `loader`    YAML in, errors that name file and place
* `routes`    shortest paths
* `host`      a host in this process: answers ND, ARP and echo, sends and receives
* `network`   the routers on softswitch, in this process, without root
* `path`      the way of a packet, hop by hop
* `scenario`  what a topology file wants to be shown
* `cli`       ``srv6 lab``
"""
