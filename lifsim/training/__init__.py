"""The training mode: traffic, counts and waits of its stages."""
