# SPDX-License-Identifier: MIT
"""Threads that call the library in place of an event loop. What they do can be stopped, and does not keep the process
from ending."""

from __future__ import annotations

import atexit
import queue
import signal
import threading
import weakref
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from zarrc import _core

if TYPE_CHECKING:
    from collections.abc import Callable

# A process that ends waits so long for calls that were stopped, so that they take their temporary files away.
EXIT_SECONDS = 5.0

_all: weakref.WeakSet[Threads] = weakref.WeakSet()


class Job(Future[Any]):
    """A call that runs in a thread."""

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__()
        self.call = (fn, *args)
        self.stopped = _core.Stop()

    def stop(self) -> None:
        """Has the call end soon, if it has not ended: chunks that it has not begun are left."""
        if not self.cancel():
            self.stopped.set()

    def run(self) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            result = self.stopped.run(*self.call)
        except BaseException as error:
            self.set_exception(error)
        else:
            self.set_result(result)


class Threads:
    """As many threads as are wanted, made when there is something to do."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._nthreads = 0
        self._running: set[Job] = set()
        _all.add(self)

    def submit(self, fn: Callable[..., Any], *args: Any) -> Job:
        """Has a thread call a function."""
        job = Job(fn, args)
        with self._lock:
            self._running.add(job)
            job.add_done_callback(self._running.discard)
            self._jobs.put(job)
            if not self._idle.acquire(blocking=False) and self._nthreads < self._most:
                name = f"zarrc_{self._nthreads}"
                self._nthreads += 1
                threading.Thread(target=_work, args=(self._jobs, self._idle), name=name, daemon=True).start()
        return job

    def shutdown(self) -> None:
        """Lets the threads end when there is nothing left to do."""
        self._jobs.put(None)

    def stop(self) -> list[Job]:
        """Stops everything, and says what has not ended yet."""
        running = list(self._running)
        for job in running:
            job.stop()
        return running


def _leave_signals_to_others() -> None:
    """Has this thread, and those that it makes, take no signal that is for the process: the first thread, which Python has
    run the handlers, waits on if another one took it (Ctrl-C would be heard when the work is done)."""
    own = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGABRT", "SIGSYS", "SIGPROF")
    if hasattr(signal, "pthread_sigmask"):
        mask = signal.valid_signals() - {getattr(signal, name, None) for name in own}
        signal.pthread_sigmask(signal.SIG_BLOCK, mask)


def _work(jobs: queue.SimpleQueue[Job | None], idle: threading.Semaphore) -> None:
    _leave_signals_to_others()
    while True:
        job = jobs.get()
        if job is None:
            jobs.put(None)
            return
        job.run()
        del job
        idle.release()


@atexit.register
def _stop_all() -> None:
    """When the process ends nobody waits for what is under way."""
    running = [job for threads in list(_all) for job in threads.stop()]
    wait(running, EXIT_SECONDS)


def after_fork() -> None:
    """The threads of the parent are not there."""
    _all.clear()
