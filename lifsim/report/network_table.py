"""The layers of a workload as rows: shapes, work, weights, LIF neurons and the membranes that they share."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from lifsim.csv_text import csv_text
from lifsim.graph.states import State, states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Network
from lifsim.model.sharing import Sharing

if TYPE_CHECKING:
    from lifsim.report.terminal import Terminal


@dataclass(frozen=True)
class LayerRow:
    """One weight layer. Shapes, macs and neurons are per image; macs are dense and cover all rounds.

    runs: its rounds. state: the membrane set that its LIF uses; membranes: that set's elements, counted in the row
    that uses it first.
    """

    layer: str
    kind: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int
    runs: int
    macs: int
    weights: int
    lif_neurons: int
    state: str
    membranes: int


@dataclass(frozen=True)
class NetworkTable:
    """All layers of `network` under `sharing`."""

    network: Network
    sharing: Sharing
    rows: tuple[LayerRow, ...]

    @classmethod
    def of(cls, network: Network, sharing: Sharing) -> NetworkTable:
        """Raises InputError if the network cannot be shared so."""
        state_of = {lif: state for state in states_of(network, sharing) for lif in state.lifs}
        return cls(network, sharing, tuple(_row(layer, state_of) for layer in network.layers))

    @property
    def totals(self) -> dict[str, int]:
        """Sums of the columns that add up."""
        names = ("macs", "weights", "lif_neurons", "membranes")
        return {name: sum(getattr(row, name) for row in self.rows) for name in names}

    def to_json(self) -> str:
        """One object: the network, its layers and the totals."""
        head = {"workload": self.network.name, "timesteps": self.network.timesteps, "sharing": str(self.sharing)}
        return json.dumps(head | {"layers": [asdict(row) for row in self.rows], "totals": self.totals}, indent=2)

    def to_csv(self) -> str:
        """One line per layer; shapes as 64x32x32."""
        rows = ({name: _cell(value) for name, value in asdict(row).items()} for row in self.rows)
        return csv_text(list(LayerRow.__dataclass_fields__), rows).rstrip("\n")

    def print(self, console: Terminal) -> None:
        """A table with a row of totals."""
        from rich import box
        from rich.table import Table

        network, totals = self.network, self.totals
        title = f"{network.name}, T={network.timesteps}, {network.encoding} input, "
        title += f"membranes as under --sharing {self.sharing}"
        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_footer=True)
        for name, (heading, justify) in _COLUMNS.items():
            footer = f"{totals[name]:,}" if name in totals else "total" if name == "layer" else ""
            table.add_column(heading, footer, justify=justify, no_wrap=True)
        for row in self.rows:
            values = asdict(row) | {"kernel": _window(row)}
            table.add_row(*(_printed(values[name]) for name in _COLUMNS))
        console.print_table(table)


_COLUMNS: dict[str, tuple[str, Literal["left", "right"]]] = {
    "layer": ("layer", "left"),
    "input": ("input", "right"),
    "kernel": ("kernel", "left"),
    "output": ("output", "right"),
    "runs": ("rounds", "right"),
    "macs": ("MACs", "right"),
    "weights": ("weights", "right"),
    "lif_neurons": ("LIF neurons", "right"),
    "state": ("membranes of", "left"),
    "membranes": ("membranes", "right"),
}


def _window(row: LayerRow) -> str:
    """`3x3 /2 +1 g64`: kernel, stride, padding and groups, as far as they are not 1, 0 and 1."""
    if len(row.input) == 1:
        return ""
    parts = [str(_cell(row.kernel))]
    parts += [f"/{_short(row.stride)}"] if row.stride != (1, 1) else []
    parts += [f"+{_short(row.padding)}"] if row.padding != (0, 0) else []
    parts += [f"g{row.groups}"] if row.groups > 1 else []
    return " ".join(parts)


def _short(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def _row(layer: Layer, state_of: dict[str, State]) -> LayerRow:
    state = state_of[layer.lif.name] if layer.lif else None
    is_first = state is not None and layer.lif is not None and state.lifs[0] == layer.lif.name
    return LayerRow(
        layer=layer.name,
        kind=layer.kind,
        input=layer.traced[0].shape,
        output=layer.out_shape[:1] if layer.flat else layer.out_shape,
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
        runs=layer.rounds,
        macs=layer.macs_per_round * layer.rounds,
        weights=layer.weights,
        lif_neurons=layer.lif_elements,
        state=state.name if state else "",
        membranes=state.elements if state and is_first else 0,
    )


def _cell(value: object) -> object:
    return "x".join(map(str, value)) if isinstance(value, tuple) else value


def _printed(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}" if value else "-"
    return str(_cell(value)) or "-"
