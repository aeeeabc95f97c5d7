"""One file per figure: `table(...)` gives its numbers, `draw(table)` the figure."""
