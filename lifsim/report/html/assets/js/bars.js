// Lying bars, a line a category: names of layers have room, and the page scrolls one way only.
const NAME_SHARE = 0.34;
const LETTER = 6.6;

function nameWidth(names, width) {
  const longest = Math.max(...names.map((name) => name.length));
  return Math.ceil(Math.min(longest * LETTER + 6, width * NAME_SHARE));
}

function nameAxis(names, colours, width) {
  return {
    type: 'category',
    data: names,
    inverse: true,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.ink, fontSize: 12, width: nameWidth(names, width), overflow: 'truncate', interval: 0 },
  };
}

// Bytes are told in powers of two, and so are the lines that they are read by.
function binaryStep(most, count) {
  return 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(most, 1) / count)));
}

function valueAxis(unit, most, colours, width) {
  const count = width < 480 ? 3 : 6;
  const step = binaryStep(most, count);
  const ticks = unit === 'B' ? { interval: step, max: Math.max(1, Math.ceil(most / step)) * step } : { splitNumber: count };
  return {
    type: 'value',
    ...ticks,
    axisLabel: { color: colours.soft, fontSize: 12, hideOverlap: true, formatter: (value) => short(value, unit, 4) },
    splitLine: { lineStyle: { color: colours.line } },
  };
}

function bars(data, colours, width, hidden) {
  const seen = data.series.filter((one) => !hidden.has(one.name));
  const thick = data.stacked ? 22 : 10 + 12 * data.series.length;
  const sums = data.categories.map((_, place) => (data.stacked
    ? seen.reduce((total, one) => total + one.values[place], 0) : Math.max(0, ...seen.map((one) => one.values[place]))));
  const option = {
    grid: { left: nameWidth(data.categories, width) + 14, right: 34, top: 6, bottom: 26, outerBoundsMode: 'none' },
    xAxis: valueAxis(data.unit, Math.max(...sums), colours, width),
    yAxis: nameAxis(data.categories, colours, width),
    tooltip: tooltip(colours, 'axis', (found) => {
      const place = found[0].dataIndex;
      const lines = seen.filter((one) => one.values[place]).map((one) => [
        swatchOf(one.colour, colours), one.name, told(one.values[place], data.unit),
      ]);
      if (data.stacked && lines.length !== 1) lines.push([null, 'together', told(sums[place], data.unit)]);
      return tip(data.categories[place], lines);
    }),
    series: seen.map((one) => ({
      type: 'bar',
      name: one.name,
      stack: data.stacked ? 'all' : undefined,
      data: one.values,
      barMaxWidth: data.stacked ? 16 : 12,
      barGap: '10%',
      itemStyle: { ...paint(one.colour, colours), borderColor: colours.paper, borderWidth: 0.5 },
    })),
  };
  const legend = data.series.map((one) => ({ name: one.name, colour: swatchOf(one.colour, colours) }));
  return { option, legend, height: 34 + thick * data.categories.length };
}
