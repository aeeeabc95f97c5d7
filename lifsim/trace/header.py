"""The JSON header of a spike trace: what is in the file, checked before anything is read from it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.errors import Fault, InputError, did_you_mean
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
        raw = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(f"must be JSON: {str(error)[:200]}", path="header", source=source)) from None
    parser = _Parser(source)
    header = parser.header(raw)
    if parser.faults:
        raise InputError(parser.faults)
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"duplicate key among {', '.join(map(repr, keys[:20]))}")
    return dict(pairs)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


class _Parser:
    """Collects the faults of a header; what it returns is valid only if there are none."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults: list[Fault] = []

    def header(self, raw: object) -> Header:
        fields = self._mapping(raw, _KEYS, "header")
        if fields.get("format") != FORMAT or fields.get("version") != VERSION:
            got = f"{fields.get('format')!r} version {fields.get('version')!r}"
            self._fault("header.format", f"must be {FORMAT!r} version {VERSION}, is {got[:80]}")
        timesteps = self._whole(fields, "timesteps", "header", 1, MAX_TIMESTEPS)
        batch = self._whole(fields, "batch", "header", 1)
        layers = fields.get("layers")
        if not isinstance(layers, list) or not 1 <= len(layers) <= MAX_LAYERS:
            self._fault("header.layers", f"must be a list of 1 to {MAX_LAYERS} layers")
            layers = []
        parsed = tuple(self._layer(layer, index, timesteps, batch) for index, layer in enumerate(layers))
        if len({layer.name for layer in parsed}) < len(parsed):
            self._fault("header.layers", "must have names that differ")
        return Header(
            workload=self._text(fields, "workload", "header"),
            sharing=self._sharing(fields),
            timesteps=timesteps,
            batch=batch,
            seed=None if fields.get("seed") is None else self._whole(fields, "seed", "header", 0),
            provenance=self._text(fields, "provenance", "header"),
            layers=parsed,
        )

    def _layer(self, raw: object, index: int, timesteps: int, batch: int) -> LayerHeader:
        path = f"header.layers[{index}]"
        fields = self._mapping(raw, _LAYER_KEYS, path)
        name = self._text(fields, "name", path)
        if not name or not name.isprintable() or len(name) > 200:
            self._fault(f"{path}.name", "must be 1 to 200 printable characters")
        shape = self._shape(fields.get("shape"), f"{path}.shape", timesteps, batch)
        ones = self._whole(fields, "ones", path, 0)
        if ones > math.prod(shape):
            self._fault(f"{path}.ones", f"{ones} must be <= the {counted(math.prod(shape), 'bit')} of {list(shape)}")
        sha256 = self._text(fields, "sha256", path)
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            self._fault(f"{path}.sha256", "must be 64 hexadecimal digits")
        return LayerHeader(name, shape, ones, sha256)

    def _shape(self, raw: object, path: str, timesteps: int, batch: int) -> tuple[int, ...]:
        whole = isinstance(raw, list) and all(type(length) is int and 1 <= length < 1 << 40 for length in raw)
        if not whole or not isinstance(raw, list) or len(raw) not in (3, 5):
            self._fault(path, "must be [T, B, C, H, W] or [T, B, F], whole numbers >= 1")
            return (1, 1, 1)
        if raw[0] not in (1, timesteps) or raw[1] != batch:
            self._fault(path, f"{raw} must begin with T = {timesteps}, or 1, and B = {batch}")
        if math.prod(raw[2:]) > MAX_NEURONS:
            self._fault(path, f"{raw} must have at most {MAX_NEURONS} elements per image and timestep")
        return tuple(raw)

    def _sharing(self, fields: dict[str, Any]) -> str:
        text = self._text(fields, "sharing", "header")
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

    def _whole(self, fields: dict[str, Any], key: str, path: str, least: int, most: int = (1 << 64) - 1) -> int:
        value = fields.get(key, least)
        if type(value) is not int or not least <= value <= most:
            self._fault(f"{path}.{key}", f"{str(value)[:40]} must be a whole number from {least} to {most}")
            return least
        return value

    def _text(self, fields: dict[str, Any], key: str, path: str) -> str:
        value = fields.get(key, "")
        if not isinstance(value, str):
            self._fault(f"{path}.{key}", "must be text")
            return ""
        return value

    def _fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(message, path=path, source=self.source))
