"""A layer alone: tick-batched, or in time windows; its tilings, what they move and cost, its steps."""
