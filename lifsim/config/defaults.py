"""What is simulated where nothing is said."""

from __future__ import annotations

ARCH, TRAINING_ARCH = "sata128", "sata_training"
TRAINING_BATCH = 16
WORKLOAD = "vgg16_cifar10"
SHARING = "none"
MEMORY_WORKLOAD = "resnet19_imagenet100"
"""Of `lifsim memory` and the figures of memory: what EfficientLIF-Net's are of."""
FIG7_SHARINGS = ("none", "layer", "channel2", "layer+channel2")
PRUNED_SHARES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Of the weights of a trained network, one after the other."""
RETRAIN_EPOCHS = 3
"""After each cut."""
FIG8_NETWORKS = ("resnet19_cifar10", "resnet19_tinyimagenet", "resnet19_imagenet100")
FIG8_PRUNED, FIG8_BITS = 0.9, 32
"""What the paper's "~5 MB" of ResNet-19's weights are consistent with."""

FIG10_NETWORKS = ("vgg16_efficientlif_cifar10", "vgg16_efficientlif_tinyimagenet", "vgg16_efficientlif_imagenet100")
FIG10_SHARINGS = ("none", "channel4", "layer", "layer+channel2")
FIG10_MINI_BATCH = 2
FIG10_BUFFERS = "8KiB:8MiB:x4"


def arch_for(mode: object) -> str:
    """The architecture for a run in that mode: training needs a machine that has its units."""
    return TRAINING_ARCH if mode == "training" else ARCH
