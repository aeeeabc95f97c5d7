"""SATA_Sim's workload and architecture files as LIFSim's (Yin et al., IEEE TCAD 42(6), 2022).

The workload becomes layers that each start a chain of their own and end in LIF neurons. SATA_Sim's files do not state
padding: it counts operations with padding 1 and cycles without. The imported workload has padding 1 on every axis along
which the filter is wider than 1; accounting "satasim" overrules it as SATA_Sim does.

The architecture gets accounting "satasim", with buffers priced from CACTI at 28 nm as SATA_Sim has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lifsim.config.document import Document
from lifsim.config.validate import parse_model
from lifsim.errors import Fault, InputError, shown
from lifsim.interchange.imported import Imported
from lifsim.interchange.satasim_schema import (
    Architecture,
    LayerAttributes,
    MemoryItem,
    PeArray,
    PeComponent,
    SatasimArchitecture,
    SatasimLayer,
    SatasimWorkload,
)

TECHNOLOGY_NM = 28
"""The technology of SATA_Sim's CACTI settings."""

DRAM_READ_NJ = 0.468762
"""SATA_Sim's published mem-stat.yaml, for `PUBLISHED_DRAM`."""

PUBLISHED_DRAM = (128, 536870912, 16)
"""width, size-bytes and bank of the DRAM in every published architecture."""

KNOWN_TAGS = ("mac", "lif", "spad")
"""What the tags in SATA_Sim's own architectures contain."""

SOURCE = "SATA_Sim (Yin et al., IEEE TCAD 42(6), 2022; github.com/RuokaiYin/SATA_Sim)"


def workload_from_satasim(document: Document, name: str) -> Imported:
    """A LIFSim workload called `name`. Raises InputError with every fault of `document`."""
    spec = parse_model(SatasimWorkload, document)
    names = unique_names([layer.name for layer in spec.layers])
    rate = round(1 - spec.general.sparsity, 12)
    layers = [entry for i, layer in enumerate(spec.layers) for entry in _operations(layer, names[i], first=i == 0)]
    data = {
        "name": name,
        "description": f"Imported from {Path(document.source).name}, a workload of SATA_Sim",
        "source": f"{SOURCE}. It gives no padding; here it is 1 where the filter is wider than 1.",
        "timesteps": spec.general.timestep,
        "input": {"shape": _input_shape(spec.layers[0]), "encoding": "rate"},
        "layers": layers,
        "spikes": {
            "source": "rates",
            "measured": False,
            "provenance": f"General.sparsity {spec.general.sparsity} of the file, for every layer",
            "rates": dict.fromkeys(names, rate),
        },
    }
    notes = [*_layer_notes(document, spec.layers), *renamed([x.name for x in spec.layers], names, document.source)]
    return Imported(data, tuple(notes), {(): document.mark(())})


def unique_names(names: Iterable[str]) -> list[str]:
    """`names` as valid names of layers: characters other than letters, digits, - and _ are replaced, repeated names
    numbered."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:48]
        plain = plain if re.match(r"[A-Za-z_]", plain) else f"layer_{plain}"
        taken, number = {each.lower() for each in found}, 2
        unique = plain
        while unique.lower() in taken | {"input"}:
            unique, number = f"{plain}_{number}", number + 1
        found.append(unique)
    return found


def renamed(names: Sequence[str], unique: Sequence[str], source: str) -> list[Fault]:
    """The note on layers whose `names` were changed by `unique_names`."""
    pairs = [f"{shown(name)} is {new}" for name, new in zip(names, unique, strict=True) if name != new]
    if not pairs:
        return []
    more = f" and {len(pairs) - 5} more" if len(pairs) > 5 else ""
    return [Fault(f"names of layers are not taken as they are: {', '.join(pairs[:5])}{more}", source=source)]


def _operations(layer: SatasimLayer, name: str, *, first: bool) -> list[dict[str, Any]]:
    """The weight layer and its LIF. The first layer reads the network's input."""
    size = layer.attributes
    chain = {} if first else {"in_shape": _input_shape(layer)}
    if _is_linear(layer):
        weights = {"name": name, "op": "linear", **chain, "out": size.filters}
    else:
        kernel, stride = [size.filter_height, size.filter_width], [size.stride, size.stride]
        padding = [int(extent > 1) for extent in kernel]
        window = {"kernel": kernel, "stride": stride, "padding": padding}
        weights = {"name": name, "op": "conv", **chain, "out": size.filters, **window}
    return [weights, {"name": f"{name}_lif", "op": "lif"}]


def _layer_notes(document: Document, layers: Sequence[SatasimLayer]) -> Iterator[Fault]:
    """Notes on layers that SATA_Sim counts as another kind than they are here, because it goes by their names alone."""
    for index, layer in enumerate(layers):
        size = layer.attributes
        path = ("Layers", index, "name")
        if "Conv" not in layer.name and "FC" not in layer.name:
            message = f"{shown(layer.name)} has neither Conv nor FC in it: SATA_Sim counts no operations of it"
            yield document.fault(path, message)
        elif "Conv" not in layer.name and not _is_linear(layer):
            message = (
                f"{shown(layer.name)} is linear in SATA_Sim, a convolution here: its filter does not cover the map"
            )
            yield document.fault(path, message)
        elif _is_linear(layer) and size.ifmap_height * size.ifmap_width > 1:
            yield document.fault(
                path, f"{shown(layer.name)} reads {size.channels} inputs in SATA_Sim, the whole map here"
            )


def _is_linear(layer: SatasimLayer) -> bool:
    """Whether a layer is linear: SATA_Sim decides by its name; here the filter must cover the map, too."""
    size = layer.attributes
    covers = (size.filter_height, size.filter_width) == (size.ifmap_height, size.ifmap_width)
    return "FC" in layer.name and "Conv" not in layer.name and covers


def _input_shape(layer: SatasimLayer) -> list[int]:
    size: LayerAttributes = layer.attributes
    if _is_linear(layer):
        return [size.channels * size.ifmap_height * size.ifmap_width]
    return [size.channels, size.ifmap_height, size.ifmap_width]


def arch_from_satasim(document: Document, name: str, dram_nj: float | None = None) -> Imported:
    """A LIFSim architecture called `name`. dram_nj: `read energy` in SATA_Sim's mem-stat.yaml, nJ.

    Raises InputError with every fault of `document`, or if `dram_nj` must be given because the DRAM is not the
    published one.
    """
    if isinstance(document.data, dict) and "arch" in document.data:
        message = (
            "must have architecture, has arch: a machine of SATA_Sim's training tool, which says how many PEs there "
            "are and not in how many rows; the shipped sata_training is such a machine"
        )
        raise InputError(Fault(message, source=document.source))
    spec = parse_model(SatasimArchitecture, document).architecture
    array = spec.array.attributes
    components = [component for part in spec.array.subtree for component in part.local]
    names = unique_names([component.name for component in components])
    data = {
        "name": name,
        "description": f"Imported from {Path(document.source).name} ({spec.name}) of SATA_Sim; for cross-checks only",
        "clock_hz": f"{spec.clock_mhz}MHz",
        "technology_nm": TECHNOLOGY_NM,
        "accounting": "satasim",
        "satasim": _version(spec),
        "array": {"rows": array.height, "cols": array.width, "dataflow": "sata", "sparsity": "gate"},
        "components": [_component(component, unique) for component, unique in zip(components, names, strict=True)],
        "buffers": _buffers(spec),
        "dram": _dram(spec, document, dram_nj),
    }
    return Imported(data, tuple(_arch_notes(spec, document)), {(): document.mark(())})


def _arch_notes(spec: Architecture, document: Document) -> Iterator[Fault]:
    """Notes on what SATA_Sim counts in one of several ways, and on tags that it does not distinguish."""
    message = (
        "linear layers have an output per filter, as today's SATA_Sim counts them; its published results had 9: "
        "`lifsim run --set satasim.linear_as_3x3=true`"
    )
    yield Fault(message, source=document.source)
    for position, tree in enumerate(spec.subtree):
        for part_position, part in enumerate(tree.subtree if isinstance(tree, PeArray) else ()):
            for index, component in enumerate(part.local):
                if not any(tag in component.act_tag for tag in KNOWN_TAGS):
                    message = (
                        f"{shown(component.act_tag)} is paid by multiply-accumulates (spike_mac), as SATA_Sim pays any "
                        "tag without lif in it; a neuron's part, paid by updates, needs lif in its tag"
                    )
                    path = ("architecture", "subtree", position, "subtree", part_position, "local", index, "act-tag")
                    yield document.fault(path, message)


def _version(spec: Architecture) -> dict[str, Any]:
    """The version of SATA_Sim that a file is for: files with precisions are for the one that uses them and counts
    outputs once per timestep."""
    if spec.act_prec is None:
        return {"psum_times_t": False, "linear_as_3x3": False}
    bits = {"act_bits": spec.act_prec, "weight_bits": spec.weight_prec, "output_bits": spec.output_prec}
    return {"psum_times_t": True, "linear_as_3x3": False, **bits}


def _component(component: PeComponent, name: str) -> dict[str, Any]:
    attributes = component.attributes
    is_file = attributes.kernel == "registerfiles"
    return {
        "name": name,
        "tag": _tag(component.act_tag),
        "kernel": "register" if is_file else attributes.kernel,
        "width_bits": 8 if is_file else attributes.width,
        "count": attributes.count * (attributes.size_bytes or 1 if is_file else 1),
        "idle": "clock_gated" if attributes.gated == "y" else "toggles",
    }


def _tag(act_tag: str) -> str:
    """LIFSim's tag of a component. SATA_Sim charges tags that contain 'lif' per LIF update, all others per MAC."""
    if "lif" in act_tag:
        return "lif"
    return "spad" if "spad" in act_tag else "spike_mac"


def _buffers(spec: Architecture) -> dict[str, Any]:
    """The buffers. If the file has no output buffer, it is like the input buffer."""
    by_tag = {tag: item for tag in ("ifmap", "weight", "ofmap") for item in spec.glbs if tag in item.act_tag}
    return {
        "weight": _buffer(by_tag["weight"]),
        "spike_in": _buffer(by_tag["ifmap"]),
        "spike_out": _buffer(by_tag.get("ofmap", by_tag["ifmap"])),
        "membrane": {"size_bytes": 0},
        "psum": {"size_bytes": 0},
    }


def _buffer(item: MemoryItem) -> dict[str, Any]:
    attributes = item.attributes
    return {"size_bytes": attributes.size_bytes, "banks": attributes.bank, "port_bits": attributes.width * 8}


def _dram(spec: Architecture, document: Document, read_nj: float | None) -> dict[str, Any]:
    attributes = [item.attributes for item in spec.drams]
    is_published = [(a.width, a.size_bytes, a.bank) for a in attributes] == [PUBLISHED_DRAM]
    if read_nj is None and not is_published:
        rule = "is not the DRAM of SATA_Sim's published results: its read energy in nJ must be given (--dram-nj)"
        raise InputError(Fault(rule, path="architecture.subtree (class dram)", source=document.source))
    price_nj = DRAM_READ_NJ if read_nj is None else read_nj
    source = f"{price_nj} nJ for every 8 bits" + (
        ", as published in SATA_Sim's mem-stat.yaml" if read_nj is None else ""
    )
    return {"model": "ideal", "energy_pj_per_bit": round(price_nj * 1e3 / 8, 9), "source": source}
