"""The request for a sweep: a file, options of the command line, or both; the options take precedence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from lifsim.config import defaults
from lifsim.config.document import Document, Mark, parse_document, read_document
from lifsim.config.given_rates import rate_words
from lifsim.config.key_path import KeyPath
from lifsim.config.validate import parse_model
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.model.keys import BeforeValidator, Field, key_of
from lifsim.model.schema import Flag, Model, Text
from lifsim.simulate.api import OPTIMIZER
from lifsim.sweeps.values import Listed, parse_values


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list), Field(min_length=1)]
Values = Annotated[tuple[Any, ...], BeforeValidator(_as_list), Field(min_length=1)]
SHORT = {"optimizer": OPTIMIZER}
"""Keys of input files that sweeps call as options do."""


def spelt(key: str) -> str:
    """An axis by its key of an input file, where it is one."""
    return SHORT.get(key, key)


Settings = Annotated[dict[str, Any], Field(max_length=1000)]


class SweepFile(Model):
    """A sweep file: the options of a run, one or several values of each; arch: None is that of a run, for all points
    that of training where any trains; share_where_possible: whether what a sharing does not fit keeps membranes of its
    own; rate: of layers, as a run has them, at all points; set: keys to change everywhere; vary: the axes, key to
    values; sample: so many points of them; seed: of synthesised spikes and of the sample."""

    arch: Texts | None = None
    workload: Texts = (defaults.WORKLOAD,)
    sharing: Texts = (defaults.SHARING,)
    share_where_possible: Flag = False
    trace: Texts | None = None
    rate: Annotated[tuple[Any, ...] | None, BeforeValidator(rate_words), Field(min_length=1)] = None
    batch: Values | None = None
    schedule: Values | None = None
    objective: Values | None = None
    chunk: Values | None = None
    exit_steps: Values | None = None
    mode: Values | None = None
    bptt: Values | None = None
    optimizer: Values | None = None
    seed: Annotated[int, Field(ge=0, lt=1 << 63, strict=True)] | None = None
    set: Settings = key_of(default_factory=dict)
    vary: Settings = key_of(default_factory=dict)
    sample: Annotated[int, Field(ge=1, strict=True)] | None = None


@dataclass(frozen=True)
class Request:
    """A checked sweep file, or options that say the same, and where each key of it stands. files: of arch and
    workload, by name, those that are no files to be read."""

    asked: SweepFile
    document: Document
    files: Mapping[str, Mapping[str, Document]] = field(default_factory=dict)

    @property
    def archs(self) -> tuple[str, ...]:
        """The architectures; where none is named one for all points, so that modes are compared on one machine."""
        if self.asked.arch is not None:
            return self.asked.arch
        modes = self.asked.mode or self.asked.vary.get("mode")
        with suppress(InputError):
            values = None if modes is None else parse_values("mode", list(modes) if self.asked.mode else modes)
            if isinstance(values, Listed) and "training" in values.values:
                return (defaults.TRAINING_ARCH,)
        return (defaults.ARCH,)

    @property
    def vary(self) -> list[tuple[str, Any]]:
        """The axes that `vary` has; `optimizer` is its key of architectures."""
        return [(spelt(key), values) for key, values in self.asked.vary.items()]

    @property
    def options(self) -> dict[str, list[Any]]:
        """The options of a run that are given, with their values."""
        asked = self.asked
        given = {
            "trace": asked.trace,
            "rate": None if asked.rate is None else (",".join(map(str, asked.rate)),),
            "batch": asked.batch,
            "schedule": asked.schedule,
            "objective": asked.objective,
            "chunk": asked.chunk,
            "exit_steps": asked.exit_steps,
            "mode": asked.mode,
            "bptt": asked.bptt,
            OPTIMIZER: asked.optimizer,
            "seed": None if asked.seed is None else (asked.seed,),
        }
        return {key: list(values) for key, values in given.items() if values is not None}

    @property
    def overrides(self) -> list[str]:
        """What `set` has, as --set takes it."""
        return [f"{key}={json.dumps(value)}" for key, value in self.asked.set.items()]

    def fault(self, key: str, message: str) -> Fault:
        """A fault of `key`, an axis or a key of its own, where it stands."""
        return replace(self.document.mark(self._path(key)).fault((), message), path=key)

    def placed(self, fault: Fault) -> Fault:
        """`fault`, which knows of an override only its key, where that stands."""
        key = fault.source.removeprefix("--set ")
        if key == fault.source or key not in {*dict(self.vary), *self.asked.set, *self.options}:
            return fault
        mark = self.document.mark(("set", key) if key in self.asked.set else self._path(key))
        return replace(fault, source=mark.source, line=mark.line, column=mark.column)

    def _path(self, key: str) -> KeyPath:
        """Where the axis `key` is written."""
        names = [key, *(short for short, long in SHORT.items() if long == key)]
        paths: list[KeyPath] = [("vary", name) for name in names if name in self.asked.vary]
        return paths[0] if paths else (names[-1],)


def read_request(
    file: Path | None, options: Document, files: Mapping[str, Mapping[str, Document]] = MappingProxyType({})
) -> Request:
    """The sweep in `file`, each key that `options` has in the place of the file's; the keys of `set` and `vary` one by
    one. Raises InputError with every fault of both."""
    documents = [options] if file is None else [read_document(file), options]
    if faults := [fault for document in documents for fault in _set_and_varied(document)]:
        raise InputError(faults)
    document = options if file is None else _merged(documents[0], options)
    return Request(parse_model(SweepFile, document), document, files)


def options_document(given: Mapping[str, Any], overrides: tuple[str, ...], vary: tuple[str, ...]) -> Document:
    """Options of the command line as a document: `given` by key, None where not; `key=value` texts. Raises InputError
    where one of these is none."""
    data: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    marks: dict[KeyPath, Mark] = {(): Mark("")} | {(key,): Mark(f"--{key.replace('_', '-')}") for key in data}
    faults: list[Fault] = []
    for option, texts in (("set", overrides), ("vary", vary)):
        for text in texts:
            key, equals, value = (part.strip() for part in text.partition("="))
            if not equals or not all(key.split(".")):
                faults.append(Fault("must have the form key.path=value", source=f"--{option} {text}"))
                continue
            if option == "vary" and key in data.get(option, {}):
                faults.append(Fault(f"must be given once, with all its values: {key}=A,B", source=f"--vary {text}"))
            with collecting(faults):
                parsed = value if option == "vary" else parse_document(value, f"--set {key}").data
                data.setdefault(option, {})[key] = parsed
            marks[(option, key)] = Mark(f"--{option} {key}")
    if faults:
        raise InputError(faults)
    return Document("", data, marks)


def _set_and_varied(document: Document) -> list[Fault]:
    """Of keys that have one value everywhere and an axis, too, in the same place: no point would have that value."""
    if not isinstance(document.data, dict):
        return []
    everywhere, axes = (document.data.get(key) for key in ("set", "vary"))
    if not (isinstance(everywhere, dict) and isinstance(axes, dict)):
        return []
    rule = "must not be given beside the axis of that key, whose values are those of the points"
    both = [key for key in everywhere if key in axes]
    return [replace(document.mark(("set", key)).fault((), rule), path=key) for key in both]


def _merged(file: Document, options: Document) -> Document:
    if not isinstance(file.data, dict):
        return file
    data, marks = {**file.data, **options.data}, {**file.marks, **options.marks, (): file.mark(())}
    for key in ("set", "vary"):
        if isinstance(file.data.get(key), dict):
            data[key] = {**file.data[key], **options.data.get(key, {})}
    return Document(file.source, data, marks, file.faults)
