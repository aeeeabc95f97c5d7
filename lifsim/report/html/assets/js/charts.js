// Every chart of the page: drawn when it can be seen, again when the page's width, its colours or its legend change.
const KINDS = { bars, points, timed };
const PAPER_WIDTH = 690;
const drawn = new Map();

function legendOf(box, entries, chart) {
  const buttons = entries.map((entry) => {
    const made = element(entry.steps || entries.length < 2 ? 'span' : 'button');
    const swatch = element('i', undefined, entry.steps ? 'gradient' : '');
    const dark = isDark();
    swatch.style.background = entry.steps
      ? `linear-gradient(to right, ${[0, 1, 2, 3, 4].map((step) => shadeOf(step, 5, dark)).join(',')})`
      : entry.colour;
    made.append(swatch, element('span', entry.name));
    if (made.tagName === 'BUTTON') {
      made.type = 'button';
      made.setAttribute('aria-pressed', String(!chart.hidden.has(entry.name)));
      made.addEventListener('click', () => {
        if (!chart.hidden.delete(entry.name)) chart.hidden.add(entry.name);
        draw(chart);
        box.children[entries.indexOf(entry)].focus();
      });
    }
    return made;
  });
  box.replaceChildren(...buttons);
}

function draw(chart) {
  const width = printing ? PAPER_WIDTH : chart.box.parentElement.clientWidth;
  if (!width) return;
  const data = page.charts[chart.box.dataset.chart];
  const made = KINDS[data.kind](data, look(), width, chart.hidden);
  chart.width = width;
  chart.box.style.height = `${made.height}px`;
  chart.box.closest('figure').classList.toggle('short', made.height < 800);
  if (!chart.view) chart.view = echarts.init(chart.box, null, { renderer: 'svg', width, height: made.height });
  chart.view.resize({ width, height: made.height });
  chart.view.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, ...made.option }, true);
  legendOf(chart.legend, made.legend, chart);
}

function drawAll() {
  for (const chart of drawn.values()) draw(chart);
}

function show(box) {
  if (drawn.has(box) || box.closest('details.run:not([open])')) return;
  const chart = { box, legend: box.parentElement.querySelector('.legend'), hidden: new Set(), view: null, width: 0 };
  drawn.set(box, chart);
  draw(chart);
}

function showAll() {
  for (const box of document.querySelectorAll('.chart')) show(box);
}
