/** Every text of the wall, Chinese and English. */

import * as format from "./format";
import { falls, figure, isShare, type Figure } from "./model/alerts";
import type { Metric } from "./model/counties";
import type { Alert, Category, FeedName, Good, Lang, Level, Region } from "./model/types";

const ZH = {
  title: "保供稳价监测",
  live: "实战",
  exercise: "演练",
  unconfirmed: "未确认",
  silenced: "静默",
  inhibited: "上级已预警",
  total: (count: number) => `共 ${count} 条`,
  feeds: { sales: "销售", stock: "库存", quotes: "报价" } as Readonly<Record<FeedName, string>>,
  ofCounties: (count: number) => `/${count} 县`,
  dataTime: "数据",
  prices: "价格",
  pricesNote: { quotes: "县区中位报价，元", till: "县区中位成交价，元" },
  wholesale: "（批发）",
  good: "品种",
  today: "今日",
  fortnight: "14 日",
  day: "环比",
  week: { quotes: "周涨 %", till: "较前 7 日 %" },
  counties: { alerts: "县区预警", cover: "县区可销天数", price: "县区 24h 价格" } as Readonly<Record<Metric, string>>,
  countiesNote: {
    alerts: (count: number) => `${count} 县区，按最高级别着色`,
    cover: () => "最紧缺的品种，按库存判级",
    price: () => "涨幅最大的品种，按实时价判级",
  } as Readonly<Record<Metric, (count: number) => string>>,
  metrics: { alerts: "预警", cover: "可销天数", price: "24h 价格" } as Readonly<Record<Metric, string>>,
  alertsIn: (count: number) => `${count} 警`,
  late: (dates: number) => `迟 ${dates}日`,
  calm: "正常",
  lateReport: "迟报",
  noData: "无数据",
  corner: "未确认",
  gridNote: "方格示意：一格一县，只表大致方位，不表边界与面积",
  reviewNumber: (number: string) => `审图号：${number}`,
  cover: "可销天数",
  coverNote: "全区，按库存判级",
  category: "品类",
  daysUnit: "天",
  normal: "正常",
  stock: "库存",
  inTransit: "在途",
  reserves: "代储",
  notCounted: "：未计",
  logistics: ["在途", "待配订单", "通行证"],
  noLogistics: "尚无数据：运单、订单和通行证未接入",
  newest: "最新预警",
  lastResolved: "无未解除预警，以下为最近解除",
  nobody: "目前没有未解除的预警",
  shown: (shown: number, all: number) => (all > shown ? `显示 ${shown} / ${all}` : ""),
  extent: "幅度",
  lines: "蓝、黄、橙、红线",
  before: "基准 → 现值",
  evidence: "依据",
  confirmation: "确认",
  storm: (counties: number, goods: string) => `${counties} 县 · ${goods}`,
  goodsMore: (first: string, count: number) => `${first} 等 ${count} 种`,
  highest: "最高",
  alertsCount: (count: number) => `${count} 条预警`,
  resolvedAt: "已解除",
  noPrices: "尚无报价或销售",
  noCover: "尚无库存与销售，可销天数未定",
  connecting: "正在连接 …",
  tokenNeeded: "需要令牌：请以 /wall#token=令牌 打开",
  loading: "正在读取历史，数字尚不完整",
  stoppedFeed: (feed: string, at: string, age: string) => `${feed}停在 ${at}，已 ${age}，以下为当时数字`,
  lostServer: (at: string, age: string) => `与服务器的连接中断于 ${at}，已 ${age}，以下为当时数字`,
  lostBroker: (at: string, age: string) => `数据流中断于 ${at}，已 ${age}，以下为当时数字`,
  lostWarehouse: "历史库不可用：走势与门店明细暂缺，实时数字照常",
  reportBy: (at: string) => `首报时限 ${at} 前`,
  reportLate: (age: string) => `首报已逾期 ${age}`,
  since: (age: string) => `已 ${age}`,
  others: (count: number) => `另有 ${count} 条红色预警`,
  line: { red: "红线", orange: "橙线", yellow: "黄线", blue: "蓝线", none: "" } as Readonly<Record<Level, string>>,
  close: "关闭",
  region: "全区",
  worstGood: "最高预警",
  reports: "报价",
  cover24: "24h 涨 %",
  onHand: "库存",
  inStock: "有货网点",
  stepIn: "补位",
  stepInHead: "补位 · 依据",
  substitutes: "可补位网点",
  substitutesNote: "余量高于自身需要，可调入",
  gives: "可调",
  keeps: "自留可销天数",
  contact: "联系人",
  partner: "协作地区",
  sites: "网点",
  sitesNote: "最近报价、盘点与 24 小时销售",
  site: "网点",
  quote: "报价",
  counted: "盘点",
  sold: "24h 销量",
  average: "24h 均价",
  history: "走势",
  historyNote: "每日价格，元",
  coverHistoryNote: "3 日来逐时，按库存与日需",
  openAlerts: "未解除预警",
  episode: "经过",
  nothingOpen: "没有未解除的预警",
  noSites: "没有网点的记录",
  noHistory: "没有可画的历史",
  unreachable: "未能读取，稍后自动重试",
  rule: "规则",
  thresholds: "阈值",
  measured: "实测",
};

export type Words = typeof ZH;

const EN: Words = {
  title: "supply and price watch",
  live: "LIVE",
  exercise: "EXERCISE",
  unconfirmed: "Unconfirmed",
  silenced: "Silenced",
  inhibited: "Told above",
  total: (count) => `of ${count} open`,
  feeds: { sales: "Sales", stock: "Stock", quotes: "Quotes" },
  ofCounties: (count) => `/${count}`,
  dataTime: "Data",
  prices: "Prices",
  pricesNote: { quotes: "median of counties, CNY", till: "median at the till, CNY" },
  wholesale: " (wholesale)",
  good: "Good",
  today: "Today",
  fortnight: "14 d",
  day: "Day %",
  week: { quotes: "Week %", till: "7-day %" },
  counties: { alerts: "Alerts by county", cover: "Days of cover", price: "24-hour price" },
  countiesNote: {
    alerts: (count) => `${count} counties, by highest level`,
    cover: () => "scarcest good of each county",
    price: () => "largest rise of each county",
  },
  metrics: { alerts: "Alerts", cover: "Cover", price: "24 h price" },
  alertsIn: (count) => `${count} open`,
  late: (dates) => `${dates} d late`,
  calm: "Normal",
  lateReport: "Late",
  noData: "No data",
  corner: "Unconfirmed",
  gridNote: "Schematic: one cell per county; neither borders nor areas",
  reviewNumber: (number) => `Map review No. ${number}`,
  cover: "Days of cover",
  coverNote: "all counties, from stock",
  category: "Category",
  daysUnit: "days",
  normal: "normal",
  stock: "Stock",
  inTransit: "In transit",
  reserves: "Reserves",
  notCounted: ": not yet",
  logistics: ["In transit", "Orders", "Passes"],
  noLogistics: "No data yet: shipments, orders and passes are not connected",
  newest: "Newest alerts",
  lastResolved: "Nothing open; last resolved",
  nobody: "No alert is open",
  shown: (shown, all) => (all > shown ? `${shown} of ${all}` : ""),
  extent: "Extent",
  lines: "Thresholds",
  before: "Base → now",
  evidence: "Evidence",
  confirmation: "Confirmed",
  storm: (counties, goods) => `${counties} counties · ${goods}`,
  goodsMore: (first, count) => `${first} and ${count - 1} more`,
  highest: "highest",
  alertsCount: (count) => `${count} alerts`,
  resolvedAt: "resolved",
  noPrices: "No quotes or sales yet",
  noCover: "No stock and sales yet: cover is undefined",
  connecting: "Connecting …",
  tokenNeeded: "A token is needed: open /wall#token=TOKEN",
  loading: "Reading history: figures are not complete yet",
  stoppedFeed: (feed, at, age) => `${feed} stopped at ${at}, ${age} ago: figures are of that time`,
  lostServer: (at, age) => `Connection lost at ${at}, ${age} ago: figures are of that time`,
  lostBroker: (at, age) => `Data stream lost at ${at}, ${age} ago: figures are of that time`,
  lostWarehouse: "History is unavailable: no trends and sites for now; live figures go on",
  reportBy: (at) => `First report due by ${at}`,
  reportLate: (age) => `First report ${age} overdue`,
  since: (age) => `${age} ago`,
  others: (count) => `and ${count} more red alerts`,
  line: { red: "red", orange: "orange", yellow: "yellow", blue: "blue", none: "" },
  close: "Close",
  region: "All",
  worstGood: "Highest alert",
  reports: "Quotes",
  cover24: "24 h %",
  onHand: "Stock",
  inStock: "In stock",
  stepIn: "Step in:",
  stepInHead: "Who steps in · evidence",
  substitutes: "Who can step in",
  substitutesNote: "sites with more than they need themselves",
  gives: "Can give",
  keeps: "Cover kept, days",
  contact: "Contact",
  partner: "partner region",
  sites: "Sites",
  sitesNote: "last quote, count and sales of 24 hours",
  site: "Site",
  quote: "Quote",
  counted: "Counted",
  sold: "Sold 24 h",
  average: "Mean 24 h",
  history: "Trend",
  historyNote: "daily price, CNY",
  coverHistoryNote: "hourly over 3 days, from stock and demand",
  openAlerts: "Open alerts",
  episode: "Course",
  nothingOpen: "No open alerts",
  noSites: "No site has said anything",
  noHistory: "No history to draw",
  unreachable: "Could not be read; it is tried again",
  rule: "Rule",
  thresholds: "Thresholds",
  measured: "Measured",
};

export const WORDS: Readonly<Record<Lang, Words>> = { zh: ZH, en: EN };

interface Named {
  name_zh: string;
  name_en: string;
}

export function nameOf(named: Good | Category | Region | Named | undefined, lang: Lang, code = ""): string {
  return named ? (lang === "zh" ? named.name_zh : named.name_en) : code;
}

export function shortOf(region: Region | undefined, lang: Lang, code = ""): string {
  return region ? (lang === "zh" ? region.short_zh : region.short_en) : code;
}

/** 那曲 · 色尼; a prefecture or province alone has one part, a site comes last. */
export function placeOf(alert: Alert, regions: ReadonlyMap<string, Region>, lang: Lang): string {
  return [regionOf(alert.region, regions, lang), alert.site].filter(Boolean).join(" · ");
}

/** A region by its short name, a county after its prefecture's. */
export function regionOf(code: string, regions: ReadonlyMap<string, Region>, lang: Lang): string {
  const region = regions.get(code);
  const above = region?.level === "county" ? regions.get(region.parent ?? "") : undefined;
  return [above && shortOf(above, lang), shortOf(region, lang, code)].filter(Boolean).join(" · ");
}

/** What was measured, in the fewest words that fit a tile: 52%, 断8天, 4.2天, 间断. */
export function tileText(found: Figure, lang: Lang): string {
  const { measure, value } = found;
  if (measure === "intermittent") return lang === "zh" ? "间断" : "gaps";
  if (value === null) return "–";
  if (isShare(measure)) return `${format.cut(value * 100, 0)}%`;
  if (measure === "out_days") return lang === "zh" ? `断${format.cut(value, 0)}天` : `out ${format.cut(value, 0)}d`;
  if (measure === "cover_days") return `${format.plainDays(value)}${lang === "zh" ? "天" : "d"}`;
  return format.plainDays(value);
}

const MEASURES: Readonly<Record<Lang, Readonly<Record<string, string>>>> = {
  zh: {
    change_week: "周涨", change_day: "日涨", spike_24h: "24h 涨", spike_1h: "1h 涨",
    cover_days: "可销", out_days: "断档", intermittent: "断档", other: "",
  },
  en: {
    change_week: "Week", change_day: "Day", spike_24h: "24 h", spike_1h: "1 h",
    cover_days: "Cover", out_days: "Out", intermittent: "Supply", other: "",
  },
};

/** The same with its label, for ticker and takeover: ["周涨", "52.4%"]. */
export function labelled(alert: Alert, lang: Lang): [label: string, text: string] {
  const found = figure(alert);
  const { measure, value } = found;
  const label = MEASURES[lang][measure] || found.name;
  if (measure === "intermittent") return [label, lang === "zh" ? "时断时续" : "intermittent"];
  if (value === null) return [label, "–"];
  if (isShare(measure)) return [label, `${lang === "en" && value > 0 ? "+" : ""}${format.cut(value * 100, 1)}%`];
  const unit = countsDays(found) ? (lang === "zh" ? " 天" : " d") : "";
  return [label, `${format.plainDays(value)}${unit}`];
}

/** A threshold as it stands under its tick. */
export function tickText(found: Figure, at: number): string {
  return isShare(found.measure) ? format.plainDays(at * 100) : format.plainDays(at);
}

/** The same where nothing around it names the unit: 50%, 3 天. */
export function thresholdText(found: Figure, at: number, lang: Lang): string {
  if (isShare(found.measure)) return `${tickText(found, at)}%`;
  return tickText(found, at) + (countsDays(found) ? (lang === "zh" ? " 天" : " d") : "");
}

function countsDays({ measure }: Figure): boolean {
  return falls(measure) || measure === "out_days";
}

export function characterOf(level: Level, lang: Lang): string {
  const zh = { red: "红", orange: "橙", yellow: "黄", blue: "蓝", none: "" };
  const en = { red: "1", orange: "2", yellow: "3", blue: "4", none: "" };
  return lang === "zh" ? zh[level] : en[level];
}

export function unitOf(good: Good | undefined, lang: Lang): string {
  const zh: Record<string, string> = { kg: "公斤", L: "升", piece: "个" };
  const unit = good?.unit ?? "";
  return lang === "zh" ? (zh[unit] ?? unit) : unit === "piece" ? "pc" : unit;
}

/** Base and present value: 4.20 → 6.40, or stock and what is needed a day. */
export function baseAndNow(alert: Alert): [base: string, now: string] | null {
  const all: Readonly<Record<string, number | null>> = { ...alert.evidence, ...alert.values };
  const { measure, value } = figure(alert);
  const now = measure === "spike_24h" ? all.vwap_24h : measure === "spike_1h" ? all.vwap_1h : all.price;
  if (!isShare(measure) || value === null || now == null) return null;
  return [format.price(now / (1 + value)), format.price(now)];
}

/** Who can step in first, and with how much: 补位 市东店 320 公斤. Empty where nobody is known. */
export function stepsIn(alert: Alert, goods: ReadonlyMap<string, Good>, words: Words, lang: Lang): string {
  const best = alert.substitutes?.[0];
  if (!best) return "";
  const good = goods.get(best.good);
  // of an enterprise that is silent the good is not the alert's
  const what = best.good === alert.good ? "" : nameOf(good, lang, best.good);
  return [words.stepIn, best.site, what, format.quantity(best.gives), unitOf(good, lang)].filter(Boolean).join(" ");
}

/** What it rests on, in words: 5 店 30 行 · 3/5 网点缺货. */
export function evidenceOf(alert: Alert, good: Good | undefined, lang: Lang): string {
  const zh = lang === "zh";
  const all: Readonly<Record<string, number | null>> = { ...alert.evidence, ...alert.values };
  const found: string[] = [];
  const say = (text: string): void => void found.push(text);
  const { sites_in: stocked, sites_out: out, sites_present: present, sites_fresh: fresh } = all;
  if (all.on_hand != null && all.demand_day != null) {
    const unit = unitOf(good, lang);
    const [have, need] = [format.quantity(all.on_hand), format.quantity(all.demand_day)];
    say(zh ? `存 ${have} ${unit}，日需 ${need}` : `${have} ${unit} left, ${need} a day`);
  }
  if (all.stores_24h != null && figure(alert).measure.startsWith("spike")) say(zh ? `${all.stores_24h} 店成交` : `${all.stores_24h} stores`);
  if (present && fresh != null) say(zh ? `${fresh}/${present} 店当日报价` : `${fresh}/${present} quoted`);
  if (out != null && stocked != null && stocked + out > 0) say(zh ? `${out}/${stocked + out} 网点缺货` : `${out}/${stocked + out} sites out`);
  return found.join(zh ? "；" : "; ");
}
