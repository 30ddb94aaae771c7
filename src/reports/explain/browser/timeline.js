/**
 * Runs on the page of `gc-plan explain`: the still picture becomes a chart to hover over and zoom into. What a tooltip says is
 * read from the table of operations, so that the page states every number once.
 */
const { echarts } = globalThis;
const option = JSON.parse(document.getElementById('timeline-option').textContent);
const figure = document.getElementById('timeline-figure');
const head = [...document.querySelectorAll('#operations thead th')].map((cell) => cell.textContent);
const ink = () => getComputedStyle(document.body).color;

function tooltip(points) {
  const row = document.getElementById(`operation-${points[0].axisValue}`);
  const box = document.createElement('div');
  [...row.cells].forEach((cell, column) => {
    const line = document.createElement('div');
    line.textContent = `${head[column]}: ${cell.textContent}`;
    box.append(line);
  });
  return box;
}

figure.setAttribute('aria-label', figure.querySelector('title').textContent);
figure.setAttribute('role', 'img');
figure.replaceChildren();
figure.classList.add('interactive');
const chart = echarts.init(figure);
const numOperations = option.xAxis.data.length;
/** As in `chart.ts`: a phase is named where there is room for its name. */
const bands = () =>
  option.series[0].markArea.data.map(([from, to]) => {
    const widthPx = ((to.xAxis - from.xAxis) / numOperations) * (figure.clientWidth - 80);
    return [{ ...from, label: { show: widthPx > from.name.length * 8 } }, to];
  });
const paint = () =>
  chart.setOption({
    textStyle: { color: ink() },
    grid: { top: figure.clientWidth < 600 ? 96 : 72 },
    legend: { textStyle: { color: ink() } },
    xAxis: { nameTextStyle: { color: ink() }, axisLabel: { color: ink() } },
    yAxis: { nameTextStyle: { color: ink() }, axisLabel: { color: ink() } },
    series: [{ markLine: { label: { color: ink() } }, markArea: { label: { color: ink() }, data: bands() } }],
  });
chart.setOption({
  ...option,
  animation: false,
  tooltip: { trigger: 'axis', formatter: tooltip, confine: true },
  dataZoom: [{ type: 'inside' }, { type: 'slider', height: 18, bottom: 8, showDetail: false }],
  grid: { ...option.grid, bottom: 72 },
});
paint();
addEventListener('resize', () => {
  chart.resize();
  paint();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);

/** A link to an operation also shows it in the chart. */
function showTarget() {
  const [, index] = /^#operation-(\d+)$/.exec(location.hash) ?? [];
  if (index !== undefined) chart.dispatchAction({ type: 'showTip', seriesIndex: 0, dataIndex: Number(index) });
}
addEventListener('hashchange', showTarget);
showTarget();
