"""Early exit: images that are done before the last timestep, and the images of a chunk that remain at each timestep.

An image that exits after timestep t is not worked on at any later one. That needs a schedule under which every layer
completes timestep t before any begins t + 1: the whole network as one timestep-major group; or one group in windows of
timesteps, where an image leaves at the end of the window in which it was done.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from lifsim.errors import shown
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted


@dataclass(frozen=True)
class Exits:
    """steps: for each image of a batch, the number of timesteps, from 1, after which it is done; timesteps: of the
    network."""

    steps: tuple[int, ...]
    timesteps: int

    def __post_init__(self) -> None:
        if not self.steps or not all(1 <= step <= self.timesteps for step in self.steps):
            raise ValueError(f"images must exit after 1 to {self.timesteps} timesteps, not {self.steps}")

    @classmethod
    def never(cls, images: int, timesteps: int) -> Exits:
        """The exits of images that all run to the end."""
        return cls((timesteps,) * images, timesteps)

    @cached_property
    def images(self) -> dict[int, int]:
        """By timestep after which images exit, earliest first: how many do."""
        return dict(sorted(Counter(self.steps).items()))

    @property
    def run(self) -> int:
        """Timesteps of all images that are run."""
        return sum(self.steps)

    @property
    def saved(self) -> float:
        """Share of the timesteps of all images that are not run."""
        every = len(self.steps) * self.timesteps
        return (every - self.run) / every

    @property
    def words(self) -> str:
        """`6, 3, 1 of 10 images exit after 1, 2, 4 of 4 timesteps`"""
        many, when = (", ".join(map(str, each)) for each in (self.images.values(), self.images))
        of = "image exits" if len(self.steps) == 1 else "images exit"
        return f"{many} of {len(self.steps)} {of} after {when} of {counted(self.timesteps, 'timestep')}"

    def of_images(self, first: int, count: int) -> Exits:
        """The exits of a chunk: `count` images from `first` on."""
        return Exits(self.steps[first : first + count], self.timesteps)

    def at_ends(self, spans: Sequence[tuple[int, int]]) -> Exits:
        """The same if images can leave only at the end of windows (first timestep, last + 1)."""
        ends = [end for _, end in spans]
        return Exits(tuple(ends[bisect_left(ends, step)] for step in self.steps), self.timesteps)

    def running(self, timestep: int) -> tuple[int, ...]:
        """Indices of the images that are worked on at a timestep (from 0)."""
        return tuple(place for place, step in enumerate(self.steps) if step > timestep)


def of_last_bytes(size: int, image_bytes: int, images: int, chosen: Sequence[int]) -> int:
    """How many of the last `size` bytes belong to the `chosen` images, if `images` images of `image_bytes` each lie one
    behind the other."""
    if len(chosen) == images:
        return size
    first = images * image_bytes - size
    return sum(image_bytes - min(max(first - place * image_bytes, 0), image_bytes) for place in chosen)


@dataclass(frozen=True)
class ExitShares:
    """shares: (timesteps, share of the images that exit after them), earliest first."""

    shares: tuple[tuple[int, float], ...]

    @classmethod
    def parse(cls, text: str) -> ExitShares:
        """Parse `1:0.6,2:0.3,4:0.1`. Raises ValueError with the first of `share_faults`."""
        for message in share_faults(text):
            raise ValueError(message)
        pairs = (part.split(":") for part in text.split(","))
        return cls(tuple(sorted((int(step), float(share)) for step, share in pairs)))

    @property
    def last(self) -> int:
        """The number of timesteps after which the last image exits."""
        return self.shares[-1][0]

    def of(self, batch: int) -> dict[int, int]:
        """By step, how many images of a batch exit, by the method of largest remainders: every share is rounded down,
        and the images left over go to the shares with the largest fractions, of equals to the earlier step."""
        exact = {step: share * batch for step, share in self.shares}
        whole = {step: int(round(count, DIGITS)) for step, count in exact.items()}
        by_rest = sorted(exact, key=lambda step: (round(whole[step] - exact[step], DIGITS), step))
        for step in by_rest[: batch - sum(whole.values())]:
            whole[step] += 1
        return whole

    def least_batch(self) -> int:
        """The smallest batch in which every share has at least one image."""
        batch = len(self.shares)
        while not all(self.of(batch).values()):
            batch += 1
        return batch


DIGITS = 9
"""Digits to which images are rounded: shares are decimal fractions, which floats do not represent exactly."""

LEAST_SHARE = 1e-4
"""The smallest share: less would be no image even of the largest batch."""


def share_faults(text: str) -> Iterator[str]:
    """What is wrong with shares of images that exit after numbers of timesteps; one message for each fault."""
    total, steps = 0.0, list[int]()
    understood = True
    for part in text.split(","):
        step, colon, share = (word.strip() for word in part.partition(":"))
        if not colon or not _is_count(step) or _number(share) is None:
            understood = False
            yield f"{shown(part.strip())} must be TIMESTEPS:SHARE, as in 1:0.6,2:0.3,4:0.1"
            continue
        number = _number(share) or 0.0
        if int(step) < 1:
            yield f"{shown(part.strip())}: {step} must be >= 1: an image runs for a timestep at least"
        if int(step) in steps:
            yield f"{shown(part.strip())}: each number of timesteps must be given once, {step} is given before"
        if not LEAST_SHARE <= number <= 1:
            understood = False
            yield f"{shown(part.strip())}: a share must be a number from {LEAST_SHARE:g} to 1"
        steps.append(int(step))
        total += number
    if understood and abs(total - 1) > 1e-6:
        yield f"shares must sum to 1, and come to {total:.6g}"


def steps_in(text: str) -> list[int]:
    """The numbers of timesteps in `shares`, which may have faults."""
    steps = (part.partition(":")[0].strip() for part in text.split(","))
    return [int(step) for step in steps if _is_count(step)]


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < MOST_DIGITS


MOST_DIGITS = 10
"""The most digits of a number of timesteps, more than any network needs."""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
