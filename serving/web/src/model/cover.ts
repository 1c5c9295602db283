/** Days of cover per category, over all counties, against the thresholds of its goods. */

import { coverLevel } from "./levels";
import { count, figure, groups, type Counts } from "./alerts";
import type { Alert, CoverPoint, Good, Level, Row } from "./types";

export interface CategoryCover {
  category: string;
  days: number;
  level: Level;
  /** Below which it is blue, yellow, orange, red. */
  cover: readonly [number, number, number, number];
}

/** Beyond this multiple of the blue threshold one category is as calm as another. */
const CALM = 1.5;

/**
 * Stock that lasts, summed over goods and counties: Σ cover × demand ÷ Σ demand, over what has both.
 * A litre is counted as a kilogram. Where goods of a category have different thresholds, the highest count.
 */
export function coverOf(rows: Iterable<Row>, goods: ReadonlyMap<string, Good>, order: readonly string[], limit: number): CategoryCover[] {
  const sums = new Map<string, { stock: number; demand: number }>();
  for (const row of rows) {
    const { cover_days: days, demand_day: demand } = row.values;
    const category = goods.get(row.good)?.category;
    if (row.grain !== "5m" || row.region.endsWith("00") || days == null || !demand || !category) continue;
    const sum = sums.get(category) ?? { stock: 0, demand: 0 };
    sum.stock += days * demand;
    sum.demand += demand;
    sums.set(category, sum);
  }
  const found = [...sums].map(([category, { stock, demand }]) => summed(category, stock / demand, goods));
  const turn = (each: CategoryCover): number => order.indexOf(each.category);
  const scarce = [...found].sort((one, other) => plenty(one) - plenty(other) || turn(one) - turn(other)).slice(0, limit);
  return scarce.sort((one, other) => turn(one) - turn(other));
}

/** How far above blue; all calm ones are alike, so that rows do not change places over nothing. */
function plenty({ days, cover }: CategoryCover): number {
  return Math.min(days / cover[0], CALM);
}

function summed(category: string, days: number, goods: ReadonlyMap<string, Good>): CategoryCover {
  const own = [...goods.values()].filter((good) => good.category === category);
  const highest = (index: number): number => Math.max(...own.map((good) => good.cover[index] ?? 0));
  const cover = [highest(0), highest(1), highest(2), highest(3)] as const;
  return { category, days, level: coverLevel(days, cover), cover };
}

/** How many alerts of days of cover are open in each category, by level. */
export function countCover(open: readonly Alert[], goods: ReadonlyMap<string, Good>): Map<string, Counts> {
  const scarce = open.filter((alert) => figure(alert).measure === "cover_days");
  const found = groups(scarce, (alert) => goods.get(alert.good)?.category ?? "");
  return new Map([...found].map(([category, alerts]) => [category, count(alerts)]));
}

const HOUR = "2022-08-08T02".length;
const HOUR_MS = 3_600_000;

/** The last defined days of cover of every hour, oldest first, then the live row's: [time in ms, days], null for an hour without. */
export function hourly(stored: readonly CoverPoint[], live: Row | undefined): [ms: number, days: number | null][] {
  const found = new Map<string, [number, number]>();
  const last = live ? [{ at: live.at, cover_days: live.values.cover_days ?? null }] : [];
  for (const { at, cover_days: days } of [...stored, ...last]) if (days !== null) found.set(at.slice(0, HOUR), [Date.parse(at), days]);
  return withGaps([...found.values()]);
}

function withGaps(points: readonly [ms: number, days: number][]): [ms: number, days: number | null][] {
  const hour = (ms: number): number => Math.floor(ms / HOUR_MS);
  return points.flatMap(([ms, days], index) => {
    const before = hour(points[index - 1]?.[0] ?? ms - HOUR_MS);
    const missing = Array.from({ length: Math.max(0, hour(ms) - before - 1) }, (_, each): [number, null] => [(before + 1 + each) * HOUR_MS, null]);
    return [...missing, [ms, days] as [number, number]];
  });
}

/** Where a number of days stands on the gauge, 0 to 1 and beyond: thresholds at equal steps, then up to twice blue. */
export function place(days: number, cover: readonly [number, number, number, number]): number {
  const [blue, yellow, orange, red] = cover;
  const marks = [0, red, orange, yellow, blue, 2 * blue];
  // as drawn: thresholds every 36 px of 218, the rest for what is normal
  const at = [0, 36, 72, 108, 144, 218];
  for (let index = 1; index < marks.length; index++) {
    const [low, high] = [marks[index - 1] as number, marks[index] as number];
    const [from, to] = [at[index - 1] as number, at[index] as number];
    if (days < high) return (from + ((to - from) * (days - low)) / (high - low)) / 218;
  }
  return 1.01;
}
