"""How the engine's loops become machine code. Import it only where they run: it loads Numba."""

from __future__ import annotations

from lifsim.kernels.jit import compiler_of

compiled = compiler_of("engine/**/*.py")
