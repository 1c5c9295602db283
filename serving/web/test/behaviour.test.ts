import { describe, expect, it } from "vitest";
import * as format from "../src/format";
import { EventParser } from "../src/live/events";
import { RESOLVED_KEPT, State } from "../src/live/state";
import { PLAYLIST, parsePlaylist, takesOver, turn } from "../src/model/playlist";
import { readOptions, readToken } from "../src/options";
import { notices } from "../src/view/notices";
import { WORDS, baseAndNow, labelled, tileText } from "../src/words";
import { figure } from "../src/model/alerts";
import { alert } from "./examples";

describe("server-sent events", () => {
  it("are put together from any pieces", () => {
    const parser = new EventParser();
    const text = 'id: a-1\nevent: change\ndata: {"x":"涨"}\n\nevent: heartbeat\r\ndata: 2\r\n\r\n: comment\n\n';
    const found = [...text].flatMap((character) => parser.push(character));
    expect(found).toEqual([{ id: "a-1", event: "change", data: '{"x":"涨"}' }, { id: "", event: "heartbeat", data: "2" }]);
  });
});

describe("state", () => {
  const status = { now: 100, feeds: {}, broker: true, caught_up: true, warehouse: true };
  const catalogue = { regions: [], goods: [], categories: [], fields: ["price", "cover_days"], timezone: "UTC", exercise: false, fingerprint: "f" };
  const wire = (price: number | null) => ["540402", "potato", "5m", "retail", "2022-08-08T02:05:00Z", null, price, 3] as const;

  function filled(): State {
    const state = new State();
    state.apply("catalogue", catalogue, 0);
    state.apply("snapshot", { ...status, indicators: [wire(4)], alerts: [alert()] }, 99_000);
    return state;
  }

  it("replaces a row by its key, and undefined stays null", () => {
    const state = filled();
    state.apply("change", { ...status, indicators: [wire(null)], alerts: [] }, 99_000);
    expect([...state.rows.values()].map((row) => row.values)).toEqual([{ price: null, cover_days: 3 }]);
  });

  it("forgets with a snapshot what is gone", () => {
    const state = filled();
    state.apply("snapshot", { ...status, indicators: [], alerts: [] }, 0);
    expect([state.rows.size, state.alerts.size]).toEqual([0, 0]);
  });

  it("keeps as many resolved alerts as a snapshot has", () => {
    const state = filled();
    for (let hour = 0; hour < 60; hour++) {
      const at = new Date(hour * 3_600_000).toISOString();
      state.apply("change", { ...status, indicators: [], alerts: [alert({ key: `k${hour}`, state: "resolved", at })] }, 0);
    }
    expect(state.alerts.size).toBe(RESOLVED_KEPT + 1);
    expect(state.alerts.has("k59")).toBe(true);
    expect(state.alerts.has("k0")).toBe(false);
  });

  it("knows the server's clock, and when the broker was last there", () => {
    const state = filled();
    expect(state.skew).toBe(1_000);
    state.apply("heartbeat", { ...status, now: 130, broker: false }, 129_000);
    expect([state.broker, state.brokerSeen, state.contact]).toEqual([false, 100_000, 129_000]);
  });

  it("is told about in the banner: the gravest alone", () => {
    const state = filled();
    const tell = (now: number, silent: Parameters<typeof notices>[0]["silent"] = []) =>
      notices({ state, silent, now, words: WORDS.zh, lang: "zh", timezone: "UTC", refused: false });
    expect(tell(100_000)).toEqual([]);
    expect(tell(100_000, [{ feed: "sales", since: 0, silent: 100_000 }])[0]).toContain("销售停在 00:00，已 1分");
    expect(tell(111_000)[0]).toContain("与服务器的连接中断于 00:01，已 11秒");
    state.apply("heartbeat", { ...status, now: 130, broker: false, warehouse: false }, 129_000);
    expect(tell(130_000, [{ feed: "sales", since: 0, silent: 130_000 }])).toHaveLength(1);
  });
});

describe("rotation", () => {
  it("gives each metric its time, and stays with alerts while an orange is unconfirmed", () => {
    const at = (second: number, alerts = [alert({ level: "yellow" })]) => turn(PLAYLIST, alerts, second * 1000);
    expect([0, 39, 40, 59, 60, 79, 80].map((second) => at(second))).toEqual(["alerts", "alerts", "cover", "cover", "price", "price", "alerts"]);
    expect(at(45, [alert()])).toBe("alerts");
    expect(at(45, [alert({ acknowledged: { by: "扎西", at: "2022-08-08T02:06:00Z" } })])).toBe("cover");
  });

  it("of one view stays with it, whatever is open", () => {
    expect(turn([{ metric: "price", seconds: 60 }], [alert({ level: "red" })], 0)).toBe("price");
  });

  it("is read from the address, what is misspelt is not", () => {
    expect(parsePlaylist("cover:10,price:5")).toEqual([{ metric: "cover", seconds: 10 }, { metric: "price", seconds: 5 }]);
    expect([parsePlaylist("cove:10"), parsePlaylist("cover:-1"), parsePlaylist("")]).toEqual([null, null, null]);
    const read = readOptions("?lang=en&view=price&takeover=off&chime=on&stale=sales:30,nothing:5", null, ["zh-CN"]);
    expect(read).toMatchObject({ lang: "en", playlist: [{ metric: "price" }], takeover: false, chime: true, stale: { sales: 30, quotes: 93_600 } });
    expect(readOptions("", "en", ["zh-CN"]).lang).toBe("en");
    expect([readOptions("", null, ["fr"]).lang, readOptions("", null, ["zh-TW"]).lang, readOptions("", null, []).lang]).toEqual(["en", "zh", "zh"]);
    expect([readToken("#token=a%20b"), readToken("")]).toEqual(["a b", ""]);
  });

  it("lets a red take over for 90 s, then in turns of 30 s", () => {
    const shown = [0, 89, 90, 119, 120, 149, 150].map((second) => takesOver(0, second * 1000));
    expect(shown).toEqual([true, true, false, false, true, true, false]);
    expect(takesOver(null, 0)).toBe(false);
  });
});

describe("figures", () => {
  it("are cut, not rounded: what is below a threshold must not read as on it", () => {
    expect([format.cut(29.96, 1), format.cut(0.29 * 100, 0), format.cut(-0.04, 1)]).toEqual(["29.9", "29", "0.0"]);
  });

  it("carry a sign for changes", () => {
    expect([0.186, -0.03, 0.0001].map((ratio) => format.signed(ratio))).toEqual(["+18.6", "−3.0", "0.0"]);
  });

  it("have one unit for an age", () => {
    const ages = [3_000, 360_000, 5 * 3_600_000, 50 * 3_600_000, -5].map((ms) => format.age(ms, "zh"));
    expect(ages).toEqual(["3秒", "6分", "5时", "2天", "0秒"]);
  });

  it("show a day only where it is another", () => {
    const now = Date.parse("2022-08-08T06:00:00Z");
    expect(format.moment(now, "Asia/Shanghai", now)).toBe("14:00");
    expect(format.moment(now - 86_400_000, "Asia/Shanghai", now)).toBe("08-07 14:00");
  });

  it("say on a tile what fired", () => {
    const out = alert({ level: "red", values: { out_days: 8 }, thresholds: { "red.out_days": 7 } });
    const cover = alert({ level: "blue", values: { cover_days: 4.2 }, thresholds: { "blue.cover_days": 7 } });
    expect([alert(), out, cover].map((each) => tileText(figure(each), "zh"))).toEqual(["52%", "断8天", "4.2天"]);
    expect([alert(), out, cover].map((each) => tileText(figure(each), "en"))).toEqual(["52%", "out 8d", "4.2d"]);
    expect(labelled(alert(), "zh")).toEqual(["24h 涨", "52.0%"]);
  });

  it("agree with the percentage beside them", () => {
    expect(baseAndNow(alert())).toEqual(["4.00", "6.08"]);
  });

  it("have every word in both languages", () => {
    expect(Object.keys(WORDS.en)).toEqual(Object.keys(WORDS.zh));
  });
});
