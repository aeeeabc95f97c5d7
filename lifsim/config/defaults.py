"""Defaults of commands and of the Python interface."""

from __future__ import annotations

ARCH, TRAINING_ARCH = "sata128", "sata_training"
TRAINING_BATCH = 16
WORKLOAD = "vgg16_cifar10"
SHARING = "none"
MEMORY_WORKLOAD = "resnet19_imagenet100"
"""The network of `lifsim memory` and the figures of memory, as in EfficientLIF-Net."""
FIG7_SHARINGS = ("none", "layer", "channel2", "layer+channel2")
PRUNED_SHARES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Shares of the weights of a trained network that are pruned, one after the other."""
RETRAIN_EPOCHS = 3
"""Epochs of training after each cut."""
FIG8_NETWORKS = ("resnet19_cifar10", "resnet19_tinyimagenet", "resnet19_imagenet100")
FIG8_PRUNED, FIG8_BITS = 0.9, 32
"""Bits that are consistent with the paper's "~5 MB" for the weights of ResNet-19."""

FIG10_NETWORKS = ("vgg16_efficientlif_cifar10", "vgg16_efficientlif_tinyimagenet", "vgg16_efficientlif_imagenet100")
FIG10_SHARINGS = ("none", "channel4", "layer", "layer+channel2")
FIG10_MINI_BATCH = 2
FIG10_BUFFERS = "8KiB:8MiB:x4"


def arch_for(mode: object) -> str:
    """The default architecture of a mode: training needs a machine with units for it."""
    return TRAINING_ARCH if mode == "training" else ARCH
