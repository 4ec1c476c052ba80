# SPDX-License-Identifier: Apache-2.0
"""Threads for RPCs that do not keep the process alive.

``concurrent.futures`` waits for its threads when the interpreter ends, and a stream occupies one for as long as its
client likes: a script that forgets a switch, or a notebook that is closed, would hang.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["DaemonPool"]

T = TypeVar("T")


class DaemonPool(ThreadPoolExecutor):
    """As a ``ThreadPoolExecutor``, which gRPC asks for, of daemon threads: up to ``size``, made when needed."""

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size, name)
        self._name = name
        self._left = size
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._free = threading.Semaphore(0)
        self._guard = threading.Lock()
        self._ended = False

    def submit(self, call: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run ``call`` in a thread that is free, a new one, or the next to become free."""
        done: Future[T] = Future()
        with self._guard:
            if self._ended:
                raise RuntimeError("the pool is shut down")
            self._work.put((done, lambda: call(*args, **kwargs)))
            if not self._free.acquire(blocking=False) and self._left:
                self._left -= 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; threads end when theirs have. Nothing is waited for."""
        with self._guard:
            self._ended = True
        self._work.put(None)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            done, call = item
            del item
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(call())
                except BaseException as error:
                    done.set_exception(error)
            del done, call
            self._free.release()
        self._work.put(None)
