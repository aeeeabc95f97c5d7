// Points under lines, on two logarithmic axes.
const SHAPES = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'arrow'];
const STAR = 'path://M12 1l3.2 7.3 7.8.7-5.9 5.2 1.8 7.8L12 17.9 5.1 22l1.8-7.8L1 9l7.8-.7z';

function logAxis(name, unit, colours, place) {
  return {
    type: 'log',
    name,
    nameLocation: place === 'x' ? 'middle' : 'end',
    nameGap: place === 'x' ? 28 : 10,
    nameTextStyle: { color: colours.ink, fontSize: 12, align: place === 'x' ? 'center' : 'left' },
    axisLabel: { color: colours.soft, fontSize: 12, hideOverlap: true, formatter: (value) => short(value, unit, 2) },
    axisLine: { lineStyle: { color: colours.line } },
    splitLine: { lineStyle: { color: colours.line } },
  };
}

function decades(values) {
  return [10 ** Math.floor(Math.log10(Math.min(...values))), 10 ** Math.ceil(Math.log10(Math.max(...values)))];
}

function points(data, colours, width, hidden) {
  const clouds = data.clouds.filter((one) => !hidden.has(one.name));
  const lines = data.lines.filter((one) => !hidden.has(one.name));
  const [x, y] = [0, 1].map((at) => [...data.clouds, ...data.lines].flatMap((one) => one.points.map((point) => point[at])));
  const slowest = Math.min(...data.clouds.flatMap((one) => one.points.map((point) => point[1])));
  const [left, right] = decades(x);
  const [low, high] = decades([slowest, ...y.filter((value) => value > slowest)]);
  const option = {
    grid: { left: 88, right: 28, top: 30, bottom: 48, outerBoundsMode: 'none' },
    xAxis: { ...logAxis(data.x_name, '', colours, 'x'), min: left, max: right },
    yAxis: { ...logAxis(data.y_name, data.unit, colours, 'y'), min: low, max: high },
    tooltip: tooltip(colours, 'item', (found) => {
      if (found.seriesType === 'line') return tip(found.seriesName, []);
      const [x, y, name] = found.value;
      return tip(name, [[null, data.x_name, short(x, '', 4)], [null, data.y_name, short(y, data.unit, 4)]]);
    }),
    series: [
      ...lines.map((one) => ({
        type: 'line',
        name: one.name,
        data: one.points,
        symbol: 'none',
        clip: true,
        lineStyle: { color: colours.ink, width: 1.5, type: one.dashed ? 'dashed' : 'solid' },
      })),
      ...clouds.map((one) => ({
        type: 'scatter',
        name: one.name,
        data: one.points,
        symbol: one.whole ? STAR : SHAPES[data.clouds.indexOf(one) % SHAPES.length],
        symbolSize: one.whole ? 18 : 10,
        itemStyle: { color: colours.palette[one.colour], borderColor: colours.paper, borderWidth: 1 },
        label: { show: !one.whole, position: 'bottom', color: colours.ink, fontSize: 11, formatter: (found) => found.value[2] },
        labelLayout: { hideOverlap: true },
      })),
    ],
  };
  const legend = [
    ...data.clouds.map((one) => ({ name: one.name, colour: colours.palette[one.colour] })),
    ...data.lines.map((one) => ({ name: one.name, colour: colours.ink })),
  ];
  return { option, legend, height: width < 480 ? 320 : 400 };
}
