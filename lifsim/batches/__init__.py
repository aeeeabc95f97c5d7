"""A batch through the engine: with given weights on given images, forward and backward."""
