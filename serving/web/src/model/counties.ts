/** What each tile says, for each of the three metrics. */

import { figure, groups, isConfirmed, worst } from "./alerts";
import type { Alert, Good, Level, Row } from "./types";

export type Metric = "alerts" | "cover" | "price";
export const METRICS: readonly Metric[] = ["alerts", "cover", "price"];

/** `level` none: no open alert. `late`: dates without a quote; `silent`: nothing has been heard of it at all. */
export interface TileState {
  level: Level;
  alert: Alert | null;
  unconfirmed: boolean;
  /** Days of cover or change in 24 h of the worst good, for the metrics that show it in every tile. */
  value: number | null;
  good: string | null;
  late: number;
  silent: boolean;
}

export interface Places {
  tiles: ReadonlyMap<string, TileState>;
  /** Open alerts by prefecture. */
  totals: ReadonlyMap<string, number>;
}

const DAY_MS = 86_400_000;
/** A county that missed two dates is late. */
const LATE_DATES = 2;

export function places(
  counties: readonly string[],
  rows: ReadonlyMap<string, Row>,
  alerts: readonly Alert[],
  metric: Metric,
  goods: ReadonlyMap<string, Good>,
): Places {
  const byCounty = groups(alerts, (alert) => alert.region);
  const known = byRegion(rows);
  const newest = newestDate(rows);
  const tiles = new Map(
    counties.map((code) => [code, tile(byCounty.get(code) ?? [], known.get(code) ?? [], metric, goods, newest)]),
  );
  const totals = new Map([...groups(alerts, prefecture)].map(([code, group]) => [code, group.length]));
  return { tiles, totals };
}

function prefecture(alert: Alert): string {
  return `${alert.region.slice(0, 4)}00`;
}

function byRegion(rows: ReadonlyMap<string, Row>): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows.values()) {
    const group = found.get(row.region);
    if (group) group.push(row);
    else found.set(row.region, [row]);
  }
  return found;
}

function tile(open: Alert[], rows: Row[], metric: Metric, goods: ReadonlyMap<string, Good>, newest: number): TileState {
  const shown = metric === "alerts" ? open : open.filter((alert) => measures(alert, metric));
  const alert = worst(shown) ?? null;
  // a tile in an alert's colour never shows another good's figure: without a live row it is the alert's own
  const found = metric === "alerts" ? null : alert ? sameGood(rows, alert, metric) : worstOf(rows, metric, goods);
  return {
    level: alert?.level ?? "none",
    alert,
    unconfirmed: shown.some((each) => !isConfirmed(each)),
    value: found?.value ?? null,
    good: alert?.good ?? found?.good ?? null,
    late: late(rows, newest),
    silent: rows.length === 0 && open.length === 0,
  };
}

/** Whether an alert belongs to a metric. */
function measures(alert: Alert, metric: Exclude<Metric, "alerts">): boolean {
  const { measure } = figure(alert);
  return metric === "cover" ? measure === "cover_days" : measure === "spike_24h" || measure === "spike_1h";
}

interface Found {
  good: string;
  value: number;
}

const NAMES = { cover: "cover_days", price: "spike_24h" } as const;

function sameGood(rows: Row[], alert: Alert | null, metric: Exclude<Metric, "alerts">): Found | null {
  const row = alert && rows.find((each) => each.grain === "5m" && each.good === alert.good);
  const value = row?.values[NAMES[metric]];
  return alert && value != null ? { good: alert.good, value } : null;
}

/** The good nearest to, or furthest beyond, its thresholds; or the one that rose most. */
function worstOf(rows: Row[], metric: Exclude<Metric, "alerts">, goods: ReadonlyMap<string, Good>): Found | null {
  let found: (Found & { score: number }) | null = null;
  for (const row of rows) {
    const value = row.grain === "5m" ? row.values[NAMES[metric]] : null;
    if (value == null) continue;
    const score = metric === "cover" ? -value / (goods.get(row.good)?.cover[0] ?? 1) : value;
    if (!found || score > found.score) found = { good: row.good, value, score };
  }
  return found;
}

/** The newest date for which any county has quotes, ms; NaN without quotes. */
function newestDate(rows: ReadonlyMap<string, Row>): number {
  let newest = NaN;
  for (const row of rows.values()) {
    const at = quoted(row);
    if (!(at <= newest)) newest = Number.isNaN(at) ? newest : at;
  }
  return newest;
}

function quoted(row: Row): number {
  return row.grain === "date" && (row.values.sites_present ?? 0) > 0 ? Date.parse(row.date ?? "") : NaN;
}

function late(rows: Row[], newest: number): number {
  const last = Math.max(...rows.map(quoted).filter((at) => !Number.isNaN(at)));
  const dates = Math.round((newest - last) / DAY_MS);
  return Number.isFinite(dates) && dates >= LATE_DATES ? dates : 0;
}

/** How many counties have quoted on the newest date, of those that ever did or of all. */
export function reporting(rows: ReadonlyMap<string, Row>): number {
  const newest = newestDate(rows);
  const found = new Set<string>();
  for (const row of rows.values())
    if (!row.region.endsWith("00") && quoted(row) === newest && (row.values.sites_fresh ?? 0) > 0) found.add(row.region);
  return found.size;
}
