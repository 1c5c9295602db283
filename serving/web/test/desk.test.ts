import { expect, test } from "vitest";
import { EVERYTHING, course, grouped, matching, nextMorning, type Action, type Detail } from "../src/desk/model";
import { isSilenced, markOf } from "../src/model/alerts";
import { inLanguage } from "../src/live/post";
import { everyDay } from "../src/model/prices";
import { alert, good, goods, region } from "./examples";

const NOW = Date.parse("2022-08-08T02:10:00Z");
const REGIONS = new Map([region("540402"), region("540400"), region("540502")].map((each) => [each.code, each]));
const GOODS = goods(good("potato"), good("beef"));
const SEEN = { by: "次仁", at: "2022-08-08T02:06:00Z" };

test("unconfirmed alerts are newest first, confirmed ones highest first", () => {
  const all = [
    alert({ id: "a", key: "a", at: "2022-08-08T02:00:00Z" }),
    alert({ id: "b", key: "b", at: "2022-08-08T02:05:00Z", level: "blue" }),
    alert({ id: "c", key: "c", acknowledged: SEEN, level: "yellow", at: "2022-08-08T02:09:00Z" }),
    alert({ id: "d", key: "d", acknowledged: SEEN, level: "red" }),
    alert({ id: "e", key: "e", state: "resolved", level: "none" }),
  ];
  const told = grouped(all, EVERYTHING, NOW).map((group) => [group.name, group.alerts.map((each) => each.id).join("")]);
  expect(told).toEqual([["unconfirmed", "ba"], ["confirmed", "dc"]]);
  expect(grouped(all, { ...EVERYTHING, view: "resolved" }, NOW).map((group) => group.name)).toEqual(["resolved"]);
  expect(grouped(all, { ...EVERYTHING, levels: new Set(["red"]) }, NOW)[0]?.alerts.map((each) => each.id)).toEqual(["d"]);
});

test("a search finds place, good, rule and person, all words at once", () => {
  const all = [alert({ key: "a", acknowledged: SEEN }), alert({ key: "b", good: "beef", region: "540502" })];
  const found = (text: string) => matching(all, { ...EVERYTHING, text }, REGIONS, GOODS).map((each) => each.key);
  expect(found("potato")).toEqual(["a"]);
  expect(found("次仁 LIVE")).toEqual(["a"]);
  expect(found("beef 次仁")).toEqual([]);
  expect(matching(all, { ...EVERYTHING, prefecture: "540500" }, REGIONS, GOODS).map((each) => each.key)).toEqual(["b"]);
});

test("a silence is over at its end, without news from the server", () => {
  const silenced = alert({ silenced_until: "2022-08-08T02:11:00Z" });
  expect(isSilenced(silenced, NOW)).toBe(true);
  expect(isSilenced(silenced, NOW + 60_000)).toBe(false);
});

test("a silence is said before a confirmation, and what covers an alert before that nobody has confirmed it", () => {
  const inhibited = { id: "p", key: "mofcom-2011|540000|potato", level: "orange" as const };
  const silenced_until = "2022-08-08T02:11:00Z";
  expect(markOf(alert(), NOW)).toBe("unconfirmed");
  expect(markOf(alert({ inhibited }), NOW)).toBe("inhibited");
  expect(markOf(alert({ inhibited, acknowledged: SEEN }), NOW)).toBe("confirmed");
  expect(markOf(alert({ acknowledged: SEEN, silenced_until }), NOW)).toBe("silenced");
  expect(markOf(alert({ acknowledged: SEEN, silenced_until }), NOW + 60_000)).toBe("confirmed");
  expect(markOf(alert({ acknowledged: SEEN, state: "resolved", level: "none" }), NOW)).toBe("resolved");
});

test("an episode's course has transitions and actions in the order of time", () => {
  const action = { event_id: "x", kind: "acknowledge", at: "2022-08-08T02:06:00Z" } as Action;
  const later = alert({ seq: 2, processed_at: "2022-08-08T02:08:00Z" });
  const detail: Detail = { alert: later, transitions: [later, alert()], actions: [action], complete: true };
  expect(course(detail).map((step) => step.action?.event_id ?? step.transition?.seq)).toEqual([1, "x", 2]);
});

test("until tomorrow's shift is the next eight o'clock of the deployment", () => {
  expect(new Date(nextMorning(NOW, "Asia/Shanghai")).toISOString()).toBe("2022-08-09T00:00:00.000Z");
  expect(new Date(nextMorning(Date.parse("2022-08-07T23:30:00Z"), "Asia/Shanghai")).toISOString()).toBe("2022-08-08T00:00:00.000Z");
});

test("a problem is told in the language of the page", () => {
  expect(inLanguage("too late / 太晚; too long / 太长", "zh")).toBe("太晚；太长");
  expect(inLanguage("too late / 太晚", "en")).toBe("too late");
  expect(inLanguage("only one", "zh")).toBe("only one");
});

test("a date without a price is a gap, also over the end of a month", () => {
  const point = (date: string, price: number) => ({ good: "potato", date, price, counties: 1 });
  expect(everyDay([point("2024-02-28", 4), point("2024-03-01", 6)])).toEqual([["2024-02-28", 4], ["2024-02-29", null], ["2024-03-01", 6]]);
  expect(everyDay([])).toEqual([]);
});
