// Panels below each other over one time axis, above them lanes of layers if there are any.
const LANE = 0.86;
const PANEL = 54;
const TITLE = 28;

function lanesSeries(lanes, colours) {
  const count = lanes.names.length;
  const top = (area, lane) => area.y + (area.height * lane) / count;
  const band = LANE / lanes.timesteps;
  const inLane = (0.5 * (1 - LANE));
  return [
    {
      type: 'custom',
      silent: true,
      data: lanes.names.map((_, lane) => [0, lane]),
      renderItem: (found) => {
        const area = found.coordSys;
        const y = top(area, found.dataIndex + inLane);
        const shape = { x: area.x, y, width: area.width, height: (area.height * LANE) / count };
        return { type: 'rect', shape, style: { fill: colours.shade } };
      },
    },
    {
      type: 'custom',
      name: 'work',
      clip: true,
      data: lanes.pieces.map((piece) => [piece[2], piece[0], piece[1], piece[3], piece[4], piece[5]]),
      encode: { x: 0, y: 1 },
      renderItem: (found, api) => {
        const area = found.coordSys;
        const [lane, step, first, behind] = [1, 2, 4, 5].map((at) => api.value(at));
        const left = api.coord([api.value(0), 0])[0];
        const right = Math.max(api.coord([api.value(3), 0])[0], left + 1);
        const from = top(area, lane + inLane + band * (step + first));
        const to = Math.max(top(area, lane + inLane + band * (step + behind)), from + 1);
        const shape = echarts.graphic.clipRectByRect({ x: left, y: from, width: right - left, height: to - from }, area);
        return shape && { type: 'rect', shape, style: { fill: shadeOf(step, lanes.timesteps, colours.dark) } };
      },
    },
    {
      type: 'custom',
      silent: true,
      clip: false,
      data: lanes.borders.map((border) => [0, border[0]]),
      renderItem: (found) => {
        const area = found.coordSys;
        const y = top(area, lanes.borders[found.dataIndex][0] + 1);
        const above = found.dataIndex ? top(area, lanes.borders[found.dataIndex - 1][0] + 1) : -Infinity;
        const line = {
          type: 'line',
          shape: { x1: area.x, y1: y, x2: area.x + area.width, y2: y },
          style: { stroke: colours.soft, lineWidth: 0.7, lineDash: [4, 3] },
        };
        const text = {
          type: 'text',
          x: area.x + area.width + 5,
          y: y - 6,
          style: { text: lanes.borders[found.dataIndex][1], fill: colours.soft, fontSize: 10.5 },
        };
        return { type: 'group', children: y - above < 11 ? [line] : [line, text] };
      },
    },
  ];
}

function panelSeries(panel, place, colours, hidden) {
  const seen = panel.curves.filter((one) => !hidden.has(one.name));
  return seen.map((one) => ({
    type: 'line',
    name: one.name,
    xAxisIndex: place,
    yAxisIndex: place,
    data: panel.at.map((at, index) => [at, one.values[index]]),
    step: 'end',
    stack: panel.curves.length > 1 ? `panel${place}` : undefined,
    showSymbol: false,
    lineStyle: { width: 0 },
    itemStyle: { color: colours.palette[one.colour] },
    areaStyle: { color: colours.palette[one.colour], opacity: 1 },
  }));
}

// What each panel holds where the pointer is.
function panelsTip(data, colours, found) {
  const at = found[0].axisValue;
  const lines = [];
  for (const panel of data.panels) {
    let place = panel.at.findIndex((begin) => begin > at) - 1;
    if (place < 0) place = panel.at.length - 1;
    for (const one of panel.curves) {
      if (!one.values[place]) continue;
      const name = panel.curves.length > 1 ? one.name : panel.title;
      lines.push([colours.palette[one.colour], name, short(one.values[place], panel.unit, 3)]);
    }
  }
  return tip(`at ${told(at, '')} cycles`, lines);
}

function timed(data, colours, width, hidden) {
  const lanes = data.lanes;
  const tall = lanes ? Math.min(Math.max(lanes.names.length * 18, 90), 1400) : 0;
  const left = Math.max(lanes ? nameWidth(lanes.names, width) + 12 : 0, 64);
  const right = lanes && lanes.borders.length ? 66 : 24;
  const zoom = !colours.printing;
  const tops = data.panels.map((_, place) => (lanes ? tall + 10 : 0) + place * (PANEL + TITLE) + TITLE);
  const grids = [
    ...tops.map((top) => ({ left, right, top, height: PANEL, outerBoundsMode: 'none' })),
    ...(lanes ? [{ left, right, top: 4, height: tall, outerBoundsMode: 'none' }] : []),
  ];
  const last = data.panels.length - 1;
  const axisLabel = { color: colours.soft, fontSize: 12, hideOverlap: true, formatter: (value) => short(value, '', 3) };
  const time = grids.map((_, place) => ({
    type: 'value', gridIndex: place, min: 0, max: data.end, splitNumber: width < 480 ? 3 : 6,
    name: place === last ? 'time in cycles' : '', nameLocation: 'middle', nameGap: 24, nameTextStyle: { color: colours.ink },
    axisLabel: { ...axisLabel, show: place === last, showMaxLabel: false }, axisTick: { show: place === last },
    splitLine: { show: false }, axisLine: { lineStyle: { color: colours.line } },
    axisPointer: { show: !lanes, type: 'line' },
  }));
  const heights = data.panels.map((panel, place) => {
    const most = panel.at.map((_, index) => panel.curves.reduce((sum, one) => sum + one.values[index], 0));
    const top = panel.top || Math.max(...most) || 1;
    return {
      type: 'value', gridIndex: place, min: 0, max: top, interval: top,
      axisLabel: { color: colours.soft, fontSize: 11, formatter: (value) => short(value, panel.unit, 3) },
      splitLine: { lineStyle: { color: colours.line, type: 'dashed' } },
    };
  });
  const names = lanes ? [{ ...nameAxis(lanes.names, colours, width), gridIndex: grids.length - 1, axisLine: { show: false } }] : [];
  const option = {
    grid: grids,
    xAxis: time,
    yAxis: [...heights, ...names],
    title: data.panels.map((panel, place) => ({
      text: panel.title, left: left - 4, top: tops[place] - 20, padding: 0,
      textStyle: { color: colours.ink, fontSize: 12, fontWeight: 'normal', width: width - left - 8, overflow: 'truncate' },
    })),
    axisPointer: { link: [{ xAxisIndex: 'all' }], triggerTooltip: true },
    dataZoom: zoom ? [{
      type: 'slider', xAxisIndex: grids.map((_, place) => place), filterMode: 'none', height: 18, bottom: 4, left, right,
      showDetail: false, brushSelect: false, borderColor: colours.line, textStyle: { color: colours.soft },
      showDataShadow: false,
    }] : [],
    tooltip: tooltip(colours, lanes ? 'item' : 'axis', (found) => {
      if (Array.isArray(found)) return panelsTip(data, colours, found);
      if (found.seriesType !== 'custom') return tip(found.seriesName, []);
      const [begin, lane, step, end, first, behind] = found.value;
      return tip(lanes.names[lane], [
        [shadeOf(step, lanes.timesteps, colours.dark), 'timestep', String(step + 1)],
        [null, 'cycles', `${told(begin, '')} to ${told(end, '')}`],
        [null, 'rows', `${short(first, 'share', 3)} to ${short(behind, 'share', 3)}`],
      ]);
    }),
    series: [
      ...data.panels.flatMap((panel, place) => panelSeries(panel, place, colours, hidden)),
      ...(lanes ? lanesSeries(lanes, colours).map((one) => ({ ...one, xAxisIndex: grids.length - 1, yAxisIndex: grids.length - 1 })) : []),
    ],
  };
  const stacked = data.panels.find((panel) => panel.curves.length > 1);
  const legend = lanes
    ? [{ name: `timestep 1 to ${lanes.timesteps}`, steps: lanes.timesteps }]
    : (stacked ? stacked.curves : []).map((one) => ({ name: one.name, colour: colours.palette[one.colour] }));
  return { option, legend, height: tops[last] + PANEL + 46 + (zoom ? 26 : 0) };
}
