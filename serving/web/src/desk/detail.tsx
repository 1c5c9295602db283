import { useEffect, useRef, useState } from "preact/hooks";
import * as format from "../format";
import { figure, isShare } from "../model/alerts";
import { hourly } from "../model/cover";
import { LEVELS } from "../model/levels";
import { everyDay, withNow } from "../model/prices";
import type { Alert, CoverPoint, PricePoint, SiteRow } from "../model/types";
import { useAsked } from "../view/asked";
import type { Drawing, Line } from "../view/chart";
import { Substitutes } from "../view/substitutes";
import { Symbol } from "../view/symbol";
import { baseAndNow, labelled, nameOf, placeOf, thresholdText, unitOf } from "../words";
import type { Common } from "./common";
import { course, levelOf, type Detail, type Step } from "./model";

const PRICE_DAYS = "15";
const COVER_MS = 72 * 3_600_000;
const REFRESH_MS = 60_000;

interface Props extends Common {
  alert: Alert;
  /** Grows with every change or action: then the course is asked for anew. */
  stamp: number;
}

export function AlertDetail(props: Props) {
  const { alert, stamp, ask, regions, goods, lang } = props;
  const detail = useDetail(ask, alert.id, stamp);
  const [label, value] = labelled(alert, lang);
  return (
    <article class="detail" data-alert={alert.id}>
      <h2>
        <Symbol level={levelOf(alert)} lang={lang} character />
        {`${placeOf(alert, regions, lang)} · ${nameOf(goods.get(alert.good), lang, alert.good)}`}
        <span>{`${label} ${value}`}</span>
      </h2>
      <Figures {...props} />
      <Substitutes {...props} substitutes={(detail?.alert ?? alert).substitutes ?? []} />
      <Course {...props} detail={detail} />
      <Evidence {...props} />
      <Sites {...props} />
    </article>
  );
}

/** An answer stays until the next one is there: a course must not vanish at every action. */
function useDetail(ask: Common["ask"], id: string, stamp: number): Detail | null {
  const [detail, setDetail] = useState<Detail | null>(null);
  useEffect(() => {
    let current = true;
    ask<Detail>(`/api/alerts/${encodeURIComponent(id)}`).then(
      (found) => void (current && setDetail(found)),
      () => undefined, // what is live is shown; the next change asks again
    );
    return () => {
      current = false;
    };
  }, [ask, id, stamp]);
  return detail?.alert.id === id ? detail : null;
}

function Figures({ alert, desk, words, lang, rows }: Props) {
  const found = figure(alert);
  const tick = found.ticks.find((each) => each.level === levelOf(alert));
  const change = baseAndNow(alert);
  const live = rows.get(`${alert.region}|${alert.good}|5m|retail`)?.values ?? {};
  const all: Readonly<Record<string, number | null>> = { ...live, ...alert.evidence, ...alert.values };
  const cells: [string, string, string][] = [];
  if (change) cells.push([desk.baseNow, `${change[0]} → ${change[1]}`, ""]);
  if (tick && found.value !== null) {
    const over = isShare(found.measure) ? `${format.cut(Math.abs(found.value - tick.at) * 100, 1)}` : format.plainDays(Math.abs(found.value - tick.at));
    cells.push([desk.line(words.line[tick.level]), thresholdText(found, tick.at, lang), `${found.value < tick.at ? desk.under : desk.over} ${over}`]);
  }
  if (all.cover_days != null) cells.push([desk.coverDays, format.days(all.cover_days), desk.days]);
  const [stocked, out] = [all.sites_in ?? 0, all.sites_out ?? 0];
  if (stocked + out > 0) cells.push([desk.inStock, `${format.cut((stocked / (stocked + out)) * 100, 0)}%`, `${stocked}/${stocked + out}`]);
  if (all.sites_present) cells.push([desk.reported, `${all.sites_fresh ?? 0}/${all.sites_present}`, desk.sites]);
  return (
    <dl class="figures">
      {cells.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b>{value}</b> {note}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Course(props: Props & { detail: Detail | null }) {
  const { alert, detail, desk, lang, now } = props;
  const steps = course(detail ?? { alert, transitions: [alert], actions: [], complete: true });
  const end = alert.state === "resolved" ? Date.parse(alert.at) : props.dataNow;
  return (
    <section>
      <h3>
        {desk.course} <small>{detail && !detail.complete ? desk.incomplete : desk.lasting(format.age(Math.max(0, end - Date.parse(alert.since)), lang))}</small>
      </h3>
      <ol class="course" tabIndex={0} aria-label={desk.course}>
        {steps.map((step) => (
          <StepView key={step.action?.event_id ?? step.transition?.seq} step={step} {...props} now={now} />
        ))}
      </ol>
    </section>
  );
}

function StepView({ step, desk, lang, timezone, now }: Props & { step: Step }) {
  const { transition, action } = step;
  const title = transition ? titleOf(transition, desk) : action?.kind === "comment" ? desk.commentBy(action.by) : desk.acknowledgedBy(action?.by ?? "");
  const said = transition ? labelled(transition, lang).join(" ") : action?.note ? `“${action.note}”` : "";
  return (
    <li data-step={transition ? "transition" : action?.kind}>
      <i>{transition && levelOf(transition) !== "none" ? <Symbol level={levelOf(transition)} lang={lang} /> : <u />}</i>
      <time>{format.moment(step.at, timezone, now)}</time>
      <b>{title}</b>
      <span title={said}>{said}</span>
    </li>
  );
}

function titleOf(transition: Alert, desk: Common["desk"]): string {
  if (transition.state === "resolved") return desk.resolved;
  if (transition.state === "pending") return desk.pending;
  const [level, before] = [transition.level, transition.level_before];
  const order = [...LEVELS].reverse();
  const place = (each: string): number => order.findIndex((known) => known === each);
  if (place(level) > place(before)) return desk.rise[level];
  return place(level) < place(before) ? desk.fall[level] : desk.stays[level];
}

function Evidence(props: Props) {
  const { alert, desk } = props;
  const scarce = figure(alert).measure === "cover_days";
  return (
    <section>
      <h3>
        {desk.evidence} <small>{scarce ? desk.coverNote : desk.priceNote}</small>
      </h3>
      {scarce ? <CoverChart key={alert.id} {...props} /> : <PriceChart key={alert.id} {...props} />}
    </section>
  );
}

function PriceChart(props: Props) {
  const { alert, ask, rows, timezone, words, lang } = props;
  const grain = figure(alert).measure.startsWith("spike") ? "5m" : "date";
  const kind = grain === "5m" ? "retail" : alert.kind;
  const stored = useAsked<PricePoint[]>(ask, "/api/prices", { region: alert.region, good: alert.good, grain, kind, days: PRICE_DAYS }, REFRESH_MS);
  const points = withNow(stored.data ?? [], rows.get(`${alert.region}|${alert.good}|${grain}|${kind}`), (ms) => format.isoDay(ms, timezone));
  const days = everyDay(points);
  const change = baseAndNow(alert);
  const found = figure(alert);
  const base = change ? Number(change[0]) : null;
  const lines: Line[] =
    base === null
      ? []
      : found.ticks.map((tick) => ({ level: tick.level, at: base * (1 + tick.at), text: `${words.line[tick.level]} ${format.price(base * (1 + tick.at))}` }));
  const top = Math.max(...points.map((point) => point.price));
  const above = lines.map((line) => line.at).filter((at) => at > top);
  const drawing: Drawing = {
    labels: days.map(([date]) => date.slice(5)),
    values: days.map(([, price]) => price),
    lines,
    reach: above.length ? [Math.min(...above)] : [],
    decimals: 2,
    scale: 0.89,
  };
  if (stored.failed && points.length === 0) return <p class="quiet">{words.unreachable}</p>;
  if (stored.data && points.length === 0) return <p class="quiet">{words.noHistory}</p>;
  return <Chart drawing={drawing} label={lang === "zh" ? alert.text_zh : alert.text_en} />;
}

function CoverChart(props: Props) {
  const { alert, ask, rows, goods, timezone, words, lang, dataNow } = props;
  const since = new Date(Math.floor(dataNow / 3_600_000) * 3_600_000 - COVER_MS).toISOString();
  const stored = useAsked<CoverPoint[]>(ask, "/api/indicators/series", { region: alert.region, good: alert.good, grain: "5m", since }, REFRESH_MS);
  const points = hourly(stored.data ?? [], rows.get(`${alert.region}|${alert.good}|5m|retail`));
  const at = goods.get(alert.good)?.cover ?? [];
  const lines = [...LEVELS].reverse().flatMap((level, index) => {
    const days = at[index];
    return days === undefined ? [] : [{ level, at: days, text: `${words.line[level]} ${format.plainDays(days)}` }];
  });
  const drawing: Drawing = {
    labels: points.map(([ms]) => format.moment(ms, timezone, dataNow)),
    values: points.map(([, days]) => days),
    lines,
    reach: [0, ...at],
    decimals: 1,
    scale: 0.89,
  };
  if (points.length === 0) return <p class="quiet">{stored.failed ? words.unreachable : stored.data ? words.noHistory : ""}</p>;
  return <Chart drawing={drawing} label={lang === "zh" ? alert.text_zh : alert.text_en} />;
}

function Chart({ drawing: given, label }: { drawing: Drawing; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<{ draw(drawing: Drawing): void } | null>(null);
  useEffect(() => {
    let close = (): void => undefined;
    let current = true;
    void import("../view/chart").then((charts) => {
      if (!current || !box.current) return;
      const chart = charts.open(box.current);
      const resized = new ResizeObserver(() => chart.resize());
      resized.observe(box.current);
      close = () => {
        resized.disconnect();
        chart.dispose();
      };
      setDrawn({ draw: (drawing) => charts.draw(chart, drawing, charts.LIGHT) });
    });
    return () => {
      current = false;
      close();
    };
  }, []);
  const drawing = JSON.stringify(given);
  useEffect(() => drawn?.draw(JSON.parse(drawing) as Drawing), [drawn, drawing]);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}

function Sites(props: Props) {
  const { alert, ask, words, timezone, now, goods, lang } = props;
  const sites = useAsked<SiteRow[]>(ask, alert.region.endsWith("00") ? null : "/api/sites", { region: alert.region, good: alert.good }, REFRESH_MS);
  if (!sites.data?.length) return null;
  const unit = unitOf(goods.get(alert.good), lang);
  const at = (time: string | null) => (time === null ? "" : <small>{format.moment(Date.parse(time), timezone, now)}</small>);
  const dearest = [...sites.data].sort((one, other) => (other.price ?? other.vwap_24h ?? 0) - (one.price ?? one.vwap_24h ?? 0));
  return (
    <section>
      <h3>
        {words.sites} <small>{words.sitesNote}</small>
      </h3>
      <table>
        <thead>
          <tr>
            <th>{words.site}</th>
            <th class="number">{words.quote}</th>
            <th class="number">{words.average}</th>
            <th class="number">{`${words.sold} ${unit}`}</th>
            <th class="number">{`${words.counted} ${unit}`}</th>
          </tr>
        </thead>
        <tbody>
          {dearest.map((site) => (
            <tr key={site.site}>
              <td>{site.site}</td>
              <td class="number">
                <b>{site.price === null ? "" : format.price(site.price)}</b> {at(site.quoted_at)}
              </td>
              <td class="number">{site.vwap_24h === null ? "" : format.price(site.vwap_24h)}</td>
              <td class="number">{site.sold_24h === null ? "" : format.quantity(site.sold_24h)}</td>
              <td class="number">
                {site.stock === null ? "" : format.quantity(site.stock)} {at(site.counted_at)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
