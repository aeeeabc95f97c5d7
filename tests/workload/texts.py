"""Texts of small workloads that tests of commands write to files."""

from __future__ import annotations

TWO_LAYERS = """
name: bare
timesteps: 4
input: {shape: [2, 8, 8], encoding: rate}
layers:
- {name: conv1, op: conv, out: 8, kernel: 1}
- {name: lif1, op: lif}
- {name: conv2, op: conv, out: 8, kernel: 1}
- {name: lif2, op: lif}
"""
"""Two 1 x 1 convolutions, so that every input is read by all 8 filters; it does not say where spikes come from."""


def trainable(*, side: int = 4, filters: int = 4, behind: str = "", spikes: str = "{source: engine}") -> str:
    """A classifier of images [1, side, side] in two classes: a convolution with a batch norm and neurons, the layers
    `behind` them (lines of YAML), and a linear layer."""
    return f"""\
name: tiny
description: tiny
timesteps: 2
input: {{shape: [1, {side}, {side}], encoding: direct}}
layers:
  - {{name: conv1, op: conv, out: {filters}, kernel: 3, padding: 1, batch_norm: true}}
  - {{name: lif1, op: lif}}
{behind}  - {{name: fc, op: linear, out: 2, bias: true}}
spikes: {spikes}
"""
