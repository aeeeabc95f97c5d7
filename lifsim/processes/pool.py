"""Worker processes that share tasks. One that dies loses the task that it was at, which another one is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from lifsim.errors import InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.processes.dealing import Deal, InTurn
from lifsim.processes.worker import Worker, packed

ATTEMPTS = 3
"""How often a task is started whose worker dies, and how many workers in a row may die before their first task."""

GRACE_SECONDS = 2.0
"""How long workers may take to clean up before they are killed."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Lost:
    """No answer: the workers died over the task, `attempts` of them, the last one with exit code `status`, which is -n
    where signal n ended it."""

    attempts: int
    status: int


@dataclass
class _Given(Generic[Task]):
    """A task, and how many workers died over it."""

    task: Task
    deaths: int = 0


@dataclass
class _Busy(Generic[Task]):
    """The worker of one hand of the deal and the tasks that it holds, the first of them at work."""

    hand: int
    worker: Worker
    held: deque[_Given[Task]]
    ready: bool = False


class Pool(Generic[Task, Answer]):
    """Up to `processes` workers, started as there are tasks for them.

    setup: called in each worker, gives the function that answers its tasks; both must be known by name in a module that
    workers find. ahead: tasks that a worker is sent beside the one that it is at, so that it need not wait for this
    process.
    """

    def __init__(self, setup: Callable[[], Callable[[Task], Answer]], processes: int, *, ahead: int = 0) -> None:
        self._setup = packed(setup)
        self._processes, self._most = processes, 1 + ahead
        self._busy: list[_Busy[Task]] = []
        self._failed_starts = 0

    def answers(self, tasks: Iterable[Task] | Deal[Task]) -> Iterator[tuple[Task, Answer | Lost]]:
        """Each task with its answer as soon as it is there. Tasks are taken one by one, as workers get free, in turn or
        as they are dealt; to be walked to its end before it is called again.

        Raises InputError if no worker can be started, and what a task raised.
        """
        todo, again = tasks if isinstance(tasks, Deal) else InTurn(tasks), deque[_Given[Task]]()
        self._start(todo, again)
        while busy := {busy.worker.connection: busy for busy in self._busy if busy.held}:
            for connection in wait(list(busy)):
                one = busy[connection]  # type: ignore[index]
                found = self._heard(one, again)
                self._feed(one, todo, again)
                if found is not None:
                    yield found

    def close(self) -> None:
        """End the workers, whatever they are doing: it has no effect but their answers."""
        for busy in self._busy:
            busy.worker.ask_to_end()
        for busy in self._busy:
            busy.worker.end(GRACE_SECONDS)
        self._busy.clear()

    def _start(self, todo: Deal[Task], again: deque[_Given[Task]]) -> None:
        """Workers while there are tasks; all are under way before the first is waited for."""
        for busy in self._busy:
            self._feed(busy, todo, again)
        new: list[_Busy[Task]] = []
        while (hand := len(self._busy)) < self._processes and (given := _next(todo, hand, again)):
            new.append(_Busy(hand, Worker(self._setup), deque([given])))
            self._busy.append(new[-1])
        for busy in new:
            _begin(busy)
        for busy in new:
            self._feed(busy, todo, again)

    def _feed(self, busy: _Busy[Task], todo: Deal[Task], again: deque[_Given[Task]]) -> None:
        """Send tasks, those to be tried again first, until the worker holds enough. That it is dead is heard later."""
        while len(busy.held) < self._most and (given := _next(todo, busy.hand, again)):
            busy.held.append(given)
            _send(busy, given.task)

    def _heard(self, busy: _Busy[Task], again: deque[_Given[Task]]) -> tuple[Task, Answer | Lost] | None:
        """Take one message of the worker: its answer to the first task that it holds, if it is one."""
        try:
            kind, value = busy.worker.receive()
        except (EOFError, OSError):
            return self._after_death(busy, again)
        if kind == "error":
            raise value
        if kind == "ready":
            busy.ready, self._failed_starts = True, 0
            return None
        return busy.held.popleft().task, value

    def _after_death(self, busy: _Busy[Task], again: deque[_Given[Task]]) -> tuple[Task, Lost] | None:
        """A new worker in the place of the dead one. The task that it was at is tried again, or lost for good."""
        status = busy.worker.end(GRACE_SECONDS)
        busy.worker.connection.close()
        at, *waiting = busy.held
        again.extend(waiting)
        if busy.ready:
            at.deaths += 1
        else:
            self._failed_starts += 1
        if self._failed_starts >= ATTEMPTS:
            self._busy.remove(busy)
            raise InputError(f"worker processes must be able to start; they end with exit code {status}")
        busy.worker, busy.held, busy.ready = Worker(self._setup), deque(), False
        _begin(busy)
        if at.deaths >= ATTEMPTS:
            return at.task, Lost(at.deaths, status)
        again.appendleft(at)
        return None


def _next(todo: Deal[Task], hand: int, again: deque[_Given[Task]]) -> _Given[Task] | None:
    if again:
        return again.popleft()
    task = todo.next_of(hand)
    return None if task is None else _Given(task)


def _begin(busy: _Busy[Any]) -> None:
    """Set a new worker up, with the tasks that it holds already."""
    try:
        busy.worker.begin()
    except OSError:  # it is dead: that is heard later
        return
    for given in busy.held:
        _send(busy, given.task)


def _send(busy: _Busy[Any], task: object) -> None:
    try:
        busy.worker.send(task)
    except OSError:  # it is dead: that is heard later
        return
