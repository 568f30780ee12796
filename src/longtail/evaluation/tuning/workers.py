"""Who does the work of a trial: this process, or one process for each job, started afresh ("spawn")."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeAlias

from threadpoolctl import threadpool_limits

from longtail.algorithms.base import Recommender
from longtail.errors import LongtailError
from longtail.evaluation.tuning.examination import Examination, FoldScore
from longtail.kernels.parallel import threads

__all__ = ["Answer", "Worker", "first_ready", "workers"]

Answer: TypeAlias = FoldScore | str
"""A score, or what went wrong, in one line."""


class Worker(Protocol):
    """Puts one candidate at a time through the examination, a split at a time."""

    def begin(self, model: Recommender) -> None:
        """Take on a candidate and work on its first split; whatever it had is dropped."""

    def go_on(self) -> None:
        """Work on the next split."""

    def answer(self) -> Answer:
        """The score on the split being worked on, waiting for it."""


@contextlib.contextmanager
def workers(examination: Examination, jobs: int) -> Iterator[list[Worker]]:
    """As many workers as jobs; they are gone when the block ends, whatever they were doing.

    One job is done by this process with all its threads. More are processes of their own that share the threads out
    evenly: kernels use every core already, so jobs help where fitting does not keep the cores busy.
    """
    if jobs == 1:
        yield [_Here(examination)]
        return
    started: list[_Process] = []
    try:
        while len(started) < jobs:
            started.append(_Process(examination, max(1, threads() // jobs)))
        for worker in started:
            worker.greet()
        yield list(started)
    finally:
        for worker in started:
            worker.end()


def first_ready(busy: list[Worker]) -> Worker:
    """A worker whose answer is there, or will be soonest."""
    elsewhere = {worker.connection: worker for worker in busy if isinstance(worker, _Process)}
    if not elsewhere:
        return busy[0]
    return elsewhere[wait(list(elsewhere))[0]]  # type: ignore[index]


def attempt(steps: Iterator[FoldScore]) -> Answer:
    """The next score; whatever an algorithm raises becomes one line."""
    try:
        return next(steps)
    except LongtailError as error:
        return " ".join(str(error).split())[:300]
    except Exception as error:  # a plug-in may raise anything, and the other trials still want their turn
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]


class _Here:
    """This process: it works when asked for the answer."""

    def __init__(self, examination: Examination) -> None:
        self._examination = examination
        self._steps: Iterator[FoldScore] = iter(())

    def begin(self, model: Recommender) -> None:
        self._steps = self._examination.scores(model)

    def go_on(self) -> None: ...

    def answer(self) -> Answer:
        return attempt(self._steps)


class _Process:
    """A process of its own, at the other end of a pipe; one that dies is replaced."""

    def __init__(self, examination: Examination, threads_each: int) -> None:
        self._examination, self._threads = examination, threads_each
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._threads), daemon=True)
        self._process.start()
        theirs.close()

    def greet(self) -> None:
        """Wait until it has started, and hand it the data (as an argument they would block a start that fails).

        Raises:
            LongtailError: if it cannot.
        """
        try:
            self.connection.recv()
            self.connection.send(self._examination)
        except (EOFError, OSError):
            raise LongtailError(
                "a process for a job could not start; with jobs above 1 a script must keep what it does under "
                "`if __name__ == '__main__':`, and an algorithm of your own must be importable"
            ) from None

    def begin(self, model: Recommender) -> None:
        self._tell(model)

    def go_on(self) -> None:
        self._tell(None)

    def answer(self) -> Answer:
        try:
            found: Answer = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            self.end()
            self._start()
            self.greet()
            return f"its process ended (exit code {code}), perhaps for lack of memory"
        return found

    def end(self) -> None:
        self.connection.close()
        self._process.terminate()
        self._process.join()

    def _tell(self, what: Any) -> None:
        with contextlib.suppress(OSError):  # a dead process is noticed when its answer is asked for
            self.connection.send(what)


def _serve(connection: Connection, threads_each: int) -> None:
    """The process: a model begins a trial, None asks for its next split; an interrupt is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["LONGTAIL_THREADS"] = str(threads_each)
    steps: Iterator[FoldScore] = iter(())
    with threadpool_limits(threads_each), contextlib.suppress(EOFError, OSError):
        connection.send("ready")
        examination: Examination = connection.recv()
        while True:
            model = connection.recv()
            if model is not None:
                steps = examination.scores(model)
            connection.send(attempt(steps))
