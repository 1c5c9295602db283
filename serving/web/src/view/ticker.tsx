import * as format from "../format";
import { falls, figure, type Figure } from "../model/alerts";
import { place } from "../model/cover";
import type { Entry } from "../model/ticker";
import type { Alert, Good, Lang, Region } from "../model/types";
import { baseAndNow, characterOf, evidenceOf, labelled, nameOf, placeOf, shortOf, stepsIn, tickText, type Words } from "../words";
import { Gauge } from "./gauge";
import { Symbol } from "./symbol";

export interface TickerProps {
  entries: readonly Entry[];
  /** How many alerts are open in all. */
  open: number;
  /** Nothing is open: what is shown is resolved. */
  resolved: boolean;
  regions: ReadonlyMap<string, Region>;
  goods: ReadonlyMap<string, Good>;
  words: Words;
  lang: Lang;
  exercise: boolean;
  /** Time in the data, ms. */
  dataNow: number;
  timezone: string;
  onAlert(alert: Alert): void;
}

export function Ticker(props: TickerProps) {
  const { entries, words, open, resolved } = props;
  const shown = entries.reduce((sum, entry) => sum + entry.alerts.length, 0);
  const helped = entries.some((entry) => entry.alert.substitutes?.length);
  return (
    <section class={resolved ? "ticker resolved" : "ticker"} aria-label={words.newest}>
      <div class="row head">
        <h2>
          {resolved ? words.lastResolved : words.newest}
          <small>{resolved ? "" : words.shown(shown, open)}</small>
        </h2>
        <span>{words.extent}</span>
        <span>{words.lines}</span>
        <span>{words.before}</span>
        <span>{helped ? words.stepInHead : words.evidence}</span>
        <span>{words.confirmation}</span>
      </div>
      {entries.length === 0 && <p class="quiet">{words.nobody}</p>}
      {entries.map((entry) => (entry.alerts.length > 1 ? <StormRow key={entry.id} entry={entry} {...props} /> : <AlertRow key={entry.id} entry={entry} {...props} />))}
    </section>
  );
}

function AlertRow(props: TickerProps & { entry: Entry }) {
  const { entry, regions, goods, words, lang, dataNow } = props;
  const { alert } = entry;
  const [label, value] = labelled(alert, lang);
  const helper = stepsIn(alert, goods, words, lang);
  const change = baseAndNow(alert);
  return (
    <button type="button" class="row" data-alert={alert.id} data-level={alert.level} title={lang === "zh" ? alert.text_zh : alert.text_en} onClick={() => props.onAlert(alert)}>
      <Symbol level={shownLevel(alert)} lang={lang} character />
      <span class="age">{format.age(dataNow - Date.parse(alert.at), lang)}</span>
      <span class="place">
        <DrillMark {...props} />
        {placeOf(alert, regions, lang)}
      </span>
      <b class="good">{nameOf(goods.get(alert.good), lang, alert.good)}</b>
      <span class="extent">
        {label} <b>{value}</b>
      </span>
      <AlertGauge alert={alert} />
      {change && (
        <span class="change">
          {change[0]} → <b>{change[1]}</b>
        </span>
      )}
      <span class={change ? "evidence" : "evidence wide"}>
        {helper && <b class="helper">{helper}</b>}
        {evidenceOf(alert, goods.get(alert.good), lang)}
      </span>
      <Confirmation alert={alert} {...props} />
    </button>
  );
}

/** Exercise or not is said in every line of the ticker. */
export function DrillMark({ exercise, words }: Pick<TickerProps, "exercise" | "words">) {
  return exercise ? <em class="drill">{words.exercise}</em> : null;
}

function shownLevel(alert: Alert) {
  return alert.state === "resolved" ? (alert.highest ?? alert.level_before) : alert.level;
}

function Confirmation(props: TickerProps & { alert: Alert }) {
  const { alert, words, timezone, dataNow } = props;
  if (alert.state === "resolved") return <span class="confirmed">{words.resolvedAt}</span>;
  const { acknowledged } = alert;
  if (alert.silenced_until) return <span class="confirmed">{words.silenced}</span>;
  if (!acknowledged && alert.inhibited) return <span class="confirmed">{words.inhibited}</span>;
  if (!acknowledged) return <b class="unconfirmed">{words.unconfirmed}</b>;
  return <span class="confirmed">{`${acknowledged.by} ${format.moment(Date.parse(acknowledged.at), timezone, dataNow)}`}</span>;
}

/** More than four new ones in a minute in one prefecture: 那曲 7 县 · 大白菜 · 最高橙. */
function StormRow(props: TickerProps & { entry: Entry }) {
  const { entry, regions, goods, words, lang, dataNow } = props;
  const prefecture = `${entry.alert.region.slice(0, 4)}00`;
  const counties = new Set(entry.alerts.map((alert) => alert.region)).size;
  const kinds = new Set(entry.alerts.map((alert) => alert.good));
  const first = nameOf(goods.get(entry.alert.good), lang, entry.alert.good);
  const what = kinds.size > 1 ? words.goodsMore(first, kinds.size) : first;
  const highest = `${words.highest}${lang === "zh" ? "" : " "}${lang === "zh" ? characterOf(entry.level, lang) : words.line[entry.level]}`;
  return (
    <button type="button" class="row storm" data-storm={prefecture} onClick={() => props.onAlert(entry.alert)}>
      <Symbol level={entry.level} lang={lang} character />
      <span class="age">{format.age(dataNow - Date.parse(entry.alert.at), lang)}</span>
      <span class="whole">
        <DrillMark {...props} />
        {shortOf(regions.get(prefecture), lang, prefecture)} {words.storm(counties, what)} · <b>{highest}</b>
        <small>{words.alertsCount(entry.alerts.length)}</small>
      </span>
      <b class="unconfirmed">{words.unconfirmed}</b>
    </button>
  );
}

/** Linear up to the highest threshold for what rises, piecewise as in the cover panel for what falls. */
function AlertGauge({ alert }: { alert: Alert }) {
  const found = figure(alert);
  if (found.value === null || found.ticks.length === 0) return <span />;
  const at = scale(found);
  const ticks = found.ticks.map((tick) => {
    return { ...tick, place: at(tick.at), text: tickText(found, tick.at), crossed: tick.level === alert.level };
  });
  return <Gauge filled={at(found.value)} level={alert.level} ticks={ticks} />;
}

function scale(found: Figure): (value: number) => number {
  const of = (level: string): number => found.ticks.find((tick) => tick.level === level)?.at ?? 0;
  if (falls(found.measure) && found.ticks.length === 4) {
    const cover = [of("blue"), of("yellow"), of("orange"), of("red")] as const;
    return (value) => place(value, cover);
  }
  const top = Math.max(...found.ticks.map((tick) => tick.at)) * 1.15;
  return (value) => value / top;
}
