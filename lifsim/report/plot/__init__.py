"""`lifsim.plot`: the figures of `lifsim plot`, each a function that returns it as a matplotlib Figure.

out: the file to write it to, .png, .svg or .pdf, with its numbers beside it as .csv; force: whether it may be there
already. watch: called as watch(work, done, total) while long work goes on. Every function raises InputError with what
is wrong with its inputs, before it draws.
"""

from lifsim.report.plot.bounds import roofline
from lifsim.report.plot.computation import fig9
from lifsim.report.plot.kinds import fig10
from lifsim.report.plot.memory import fig1, fig7
from lifsim.report.plot.order import schedule
from lifsim.report.plot.pruning import fig8
from lifsim.report.plot.space import sweep
from lifsim.report.plot.study import fig6

__all__ = ["fig1", "fig6", "fig7", "fig8", "fig9", "fig10", "roofline", "schedule", "sweep"]
