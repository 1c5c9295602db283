import { useEffect, useRef, useState } from "preact/hooks";
import * as format from "../format";
import { falls, figure, highestFirst, isShare } from "../model/alerts";
import { hourly } from "../model/cover";
import { LEVELS } from "../model/levels";
import { everyDay, withNow } from "../model/prices";
import type { Alert, CoverPoint, PricePoint, Region, SiteRow } from "../model/types";
import { evidenceOf, thresholdText, unitOf } from "../words";
import { useAsked } from "./asked";
import type { Drawing, Line } from "./chart";
import type { SheetProps } from "./sheet";
import { Substitutes } from "./substitutes";
import { Symbol } from "./symbol";

const DAYS = "35";
const HOUR_MS = 3_600_000;
const COVER_MS = 72 * HOUR_MS;
/** Three days of a good are some 100 kB; the chart's end is live anyway. */
const COVER_REFRESH_MS = 300_000;

type Props = SheetProps & { county: Region; good: string; open: readonly Alert[] };

/** One good in one county: its alerts and why, how its price went, what each site said. */
export function Detail(props: Props) {
  const { county, good, open, words, ask, rows, kind } = props;
  const grain = rows.has(`${county.code}|${good}|date|${kind}`) ? "date" : "5m";
  const history = useAsked<PricePoint[]>(ask, "/api/prices", { region: county.code, good, grain, kind: grain === "5m" ? "retail" : kind, days: DAYS });
  const row = rows.get(`${county.code}|${good}|${grain}|${grain === "5m" ? "retail" : kind}`);
  const points = withNow(history.data ?? [], row, (ms) => format.isoDay(ms, props.timezone));
  const [gravest, ...others] = [...open].sort(highestFirst);
  const scarce = gravest !== undefined && falls(figure(gravest).measure);
  const sites = useAsked<SiteRow[]>(ask, "/api/sites", { region: county.code, good });
  return (
    <div class="detail scroll">
      {gravest && <Episode key={gravest.id} alert={gravest} {...props} />}
      {scarce && <CoverHistory {...props} />}
      {open.length === 0 && <p class="quiet">{words.nothingOpen}</p>}
      <h3>
        {words.history} <small>{words.historyNote}</small>
      </h3>
      {history.failed && <p class="quiet">{words.unreachable}</p>}
      {history.data && points.length === 0 && <p class="quiet">{words.noHistory}</p>}
      {history.data && points.length > 0 && <Chart drawing={drawPrices(points, priceLines(open, props), props.scale)} />}
      <h3>
        {words.sites} <small>{words.sitesNote}</small>
      </h3>
      {sites.failed && <p class="quiet">{words.unreachable}</p>}
      {sites.data?.length === 0 && <p class="quiet">{words.noSites}</p>}
      {sites.data && sites.data.length > 0 && <Sites sites={sites.data} {...props} />}
      {others.map((alert) => (
        <Episode key={alert.id} alert={alert} {...props} />
      ))}
    </div>
  );
}

/** An alert in words, what was measured against what, and how it came to be what it is. */
function Episode(props: Props & { alert: Alert }) {
  const { alert, lang, words, ask, timezone, dataNow, goods } = props;
  const course = useAsked<Alert[]>(ask, "/api/alerts/transitions", { id: alert.id });
  const found = figure(alert);
  return (
    <article class="episode" data-alert={alert.id}>
      <h3>
        <Symbol level={alert.level} lang={lang} character />
        {lang === "zh" ? alert.text_zh : alert.text_en}
      </h3>
      <p>
        {evidenceOf(alert, goods.get(alert.good), lang)}
        {found.ticks.length > 0 && (
          <span>
            {words.thresholds}{" "}
            {LEVELS.flatMap((level) => {
              const tick = found.ticks.find((each) => each.level === level);
              return tick ? [<b key={level}>{`${words.line[level]} ${thresholdText(found, tick.at, lang)}`}</b>] : [];
            })}
          </span>
        )}
        <span>
          {words.rule} <b>{`${alert.pack} · ${alert.pack_version}`}</b>
        </span>
      </p>
      <Substitutes {...props} substitutes={alert.substitutes ?? []} />
      <ol class="course">
        {(course.data ?? [alert]).map((each) => (
          <li key={each.seq}>
            <Symbol level={each.level} lang={lang} />
            <time>{format.moment(Date.parse(each.at), timezone, dataNow)}</time> {lang === "zh" ? each.text_zh : each.text_en}
          </li>
        ))}
      </ol>
    </article>
  );
}

/** Where on the price axis the thresholds of a rise lie: base × (1 + threshold). */
function priceLines(open: readonly Alert[], props: Props): Line[] {
  const alert = open.find((each) => isShare(figure(each).measure));
  if (!alert) return [];
  const found = figure(alert);
  const now = alert.evidence.vwap_24h ?? alert.values.vwap_24h ?? alert.evidence.price ?? alert.values.price;
  if (now == null || found.value === null) return [];
  const base = now / (1 + found.value);
  return found.ticks.map((tick) => {
    const at = base * (1 + tick.at);
    return { level: tick.level, at, text: `${props.words.line[tick.level]} ${format.price(at)}` };
  });
}

/** The axis reaches up to the next threshold, so that one sees how far it is. */
function drawPrices(points: readonly PricePoint[], lines: readonly Line[], scale: number): Drawing {
  const days = everyDay(points);
  const top = Math.max(...points.map((point) => point.price));
  const next = lines.map((line) => line.at).filter((at) => at > top);
  return { labels: days.map(([date]) => date.slice(5)), values: days.map(([, price]) => price), lines, reach: next.length ? [Math.min(...next)] : [], decimals: 2, scale };
}

/** How the days of cover ran down, against their thresholds. */
function CoverHistory(props: Props) {
  const { county, good, words, ask, rows, goods, dataNow, timezone, scale } = props;
  const since = new Date(Math.floor(dataNow / HOUR_MS) * HOUR_MS - COVER_MS).toISOString();
  const stored = useAsked<CoverPoint[]>(ask, "/api/indicators/series", { region: county.code, good, grain: "5m", since }, COVER_REFRESH_MS);
  const points = hourly(stored.data ?? [], rows.get(`${county.code}|${good}|5m|retail`));
  const at = goods.get(good)?.cover ?? [];
  const lines = [...LEVELS].reverse().flatMap((level, index) => {
    const days = at[index];
    return days === undefined ? [] : [{ level, at: days, text: `${words.line[level]} ${format.plainDays(days)}` }];
  });
  const drawing = {
    labels: points.map(([ms]) => format.moment(ms, timezone, dataNow)),
    values: points.map(([, days]) => days),
    lines,
    reach: [0, ...at],
    decimals: 1,
    scale,
  };
  return (
    <>
      <h3>
        {words.cover} <small>{words.coverHistoryNote}</small>
      </h3>
      {stored.failed && <p class="quiet">{words.unreachable}</p>}
      {stored.data && points.length > 0 && <Chart drawing={drawing} />}
    </>
  );
}

function Chart({ drawing: given }: { drawing: Drawing }) {
  const box = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<{ draw(drawing: Drawing): void } | null>(null);
  useEffect(() => {
    let close = (): void => undefined;
    let current = true;
    void import("./chart").then((charts) => {
      if (!current || !box.current) return;
      const chart = charts.open(box.current);
      close = () => chart.dispose();
      setDrawn({ draw: (drawing) => charts.draw(chart, drawing) });
    });
    return () => {
      current = false;
      close();
    };
  }, []);
  const drawing = JSON.stringify(given);
  useEffect(() => drawn?.draw(JSON.parse(drawing) as Drawing), [drawn, drawing]);
  return <div class="chart" ref={box} />;
}

function Sites(props: Props & { sites: readonly SiteRow[] }) {
  const { sites, words, timezone, dataNow, goods, good, lang } = props;
  const at = (time: string | null) => (time === null ? "" : <small>{format.moment(Date.parse(time), timezone, dataNow)}</small>);
  const unit = unitOf(goods.get(good), lang);
  return (
    <table class="sites">
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
        {sites.map((site) => (
          <tr key={site.site}>
            <th>{site.site}</th>
            <td class="number">
              {site.price === null ? "" : format.price(site.price)} {at(site.quoted_at)}
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
  );
}
