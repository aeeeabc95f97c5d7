"""EfficientLIF-Net's LIF memory: its published modules counted one by one, and the ratios of its abstract."""

from __future__ import annotations

from lifsim.config.workload import load_workload
from lifsim.graph.states import states_of
from lifsim.model.sharing import Sharing
from lifsim.report.validation.comparison import Comparison
from lifsim.report.validation.references import References
from lifsim.schedule.lif_memory import LifMemory, lif_memory

TITLE = "EfficientLIF-Net: LIF memory"

INTRO = """\
Membranes of the LIF modules in EfficientLIF-Net's published code (Kim et al., Front. Neurosci. 17:1230002, 2023),
counted one by one on 32 x 32 images, are equal. Then the abstract's ratios for ResNet-19 on 224 x 224 images, about
4.3 in the forward and 21.9 in the backward pass (T = 5), beside the configuration that comes closest to both: LIFs
shared per stage and position in the block, with two channel groups. That is consistent with the abstract, not confirmed
by it; no published network gives these ratios: with one set per stage, as in its code, the shared widths give 6.34 and
31.7, the unshared ones 4.87 and 24.3 (`lifsim memory --workload resnet19_shared_imagenet100,resnet19_imagenet100`)."""

TOLERANCE = 0.02

LARGE = ()

MODULES = (
    ("vgg16_efficientlif_cifar10", "none", 473088),
    ("vgg16_efficientlif_shared_cifar10", "layer", 321536),
    ("vgg16_efficientlif_shared_cifar10", "channel2", 203776),
    ("vgg16_efficientlif_shared_cifar10", "channel4", 101888),
    ("vgg16_efficientlif_shared_cifar10", "layer+channel2", 160768),
    ("resnet19_cifar10", "none", 458752),
    ("resnet19_shared_cifar10", "layer", 237568),
    ("resnet19_shared_cifar10", "channel2", 376832),
    ("resnet19_shared_cifar10", "channel4", 188416),
    ("resnet19_shared_cifar10", "layer+channel2", 118784),
)
"""(workload, sharing, elements of the distinct LIF modules' membranes)."""

ABSTRACT = ("resnet19_positions_imagenet100", "layer+channel2")
FORWARD_RATIO, BACKWARD_RATIO = 4.3, 21.9
TIMESTEPS = 5


def compare(references: References) -> list[Comparison]:
    """Elements of every published network, and the two ratios; nothing is read from `references`."""
    del references
    counts = [
        Comparison(f"{workload} {sharing}", elements, _memory(workload, sharing).forward, "membranes")
        for workload, sharing, elements in MODULES
    ]
    found = _memory(*ABSTRACT)
    name = " ".join(ABSTRACT)
    return [
        *counts,
        Comparison(f"{name} forward", FORWARD_RATIO, found.forward_baseline / found.forward, "x"),
        Comparison(f"{name} backward", BACKWARD_RATIO, found.backward_baseline / found.paper_backward, "x"),
    ]


def _memory(workload: str, sharing: str) -> LifMemory:
    """In elements: of one byte each."""
    network = load_workload(workload, [f"timesteps={TIMESTEPS}", "spikes={source: engine}"])
    shared = Sharing.parse(sharing)
    return lif_memory(network, states_of(network, shared), membrane_bits=8, batch=1)
