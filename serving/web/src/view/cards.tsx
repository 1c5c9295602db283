import * as format from "../format";
import { figure, isConfirmed } from "../model/alerts";
import type { Alert } from "../model/types";
import { evidenceOf, labelled, nameOf, placeOf, stepsIn, thresholdText } from "../words";
import { DrillMark, type TickerProps } from "./ticker";
import { Symbol } from "./symbol";

/** More than these would be scrolled past on a telephone. */
const CARDS = 40;

/** The phone's list: what nobody has confirmed, highest first. */
export function Cards(props: Omit<TickerProps, "entries" | "open" | "resolved"> & { alerts: readonly Alert[] }) {
  const { alerts, words } = props;
  const waiting = alerts.filter((alert) => !isConfirmed(alert));
  return (
    <section class="cards">
      <h2>
        {words.unconfirmed} {waiting.length}
      </h2>
      {waiting.slice(0, CARDS).map((alert) => (
        <Card key={alert.id} alert={alert} {...props} />
      ))}
    </section>
  );
}

function Card(props: Omit<TickerProps, "entries" | "open" | "resolved"> & { alert: Alert }) {
  const { alert, regions, goods, words, lang, dataNow } = props;
  const [label, value] = labelled(alert, lang);
  const found = figure(alert);
  const helper = stepsIn(alert, goods, words, lang);
  const line = found.ticks.find((tick) => tick.level === alert.level);
  return (
    <button type="button" class="card" data-alert={alert.id} onClick={() => props.onAlert(alert)}>
      <Symbol level={alert.level} lang={lang} character />
      <b>{nameOf(goods.get(alert.good), lang, alert.good)}</b>
      <b class="value">{`${label} ${value}`}</b>
      <span>
        <DrillMark {...props} />
        {placeOf(alert, regions, lang)}
      </span>
      <span class="value">
        {line ? `${words.line[alert.level]} ${thresholdText(found, line.at, lang)} · ` : ""}
        {format.age(dataNow - Date.parse(alert.at), lang)}
      </span>
      <span class="evidence">{evidenceOf(alert, goods.get(alert.good), lang)}</span>
      {helper && <span class="evidence helper">{helper}</span>}
    </button>
  );
}
