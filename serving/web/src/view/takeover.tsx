import * as format from "../format";
import { figure, highestFirst } from "../model/alerts";
import type { Alert, Good, Lang, Region } from "../model/types";
import { evidenceOf, labelled, nameOf, placeOf, stepsIn, thresholdText, type Words } from "../words";
import { Symbol } from "./symbol";

/** Bands at most; more than that are a number. */
const BANDS = 3;
/** What fits under the grid. */
const LISTED = 9;
/** The first report is due within two hours (DOMAIN: 1-2 h). */
const REPORT_MS = 2 * 3_600_000;

interface Props {
  /** Unconfirmed red alerts, newest first. */
  reds: readonly Alert[];
  regions: ReadonlyMap<string, Region>;
  goods: ReadonlyMap<string, Good>;
  words: Words;
  lang: Lang;
  exercise: boolean;
  timezone: string;
  dataNow: number;
  onAlert(alert: Alert): void;
}

/** The left of the wall in solid red. It holds until somebody confirms. */
export function Takeover(props: Props) {
  const { reds, words } = props;
  const shown = reds.slice(0, BANDS);
  return (
    <section class={`takeover bands-${shown.length}`} aria-label={words.line.red} role="alert">
      {shown.map((alert) => (
        <Band key={alert.id} alert={alert} {...props} />
      ))}
      {reds.length > shown.length && <p class="others">{words.others(reds.length - shown.length)}</p>}
    </section>
  );
}

/** Beside it, small: the gravest of the others that are open. */
export function Others(props: Props & { open: readonly Alert[] }) {
  const { reds, open, regions, goods, lang, dataNow } = props;
  const banded = new Set(reds.slice(0, BANDS).map((alert) => alert.id));
  const others = open.filter((alert) => !banded.has(alert.id)).sort(highestFirst);
  return (
    <ol class="others-open">
      {others.slice(0, LISTED).map((alert) => (
        <li key={alert.id} data-alert={alert.id}>
          <Symbol level={alert.level} lang={lang} />
          <b>{placeOf(alert, regions, lang)}</b>
          <span>{nameOf(goods.get(alert.good), lang, alert.good)}</span>
          <span class="value">{labelled(alert, lang).join(" ")}</span>
          <span class="value">{format.age(dataNow - Date.parse(alert.at), lang)}</span>
        </li>
      ))}
    </ol>
  );
}

function Band(props: Props & { alert: Alert }) {
  const { alert, regions, goods, words, lang, timezone, dataNow } = props;
  const [label, value] = labelled(alert, lang);
  const found = figure(alert);
  const red = found.ticks.find((tick) => tick.level === "red");
  const due = Date.parse(alert.at) + REPORT_MS;
  const evidence = evidenceOf(alert, goods.get(alert.good), lang);
  const helper = stepsIn(alert, goods, words, lang);
  return (
    <button type="button" class="band" data-alert={alert.id} onClick={() => props.onAlert(alert)}>
      <Symbol level="red" lang={lang} character />
      <span class="where">
        {props.exercise && <em>{words.exercise}</em>} {placeOf(alert, regions, lang)}
      </span>
      <b class="what">
        {nameOf(goods.get(alert.good), lang, alert.good)} <span>{`${label} ${value}`}</span>
      </b>
      <span class="why">
        {red && <span>{`${words.line.red} ${thresholdText(found, red.at, lang)}`}</span>}
        <span>{due > dataNow ? words.reportBy(format.moment(due, timezone, dataNow)) : words.reportLate(format.age(dataNow - due, lang))}</span>
        <span>{words.since(format.age(dataNow - Date.parse(alert.at), lang))}</span>
      </span>
      {evidence && <span class="evidence">{evidence}</span>}
      {helper && <span class="evidence helper">{helper}</span>}
    </button>
  );
}
