"""Architectures of points, put together of parts that other points have, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from pydantic_core import ValidationError

from lifsim.errors import InputError
from lifsim.model.arch import Arch
from lifsim.model.schema import OF_A_DOCUMENT, Model, UnknownKeyError

M = TypeVar("M", bound=Model)

Path = tuple[str, ...]
Settings = tuple[str, ...]

PARTS = 1 << 10
"""That are kept, the last used: values of an axis, or of those that set keys of one part."""


class ArchParts:
    """What `read` makes of settings. A part of it, a key or a mapping in a mapping as `buffers.weight`, is read once
    for all points that set it alike; the rules across parts are judged for each point.

    Settings that change what is not in their part, or break a rule, are read as a whole: `read` has the words for it.
    For one thread.
    """

    def __init__(self, read: Callable[[Settings], Arch]) -> None:
        self._read = read
        self._part = lru_cache(PARTS)(self._read_part)

    def of(self, settings: Settings) -> Arch:
        """The architecture with `settings`, the last one winning. Raises InputError as `read` does."""
        with suppress(InputError, ValidationError, UnknownKeyError):
            if (together := self._together(settings)) is not None:
                return together
        return self._read(settings)

    @cached_property
    def _bare(self) -> Arch | None:
        """Without settings; None where it is none so."""
        with suppress(InputError):
            return self._read(())
        return None

    def _together(self, settings: Settings) -> Arch | None:
        """None where they must be read as a whole."""
        if (arch := self._bare) is None:
            return None
        parts = _parted(arch, settings)
        for path, own in parts.items():
            found = self._part(path, own)
            if not found:
                return None
            arch = _with(arch, path, found[0])
        for key in {path[0] for path in parts if len(path) > 1}:
            _judged(vars(arch)[key])
        return _judged(arch)

    def _read_part(self, path: Path, settings: Settings) -> tuple[Any, ...]:
        """What stands at `path` with `settings` of it alone; nothing where these are refused, or change other parts."""
        with suppress(InputError):
            found = self._read(settings)
            if self._bare is not None and _with(found, path, _at(self._bare, path)) == self._bare:
                return (_at(found, path),)
        return ()


def _parted(arch: Model, settings: Sequence[str]) -> dict[Path, Settings]:
    """`settings` in their order, by the parts that they are of; no part is within another."""
    paths = [_path_of(arch, setting.partition("=")[0].strip().split(".")) for setting in settings]
    whole = {path for path in paths if len(path) == 1}
    parts: dict[Path, Settings] = {}
    for path, setting in zip(paths, settings, strict=True):
        part = path[:1] if path[:1] in whole else path
        parts[part] = (*parts.get(part, ()), setting)
    return parts


def _path_of(arch: Model, keys: Sequence[str]) -> Path:
    """Of the part that a setting of these keys is of."""
    outer = vars(arch).get(keys[0])
    return tuple(keys[:2] if len(keys) > 2 and isinstance(outer, Model) and keys[1] in vars(outer) else keys[:1])


def _at(model: Model, path: Path) -> Any:
    """What `model` has there."""
    first, *others = path
    return _at(vars(model)[first], tuple(others)) if others else vars(model).get(first)


def _with(model: M, path: Path, value: Any) -> M:
    """`model` with `value` there, which is not checked."""
    first, *others = path
    return model.model_copy(update={first: _with(vars(model)[first], tuple(others), value) if others else value})


def _judged(model: M) -> M:
    """`model`, which keeps the rules across its own keys. Raises ValidationError where it does not."""
    return type(model).model_validate(model, context=OF_A_DOCUMENT)
