"""Executors: in this process, in threads, or in a pool of processes, with the same results.

Order, errors and numbers do not depend on the number of workers: results come in the order of
the items, and where several items fail the first of them (by position) is reported.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import TypeGuard

from plimsoll.domain.ports import SILENT, Executor, Item, Progress, Result
from plimsoll.errors import ConfigurationError, PlimsollError, UsageError


class WorkError(PlimsollError, RuntimeError):
    """Work on one item ended in an error that Plimsoll does not know."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """An exception in a form that always travels between processes."""

    name: str
    error: PlimsollError | None
    summary: str
    trace: str


class SerialExecutor:
    """Works through the items one by one in this process."""

    workers = 1

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Result]:
        """Apply ``function`` to each item; see `plimsoll.domain.ports.Executor`."""
        titles = _names(items, names)
        results: list[Result] = []
        progress.start(label, len(items))
        try:
            for title, item in zip(titles, items, strict=True):
                results.append(_unwrap(_guarded(function, title, item)))
                progress.advance()
        finally:
            progress.finish()
        return results


class ThreadPool:
    """Works on ``workers`` items at a time in threads: for work in kernels that release the lock.

    An interrupt is raised at once; threads at work end with their item.

    Parameters
    ----------
    workers : int
        Number of threads, at least 1.
    """

    def __init__(self, workers: int) -> None:
        _check_workers(workers)
        self.workers = workers

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Result]:
        """Apply ``function`` to each item; see `plimsoll.domain.ports.Executor`."""
        titles = _names(items, names)
        pool = ThreadPoolExecutor(self.workers)
        progress.start(label, len(items))
        try:
            futures = [
                pool.submit(_guarded, function, title, item)
                for title, item in zip(titles, items, strict=True)
            ]
            for _ in as_completed(futures):
                progress.advance()
            return [_unwrap(future.result()) for future in futures]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            progress.finish()


class ProcessPool:
    """Works on ``workers`` items at a time, each in a process of its own.

    The processes are spawned (never forked: threads and compiled kernels survive no fork) on the
    first call and kept until `close`. They leave an interrupt to the parent, which ends them, and
    they end by themselves when the parent is gone. Under ``spawn`` the calling script needs the
    usual ``if __name__ == "__main__":`` guard.

    Parameters
    ----------
    workers : int
        Number of processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        _check_workers(workers)
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: Progress = SILENT,
        *,
        label: str = "",
        names: Sequence[str] = (),
    ) -> list[Result]:
        """Apply ``function`` to each item; see `plimsoll.domain.ports.Executor`."""
        titles = _names(items, names)
        _check_picklable(function)
        progress.start(label, len(items))
        try:
            return self._gather(function, items, titles, progress)
        except BrokenProcessPool:
            self.terminate()
            raise WorkError(
                "worker processes must stay alive until the work is done",
                found="one ended without an answer (killed, out of memory, or started from a "
                "script without a __main__ guard)",
                field=label,
                remedy="use fewer workers, or guard the script's entry point",
            ) from None
        except BaseException:
            self.terminate()
            raise
        finally:
            progress.finish()

    def _gather(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        titles: Sequence[str],
        progress: Progress,
    ) -> list[Result]:
        pool = self._started()
        with _interrupts_held():
            futures: list[Future[Result | _Failure]] = [
                pool.submit(_guarded, function, title, item)
                for title, item in zip(titles, items, strict=True)
            ]
        pending, failed_at = set(futures), len(futures)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            progress.advance(len(done))
            if any(isinstance(future.result(), _Failure) for future in done):
                failed_at = _first_failure(futures)
                pending &= set(futures[:failed_at])
        return [_unwrap(future.result()) for future in futures[: failed_at + 1]]

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_prepare_worker,
            )
        return self._pool

    def close(self) -> None:
        """End the processes after their current work."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def terminate(self) -> None:
        """End the processes at once; a later call starts new ones."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        children: list[BaseProcess] = list((getattr(pool, "_processes", None) or {}).values())
        for child in children:
            child.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        for child in children:
            child.join(timeout=5.0)

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def open_executor(workers: int = 1) -> Iterator[Executor]:
    """Yield an executor of so many workers and end its processes afterwards.

    >>> with open_executor(1) as executor:
    ...     executor.map(abs, [-2, 1])
    [2, 1]
    """
    _check_workers(workers)
    if workers == 1:
        yield SerialExecutor()
        return
    with ProcessPool(workers) as pool:
        yield pool


def _check_workers(workers: int) -> None:
    if workers < 1:
        raise UsageError("must be at least 1", found=workers, field="workers")


def _check_picklable(function: Callable[..., object]) -> None:
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            "must be a function at the top level of a module to travel to another process",
            found=repr(function),
            field="function",
            remedy="move it there, or use workers=1",
        ) from error


def _names(items: Sequence[object], names: Sequence[str]) -> list[str]:
    if names:
        if len(names) != len(items):
            raise UsageError(
                f"must have one name per item ({len(items)})", found=len(names), field="names"
            )
        return list(names)
    return [_name(item, index) for index, item in enumerate(items)]


def _name(item: object, index: int) -> str:
    if isinstance(item, str):
        return item
    market = getattr(item, "market", None)
    return market if isinstance(market, str) else f"item {index}"


def _guarded(function: Callable[[Item], Result], name: str, item: Item) -> Result | _Failure:
    try:
        return function(item)
    except Exception as error:
        known = error if _travels(error) else None
        summary = f"{type(error).__name__}: {error}"
        return _Failure(name=name, error=known, summary=summary, trace=traceback.format_exc())


def _travels(error: Exception) -> TypeGuard[PlimsollError]:
    """Return whether an error is one of ours that can be rebuilt from its fields."""
    return isinstance(error, PlimsollError) and not isinstance(error, ConfigurationError)


def _unwrap(outcome: Result | _Failure) -> Result:
    if not isinstance(outcome, _Failure):
        return outcome
    raise _named(outcome)


def _named(failure: _Failure) -> PlimsollError:
    """Return the failure as an error of the same class that names its item."""
    known = failure.error
    if known is None:
        error: PlimsollError = WorkError(
            "must be worked on without an error", found=failure.summary, field=failure.name
        )
    else:
        where = known.field if known.field.startswith(failure.name) else ""
        where = where or f"{failure.name}: {known.field}".removesuffix(": ")
        error = type(known)(
            known.must, found=known.found, remedy=known.remedy, field=where, row=known.row
        )
    error.add_note(failure.trace)
    return error


def _first_failure(futures: Sequence[Future[Result | _Failure]]) -> int:
    return next(
        index
        for index, future in enumerate(futures)
        if future.done() and isinstance(future.result(), _Failure)
    )


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold an interrupt back while processes start: they inherit this, and so never see one."""
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker() -> None:
    """Leave interrupts to the parent, and end when it is gone (killed parents clean up nothing)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
