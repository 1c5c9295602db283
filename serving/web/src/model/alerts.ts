/** Alerts: which are open, what each one measured, and how many there are. */

import { LEVELS, type Open, rank } from "./levels";
import type { Alert, Level } from "./types";

/** How a measured value is read: rises in per cent, days of cover, days out, or interrupted supply. */
export type Measure = "change_week" | "change_day" | "spike_24h" | "spike_1h" | "cover_days" | "out_days" | "intermittent" | "other";

export interface Tick {
  level: Open;
  at: number;
}

/** What fired an alert: the value and the thresholds of every level it is held against, ascending. */
export interface Figure {
  measure: Measure;
  name: string;
  value: number | null;
  ticks: readonly Tick[];
}

/** In the order in which they explain an alert whose condition has several branches. */
const MEASURES: readonly Measure[] = ["out_days", "cover_days", "change_week", "spike_24h", "spike_1h", "change_day"];

export function isOpen(alert: Alert): boolean {
  return alert.state === "firing" && alert.level !== "none";
}

export function isConfirmed(alert: Alert): boolean {
  return Boolean(alert.acknowledged);
}

/** Whether it stands beside an alert that nobody is told of it; the end of a silence needs no news from the server. */
export function isSilenced(alert: Alert, now: number): boolean {
  return Boolean(alert.silenced_until) && Date.parse(alert.silenced_until ?? "") > now;
}

export type Mark = "silenced" | "resolved" | "confirmed" | "inhibited" | "unconfirmed";

/** What is said beside an alert: the first that holds. */
export function markOf(alert: Alert, now: number): Mark {
  if (isSilenced(alert, now)) return "silenced";
  if (alert.state === "resolved") return "resolved";
  if (isConfirmed(alert)) return "confirmed";
  return alert.inhibited ? "inhibited" : "unconfirmed";
}

export function openAlerts(alerts: Iterable<Alert>): Alert[] {
  return [...alerts].filter(isOpen).sort(newestFirst);
}

export function newestFirst(one: Alert, other: Alert): number {
  return other.at.localeCompare(one.at) || rank(other.level) - rank(one.level) || one.key.localeCompare(other.key);
}

export function highestFirst(one: Alert, other: Alert): number {
  return rank(other.level) - rank(one.level) || newestFirst(one, other);
}

export type Counts = Readonly<Record<Open, number>>;

export function count(alerts: readonly Alert[]): Counts {
  const counts: Record<Open, number> = { red: 0, orange: 0, yellow: 0, blue: 0 };
  for (const alert of alerts) if (alert.level !== "none") counts[alert.level]++;
  return counts;
}

/** The first of a list whose level is highest, newest among equals. */
export function worst(alerts: readonly Alert[]): Alert | undefined {
  return alerts.reduce<Alert | undefined>((best, each) => (!best || highestFirst(each, best) < 0 ? each : best), undefined);
}

/** The value that fired an alert, by the thresholds of its own level; kept by hysteresis: its nearest. */
export function figure(alert: Alert): Figure {
  const named = MEASURES.map((measure) => read(alert, measure)).filter((each) => each.ticks.length > 0);
  const decided = named.find((each) => holds(each, alert.level));
  if (decided) return decided;
  if (alert.values.intermittent) return { measure: "intermittent", name: "intermittent", value: null, ticks: [] };
  return named.find((each) => each.value !== null) ?? other(alert);
}

function read(alert: Alert, measure: Measure): Figure {
  const ticks = LEVELS.flatMap((level) => {
    const at = alert.thresholds[`${level}.${measure}`];
    return at === undefined ? [] : [{ level, at }];
  });
  ticks.sort((one, other) => one.at - other.at);
  return { measure, name: measure, value: alert.values[measure] ?? null, ticks };
}

function holds(found: Figure, level: Level): boolean {
  const tick = found.ticks.find((each) => each.level === level);
  if (!tick || found.value === null) return false;
  return falls(found.measure) ? found.value < tick.at : found.value >= tick.at;
}

/** A rule of a pack of one's own may measure anything: its first threshold names it. */
function other(alert: Alert): Figure {
  const name = Object.keys(alert.thresholds)[0]?.split(".")[1] ?? "";
  return { ...read(alert, name as Measure), measure: "other", name };
}

/** Whether less is worse. */
export function falls(measure: Measure): boolean {
  return measure === "cover_days";
}

export function isShare(measure: Measure): boolean {
  return measure === "change_week" || measure === "change_day" || measure === "spike_24h" || measure === "spike_1h";
}

/** Open alerts by what `of` returns for each. */
export function groups(alerts: readonly Alert[], of: (alert: Alert) => string): Map<string, Alert[]> {
  const found = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = of(alert);
    const group = found.get(key);
    if (group) group.push(alert);
    else found.set(key, [alert]);
  }
  return found;
}
