"""How tensors lie in DRAM, which rows and sums a tile of them needs, and what moves of them step by step."""
