/** The price panel: what each good costs over all counties, and how it moved. */

import type { Alert, PricePoint, Row } from "./types";
import { count, groups, type Counts } from "./alerts";

/** Quotes where there are any; else the 24-hour mean at the till against the seven dates before. */
export type Source = "quotes" | "till";

export interface GoodPrice {
  good: string;
  price: number;
  /** Change on the day before and on the week, fractions; null is undefined. */
  day: number | null;
  week: number | null;
  /** Prices of the last dates, oldest first, null where a date has none; the last is `price`. */
  points: readonly (number | null)[];
  counts: Counts;
}

export interface Choice {
  source: Source;
  kind: "retail" | "wholesale";
}

export interface Prices extends Choice {
  goods: readonly GoodPrice[];
  /** What the sparklines share: lowest and highest of all, relative to each one's first point. */
  scale: readonly [low: number, high: number];
}

/** A quote is carried for three dates (RULES). */
const CARRY_DATES = 2;
const DAY_MS = 86_400_000;

export function prices(
  rows: Iterable<Row>,
  alerts: readonly Alert[],
  history: readonly PricePoint[],
  choice: Choice,
  dayOf: (ms: number) => string,
  limit: number,
): Prices {
  const { source, kind } = choice;
  const open = groups(alerts, (alert) => alert.good);
  const past = new Map<string, PricePoint[]>();
  for (const point of history) past.set(point.good, [...(past.get(point.good) ?? []), point]);
  const goods = [...byGood(rows, source, kind)].flatMap(([good, found]) => {
    const priced = priceOf(good, current(found, source), source, past.get(good) ?? [], dayOf);
    return priced ? [{ ...priced, counts: count(open.get(good) ?? []) }] : [];
  });
  goods.sort((one, other) => Math.abs(other.week ?? -1) - Math.abs(one.week ?? -1) || one.good.localeCompare(other.good));
  const shown = goods.slice(0, limit);
  return { source, kind, goods: shown, scale: scaleOf(shown) };
}

/** Which prices there are: retail quotes, else wholesale ones, else sales. */
export function choose(rows: Iterable<Row>): Choice {
  let wholesale = false;
  for (const row of rows) {
    if (row.grain !== "date" || row.values.price == null) continue;
    if (row.kind === "retail") return { source: "quotes", kind: "retail" };
    wholesale = true;
  }
  return wholesale ? { source: "quotes", kind: "wholesale" } : { source: "till", kind: "retail" };
}

function byGood(rows: Iterable<Row>, source: Source, kind: string): Map<string, Row[]> {
  const grain = source === "quotes" ? "date" : "5m";
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.grain !== grain || row.kind !== kind || row.region.endsWith("00")) continue;
    const group = found.get(row.good);
    if (group) group.push(row);
    else found.set(row.good, [row]);
  }
  return found;
}

/** Rows of the newest dates only: what was quoted longer ago is not today's price. */
function current(rows: readonly Row[], source: Source): readonly Row[] {
  if (source === "till") return rows;
  const newest = Math.max(...rows.map((row) => Date.parse(row.date ?? "")));
  return rows.filter((row) => Date.parse(row.date ?? "") >= newest - CARRY_DATES * DAY_MS);
}

function priceOf(
  good: string,
  rows: readonly Row[],
  source: Source,
  past: PricePoint[],
  dayOf: (ms: number) => string,
): Omit<GoodPrice, "counts"> | null {
  const price = median(rows.map((row) => row.values[source === "quotes" ? "price" : "vwap_24h"] ?? null));
  if (price === null) return null;
  const today = newestDay(rows, dayOf);
  const before = past.filter((point) => point.date < today);
  const points = everyDay([...before, { date: today, price }]).map(([, known]) => known);
  const yesterday = points.at(-2);
  const day =
    source === "quotes"
      ? median(rows.map((row) => row.values.change_day ?? null))
      : yesterday
        ? price / yesterday - 1
        : null;
  const week = median(rows.map((row) => row.values[source === "quotes" ? "change_week" : "spike_24h"] ?? null));
  return { good, price, day, week, points };
}

/** A good's history in a county with its live row as the last point: the chart never says another price than the table. */
export function withNow(history: readonly PricePoint[], row: Row | undefined, dayOf: (ms: number) => string): PricePoint[] {
  const price = row && (row.grain === "date" ? row.values.price : row.values.vwap_24h);
  if (!row || price == null) return [...history];
  const date = newestDay([row], dayOf);
  return [...history.filter((point) => point.date < date), { good: row.good, date, price, counties: 1 }];
}

/** Every date from the first to the last with its price, null where there was none: a gap is drawn as one. */
export function everyDay(points: readonly Pick<PricePoint, "date" | "price">[]): [date: string, price: number | null][] {
  const known = new Map(points.map((point) => [point.date, point.price]));
  const [first, last] = [points[0], points[points.length - 1]];
  const days: [string, number | null][] = [];
  if (!first || !last) return days;
  for (let at = Date.parse(first.date); at <= Date.parse(last.date); at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10);
    days.push([date, known.get(date) ?? null]);
  }
  return days;
}

/** The newest date; a 5-minute row has none, its bucket ends at `at`. */
function newestDay(rows: readonly Row[], dayOf: (ms: number) => string): string {
  const dates = rows.map((row) => row.date ?? dayOf(Date.parse(row.at) - 1));
  return dates.reduce((newest, date) => (date > newest ? date : newest), "");
}

export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null).sort((one, other) => one - other);
  const middle = known.length >> 1;
  if (!known.length) return null;
  return known.length % 2 ? (known[middle] as number) : ((known[middle - 1] as number) + (known[middle] as number)) / 2;
}

/** At least a tenth up and down, so that a quiet week does not look wild. */
function scaleOf(goods: readonly GoodPrice[]): [number, number] {
  const relative = goods.flatMap(({ points }) => points.flatMap((point) => (point === null ? [] : [point / (points[0] as number)])));
  return [Math.min(0.9, ...relative), Math.max(1.1, ...relative)];
}
