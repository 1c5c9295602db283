/** What the desk shows of the alerts: filters, groups, order. */

import { highestFirst, isConfirmed, isOpen, isSilenced, newestFirst } from "../model/alerts";
import type { Open } from "../model/levels";
import type { Alert, Good, Level, Region } from "../model/types";

export type View = "open" | "unconfirmed" | "silenced" | "resolved";
export const VIEWS: readonly View[] = ["open", "unconfirmed", "silenced", "resolved"];

export interface Filter {
  view: View;
  /** No level chosen: all of them. */
  levels: ReadonlySet<Open>;
  prefecture: string;
  good: string;
  pack: string;
  text: string;
}

export const EVERYTHING: Filter = { view: "open", levels: new Set(), prefecture: "", good: "", pack: "", text: "" };

export interface Action {
  event_id: string;
  kind: "acknowledge" | "comment" | "silence" | "unsilence";
  by: string;
  at: string;
  note: string;
  alert: string;
  seq: number;
  silence: string;
  matcher: Matcher | null;
  until: string | null;
}

export interface Matcher {
  regions?: readonly string[];
  goods?: readonly string[];
  packs?: readonly string[];
  rules?: readonly string[];
  sites?: readonly string[];
  levels?: readonly Level[];
}

export interface Detail {
  alert: Alert;
  transitions: readonly Alert[];
  actions: readonly Action[];
  complete: boolean;
}

export interface Me {
  name: string | null;
  role: string | null;
  may: readonly string[];
}

export function inView(alert: Alert, view: View, now: number): boolean {
  if (view === "resolved") return alert.state === "resolved";
  if (!isOpen(alert)) return false;
  if (view === "unconfirmed") return !isConfirmed(alert);
  return view === "open" || isSilenced(alert, now);
}

/** Alerts that a filter lets through, whatever its view and levels: what the counters and tabs count. */
export function matching(alerts: Iterable<Alert>, filter: Filter, regions: ReadonlyMap<string, Region>, goods: ReadonlyMap<string, Good>): Alert[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...alerts].filter((alert) => {
    if (filter.prefecture && !alert.region.startsWith(filter.prefecture.slice(0, 4))) return false;
    if (filter.good && alert.good !== filter.good) return false;
    if (filter.pack && alert.pack !== filter.pack) return false;
    return words.length === 0 || words.every((word) => textOf(alert, regions, goods).includes(word));
  });
}

function textOf(alert: Alert, regions: ReadonlyMap<string, Region>, goods: ReadonlyMap<string, Good>): string {
  const region = regions.get(alert.region);
  const above = regions.get(region?.parent ?? "");
  const good = goods.get(alert.good);
  const names = [region?.name_zh, region?.name_en, above?.name_zh, above?.name_en, good?.name_zh, good?.name_en];
  return [...names, alert.text_zh, alert.text_en, alert.pack, alert.site, alert.acknowledged?.by].filter(Boolean).join(" ").toLowerCase();
}

export interface Group {
  name: "unconfirmed" | "confirmed" | "resolved";
  alerts: readonly Alert[];
}

/** Unconfirmed newest first, confirmed highest first, resolved newest first; empty groups are left out. */
export function grouped(alerts: readonly Alert[], filter: Filter, now: number): Group[] {
  const shown = alerts.filter((alert) => inView(alert, filter.view, now) && hasLevel(alert, filter.levels));
  if (filter.view === "resolved") return full([{ name: "resolved", alerts: shown.sort(newestFirst) }]);
  return full([
    { name: "unconfirmed", alerts: shown.filter((alert) => !isConfirmed(alert)).sort(newestFirst) },
    { name: "confirmed", alerts: shown.filter(isConfirmed).sort(highestFirst) },
  ]);
}

function full(groups: Group[]): Group[] {
  return groups.filter((group) => group.alerts.length > 0);
}

function hasLevel(alert: Alert, levels: ReadonlySet<Open>): boolean {
  const level = levelOf(alert);
  return levels.size === 0 || (level !== "none" && levels.has(level));
}

/** The level it has, or had before it was resolved. */
export function levelOf(alert: Alert): Level {
  return alert.state === "resolved" ? (alert.highest ?? alert.level_before) : alert.level;
}

/** One step of an episode's course: a transition or an action. */
export interface Step {
  at: number;
  transition: Alert | null;
  action: Action | null;
}

export function course(detail: Detail): Step[] {
  const steps: Step[] = [
    ...detail.transitions.map((transition) => ({ at: Date.parse(transition.processed_at ?? transition.at), transition, action: null })),
    ...detail.actions.map((action) => ({ at: Date.parse(action.at), transition: null, action })),
  ];
  return steps.sort((one, other) => one.at - other.at);
}

/** Epoch ms of the next 08:00 of the deployment's day: until tomorrow's shift. */
export function nextMorning(now: number, timezone: string): number {
  const hour = 3_600_000;
  const start = Math.ceil(now / hour) * hour;
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hour: "2-digit", hourCycle: "h23" });
  for (let at = start; at < start + 24 * hour; at += hour) if (format.format(at) === "08") return at;
  return start + 24 * hour;
}
