import type { Alert, Good, Region, Row } from "../src/model/types";

export function alert(changes: Partial<Alert> = {}): Alert {
  return {
    id: "one", key: "live|540402|potato", seq: 1, pack: "live", rule: "live-24h", level: "orange", state: "firing",
    region: "540402", site: null, good: "potato", kind: "retail", since: "2022-08-08T02:00:00Z", at: "2022-08-08T02:05:00Z",
    processed_at: "2022-08-08T02:05:01Z", reason: "raised", values: { spike_24h: 0.52 },
    thresholds: { "blue.spike_24h": 0.15, "yellow.spike_24h": 0.3, "orange.spike_24h": 0.5, "red.spike_24h": 1 },
    evidence: { vwap_24h: 6.08, baseline_24h: 4 }, text_zh: "涨", text_en: "up", level_before: "none", highest: "orange",
    pack_version: "1", stale: false, ...changes,
  };
}

export function row(changes: Partial<Omit<Row, "values">> & { values?: Record<string, number | null> } = {}): Row {
  return { region: "540402", good: "potato", grain: "5m", kind: "retail", at: "2022-08-08T02:05:00Z", date: null, values: {}, ...changes };
}

export function rows(...all: Row[]): Map<string, Row> {
  return new Map(all.map((each) => [`${each.region}|${each.good}|${each.grain}|${each.kind}`, each]));
}

export function good(code: string, category = "storable", cover: Good["cover"] = [10, 5, 3, 1]): Good {
  return { code, name_zh: code, name_en: code, category, unit: "kg", cover };
}

export function goods(...all: Good[]): Map<string, Good> {
  return new Map(all.map((each) => [each.code, each]));
}

export function region(code: string, tile: Region["tile"] = null): Region {
  const level = code.endsWith("0000") ? "province" : code.endsWith("00") ? "prefecture" : "county";
  const parent = level === "province" ? null : level === "prefecture" ? `${code.slice(0, 2)}0000` : `${code.slice(0, 4)}00`;
  return { code, name_zh: `县${code}`, name_en: `County ${code}`, short_zh: code.slice(4), short_en: code.slice(4), parent, level, tile };
}
