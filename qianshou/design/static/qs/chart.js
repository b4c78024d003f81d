// Draws each [data-chart] with ECharts from the JSON beside it: colours of the page, no HTML tooltips.
const drawn = [];
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink-2"), line: of("--line"), main: of("--brand"), other: of("--line-2"), more: [of("--gold"), of("--green"), of("--violet"), of("--red")] };
}
function dressed(option) {
  const c = colours();
  const axis = { axisLabel: { color: c.ink, hideOverlap: true }, axisLine: { lineStyle: { color: c.line } }, splitLine: { lineStyle: { color: c.line } } };
  const dress = (one) => (one ? [].concat(one).map((part) => ({ ...axis, ...part })) : undefined);
  return {
    color: [c.main, c.other, ...c.more],
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
    tooltip: { trigger: "axis", renderMode: "richText" },
    legend: { top: 0, textStyle: { color: c.ink } },
    ...option,
    xAxis: dress(option.xAxis),
    yAxis: dress(option.yAxis),
  };
}
for (const place of document.querySelectorAll("[data-chart]")) {
  const option = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const chart = echarts.init(place, null, { renderer: "canvas" });
  chart.setOption(dressed(option));
  drawn.push([chart, option]);
}
window.addEventListener("resize", () => drawn.forEach(([chart]) => chart.resize()));
document.addEventListener("themechange", () => drawn.forEach(([chart, option]) => chart.setOption(dressed(option), true)));
