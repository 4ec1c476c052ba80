# SPDX-License-Identifier: Apache-2.0
"""A running lab in a browser.

* `guard`   who may ask: token, names of the host, origin
* `app`     the HTTP interface, over `srv6lab.view` and the commands of the shell
* `serve`   runs it in a thread
* ``static``  the page, ``vendor``: the graph library that it draws with, unchanged
"""
