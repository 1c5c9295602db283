/** Numbers and times as people read them. */

import type { Lang } from "./model/types";

/** Cuts instead of rounding: 29.96 % must not read as the 30 % of the next level. */
export function cut(value: number, decimals: number): string {
  const scale = 10 ** decimals;
  // 0.29 * 100 is 28.999999999999996: take the noise away before cutting
  const whole = Math.trunc(Number((value * scale).toFixed(6))) / scale;
  return (Object.is(whole, -0) ? 0 : whole).toFixed(decimals);
}

/** A change as a signed percentage without its sign of per cent; signs only, never red or green. */
export function signed(ratio: number, decimals = 1): string {
  const text = cut(ratio * 100, decimals);
  if (Number(text) === 0) return text;
  return ratio > 0 ? `+${text}` : text.replace("-", "−");
}

/** Days of cover: one decimal, none from 100 on. */
export function days(value: number): string {
  return cut(value, value >= 100 ? 0 : 1);
}

export function plainDays(value: number): string {
  return days(value).replace(/\.0$/, "");
}

/** A price: two decimals up to a thousand. */
export function price(value: number): string {
  return value.toFixed(value >= 1000 ? 0 : 2);
}

export function quantity(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(value >= 100 ? 0 : 1).replace(/\.0$/, "");
}

/** Milliseconds as one figure and its unit: 3秒, 6分, 5时, 2天. */
export function age(ms: number, lang: Lang): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const units = lang === "zh" ? { s: "秒", m: "分", h: "时", d: "天" } : { s: "s", m: "m", h: "h", d: "d" };
  if (seconds < 60) return `${seconds}${units.s}`;
  if (minutes < 60) return `${minutes}${units.m}`;
  if (hours < 24) return `${hours}${units.h}`;
  return `${Math.floor(hours / 24)}${units.d}`;
}

/** A figure and its unit apart, so that the unit can be smaller: "3秒" → ["3", "秒"]. */
export function parts(text: string): [figure: string, unit: string] {
  const found = /^([+−-]?[\d.,]+)(.*)$/.exec(text);
  return found ? [found[1] ?? "", found[2] ?? ""] : [text, ""];
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function formatter(timezone: string, lang: Lang, kind: "time" | "short" | "date"): Intl.DateTimeFormat {
  const key = `${timezone} ${lang} ${kind}`;
  let found = clocks.get(key);
  if (!found) {
    const options: Record<typeof kind, Intl.DateTimeFormatOptions> = {
      time: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
      short: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
      date: lang === "zh" ? { month: "long", day: "numeric", weekday: "short" } : { day: "numeric", month: "short", weekday: "short" },
    };
    found = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { timeZone: timezone, ...options[kind] });
    clocks.set(key, found);
  }
  return found;
}

/** 14:32:08 */
export function clock(ms: number, timezone: string): string {
  return formatter(timezone, "en", "time").format(ms);
}

/** 14:32 */
export function hour(ms: number, timezone: string): string {
  return formatter(timezone, "en", "short").format(ms);
}

/** 11月23日 周一, Mon 23 Nov */
export function date(ms: number, timezone: string, lang: Lang): string {
  const text = formatter(timezone, lang, "date").format(ms);
  return lang === "zh" ? text.replace(/(日)(周|星期)/, "$1 $2") : text.replace(",", "");
}

/** 14:32, on another day 11-23 14:32. */
export function moment(ms: number, timezone: string, now: number): string {
  const day = isoDay(ms, timezone);
  return day === isoDay(now, timezone) ? hour(ms, timezone) : `${day.slice(5)} ${hour(ms, timezone)}`;
}

const civil = new Map<string, Intl.DateTimeFormat>();

/** The local date, 2026-11-23. */
export function isoDay(ms: number, timezone: string): string {
  let found = civil.get(timezone);
  if (!found) civil.set(timezone, (found = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short" })));
  return found.format(ms);
}
