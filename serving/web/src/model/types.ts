/** What the server tells; names as in the API. */

export type Level = "none" | "blue" | "yellow" | "orange" | "red";
export type Lang = "zh" | "en";
export type FeedName = "sales" | "stock" | "quotes";
export type Tile = readonly [row: number, column: number];

export interface Region {
  code: string;
  name_zh: string;
  name_en: string;
  short_zh: string;
  short_en: string;
  parent: string | null;
  level: "province" | "prefecture" | "county";
  tile: Tile | null;
}

export interface Good {
  code: string;
  name_zh: string;
  name_en: string;
  category: string;
  unit: string;
  /** Days of cover below which the good is blue, yellow, orange, red. */
  cover: readonly [number, number, number, number];
}

export interface Category {
  code: string;
  name_zh: string;
  name_en: string;
}

export interface Catalogue {
  regions: readonly Region[];
  goods: readonly Good[];
  categories: readonly Category[];
  /** Names of the values in a row, in their order. */
  fields: readonly string[];
  timezone: string;
  exercise: boolean;
  /** The bureau's own map instead of tiles, and the counties that it lacks. */
  map: { review_number: string; missing: readonly string[] } | null;
  fingerprint: string;
}

/** Newest indicators of a region and good; an undefined value is null, never 0. */
export interface Row {
  region: string;
  good: string;
  grain: "5m" | "date";
  kind: "retail" | "wholesale";
  at: string;
  date: string | null;
  values: Readonly<Record<string, number | null>>;
}

export interface Alert {
  id: string;
  key: string;
  seq: number;
  pack: string;
  rule: string;
  level: Level;
  state: "pending" | "firing" | "resolved";
  region: string;
  site: string | null;
  good: string;
  kind: "retail" | "wholesale";
  since: string;
  at: string;
  processed_at: string | null;
  reason: string;
  values: Readonly<Record<string, number | null>>;
  /** What every level's comparisons are held against: {"orange.spike_24h": 0.5}. */
  thresholds: Readonly<Record<string, number>>;
  evidence: Readonly<Record<string, number>>;
  text_zh: string;
  text_en: string;
  level_before: Level;
  highest: Level | null;
  pack_version: string;
  stale: boolean;
  /** Who has confirmed it and when (RFC 3339). */
  acknowledged?: { by: string; at: string; note?: string } | null;
  /** Until when nobody is notified of it (RFC 3339); it may be over since. */
  silenced_until?: string | null;
  /** The alert of its prefecture or province that is told instead. */
  inhibited?: { id: string; key: string; level: Level } | null;
  comments?: readonly { by: string; at: string; note: string }[];
  /** Sites that can step in (动态补位), best first. */
  substitutes?: readonly Substitute[];
}

/** A site with more than it needs; whom to call there is told to who may read more than the wall shows. */
export interface Substitute {
  site: string;
  region: string;
  good: string;
  gives: number;
  /** Days of cover that it would keep; absent: it has no demand of its own. */
  keeps?: number | null;
  enterprise?: string;
  contact?: { name?: string; phone?: string };
  partner?: boolean;
}

/** One input: epoch seconds of its newest event, and when it last brought one. */
export interface Feed {
  at: number;
  heard: number;
}

export type Feeds = Readonly<Partial<Record<FeedName, Feed>>>;

/** The state of things, in every frame but build and catalogue. */
export interface Status {
  /** The server's clock, epoch seconds. */
  now: number;
  feeds: Feeds;
  broker: boolean;
  caught_up: boolean;
  warehouse: boolean;
}

export type WireRow = readonly [string, string, "5m" | "date", "retail" | "wholesale", string, string | null, ...(number | null)[]];

export interface Changes extends Status {
  indicators: readonly WireRow[];
  alerts: readonly Alert[];
}

/** A stored bucket's days of cover. */
export interface CoverPoint {
  at: string;
  cover_days: number | null;
}

export interface PricePoint {
  good: string;
  date: string;
  price: number;
  counties: number;
}

export interface SiteRow {
  site: string;
  good: string;
  price: number | null;
  quoted_at: string | null;
  stock: number | null;
  counted_at: string | null;
  sold_24h: number | null;
  vwap_24h: number | null;
  sold_at: string | null;
}
