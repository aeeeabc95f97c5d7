"""The valid part of a faulty document as a model, so that rules across keys are still checked for valid keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic_core import SchemaValidator, ValidationError

from lifsim.config.key_path import KeyPath
from lifsim.config.places import alternatives, is_model, keyed, tags_of
from lifsim.model.core import core_of
from lifsim.model.schema import KEYS_ALONE, UNKNOWN, Model, UnknownKeyError

M = TypeVar("M", bound=Model)
_MAPPINGS: tuple[Any, ...] = (dict, Mapping)


def known_part(model: type[M], data: Any, faulty: set[KeyPath]) -> M:
    """The `model` of `data` without the `faulty` paths: reading these keys raises UnknownKeyError."""
    leading = {path[:length] for path in faulty for length in range(len(path) + 1)}
    return _Parts(faulty, leading).model(model, data, ())


def rule_faults(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """(path, message) of each rule across keys that is broken in `value`, at `path`, or within it."""
    if isinstance(value, Model):
        for key, message in value.broken_rules():
            yield (*path, *_keys(key)), message
        for name, field in type(value).model_fields.items():
            if name in vars(value):
                yield from rule_faults(vars(value)[name], (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from rule_faults(entry, (*path, key))
    elif isinstance(value, tuple | list):
        for index, entry in enumerate(value):
            yield from rule_faults(entry, (*path, index))


class _Parts:
    """Builds models from everything that is not `faulty`; `leading` are the paths above faulty ones."""

    def __init__(self, faulty: set[KeyPath], leading: set[KeyPath]) -> None:
        self._faulty, self._leading = faulty, leading

    def model(self, model: type[M], data: Any, path: KeyPath) -> M:
        """The model of the mapping `data` at `path`; nothing is known of what is no mapping."""
        known: dict[str, Any] = {}
        fields = keyed(model) if isinstance(data, Mapping) else {}
        for key, (name, field) in zip(fields, model.model_fields.items(), strict=False):
            if key in data:
                try:
                    known[name] = self._value(field.hint, data[key], (*path, key))
                except (UnknownKeyError, ValidationError):
                    continue
            elif not field.is_required() and (*path, key) not in self._faulty:
                known[name] = field.otherwise()
        return model.unchecked(known)

    def _value(self, hint: Any, value: Any, path: KeyPath) -> Any:
        """The value at `path`. Raises UnknownKeyError, or ValidationError if only other keys tell whether it is
        valid."""
        if path in self._faulty:
            raise UnknownKeyError(path[-1])
        if path not in self._leading:
            return SchemaValidator(core_of(hint)).validate_python(value, context=KEYS_ALONE)
        kinds = alternatives(hint)
        if isinstance(value, Mapping):
            named = [get_args(kind)[1] for kind in kinds if get_origin(kind) in _MAPPINGS]
            if named:
                return self._named(named[0], value, path)
            return self.model(_member(kinds, value), value, path)
        if isinstance(value, list | tuple):
            return self._list(kinds, value, path)
        raise UnknownKeyError(path[-1])

    def _named(self, hint: Any, value: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """Every entry keeps its name."""
        found = {}
        for key, entry in value.items():
            try:
                found[key] = self._value(hint, entry, (*path, key))
            except (UnknownKeyError, ValidationError):
                found[key] = UNKNOWN
        return found

    def _list(self, kinds: tuple[Any, ...], value: list[Any] | tuple[Any, ...], path: KeyPath) -> tuple[Any, ...]:
        """Every entry keeps its position; nothing is known of one that is no mapping. Raises UnknownKeyError if entries
        have no keys."""
        hint = next((get_args(kind)[0] for kind in kinds if get_origin(kind) in (tuple, list)), None)
        models = [kind for kind in alternatives(hint) if is_model(kind)]
        if not models:
            raise UnknownKeyError(path[-1])
        found = []
        for index, entry in enumerate(value):
            at = (*path, index)
            try:
                found.append(self._value(hint, entry, at))
            except (UnknownKeyError, ValidationError):
                found.append(self.model(models[0], None, at))
        return tuple(found)


def _member(kinds: tuple[Any, ...], value: Mapping[str, Any]) -> type[Model]:
    """The model of a union that `value` is. Raises UnknownKeyError if its tag does not tell."""
    models: list[type[Model]] = [kind for kind in kinds if is_model(kind)]
    if len(models) == 1:
        return models[0]
    for key, tag in value.items():
        tags = tags_of(models, key)
        for model in models:
            if isinstance(tag, str) and tags.get(tag) is model:
                return model
    raise UnknownKeyError("no member of the union")


def _keys(key: str) -> KeyPath:
    return tuple(int(part) if part.isdigit() else part for part in key.split(".")) if key else ()
