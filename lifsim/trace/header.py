"""The JSON header of a spike trace: what is in the file, checked before anything is read from it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lifsim.config.json_file import plain_json
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.model.sharing import Sharing
from lifsim.units import counted

FORMAT = "lifsim-trace"
VERSION = 1
MAX_NEURONS = 1 << 28  # elements of one layer, image and timestep: what must fit in memory unpacked
MAX_TIMESTEPS = 1 << 20
_KEYS = ("format", "version", "workload", "sharing", "timesteps", "batch", "seed", "provenance", "layers")
_LAYER_KEYS = ("name", "shape", "ones", "sha256")


@dataclass(frozen=True)
class LayerHeader:
    """One layer: shape `[T, B, C, H, W]` or `[T, B, F]`, ones among its bits, SHA-256 of its packed bytes."""

    name: str
    shape: tuple[int, ...]
    ones: int
    sha256: str

    @property
    def block_bytes(self) -> int:
        """Packed bytes of one timestep of one image; the last byte is padded with zeros."""
        return block_bytes(self.shape[2:])

    @property
    def packed_bytes(self) -> int:
        """Packed bytes of the layer."""
        return self.shape[0] * self.shape[1] * self.block_bytes


@dataclass(frozen=True)
class Header:
    """The header of a trace; see `lifsim.trace.source.Trace` for its fields."""

    workload: str
    sharing: str
    timesteps: int
    batch: int
    seed: int | None
    provenance: str
    layers: tuple[LayerHeader, ...]

    def to_json(self) -> str:
        """The header as it is stored."""
        layers = [
            {"name": layer.name, "shape": list(layer.shape), "ones": layer.ones, "sha256": layer.sha256}
            for layer in self.layers
        ]
        fields = {"format": FORMAT, "version": VERSION, **vars(self), "layers": layers}
        return json.dumps(fields, indent=1)


def block_bytes(neuron_shape: tuple[int, ...]) -> int:
    """Packed bytes of one timestep of one image of `neuron_shape` elements: ceil(elements / 8)."""
    return -(-math.prod(neuron_shape) // 8)


def parse_header(text: bytes, source: str) -> Header:
    """The header in `text`. Raises InputError, naming file `source`, with everything that is wrong with it."""
    try:
        raw = plain_json(text.decode("utf-8"), source)
    except UnicodeDecodeError as error:
        raise InputError(Fault(f"must be UTF-8 text: {error.reason}", path="header", source=source)) from None
    except InputError as error:
        raise InputError([replace(fault, path="header") for fault in error.faults]) from None
    parser = _Parser(source)
    header = parser.header(raw)
    if parser.faults:
        raise InputError(parser.faults)
    return header


def _any_text(_text: str) -> bool:
    return True


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 200 and text.isprintable()


def _is_digest(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None


class _Parser:
    """Collects the faults of a header, one for each value that is wrong: what depends on it is not judged then. What it
    returns is valid only if there are none."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults: list[Fault] = []

    def header(self, raw: object) -> Header:
        fields = self._mapping(raw, _KEYS, "header")
        self._check_version(fields)
        timesteps = self._whole(fields, "timesteps", "header", 1, MAX_TIMESTEPS)
        batch = self._whole(fields, "batch", "header", 1)
        layers = fields.get("layers", ())
        if "layers" in fields and (not isinstance(layers, list) or not 1 <= len(layers) <= MAX_LAYERS):
            self._fault("header.layers", f"must be a list of 1 to {MAX_LAYERS} layers")
            layers = ()
        parsed = tuple(self._layer(layer, index, timesteps, batch) for index, layer in enumerate(layers))
        names = [layer.name for layer in parsed if layer.name]
        if len(set(names)) < len(names):
            self._fault("header.layers", "must have names that differ")
        return Header(
            workload=self._text(fields, "workload", "header"),
            sharing=self._sharing(fields),
            timesteps=timesteps or 1,
            batch=batch or 1,
            seed=None if fields.get("seed") is None else self._whole(fields, "seed", "header", 0),
            provenance=self._text(fields, "provenance", "header"),
            layers=parsed,
        )

    def _check_version(self, fields: dict[str, Any]) -> None:
        form, version = fields.get("format", FORMAT), fields.get("version", VERSION)
        if form != FORMAT or type(version) is not int or version != VERSION:
            self._fault(
                "header.format", f"must be {FORMAT!r} version {VERSION}, is {shown(form)} version {shown(version)}"
            )

    def _layer(self, raw: object, index: int, timesteps: int | None, batch: int | None) -> LayerHeader:
        path = f"header.layers[{index}]"
        fields = self._mapping(raw, _LAYER_KEYS, path)
        name = self._text(fields, "name", path, _is_name, "1 to 200 printable characters")
        shape = self._shape(fields, f"{path}.shape", timesteps, batch)
        ones = self._whole(fields, "ones", path, 0)
        if shape and ones and ones > math.prod(shape):
            self._fault(f"{path}.ones", f"{ones} must be <= the {counted(math.prod(shape), 'bit')} of {list(shape)}")
        sha256 = self._text(fields, "sha256", path, _is_digest, "64 hexadecimal digits")
        return LayerHeader(name, shape, ones or 0, sha256)

    def _shape(self, fields: dict[str, Any], path: str, timesteps: int | None, batch: int | None) -> tuple[int, ...]:
        if "shape" not in fields:
            return ()
        raw = fields["shape"]
        whole = isinstance(raw, list) and all(type(length) is int and 1 <= length < 1 << 40 for length in raw)
        if not whole or len(raw) not in (3, 5):
            self._fault(path, "must be [T, B, C, H, W] or [T, B, F], whole numbers >= 1")
            return ()
        if timesteps and batch and (raw[0] not in (1, timesteps) or raw[1] != batch):
            self._fault(path, f"{raw} must begin with T = {timesteps}, or 1, and B = {batch}")
        if math.prod(raw[2:]) > MAX_NEURONS:
            self._fault(path, f"{raw} must have at most {MAX_NEURONS} elements per image and timestep")
        return tuple(raw)

    def _sharing(self, fields: dict[str, Any]) -> str:
        text = self._text(fields, "sharing", "header")
        if not isinstance(fields.get("sharing"), str):
            return "none"
        try:
            return str(Sharing.parse(text))
        except InputError as error:
            self._fault("header.sharing", error.faults[0].message)
            return "none"

    def _mapping(self, raw: object, keys: tuple[str, ...], path: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            self._fault(path, "must be a mapping")
            return {}
        for key in raw:
            if key not in keys:
                self._fault(path, f"unknown key {key[:80]!r}{did_you_mean(key[:80], keys)}")
        for key in keys:
            if key not in raw:
                self._fault(path, f"must have {key!r}")
        return raw

    def _whole(self, fields: dict[str, Any], key: str, path: str, least: int, most: int = (1 << 64) - 1) -> int | None:
        value = fields.get(key)
        if type(value) is int and least <= value <= most:
            return value
        if key in fields:
            self._fault(f"{path}.{key}", f"{shown(value)} must be a whole number from {least} to {most}")
        return None

    def _text(
        self,
        fields: dict[str, Any],
        key: str,
        path: str,
        fits: Callable[[str], bool] = _any_text,
        rule: str = "text",
    ) -> str:
        value = fields.get(key)
        if isinstance(value, str) and fits(value):
            return value
        if key in fields:
            self._fault(f"{path}.{key}", f"{shown(value)} must be {rule}")
        return ""

    def _fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(message, path=path, source=self.source))
