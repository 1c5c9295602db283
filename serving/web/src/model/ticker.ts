/** The four rows of newest alerts, and what becomes of a storm. */

import { groups, isConfirmed, newestFirst, worst } from "./alerts";
import { rank } from "./levels";
import type { Alert, Level } from "./types";

/** More than this many new ones within a minute are a storm, and become one row per prefecture. */
export const STORM = 4;
const MINUTE_MS = 60_000;

export interface Entry {
  /** Stays the same while the row is about the same thing. */
  id: string;
  alert: Alert;
  /** All alerts that the row stands for; one, unless it is a storm. */
  alerts: readonly Alert[];
  level: Level;
}

/**
 * The rows to show, newest first. An unconfirmed red or orange is never pushed out, the oldest other row goes;
 * where there are more of them than rows, reds stay.
 */
export function entries(alerts: readonly Alert[], rows: number): Entry[] {
  const all = gathered(alerts);
  const pressing = all.filter(isPressing).sort((one, other) => rank(other.level) - rank(one.level)).slice(0, rows);
  const others = all.filter((entry) => !isPressing(entry)).slice(0, rows - pressing.length);
  return [...pressing, ...others].sort((one, other) => newestFirst(one.alert, other.alert));
}

function isPressing(entry: Entry): boolean {
  return rank(entry.level) >= rank("orange") && entry.alerts.some((alert) => !isConfirmed(alert));
}

/** Single alerts, or where a storm came down on a prefecture, one entry for it. */
function gathered(alerts: readonly Alert[]): Entry[] {
  const found: Entry[] = [];
  for (const group of groups(alerts, minuteAndPrefecture).values()) {
    if (group.length > STORM) found.push(storm(group));
    else found.push(...group.map(single));
  }
  return found.sort((one, other) => newestFirst(one.alert, other.alert));
}

function minuteAndPrefecture(alert: Alert): string {
  return `${Math.floor(Date.parse(alert.at) / MINUTE_MS)} ${alert.region.slice(0, 4)}`;
}

function single(alert: Alert): Entry {
  return { id: alert.id, alert, alerts: [alert], level: alert.level };
}

function storm(alerts: readonly Alert[]): Entry {
  const newest = [...alerts].sort(newestFirst)[0] as Alert;
  return { id: `storm ${minuteAndPrefecture(newest)}`, alert: newest, alerts, level: worst(alerts)?.level ?? "none" };
}
