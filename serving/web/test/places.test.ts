import { describe, expect, it } from "vitest";
import { places, reporting, type Metric } from "../src/model/counties";
import { layOut } from "../src/model/grid";
import { alert, good, goods, region, row, rows } from "./examples";

const CATALOGUE = goods(good("potato"), good("egg", "eggs", [6, 4, 2, 1]));

describe("the county grid", () => {
  const grid = layOut([region("540000"), region("540100", [0, 0]), region("540102", [0, 1]), region("540200", [1, 0]), region("540202", [1, 1])]);

  it("has a cell for everything with a tile, and labels are prefectures", () => {
    expect([grid.rows, grid.columns, grid.cells.length]).toEqual([2, 2, 4]);
    expect(grid.cells.filter((cell) => cell.isLabel).map((cell) => cell.region.code)).toEqual(["540100", "540200"]);
  });

  it("outlines prefectures and nothing inside of them", () => {
    expect(grid.outline).toContain("M0 1h1");
    expect(grid.outline).not.toContain("M1 0v1");
  });

  it("finds a free corner for the legend, or none", () => {
    expect(grid.legend).toBeNull();
    expect(layOut([region("540102", [0, 0]), region("540103", [2, 5])]).legend).toEqual([1, 1]);
  });

  it("is empty without tiles", () => {
    expect(layOut([])).toMatchObject({ rows: 0, columns: 0, outline: "" });
  });
});

describe("tiles", () => {
  const look = (metric: Metric, all: Parameters<typeof rows>, alerts = [alert()]) =>
    places(["540402", "540421"], rows(...all), alerts, metric, CATALOGUE);

  it("have the highest open alert, prefectures their number of alerts", () => {
    const cover = alert({ id: "c", level: "yellow", values: { cover_days: 4 }, thresholds: { "yellow.cover_days": 5 } });
    const found = look("alerts", [row()], [alert(), cover, alert({ id: "p", region: "540400", level: "red" })]);
    expect(found.tiles.get("540402")).toMatchObject({ level: "orange", unconfirmed: true });
    expect(found.tiles.get("540421")).toMatchObject({ level: "none", silent: true });
    expect(found.totals.get("540400")).toBe(3);
  });

  it("show the scarcest good for cover: by its own thresholds, not by days", () => {
    const potato = row({ values: { cover_days: 6 } });
    const egg = row({ good: "egg", values: { cover_days: 5.5 } });
    expect(look("cover", [potato, egg], []).tiles.get("540402")).toMatchObject({ level: "none", good: "potato", value: 6 });
  });

  it("are coloured by the alerts of the metric, and show what that good is at now", () => {
    const found = look("price", [row({ values: { spike_24h: 0.44 } }), row({ good: "egg", values: { spike_24h: 0.6 } })]);
    expect(found.tiles.get("540402")).toMatchObject({ level: "orange", good: "potato", value: 0.44 });
    expect(look("cover", [row()]).tiles.get("540402")?.level).toBe("none");
  });

  it("leave the figure to the alert where its good has no live row, whatever other goods are at", () => {
    const found = look("price", [row({ good: "egg", values: { spike_24h: 0.6 } })]);
    expect(found.tiles.get("540402")).toMatchObject({ level: "orange", good: "potato", value: null });
  });

  it("are late after two dates without a quote", () => {
    const quote = (code: string, date: string) => row({ region: code, grain: "date", date, values: { sites_present: 3, sites_fresh: 3 } });
    const found = look("alerts", [quote("540402", "2022-08-08"), quote("540421", "2022-08-06")], []);
    expect(found.tiles.get("540421")?.late).toBe(2);
    expect(found.tiles.get("540402")?.late).toBe(0);
    expect(look("alerts", [quote("540402", "2022-08-08"), quote("540421", "2022-08-07")], []).tiles.get("540421")?.late).toBe(0);
  });

  it("report on the newest date only if they quoted on it", () => {
    const quote = (code: string, fresh: number) => row({ region: code, grain: "date", date: "2022-08-08", values: { sites_present: 3, sites_fresh: fresh } });
    expect(reporting(rows(quote("540402", 2), quote("540421", 0), quote("540400", 2)))).toBe(1);
  });
});
