"""Many runs: the space of their settings, what executes them, and the store that keeps them."""
