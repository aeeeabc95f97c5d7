"""Cross-entropy of the outputs' mean over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def cross_entropy(outputs: Array, labels: Array) -> tuple[float, Array]:
    """Mean loss over the batch, and its gradient [timesteps, B, F], of outputs [timesteps, B, F] and labels [B].
    It has the outputs' precision; spikes have none, so that theirs are float64."""
    timesteps, batch, _ = outputs.shape
    logits = outputs.mean(axis=0, dtype=np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    log_likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    chosen = np.arange(batch), labels
    grad = np.exp(log_likelihood)
    grad[chosen] -= 1
    precision = outputs.dtype if np.issubdtype(outputs.dtype, np.floating) else np.float64
    spread = np.broadcast_to(grad / (batch * timesteps), outputs.shape).astype(precision)
    return float(-log_likelihood[chosen].mean()), spread
