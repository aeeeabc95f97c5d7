"""Of the frame of benchmarks."""
