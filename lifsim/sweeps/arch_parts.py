"""Builds the architectures of points from parts that other points have in common with them."""

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
    """The architectures that `read` makes of settings. A part (a top-level key, or a mapping inside one such as
    `buffers.weight`) is read once for all points that have the same settings for it. Rules that span several parts are
    checked for every point.

    If a setting changes something outside its part, or breaks a rule, the whole architecture is read by `read`, which
    reports the fault. Not safe for several threads.
    """

    def __init__(self, read: Callable[[Settings], Arch]) -> None:
        self._read = read
        self._part = lru_cache(PARTS)(self._read_part)

    def of(self, settings: Settings) -> Arch:
        """The architecture with `settings` applied; of several for one key the last one counts. Raises InputError as
        `read` does."""
        with suppress(InputError, ValidationError, UnknownKeyError):
            if (together := self._together(settings)) is not None:
                return together
        return self._read(settings)

    @cached_property
    def _bare(self) -> Arch | None:
        """The architecture without any settings; None if that is not valid."""
        with suppress(InputError):
            return self._read(())
        return None

    def _together(self, settings: Settings) -> Arch | None:
        """The architecture, built from parts; None if it has to be read as a whole."""
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
        """The part at `path` under `settings`, which concern this part alone, as a tuple of one; an empty tuple if the
        settings are refused or change other parts."""
        with suppress(InputError):
            found = self._read(settings)
            if self._bare is not None and _with(found, path, _at(self._bare, path)) == self._bare:
                return (_at(found, path),)
        return ()


def _parted(arch: Model, settings: Sequence[str]) -> dict[Path, Settings]:
    """`settings` grouped by the part that they change, in their order. No part lies inside another."""
    paths = [_path_of(arch, setting.partition("=")[0].strip().split(".")) for setting in settings]
    whole = {path for path in paths if len(path) == 1}
    parts: dict[Path, Settings] = {}
    for path, setting in zip(paths, settings, strict=True):
        part = path[:1] if path[:1] in whole else path
        parts[part] = (*parts.get(part, ()), setting)
    return parts


def _path_of(arch: Model, keys: Sequence[str]) -> Path:
    """The path of the part that the setting with these keys belongs to."""
    outer = vars(arch).get(keys[0])
    return tuple(keys[:2] if len(keys) > 2 and isinstance(outer, Model) and keys[1] in vars(outer) else keys[:1])


def _at(model: Model, path: Path) -> Any:
    """The value at `path` in `model`."""
    first, *others = path
    return _at(vars(model)[first], tuple(others)) if others else vars(model).get(first)


def _with(model: M, path: Path, value: Any) -> M:
    """A copy of `model` with `value` at `path`, unchecked."""
    first, *others = path
    return model.model_copy(update={first: _with(vars(model)[first], tuple(others), value) if others else value})


def _judged(model: M) -> M:
    """`model`, checked against the rules that span its keys. Raises ValidationError if it breaks one."""
    return type(model).model_validate(model, context=OF_A_DOCUMENT)
