"""Keys of settings and figures in the words of an axis: `DRAM traffic: membrane read`, never `dram_bytes...`."""

from __future__ import annotations

from lifsim.lazy_dataclass import dataclass
from lifsim.units import format_bytes, format_si

_PREFIXES = (
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("", 1.0),
    ("m", 1e-3),
    ("u", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
)
_BINARY = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("bytes", 1))
_TOLD = ("mm²", "nm", "ns", "mW")
"""Units that stand behind their numbers."""
_COUNTS = (("billion", 1e9), ("million", 1e6), ("thousand", 1e3), ("", 1.0))


@dataclass(frozen=True)
class Unit:
    """What a key's numbers count. base: how many of `name` one of them is."""

    name: str = ""
    base: float = 1.0
    prefixed: bool = False

    @property
    def binary(self) -> bool:
        """Bytes, which are told in powers of two."""
        return self.name == "bytes"

    @property
    def told_by_ticks(self) -> bool:
        """Whether `text` says it, so that a label beside such ticks must not: `32 KiB` are no KiB of bytes."""
        return self.binary or self.prefixed or self.name in _TOLD

    def text(self, value: float) -> str:
        """`32 KiB`, `12.3 mJ`, `104.8 M`."""
        if self.binary:
            return format_bytes(value)
        if self.prefixed:
            return format_si(value * self.base, self.name)
        said = format_si(value, "").strip() if abs(value) >= 1e5 else f"{value:,.6g}"
        return f"{said} {self.name}" if self.name in _TOLD else said

    def scaled(self, largest: float) -> tuple[str, float]:
        """The name of the unit for numbers up to `largest`, and how many of a key's numbers one of it is."""
        if self.binary:
            return next(((name, float(size)) for name, size in _BINARY if abs(largest) >= size), ("bytes", 1.0))
        if self.prefixed:
            seen = abs(largest) * self.base
            prefix, size = next(((p, s) for p, s in _PREFIXES if seen >= s), ("", 1.0))
            return f"{prefix}{self.name}", size / self.base
        word, size = next(((w, s) for w, s in _COUNTS if abs(largest) >= 10 * s), ("", 1.0))
        return f"{word} {self.name}".strip(), size


_SUFFIXES = {
    "_bytes_per_s": Unit("B/s", prefixed=True),
    "_bytes": Unit("bytes"),
    "_bits": Unit("bits"),
    "_pj_per_bit": Unit("pJ per bit"),
    "_pj": Unit("J", 1e-12, prefixed=True),
    "_mw": Unit("mW"),
    "_hz": Unit("Hz", prefixed=True),
    "_cycles": Unit("cycles"),
    "_ns": Unit("ns"),
    "_nm": Unit("nm"),
    "_mm2": Unit("mm²"),
    "_s": Unit("s", prefixed=True),
}
_HEADS = {
    "cycles": ("cycles", Unit("cycles")),
    "ops": ("operations", Unit("operations")),
    "sram_accesses": ("buffer accesses", Unit("elements")),
    "register_accesses": ("register accesses", Unit("elements")),
    "dram_bytes": ("DRAM traffic", Unit("bytes")),
    "lif_memory_bytes": ("LIF memory", Unit("bytes")),
    "energy_pj": ("energy", _SUFFIXES["_pj"]),
    "lif_update_pj": ("energy of one LIF update", _SUFFIXES["_pj"]),
    "area_parts_mm2": ("area", _SUFFIXES["_mm2"]),
    "time_s": ("latency", _SUFFIXES["_s"]),
    "array": ("PE array", None),
    "lif": ("LIF units", None),
    "arch": ("architecture", None),
    "batch": ("batch", Unit("images")),
    "timesteps": ("timesteps", None),
}
_WORDS = {
    "dram": "DRAM", "sram": "SRAM", "lif": "LIF", "pe": "PE", "pes": "PEs", "macs": "MACs", "mac": "MAC", "pgu": "PGU",
    "spad": "scratchpads", "psum": "psums", "optimiser": "optimizer", "kb": "kB", "bptt": "BPTT", "if": "if idle",
    "ii": "initiation interval",
}  # fmt: skip


def unit_of(key: str) -> Unit:
    """The unit of the numbers under `key`."""
    head, *_ = key.split(".")
    if head in _HEADS and (unit := _HEADS[head][1]) is not None:
        return unit
    for part in reversed(key.split(".")):
        for suffix, unit in _SUFFIXES.items():
            if part.endswith(suffix):
                return unit
    return Unit()


def words_of(key: str) -> str:
    """`membrane buffer: size` of `buffers.membrane.size_bytes`."""
    head, *rest = key.split(".")
    if head == "buffers" and rest:
        head, rest = f"{rest[0]}_buffer", rest[1:]
        said = _words(head)
    else:
        said = _HEADS[head][0] if head in _HEADS else _words(head)
    return f"{said}: {', '.join(map(_words, rest))}" if rest else said


def label_of(key: str, unit: str) -> str:
    """The words of `key`, and the `unit` of the numbers beside them."""
    return labelled(words_of(key), unit)


def labelled(words: str, unit: str) -> str:
    """`words`, and the `unit` of the numbers beside them, '' where these tell it."""
    return f"{words} [{unit}]" if unit else words


def beside_texts(key: str) -> str:
    """The label of `key` beside ticks that are `Unit.text`."""
    unit = unit_of(key)
    return label_of(key, "" if unit.told_by_ticks else unit.name)


def _words(part: str) -> str:
    bare = next((part.removesuffix(suffix) for suffix in _SUFFIXES if part.endswith(suffix) and part != suffix), part)
    return " ".join(_WORDS.get(word, word) for word in bare.split("_") if word)
