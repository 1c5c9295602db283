import { describe, expect, it } from "vitest";
import { countCover, coverOf, hourly, place } from "../src/model/cover";
import { dataTime, stopped, STALE_SECONDS } from "../src/model/feeds";
import { choose, median, prices, withNow } from "../src/model/prices";
import { alert, good, goods, row } from "./examples";

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const QUOTES = { source: "quotes", kind: "retail" } as const;

describe("prices", () => {
  const quote = (region: string, price: number, week: number | null, date = "2022-08-08") =>
    row({ region, grain: "date", date, values: { price, change_week: week, change_day: 0.01 } });

  it("are medians over counties, prefectures left out", () => {
    const found = prices([quote("540402", 4, 0.1), quote("540421", 6, 0.3), quote("540400", 99, 9)], [], [], QUOTES, day, 10);
    expect(found.goods).toMatchObject([{ good: "potato", price: 5, week: 0.2, day: 0.01, points: [5] }]);
  });

  it("leave out what was quoted more than three dates ago", () => {
    const found = prices([quote("540402", 4, null), quote("540421", 9, null, "2022-08-05")], [], [], QUOTES, day, 10);
    expect(found.goods).toMatchObject([{ price: 4, week: null }]);
  });

  it("end their history with the live price, today's stored point left out", () => {
    const history = [["2022-08-06", 3], ["2022-08-07", 3.5], ["2022-08-08", 3.9]] as const;
    const points = history.map(([date, price]) => ({ good: "potato", date, price, counties: 1 }));
    expect(prices([quote("540402", 4, 0)], [], points, QUOTES, day, 10).goods[0]?.points).toEqual([3, 3.5, 4]);
  });

  it("have a gap where a date is missing, and no change on a day before that nobody knows", () => {
    const till = row({ at: "2022-08-08T16:00:00Z", values: { vwap_24h: 6 } });
    const history = [{ good: "potato", date: "2022-08-06", price: 5, counties: 1 }];
    expect(prices([till], [], history, choose([till]), day, 10).goods[0]).toMatchObject({ points: [5, null, 6], day: null });
  });

  it("of a county are drawn up to its live row, whatever the warehouse has of that date", () => {
    const history = [["2022-08-07", 3.5], ["2022-08-08", 3.9]].map(([date, price]) => ({ good: "potato", date: String(date), price: Number(price), counties: 1 }));
    const drawn = (live: Parameters<typeof withNow>[1]) => withNow(history, live, day).map((point) => [point.date, point.price]);
    expect(drawn(quote("540402", 4, 0))).toEqual([["2022-08-07", 3.5], ["2022-08-08", 4]]);
    expect(drawn(row({ at: "2022-08-10T00:00:00Z", values: { vwap_24h: 6 } }))).toEqual([["2022-08-07", 3.5], ["2022-08-08", 3.9], ["2022-08-09", 6]]);
    expect([drawn(undefined).length, drawn(row()).length]).toEqual([2, 2]);
  });

  it("are sorted by the size of the weekly change, and carry the good's open alerts", () => {
    const other = { ...quote("540402", 8, -0.5), good: "egg" };
    const found = prices([quote("540402", 4, 0.1), other], [alert({ good: "egg" })], [], QUOTES, day, 10);
    expect(found.goods.map((each) => [each.good, each.counts.orange])).toEqual([["egg", 1], ["potato", 0]]);
  });

  it("come from the till where nobody quotes: change against the seven dates before, and on the day before", () => {
    const till = row({ at: "2022-08-08T16:00:00Z", values: { vwap_24h: 6, spike_24h: 0.2 } });
    const history = [{ good: "potato", date: "2022-08-07", price: 5, counties: 1 }, { good: "potato", date: "2022-08-08", price: 5.5, counties: 1 }];
    const found = prices([till], [], history, choose([till]), day, 10).goods[0];
    expect(found).toMatchObject({ price: 6, week: 0.2, points: [5, 6] });
    expect(found?.day).toBeCloseTo(0.2);
  });

  it("are retail quotes before wholesale ones before sales", () => {
    const wholesale = { ...quote("540402", 3, 0), kind: "wholesale" as const };
    expect(choose([row(), wholesale])).toEqual({ source: "quotes", kind: "wholesale" });
    expect(choose([wholesale, quote("540402", 4, 0)])).toEqual(QUOTES);
  });

  it("have a median that is undefined for nothing and the mean of the middle two for even counts", () => {
    expect([median([]), median([null]), median([3, 1, null]), median([3, 1, 7])]).toEqual([null, null, 2, 3]);
  });
});

describe("cover by category", () => {
  it("is stock that lasts over demand, summed over goods and counties", () => {
    const catalogue = goods(good("potato"), good("carrot"));
    const found = coverOf(
      [row({ values: { cover_days: 10, demand_day: 30 } }), row({ good: "carrot", region: "540421", values: { cover_days: 2, demand_day: 10 } }),
       row({ region: "540400", values: { cover_days: 1, demand_day: 1000 } }), row({ good: "carrot", values: { cover_days: null, demand_day: 7 } })],
      catalogue, ["storable"], 7,
    );
    expect(found).toEqual([{ category: "storable", days: 8, level: "blue", cover: [10, 5, 3, 1] }]);
  });

  it("shows the scarcest in the catalogue's order", () => {
    const catalogue = goods(good("a", "x"), good("b", "y"), good("c", "z"));
    const each = (code: string, days: number) => row({ good: code, values: { cover_days: days, demand_day: 1 } });
    expect(coverOf([each("a", 9), each("b", 99), each("c", 2)], catalogue, ["z", "y", "x"], 2).map((one) => one.category)).toEqual(["z", "x"]);
  });

  it("keeps the catalogue's order among calm ones, so that rows do not change places over nothing", () => {
    const catalogue = goods(good("a", "x"), good("b", "y"));
    const each = (code: string, days: number) => row({ good: code, values: { cover_days: days, demand_day: 1 } });
    expect(coverOf([each("a", 99), each("b", 98)], catalogue, ["x", "y"], 1).map((one) => one.category)).toEqual(["x"]);
    expect(coverOf([each("a", 99), each("b", 14)], catalogue, ["x", "y"], 1).map((one) => one.category)).toEqual(["y"]);
  });

  it("counts the open alerts of cover, and no others", () => {
    const scarce = { values: { cover_days: 2 }, thresholds: { "red.cover_days": 1, "orange.cover_days": 3 } };
    const found = countCover([alert(scarce), alert({ ...scarce, level: "red", values: { cover_days: 0 } }), alert()], goods(good("potato")));
    expect([...found]).toEqual([["storable", { red: 1, orange: 1, yellow: 0, blue: 0 }]]);
  });

  it("is drawn by its last defined value of every hour, and ends with the live one", () => {
    const stored = [["02:00", 3], ["02:55", 2.5], ["03:00", null], ["04:10", 2]].map(([at, days]) => ({ at: `2022-08-08T${String(at)}:00Z`, cover_days: days as number | null }));
    const drawn = (live?: ReturnType<typeof row>) => hourly(stored, live).map(([ms, days]) => [new Date(ms).toISOString().slice(11, 16), days]);
    expect(drawn()).toEqual([["02:55", 2.5], ["03:00", null], ["04:10", 2]]);
    expect(drawn(row({ at: "2022-08-08T04:20:00Z", values: { cover_days: 1 } }))).toEqual([["02:55", 2.5], ["03:00", null], ["04:20", 1]]);
    expect(drawn(row({ at: "2022-08-08T05:00:00Z" }))).toHaveLength(3);
  });

  it("stands at equal steps for the thresholds, and beyond the gauge from twice the blue one", () => {
    const cover = [30, 15, 7, 3] as const;
    expect([3, 7, 15, 30].map((days) => Math.round(place(days, cover) * 218))).toEqual([36, 72, 108, 144]);
    expect(place(59.9, cover)).toBeLessThanOrEqual(1);
    expect(place(60, cover)).toBeGreaterThan(1);
  });
});

describe("feeds", () => {
  const now = Date.parse("2022-08-08T06:00:00Z");
  const heard = (seconds: number) => ({ at: now / 1000 - seconds, heard: now / 1000 - seconds });

  it("have stopped after their limit, longest first", () => {
    const found = stopped({ sales: heard(901), stock: heard(7300), quotes: heard(5) }, STALE_SECONDS, now, 14);
    expect(found.map((each) => [each.feed, each.silent])).toEqual([["stock", 7_300_000], ["sales", 901_000]]);
  });

  it("may be silent while shops are closed, but not for a limit of one's own", () => {
    expect(stopped({ sales: heard(20_000) }, STALE_SECONDS, now, 3)).toEqual([]);
    expect(stopped({ sales: heard(20) }, { ...STALE_SECONDS, sales: 10 }, now, 3)).toHaveLength(1);
  });

  it("tell the time of the data: the newest event's, and on from there", () => {
    const old = { at: 1_000, heard: now / 1000 - 60 };
    expect(dataTime({ sales: old, quotes: { at: 900, heard: now / 1000 } }, now)).toBe(1_060_000);
    expect(dataTime({}, now)).toBe(now);
  });
});
