"""The charts of a run, in the order in which they stand in a report. To add one: write its file, put it in the list."""

from lifsim.report.html.chart import Draw
from lifsim.report.html.charts import buffers, cycles, energy, roofline, schedule, tensors, timeline

CHARTS: tuple[Draw, ...] = (
    cycles.chart,
    tensors.chart,
    energy.chart,
    buffers.chart,
    roofline.chart,
    schedule.chart,
    timeline.chart,
)
