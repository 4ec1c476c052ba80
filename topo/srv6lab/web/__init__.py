# SPDX-License-Identifier: Apache-2.0
"""A running lab in a browser.

* `view`    what there is to see: topology, load of the cables, routers, events; knows no HTTP
* `guard`   who may ask: token, names of the host, origin
* `app`     the HTTP interface, over `view` and the commands of the shell
* `serve`   runs it in a thread; `record`: how commands find a lab that is served
* ``static``  the page, ``vendor``: the graph library that it draws with, unchanged
"""
