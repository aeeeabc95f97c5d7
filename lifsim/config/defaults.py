"""What is simulated where nothing is said."""

from __future__ import annotations

ARCH, TRAINING_ARCH = "sata128", "sata_training"
TRAINING_BATCH = 16
WORKLOAD = "vgg16_cifar10"
SHARING = "none"
MEMORY_WORKLOAD = "resnet19_imagenet100"
"""Of `lifsim memory` and the figures of memory: what EfficientLIF-Net's are of."""
FIG7_SHARINGS = ("none", "layer", "channel2", "layer+channel2")


def arch_for(mode: object) -> str:
    """The architecture for a run in that mode: training needs a machine that has its units."""
    return TRAINING_ARCH if mode == "training" else ARCH
