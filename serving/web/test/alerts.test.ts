import { describe, expect, it } from "vitest";
import { count, figure, openAlerts, worst } from "../src/model/alerts";
import { coverLevel } from "../src/model/levels";
import { entries } from "../src/model/ticker";
import { alert } from "./examples";

const URUMQI = {
  "yellow.change_week": 0.3, "orange.change_week": 0.5, "red.change_week": 1, "orange.out_days": 3, "red.out_days": 7,
};

describe("what fired an alert", () => {
  it("is the measure whose threshold of the alert's own level holds", () => {
    const price = alert({ level: "orange", values: { change_week: 0.56, out_days: 1 }, thresholds: URUMQI });
    expect(figure(price)).toMatchObject({ measure: "change_week", value: 0.56 });
    const outage = alert({ level: "red", values: { change_week: 0.1, out_days: 8 }, thresholds: URUMQI });
    expect(figure(outage)).toMatchObject({ measure: "out_days", value: 8 });
  });

  it("is interrupted supply where no threshold holds", () => {
    const gaps = alert({ level: "yellow", values: { change_week: 0.1, out_days: 0, intermittent: 1 }, thresholds: URUMQI });
    expect(figure(gaps).measure).toBe("intermittent");
  });

  it("falls below for cover, and has its ticks in ascending order", () => {
    const thresholds = { "blue.cover_days": 10, "yellow.cover_days": 5, "orange.cover_days": 3, "red.cover_days": 1 };
    const found = figure(alert({ level: "blue", values: { cover_days: 8.7 }, thresholds }));
    expect(found.measure).toBe("cover_days");
    expect(found.ticks.map((tick) => [tick.level, tick.at])).toEqual([["red", 1], ["orange", 3], ["yellow", 5], ["blue", 10]]);
  });

  it("is still shown while hysteresis keeps the alert up", () => {
    const falling = alert({ level: "yellow", values: { change_week: 0.28 }, thresholds: URUMQI });
    expect(figure(falling)).toMatchObject({ measure: "change_week", value: 0.28 });
  });

  it("may be anything in a pack of one's own", () => {
    const own = alert({ values: { in_stock_rate: 0.4 }, thresholds: { "orange.in_stock_rate": 0.7 } });
    expect(figure(own)).toMatchObject({ measure: "other", name: "in_stock_rate", value: 0.4 });
  });
});

describe("open alerts", () => {
  it("are firing, newest first", () => {
    const found = openAlerts([
      alert({ id: "old", at: "2022-08-08T01:00:00Z" }), alert({ id: "pending", state: "pending" }),
      alert({ id: "new" }), alert({ id: "resolved", state: "resolved", level: "none" }),
    ]);
    expect(found.map((each) => each.id)).toEqual(["new", "old"]);
  });

  it("are counted by level, and the worst is the highest, then the newest", () => {
    const all = [alert({ id: "a", level: "blue" }), alert({ id: "b" }), alert({ id: "c", at: "2022-08-08T02:06:00Z" })];
    expect(count(all)).toEqual({ red: 0, orange: 2, yellow: 0, blue: 1 });
    expect(worst(all)?.id).toBe("c");
  });
});

describe("the level of a cover", () => {
  it("is that of the lowest threshold it is below", () => {
    const levels = [30, 29.9, 14.9, 6.9, 2.9].map((days) => coverLevel(days, [30, 15, 7, 3]));
    expect(levels).toEqual(["none", "blue", "yellow", "orange", "red"]);
  });
});

describe("the ticker", () => {
  const at = (minute: number): string => `2022-08-08T02:${String(minute).padStart(2, "0")}:00Z`;
  const ids = (found: ReturnType<typeof entries>): string[] => found.map((entry) => entry.id);

  it("is newest first, whatever the level", () => {
    const all = [alert({ id: "a", level: "yellow", at: at(3) }), alert({ id: "b", level: "blue", at: at(9) })];
    expect(ids(entries(all, 4))).toEqual(["b", "a"]);
  });

  it("never pushes out an unconfirmed red or orange", () => {
    const others = [1, 2, 3, 4].map((minute) => alert({ id: `y${minute}`, level: "yellow", at: at(10 + minute) }));
    expect(ids(entries([alert({ id: "red", level: "red", at: at(1) }), ...others], 4))).toEqual(["y4", "y3", "y2", "red"]);
    const confirmed = alert({ id: "red", level: "red", at: at(1), acknowledged: { by: "扎西", at: at(2) } });
    expect(ids(entries([confirmed, ...others], 4))).toEqual(["y4", "y3", "y2", "y1"]);
  });

  it("keeps reds where there are more pressing alerts than rows", () => {
    const oranges = [1, 2, 3, 4].map((minute) => alert({ id: `o${minute}`, at: at(10 + minute) }));
    expect(ids(entries([alert({ id: "red", level: "red", at: at(1) }), ...oranges], 2))).toEqual(["o4", "red"]);
  });

  it("makes one row of a storm on a prefecture", () => {
    const storm = [1, 2, 3, 4, 5].map((each) => alert({ id: `s${each}`, region: `54062${each}`, level: each === 3 ? "orange" : "blue" }));
    const found = entries([...storm, alert({ id: "elsewhere", region: "540102", at: at(1) })], 4);
    expect(found.map((entry) => [entry.alerts.length, entry.level])).toEqual([[5, "orange"], [1, "orange"]]);
    expect(entries(storm.slice(0, 4), 4)).toHaveLength(4);
  });
});
