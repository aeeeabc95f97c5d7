"""The spiking network: rates that a study reports, slopes of surrogates, gradients."""

from __future__ import annotations

from tests.mutants.fault import Fault

STUDY = ("tests/engine/test_study.py", "-k", "counted_one_by_one")
SURROGATE = ("tests/engine/test_surrogate.py",)
EVALUATE = "lifsim/engine/evaluate.py"
SLOPES = "lifsim/engine/training/surrogate.py"
ADJOINT = "lifsim/engine/training/adjoint.py"

FAULTS = (
    Fault(
        "spike rate: the last images' spikes alone",
        EVALUATE,
        "spikes[node.name] += int(np.count_nonzero(value))",
        "spikes[node.name] = int(np.count_nonzero(value))",
        STUDY,
    ),
    Fault(
        "spike rate: not per timestep",
        EVALUATE,
        "shown = len(images) * network.timesteps",
        "shown = len(images)",
        STUDY,
    ),
    Fault(
        "spike rate: over the neurons of the largest layer",
        EVALUATE,
        "spike_rate=sum(spikes.values()) / (shown * sum(sites.values()))",
        "spike_rate=sum(spikes.values()) / (shown * max(sites.values()))",
        STUDY,
    ),
    Fault(
        "spike rate: the figure's mean is the first seed's",
        "lifsim/report/study_table.py",
        "mean, deviation = fmean(values) if values else None,",
        "mean, deviation = values[0] if values else None,",
        STUDY,
    ),
    Fault(
        "max pool: the last maximum takes the gradient",
        "lifsim/engine/training/pooling_gradient.py",
        "if seen[c] > highest[c] or seen[c] != seen[c]:",
        "if seen[c] >= highest[c] or seen[c] != seen[c]:",
        ("tests/engine/test_pooling.py",),
    ),
    Fault(
        "pruning: what is pruned is trained again",
        "lifsim/engine/training/loop.py",
        "gradients |= {name: gradients[name] * moves for name, moves in kept.items()}",
        "gradients |= {}",
        ("tests/engine/test_pruning.py", "-k", "stays_0"),
    ),
    Fault(
        "surrogate: atan too narrow",
        SLOPES,
        "scaled = math.pi / 2 * alpha * d",
        "scaled = math.pi * alpha * d",
        SURROGATE,
    ),
    Fault(
        "surrogate: sigmoid without its steepness",
        SLOPES,
        "return alpha * level * (1 - level)",
        "return level * (1 - level)",
        SURROGATE,
    ),
    Fault(
        "surrogate: triangle of fixed width",
        SLOPES,
        "max(0.0, 1 - alpha * abs(d))",
        "max(0.0, 1 - abs(d))",
        SURROGATE,
    ),
    Fault("surrogate: another default steepness", SLOPES, '"sigmoid": 4.0', '"sigmoid": 2.0', SURROGATE),
    Fault(
        "gradients: a hard reset lets them through",
        ADJOINT,
        "g_u[c] *= 1 - fired[c]",
        "g_u[c] *= 1",
        SURROGATE,
    ),
    Fault(
        "gradients: an undone call forgets the state's",
        ADJOINT,
        """alpha)
                for c in range(channels):
                    g = g_s[c] * slope[c] + g_u[c]""",
        """alpha)
                for c in range(channels):
                    g = g_s[c] * slope[c]""",
        SURROGATE,
    ),
)
