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
  /** Null is a gap. */
  values: readonly (number | null)[];
  lines: readonly Line[];
  /** Values that the axis must reach, drawn or not. */
  reach: readonly number[];
  decimals: number;
  /** Pixels of this screen for one of the design. */
  scale: number;
}

/** Colours of the wall, and of the desk, where words have darker tones than marks. */
export interface Palette {
  text: string;
  figures: string;
  rule: string;
  level: Readonly<Record<Line["level"], string>>;
  words: Readonly<Record<Line["level"], string>>;
}

/** Labels that have room under the axis: dates, and moments with hours. */
const LABELS = { short: 7, long: 4 };
const SHORT = "11-23".length;
const RULES = 4;
/** More values than these are a line without dots. */
const FEW = 40;
const MARKS = { orange: "#F58A2B", yellow: "#F7C948", blue: "#58A9F2" };
const DARK: Palette = {
  text: "#B4C2CF",
  figures: "#F2F6F9",
  rule: "#2B3947",
  level: { ...MARKS, red: "#DF2A26" },
  // red is never text on the dark ground
  words: { ...MARKS, red: "#F2F6F9" },
};
const WORDS = { red: "#D42823", orange: "#B4540A", yellow: "#7A5D00", blue: "#1F74C7" };
export const LIGHT: Palette = { text: "#43515E", figures: "#131A21", rule: "#DDE3E8", level: WORDS, words: WORDS };
const FONT = '"Inter Variable", "Noto Sans CJK SC", sans-serif';

export function open(element: HTMLElement): EChartsType {
  return init(element, null, { renderer: "canvas" });
}

export function draw(chart: EChartsType, drawing: Drawing, palette: Palette = DARK): void {
  const { labels, values, lines, reach, decimals, scale } = drawing;
  const text = { color: palette.text, fontSize: 18 * scale, fontFamily: FONT };
  // counted from the end: the newest is always named
  const step = Math.ceil(labels.length / (labels.some((label) => label.length > SHORT) ? LABELS.long : LABELS.short));
  chart.setOption(
    {
      animation: false,
      grid: { left: 72 * scale, right: 110 * scale, top: 28 * scale, bottom: 40 * scale },
      xAxis: { type: "category", data: [...labels], axisLabel: { ...text, margin: 12 * scale, interval: (index: number) => (labels.length - 1 - index) % step === 0 }, axisLine: { lineStyle: { color: palette.rule } }, axisTick: { show: false } },
      yAxis: { type: "value", scale: true, splitNumber: RULES, axisLabel: { ...text, formatter: (value: number) => value.toFixed(decimals) }, splitLine: { lineStyle: { color: palette.rule } } },
      series: [
        {
          type: "line",
          data: [...values],
          symbol: "circle",
          showAllSymbol: true,
          symbolSize: (_: unknown, point: { dataIndex: number }) => (values.length <= FEW || point.dataIndex === values.length - 1 ? 7 * scale : 0),
          lineStyle: { color: palette.figures, width: 3 * scale },
          itemStyle: { color: palette.figures },
          label: { show: true, position: "top", align: "right", formatter: (point: { dataIndex: number; value: unknown }) => (point.dataIndex === values.length - 1 ? Number(point.value).toFixed(decimals) : ""), color: palette.figures, fontSize: 22 * scale, fontWeight: 600, fontFamily: FONT },
          markLine: {
            silent: true,
            symbol: "none",
            data: lines.map((line) => ({
              yAxis: line.at,
              lineStyle: { color: palette.level[line.level], type: "dashed", width: 2 * scale },
              label: { formatter: line.text, color: palette.words[line.level], fontSize: 18 * scale, fontFamily: FONT },
            })),
          },
        },
        { type: "line", data: reach.map((value) => [0, value]), symbol: "none", lineStyle: { opacity: 0 }, silent: true },
      ],
    },
    { notMerge: true },
  );
}
