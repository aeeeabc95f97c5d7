"""The schema of SATA_Sim's own files: workload.yaml and the architecture (inference-energy-cal in
github.com/RuokaiYin/SATA_Sim)."""

from __future__ import annotations

from typing import Annotated, Literal

from lifsim.config.operation import Channels
from lifsim.config.workload_schema import MAX_LAYERS, MAX_TIMESTEPS, Rate
from lifsim.model.keys import Field, key_of
from lifsim.model.schema import Bits, Broken, Count, Model, Name, rule

Size = Annotated[int, Field(ge=1, le=4096, strict=True)]
Gated = Literal["y", "n"]


class General(Model):
    """What all layers have in common. sparsity: the share of zeros among all inputs."""

    timestep: Annotated[int, Field(ge=1, le=MAX_TIMESTEPS, strict=True)]
    sparsity: Rate


class LayerAttributes(Model):
    """One layer, in SCALE-Sim's terms."""

    ifmap_height: Size = key_of(alias="IFMAP Height")
    ifmap_width: Size = key_of(alias="IFMAP Width")
    filter_height: Size = key_of(alias="Filter Height")
    filter_width: Size = key_of(alias="Filter Width")
    channels: Channels = key_of(alias="Channels")
    filters: Channels = key_of(alias="Num Filter")
    stride: Size = key_of(alias="Strides")

    @rule
    def filter_fits(self) -> Broken:
        """The filter lies within the map, because cycles are counted without padding."""
        axes = (("Height", self.ifmap_height, self.filter_height), ("Width", self.ifmap_width, self.filter_width))
        for axis, size, kernel in axes:
            if kernel > size:
                yield f"Filter {axis}", f"{kernel} must be <= IFMAP {axis} {size}"


class SatasimLayer(Model):
    """A named layer."""

    name: Name
    attributes: LayerAttributes


class SatasimWorkload(Model):
    """A workload: layers that are independent of each other."""

    general: General = key_of(alias="General")
    layers: Annotated[tuple[SatasimLayer, ...], Field(min_length=1, max_length=MAX_LAYERS)] = key_of(alias="Layers")


class ComputeAttributes(Model):
    """`count` kernels of `width` bits; a register file is `size-bytes` registers of one byte."""

    kernel: Name
    width: Bits
    gated: Gated
    count: Count
    size_bytes: Annotated[int, Field(ge=1, le=1 << 20, strict=True)] | None = key_of(default=None, alias="size-bytes")


class PeComponent(Model):
    """A part of a PE. act-tag: the entry of the energy breakdown that it is charged to."""

    name: Name
    kind: Literal["compute", "memory"] = key_of(alias="class")
    act_tag: Name = key_of(alias="act-tag")
    attributes: ComputeAttributes


class PePart(Model):
    """PE-compute or PE-mem."""

    name: Name
    kind: Literal["pe-compute", "pe-mem"] = key_of(alias="class")
    local: Annotated[tuple[PeComponent, ...], Field(max_length=1000)]


class ArraySize(Model):
    """The size of the array: width columns, height rows."""

    width: Annotated[int, Field(ge=1, le=1 << 16, strict=True)]
    height: Annotated[int, Field(ge=1, le=1 << 16, strict=True)]


class PeArray(Model):
    """The array and what its PEs consist of."""

    name: Name
    kind: Literal["pe-array"] = key_of(alias="class")
    attributes: ArraySize
    subtree: tuple[PePart, ...]


class MemoryAttributes(Model):
    """CACTI's inputs. width: bytes for an SRAM, bits for a DRAM."""

    kernel: Name
    width: Count
    size_bytes: Annotated[int, Field(ge=1, le=1 << 50, strict=True)] = key_of(alias="size-bytes")
    bank: Count
    count: Count = 1
    gated: Gated = "y"


class MemoryItem(Model):
    """A global buffer or a DRAM."""

    name: Name
    kind: Literal["memory"] = key_of(alias="class")
    act_tag: Name = key_of(alias="act-tag")
    attributes: MemoryAttributes


class MemoryTree(Model):
    """The global buffers, or the DRAMs."""

    name: Name
    kind: Literal["glbs", "dram"] = key_of(alias="class")
    local: Annotated[tuple[MemoryItem, ...], Field(max_length=100)]


Tree = Annotated[PeArray | MemoryTree, Field(discriminator="kind")]


class Architecture(Model):
    """The machine. The three precisions came with the version that charges by them."""

    name: Name
    dataflow: Literal["sata"]
    clock_mhz: Annotated[int, Field(ge=1, le=10**6, strict=True)] = key_of(alias="clock-frequency")
    timestep: Count | None = None
    act_prec: Bits | None = key_of(default=None, alias="act-prec")
    weight_prec: Bits | None = key_of(default=None, alias="weight-prec")
    output_prec: Bits | None = key_of(default=None, alias="output-prec")
    subtree: tuple[Tree, ...]

    @rule
    def precisions_are_all_given(self) -> Broken:
        """All three precisions are given, or none."""
        given = {"act-prec": self.act_prec, "weight-prec": self.weight_prec, "output-prec": self.output_prec}
        missing = [name for name, bits in given.items() if bits is None]
        if 0 < len(missing) < 3:
            yield "", f"must have {', '.join(missing)} too: the three precisions come together"

    @rule
    def has_one_of_each(self) -> Broken:
        """There is one array, one DRAM and one set of buffers."""
        for kind in ("pe-array", "glbs", "dram"):
            count = sum(tree.kind == kind for tree in self.subtree)
            if count != 1:
                yield "subtree", f"must have one entry of class {kind}, has {count}"

    @rule
    def has_neurons(self) -> Broken:
        """There are LIF components: SATA_Sim counts no machine without."""
        parts = [part for tree in self.subtree if isinstance(tree, PeArray) for part in tree.subtree]
        if parts and not any("lif" in component.act_tag for part in parts for component in part.local):
            yield "subtree", "must have a component whose act-tag has 'lif': a machine without neurons is not counted"

    @rule
    def has_buffers(self) -> Broken:
        """There are buffers for weights and inputs."""
        for tag in ("weight", "ifmap"):
            if self.glbs and not any(tag in item.act_tag for item in self.glbs):
                yield "subtree", f"must have a global buffer whose act-tag has {tag!r}"

    @property
    def array(self) -> PeArray:
        """The PE array."""
        return next(tree for tree in self.subtree if isinstance(tree, PeArray))

    @property
    def glbs(self) -> tuple[MemoryItem, ...]:
        """The global buffers."""
        return self._memories("glbs")

    @property
    def drams(self) -> tuple[MemoryItem, ...]:
        """The DRAMs."""
        return self._memories("dram")

    def _memories(self, kind: str) -> tuple[MemoryItem, ...]:
        trees = (tree for tree in self.subtree if isinstance(tree, MemoryTree) and tree.kind == kind)
        return tuple(item for tree in trees for item in tree.local)


class SatasimArchitecture(Model):
    """The file."""

    architecture: Architecture
