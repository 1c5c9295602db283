/** Draws the bureau's map; ECharts is loaded when there is one. */

import { ScatterChart } from "echarts/charts";
import { GeoComponent } from "echarts/components";
import { init, registerMap, use, type EChartsType } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";
import { rank } from "../model/levels";
import { middle, places, stacked, type Outline, type Position } from "../model/map";
import type { Level } from "../model/types";
import { SHAPES } from "./symbol";

use([GeoComponent, ScatterChart, LabelLayout, CanvasRenderer]);

/** A county as it is to be drawn. */
export interface Area {
  code: string;
  level: Level;
  unconfirmed: boolean;
  late: boolean;
  silent: boolean;
  /** Two lines; empty where only the symbol has room. */
  name: string;
  text: string;
  /** How often its look has changed since it was first drawn. */
  changes: number;
}

export interface MapDrawing {
  areas: readonly Area[];
  /** Pixels of this screen for one of the design. */
  scale: number;
  /** Pixels of the design that a symbol takes. */
  symbol: number;
}

const NAME = "counties";
const FONT = '"Inter Variable", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif';
const [TEXT, CALM_TEXT, CAPTION, EDGE, LINE, TILE, INK, GROUND] = ["#F2F6F9", "#B4C2CF", "#8496A6", "#6E8194", "#2B3947", "#1E2A36", "#12181F", "#0D131A"];
/** As the tiles: tint and rim, tint and rim, solid, solid with a white rim. */
const FILL: Readonly<Record<Level, string>> = { none: TILE, blue: "#213A52", yellow: "#453F25", orange: "#F58A2B", red: "#DF2A26" };
const RIM: Readonly<Record<Level, readonly [colour: string, width: number]>> = { none: [EDGE, 1], blue: ["#58A9F2", 2], yellow: ["#F7C948", 2], orange: ["#F58A2B", 2], red: ["#FFFFFF", 3] };
const MARK: Readonly<Record<Level, string>> = { none: TILE, blue: "#58A9F2", yellow: "#F7C948", orange: INK, red: "#FFFFFF" };
const WORDS: Readonly<Record<Level, string>> = { none: CALM_TEXT, blue: TEXT, yellow: TEXT, orange: INK, red: "#FFFFFF" };
/** Heights of a county's two lines. */
const LINES = { name: 20, text: 18 };
const CORNER = "path://M0 0H16V16Z";

/** A changed county's rim goes white and fades once, as a tile's: 600 ms in steps of 100, each a drawing of the map. */
const FADE = { steps: 6, ms: 100 };

export interface MapChart {
  draw(drawing: MapDrawing): void;
  resize(): void;
  dispose(): void;
}

/** `onRegion` gets the code of a county that is clicked. */
export function open(element: HTMLElement, outline: Outline, onRegion: (code: string) => void): MapChart {
  const chart = init(element, null, { renderer: "canvas" });
  const at = places(outline);
  const narrowing = Math.cos((middle(outline) * Math.PI) / 180);
  let order: string | null = null;
  let seen: ReadonlyMap<string, number> = new Map();
  let fading = 0;
  const fade = (drawing: MapDrawing, changed: ReadonlySet<string>, left: number): void => {
    chart.setOption({ geo: { regions: regions(drawing, at, changed, left / FADE.steps) } });
    if (left > 0) fading = window.setTimeout(() => fade(drawing, changed, left - 1), FADE.ms);
  };
  chart.on("click", (event) => void (event.componentType === "geo" && event.name && onRegion(event.name)));
  return {
    draw(drawing) {
      const levels = new Map(drawing.areas.map((area) => [area.code, rank(area.level)]));
      const wanted = [...levels.values()].join("");
      if (wanted !== order) stack(outline, levels);
      order = wanted;
      chart.setOption(options(drawing, at, narrowing), { notMerge: true });
      const changed = changedSince(seen, drawing);
      seen = new Map(drawing.areas.map((area) => [area.code, area.changes]));
      window.clearTimeout(fading);
      element.dataset.changed = [...changed].join(" ");
      if (changed.size > 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches) fade(drawing, changed, FADE.steps);
    },
    resize: () => chart.resize(),
    dispose: () => {
      window.clearTimeout(fading);
      chart.dispose();
    },
  };
}

/** Which counties look otherwise than when they were drawn last; those that are drawn for the first time are not among them. */
export function changedSince(seen: ReadonlyMap<string, number>, { areas }: Pick<MapDrawing, "areas">): Set<string> {
  return new Set(areas.filter(({ code, changes }) => changes > (seen.get(code) ?? changes)).map(({ code }) => code));
}

function stack(outline: Outline, levels: ReadonlyMap<string, number>): void {
  const features = stacked(outline, (code) => levels.get(code) ?? 0);
  registerMap(NAME, { geoJSON: { ...outline, features } } as unknown as Parameters<typeof registerMap>[1]);
}

function options(drawing: MapDrawing, at: ReadonlyMap<string, Position>, narrowing: number): Parameters<EChartsType["setOption"]>[0] {
  const { areas, scale } = drawing;
  const shown = areas.filter((area) => at.has(area.code));
  return {
    animation: false,
    geo: {
      map: NAME,
      nameProperty: "code",
      aspectScale: narrowing,
      preserveAspect: "contain",
      left: 4 * scale, right: 4 * scale, top: 4 * scale, bottom: 4 * scale,
      itemStyle: { areaColor: "transparent", borderColor: EDGE, borderWidth: scale },
      emphasis: { disabled: true },
      select: { disabled: true },
      regions: regions(drawing, at, new Set(), 0),
    },
    series: [
      { type: "scatter", coordinateSystem: "geo", silent: true, labelLayout: { hideOverlap: true }, data: shown.map((area) => mark(area, at, drawing)) },
      { type: "scatter", coordinateSystem: "geo", silent: true, symbol: CORNER, symbolSize: 0.6 * drawing.symbol * scale, itemStyle: { color: "#FFFFFF", opacity: 1 }, data: shown.filter(({ unconfirmed, level }) => unconfirmed && level !== "none").map((area) => corner(area, at, drawing)) },
    ],
  };
}

/** Every county's look; `white` is how much of it is left in the rims of those that have changed, 0 to 1. */
function regions({ areas, scale }: MapDrawing, at: ReadonlyMap<string, Position>, changed: ReadonlySet<string>, white: number) {
  return areas
    .filter((area) => at.has(area.code))
    .map((area) => {
      const usual = look(area, scale);
      const rim = { borderColor: mixed(usual.borderColor, white), borderWidth: Math.max(usual.borderWidth, 4 * scale) };
      return { name: area.code, itemStyle: changed.has(area.code) && white > 0 ? { ...usual, ...rim } : usual };
    });
}

/** A colour (#RRGGBB) with a share of white. */
function mixed(colour: string, white: number): string {
  const parts = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
  return `#${parts.map((part) => Math.round(part + (255 - part) * white).toString(16).padStart(2, "0")).join("")}`;
}

function look({ level, late, silent }: Area, scale: number) {
  const [borderColor, width] = RIM[level];
  const calm = silent ? "transparent" : late ? hatch(scale) : FILL.none;
  return { areaColor: level === "none" ? calm : FILL[level], borderColor: silent && level === "none" ? LINE : borderColor, borderWidth: width * scale, borderJoin: "round" };
}

/** How far a symbol stands above its place, so that it and the lines beneath are in the middle of the county. */
function raised({ level, name, text }: Area): number {
  return level !== "none" && name ? (LINES.name + (text ? LINES.text : 0)) / 2 : 0;
}

/** A county's symbol with its two lines; larger ones keep their words where words collide. */
function mark(area: Area, at: ReadonlyMap<string, Position>, { scale, symbol }: MapDrawing) {
  const { level, name, text } = area;
  const ground = level === "none" && area.silent ? GROUND : FILL[level];
  // a halo of the county's own colour: words that are wider than a small county stay legible
  const font = { fontFamily: FONT, color: level === "none" && area.silent ? CAPTION : WORDS[level], textBorderColor: ground, textBorderWidth: 4 * scale };
  const lines = [name && `{name|${name}}`, name && text && `{text|${text}}`].filter(Boolean).join("\n");
  return {
    value: at.get(area.code),
    symbol: level === "none" ? "circle" : `path://${SHAPES[level]}`,
    symbolSize: level === "none" ? 0.01 : (symbol + rank(level)) * scale,
    symbolOffset: [0, -raised(area) * scale],
    itemStyle: { color: MARK[level], opacity: 1 },
    label: {
      show: lines !== "",
      position: level === "none" ? "inside" : "bottom",
      distance: 2 * scale,
      formatter: lines,
      rich: {
        name: { ...font, fontSize: 17 * scale, lineHeight: LINES.name * scale, fontWeight: level === "none" ? 400 : 700 },
        text: { ...font, fontSize: 16 * scale, lineHeight: LINES.text * scale, fontWeight: 600 },
      },
    },
  };
}

/** Nobody has confirmed it: a white corner, top right of the symbol. */
function corner(area: Area, at: ReadonlyMap<string, Position>, { scale, symbol }: MapDrawing) {
  return { value: at.get(area.code), symbolOffset: [0.85 * symbol * scale, -(raised(area) + 0.5 * symbol) * scale] };
}

/** What the tiles of late counties have: stripes, drawn once for each scale. */
const hatches = new Map<number, object>();
function hatch(scale: number): object {
  const known = hatches.get(scale);
  if (known) return known;
  const side = Math.max(8, Math.round(16 * scale));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.fillStyle = TILE;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = LINE;
  pen.lineWidth = side / 3.5;
  for (const start of [-side, 0, side]) {
    pen.moveTo(start, side);
    pen.lineTo(start + side, 0);
  }
  pen.stroke();
  const pattern = { image: canvas, repeat: "repeat" };
  hatches.set(scale, pattern);
  return pattern;
}
