/** A line chart for drill-down; ECharts is loaded when the first one is opened. */

import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, GridComponent, MarkLineComponent, CanvasRenderer]);

export interface Line {
  level: "red" | "orange" | "yellow" | "blue";
  text: string;
  at: number;
}

export interface Drawing {
  /** What stands under each value. */
  labels: readonly string[];
  values: readonly number[];
  lines: readonly Line[];
  /** Values that the axis must reach, drawn or not. */
  reach: readonly number[];
  decimals: number;
  /** Pixels of this screen for one of the design. */
  scale: number;
}

/** More values than these are a line without dots. */
const FEW = 40;
const TEXT = "#B4C2CF";
const FIGURES = "#F2F6F9";
const RULE = "#2B3947";
const LEVEL = { red: "#DF2A26", orange: "#F58A2B", yellow: "#F7C948", blue: "#58A9F2" };
const FONT = '"Inter Variable", "Noto Sans CJK SC", sans-serif';

export function open(element: HTMLElement): EChartsType {
  return init(element, null, { renderer: "canvas" });
}

export function draw(chart: EChartsType, drawing: Drawing): void {
  const { labels, values, lines, reach, decimals, scale } = drawing;
  const text = { color: TEXT, fontSize: 18 * scale, fontFamily: FONT };
  chart.setOption(
    {
      animation: false,
      grid: { left: 72 * scale, right: 110 * scale, top: 28 * scale, bottom: 36 * scale },
      xAxis: { type: "category", data: [...labels], axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: RULE } }, axisTick: { show: false } },
      yAxis: { type: "value", scale: true, axisLabel: { ...text, formatter: (value: number) => value.toFixed(decimals) }, splitLine: { lineStyle: { color: RULE } } },
      series: [
        {
          type: "line",
          data: [...values],
          symbol: "circle",
          showAllSymbol: true,
          symbolSize: (_: unknown, point: { dataIndex: number }) => (values.length <= FEW || point.dataIndex === values.length - 1 ? 7 * scale : 0),
          lineStyle: { color: FIGURES, width: 3 * scale },
          itemStyle: { color: FIGURES },
          label: { show: true, position: "top", align: "right", formatter: (point: { dataIndex: number; value: unknown }) => (point.dataIndex === values.length - 1 ? Number(point.value).toFixed(decimals) : ""), color: FIGURES, fontSize: 22 * scale, fontWeight: 600, fontFamily: FONT },
          markLine: {
            silent: true,
            symbol: "none",
            data: lines.map((line) => ({
              yAxis: line.at,
              lineStyle: { color: LEVEL[line.level], type: "dashed", width: 2 * scale },
              // red is never text on the dark ground
              label: { formatter: line.text, color: line.level === "red" ? FIGURES : LEVEL[line.level], fontSize: 18 * scale, fontFamily: FONT },
            })),
          },
        },
        { type: "line", data: reach.map((value) => [0, value]), symbol: "none", lineStyle: { opacity: 0 }, silent: true },
      ],
    },
    { notMerge: true },
  );
}
