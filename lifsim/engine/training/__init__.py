"""Training by backpropagation through time with surrogate gradients."""
