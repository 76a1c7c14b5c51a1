// Draws what b2bua/web/charting.py tells, with ECharts, in the colours of the look.
"use strict";
{
  const LIGHT = {
    answered: "#258a4f", missed: "#d18a1f", refused: "#b9453c", busy: "#d18a1f",
    no_answer: "#e0b25c", unreachable: "#8a97ab", cancelled: "#c3ccd9", peak: "#2f6fe0",
    offered: "#7a5fc0", target: "#8a97ab", line: "#4a5567", ink: "#333e4f", soft: "#566072",
    grid: "#dfe4ec", heat: ["#eef3fb", "#7fa9e8", "#123f8c"],
  };
  const DARK = {
    ...LIGHT, answered: "#4fc281", refused: "#e0736a", peak: "#6aa1ff", offered: "#a78bf0",
    line: "#c3ccd9", ink: "#e3e9f2", soft: "#a3aec0", grid: "#36405180",
    heat: ["#1d2636", "#2f62b8", "#a9caff"],
  };
  // Pixels of a sheet between its margins, less what is around a chart.
  const PAPER = 640;
  const charts = new Set();
  let printing = false;

  function colours() {
    const dark = document.documentElement.dataset.bsTheme === "dark";
    return dark ? DARK : LIGHT;
  }

  function common(c) {
    const axis = {
      axisLabel: { color: c.soft, hideOverlap: true },
      axisLine: { lineStyle: { color: c.grid } },
      splitLine: { lineStyle: { color: c.grid } },
    };
    return {
      axis,
      option: {
        animation: !printing && !matchMedia("(prefers-reduced-motion: reduce)").matches,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: c.ink },
        legend: { type: "scroll", top: 0, textStyle: { color: c.ink } },
        grid: { left: 18, right: 16, top: 36, bottom: 8, containLabel: true },
        // Drawn, not made of elements: those would bring styles that the policy forbids.
        tooltip: { trigger: "axis", renderMode: "richText", confine: true },
      },
    };
  }

  const stacked = (c, of) => (one) => ({
    name: one.name, type: "bar", stack: of, data: one.data,
    itemStyle: { color: c[one.kind] }, barMaxWidth: 28,
  });

  const makers = {
    bars(told, c) {
      const { axis, option } = common(c);
      const line = {
        name: told.line.name, type: "line", data: told.line.data, symbol: "none",
        lineStyle: { color: c.line, type: "dashed" }, itemStyle: { color: c.line },
      };
      return {
        ...option,
        xAxis: { type: "category", data: told.names, ...axis },
        yAxis: { type: "value", minInterval: 1, ...axis },
        series: [...told.series.map(stacked(c, "calls")), line],
      };
    },
    rows(told, c) {
      const { axis, option } = common(c);
      return {
        ...option,
        xAxis: { type: "value", minInterval: 1, ...axis },
        yAxis: { type: "category", inverse: true, data: told.names, ...axis },
        series: told.series.map(stacked(c, "calls")),
      };
    },
    pairs(told, c) {
      const { axis, option } = common(c);
      return {
        ...option,
        xAxis: { type: "value", ...axis, axisLabel: { color: c.soft, formatter: "{value} %" } },
        yAxis: { type: "category", inverse: true, data: told.names, ...axis },
        series: told.series.map((one) => ({ ...stacked(c)(one), stack: undefined })),
      };
    },
    load(told, c) {
      const { axis, option } = common(c);
      const [peak, offered] = told.series;
      const levels = told.levels.map((one) => ({
        yAxis: one.at, label: { formatter: `${one.name}: ${one.at}`, color: c.ink, position: "insideEndTop" },
      }));
      return {
        ...option,
        xAxis: { type: "category", data: told.names, ...axis, axisLabel: { color: c.soft, interval: 11, hideOverlap: true } },
        yAxis: { type: "value", ...axis, max: (v) => Math.max(v.max, ...told.levels.map((one) => one.at)) + 1 },
        series: [
          {
            name: peak.name, type: "bar", data: peak.data, itemStyle: { color: c.peak }, barCategoryGap: "10%",
            markLine: { symbol: "none", silent: true, data: levels, lineStyle: { color: c.refused } },
          },
          { name: offered.name, type: "line", data: offered.data, symbol: "none",
            lineStyle: { color: c.offered }, itemStyle: { color: c.offered } },
        ],
      };
    },
    heat(told, c) {
      const { axis, option } = common(c);
      return {
        ...option,
        legend: undefined,
        grid: { left: 8, right: 16, top: 8, bottom: 56, containLabel: true },
        tooltip: {
          renderMode: "richText", confine: true,
          formatter: ({ data: [hour, day, count] }) => `${told.rows[day]} ${hour}:00  ${count} ${told.unit}`,
        },
        xAxis: { type: "category", data: told.names, ...axis },
        yAxis: { type: "category", inverse: true, data: told.rows, ...axis },
        visualMap: {
          min: 0, max: Math.max(1, told.most), calculable: false, orient: "horizontal", left: "center", bottom: 0,
          inRange: { color: c.heat }, textStyle: { color: c.ink },
        },
        // All at once: 168 cells are few, and paper waits for no second frame.
        series: [{ type: "heatmap", progressive: 0, data: told.cells, itemStyle: { borderColor: c.grid, borderWidth: 1 } }],
      };
    },
  };

  function chartOf(place) {
    const known = echarts.getInstanceByDom(place);
    if (known) return known;
    const ratio = { devicePixelRatio: Math.max(2, devicePixelRatio) };
    const chart = echarts.init(place, null, ratio);
    // Whoever waits for the picture (a test, a printer) looks for this mark.
    chart.on("finished", () => { place.dataset.drawn = "yes"; });
    charts.add(chart);
    return chart;
  }

  // A chart is drawn anew, not made anew: ECharts paints over several frames, and one that
  // is disposed of before the last of them raises. For the same reason those whose place
  // has left the page are given a while.
  function draw() {
    for (const chart of charts) {
      if (!document.contains(chart.getDom())) {
        charts.delete(chart);
        setTimeout(() => chart.dispose(), 3000);
      }
    }
    const told = document.getElementById("drawings");
    if (!told) return;
    const drawings = JSON.parse(told.textContent);
    for (const place of document.querySelectorAll("[data-chart]")) {
      const one = drawings[place.dataset.chart];
      if (one.kind === "rows" || one.kind === "pairs") {
        place.style.height = `${70 + 30 * one.names.length}px`;
      }
      const chart = chartOf(place);
      delete place.dataset.drawn;
      chart.resize({ width: printing ? PAPER : "auto", silent: true });
      chart.setOption(makers[one.kind](one, colours()), { notMerge: true });
      // What is drawn for paper must be there at once.
      if (printing) chart.getZr().flush();
    }
  }

  draw();
  document.addEventListener("htmx:after:swap", draw);
  addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  // Paper is light. The observer below redraws once more, when the look has changed.
  const look = document.documentElement.dataset;
  let screen = look.bsTheme;
  addEventListener("beforeprint", () => {
    printing = true;
    screen = look.bsTheme;
    look.bsTheme = "light";
    draw();
  });
  addEventListener("afterprint", () => {
    printing = false;
    look.bsTheme = screen ?? "light";
    draw();
  });
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
}
