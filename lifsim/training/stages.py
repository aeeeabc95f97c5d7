"""The stages of training of a layer."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """SATA's three stages (Yin et al., IEEE TCAD 42(6), 2023), recomputation, only if membranes were not kept, and the
    sums over the batch that the gradient of a batch norm needs. The values are the names in files."""

    FORWARD = "forward"
    RECOMPUTE = "recompute"
    GRADIENT_SUMS = "gradient_sums"
    BACKWARD = "backward"
    WEIGHT_UPDATE = "weight_update"
