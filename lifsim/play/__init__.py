"""A plan played against its memory: its steps, where their bytes lie, and when each begins and ends."""
