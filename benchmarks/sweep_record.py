"""What the points of a sweep cost, recorded once and replayed in any order, by any number of workers.

A record has a node for every result that is kept between points, with the CPU seconds of computing it, without those of
the results that it needs, which are its children. Replayed, a point costs what it computes itself and every node that
its worker does not keep. So a replay is exact and repeatable whatever the machine is doing, but for what LIFSim keeps
beside memos and the caches of an evaluator, which counts where it was recorded.
"""

from __future__ import annotations

import gc
import heapq
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest.mock import patch

from lifsim.memo import RESULTS, Memo, each_as_one
from lifsim.processes.dealing import Stretches
from lifsim.sweeps import arch_parts, evaluate
from lifsim.sweeps.plan import Job

BOUNDLESS = 1 << 62
"""The limit of a memo by bytes: what a result weighs is not recorded."""


@dataclass
class Node:
    """A result, or a point. children: the results that it asks for; cache: which keeps it."""

    children: list[Node] = field(default_factory=list)
    cache: Cache | None = None
    seconds: float = 0.0

    def __hash__(self) -> int:
        return id(self)


@dataclass(eq=False)
class Cache:
    """What keeps up to `limit` results. owner: the result that it is a part of."""

    limit: int
    owner: Node | None


class Recorder:
    """Measures what is computed anew inside what."""

    def __init__(self) -> None:
        self.points: dict[int, Node] = {}
        self._open: list[Node] = []
        self._since = 0.0

    def cache(self, limit: int) -> Cache:
        """One that is made now."""
        return Cache(limit, self._open[-1] if self._open else None)

    def begin(self, node: Node) -> None:
        """From now on `node` is computed."""
        self._tick()
        self._open.append(node)

    def end(self, node: Node, *, kept: bool = True) -> None:
        """It is there; what is not kept is computed again by whoever asks."""
        self._tick()
        while self._open.pop() is not node:
            pass
        if self._open and kept:
            self._open[-1].children.append(node)
        elif self._open:
            self._open[-1].seconds += node.seconds
            self._open[-1].children += node.children

    def hit(self, node: Node) -> None:
        """It is asked for and there."""
        self._open[-1].children.append(node)

    def _tick(self) -> None:
        now = time.process_time()
        if self._open:
            self._open[-1].seconds += now - self._since
        self._since = now

    @contextmanager
    def computing(self, node: Node) -> Iterator[None]:
        """Inside, `node` is computed; it is kept unless that fails."""
        self.begin(node)
        done = False
        try:
            yield
            done = True
        finally:
            self.end(node, kept=done)

    def lru_cache(self, limit: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """In the place of that of functools."""

        def kept(function: Callable[..., Any]) -> Callable[..., Any]:
            cache, found = self.cache(limit), dict[Any, tuple[Node, Any]]()

            def of(*arguments: Any) -> Any:
                if arguments in found:
                    self.hit(found[arguments][0])
                else:
                    node = Node(cache=cache)
                    with self.computing(node):
                        result = function(*arguments)
                    found[arguments] = node, result
                return found[arguments][1]

            return of

        return kept

    def memos(self) -> AbstractContextManager[object]:
        """While this is open, memos and the caches of evaluators are recorded, and keep all."""
        stack = ExitStack()
        for module in (evaluate, arch_parts):
            stack.enter_context(patch.object(module, "lru_cache", self.lru_cache))
        for name in ("__init__", "of", "_known", "_keep"):
            stack.enter_context(patch.object(Memo, name, getattr(_recorded(self), name)))
        return stack


def _recorded(recorder: Recorder) -> type:
    """The methods of a memo that is recorded."""

    class Recorded:
        def __init__(self, limit: int = RESULTS, weight: Callable[[object], int] = each_as_one) -> None:
            self.cache = recorder.cache(limit if weight is each_as_one else BOUNDLESS)
            self.found: dict[Any, tuple[Node, Any]] = {}
            self.asked: list[tuple[Any, Node]] = []

        def of(self, *key: Any) -> Any:
            if key in self.found:
                recorder.hit(self.found[key][0])
            else:
                node = Node(cache=self.cache)
                with recorder.computing(node):
                    result = key[0](*key[1:])
                self.found[key] = node, result
            return self.found[key][1]

        def _known(self, place: Sequence[Any]) -> Any:
            key = tuple(place)
            if key in self.found:
                recorder.hit(self.found[key][0])
                return self.found[key][1]
            self.asked.append((key, Node(cache=self.cache)))
            recorder.begin(self.asked[-1][1])
            return None

        def _keep(self, result: Any, place: Sequence[Any]) -> Any:
            key = tuple(place)
            while self.asked:
                asked, node = self.asked.pop()
                if asked == key:
                    recorder.end(node)
                    self.found[key] = node, result
                    break
            return result

    return Recorded


def recorded(job: Job, points: Sequence[int]) -> dict[int, Node]:
    """Run `points`; collections of garbage are left out, which come as they like."""
    recorder = Recorder()
    gc.disable()
    try:
        with recorder.memos():
            evaluator = evaluate.Evaluator(job)
            for point in points:
                recorder.points[point] = Node()
                with recorder.computing(recorder.points[point]):
                    evaluator.outcome(point)
    finally:
        gc.enable()
    return recorder.points


class Worker:
    """Replays points, and keeps what a worker would keep."""

    def __init__(self, record: dict[int, Node]) -> None:
        self._record = record
        self._kept: dict[Cache, OrderedDict[Node, None]] = {}

    def seconds(self, point: int) -> float:
        """Of one more point."""
        node = self._record[point]
        return node.seconds + sum(map(self._computed, node.children))

    def _computed(self, node: Node) -> float:
        assert node.cache is not None
        kept = self._kept.setdefault(node.cache, OrderedDict())
        if node in kept:
            kept.move_to_end(node)
            return 0.0
        seconds = node.seconds + sum(map(self._computed, node.children))
        kept[node] = None
        while len(kept) > node.cache.limit:
            gone, _ = kept.popitem(last=False)
            for cache in [cache for cache in self._kept if cache.owner is gone]:
                del self._kept[cache]
        return seconds


class Replayed(NamedTuple):
    """A point, what it took its worker, and when it was done."""

    done: float
    point: int
    seconds: float


def replay(record: dict[int, Node], points: Sequence[int], workers: int) -> list[Replayed]:
    """`points` in the order in which they are done, dealt as `lifsim.sweeps.local` deals them."""
    deal, own = Stretches(points, workers), [Worker(record) for _ in range(workers)]
    free, done = [(0.0, hand) for hand in range(workers)], list[Replayed]()
    while free:
        now, hand = heapq.heappop(free)
        if (point := deal.next_of(hand)) is not None:
            seconds = own[hand].seconds(point)
            done.append(Replayed(now + seconds, point, seconds))
            heapq.heappush(free, (now + seconds, hand))
    return sorted(done)
