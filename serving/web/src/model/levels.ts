/** The four levels, from IV upward. */

import type { Level } from "./types";

export type Open = Exclude<Level, "none">;

/** Highest first, as they are read. */
export const LEVELS: readonly Open[] = ["red", "orange", "yellow", "blue"];

const RANK: Readonly<Record<Level, number>> = { none: 0, blue: 1, yellow: 2, orange: 3, red: 4 };

export function rank(level: Level): number {
  return RANK[level];
}

export function higher(one: Level, other: Level): Level {
  return RANK[one] >= RANK[other] ? one : other;
}

/** The level of a number of days against thresholds blue, yellow, orange, red: below counts. */
export function coverLevel(days: number, cover: readonly [number, number, number, number]): Level {
  const [blue, yellow, orange, red] = cover;
  if (days < red) return "red";
  if (days < orange) return "orange";
  if (days < yellow) return "yellow";
  return days < blue ? "blue" : "none";
}
