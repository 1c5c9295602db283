import type { Ask } from "../live/ask";
import { count, groups, worst } from "../model/alerts";
import type { Alert, Catalogue, Good, Lang, Region, Row } from "../model/types";
import { nameOf, shortOf, type Words } from "../words";
import * as format from "../format";
import { Detail } from "./detail";
import { Marks } from "./symbol";

/** Where one has drilled down to: a good over all counties, a prefecture, or a county and one of its goods. */
export interface Path {
  region: string | null;
  good: string | null;
}

export interface SheetProps {
  path: Path;
  catalogue: Catalogue;
  regions: ReadonlyMap<string, Region>;
  goods: ReadonlyMap<string, Good>;
  rows: ReadonlyMap<string, Row>;
  alerts: readonly Alert[];
  kind: "retail" | "wholesale";
  words: Words;
  lang: Lang;
  ask: Ask;
  timezone: string;
  dataNow: number;
  scale: number;
  version: number;
  onPath(path: Path | null): void;
}

export function Sheet(props: SheetProps) {
  const { path, regions, words } = props;
  const region = path.region === null ? undefined : regions.get(path.region);
  return (
    <section class="sheet" role="dialog" aria-label={words.counties.alerts}>
      <Trail {...props} />
      {region?.level === "county" ? <County {...props} county={region} /> : <Counties {...props} />}
    </section>
  );
}

/** 全区 › 那曲 › 色尼 › 大白菜: every part leads back there. */
function Trail(props: SheetProps) {
  const { path, regions, goods, words, lang, onPath } = props;
  const region = path.region === null ? undefined : regions.get(path.region);
  const above = region?.level === "county" ? regions.get(region.parent ?? "") : undefined;
  const steps = [
    { text: words.region, to: null as Path | null },
    ...(above ? [{ text: nameOf(above, lang), to: { region: above.code, good: null } }] : []),
    ...(region ? [{ text: nameOf(region, lang), to: { region: region.code, good: null } }] : []),
    ...(path.good ? [{ text: nameOf(goods.get(path.good), lang, path.good), to: path }] : []),
  ];
  return (
    <nav class="trail">
      {steps.map((step, index) => (
        <span key={step.text}>
          {index > 0 && <i>›</i>}
          <button type="button" onClick={() => onPath(step.to)}>
            {step.text}
          </button>
        </span>
      ))}
      <button type="button" class="close" onClick={() => onPath(null)}>
        {words.close} ×
      </button>
    </nav>
  );
}

/** The counties of a prefecture, or of all where a good was chosen; alerts first, then by what moved most. */
function Counties(props: SheetProps) {
  const { path, catalogue, alerts, rows, words, lang, onPath, regions, kind } = props;
  const inside = catalogue.regions.filter((each) => each.level === "county" && (path.region === null || each.parent === path.region));
  const own = groups(alerts, (alert) => alert.region);
  const found = inside.map((region) => {
    const open = (own.get(region.code) ?? []).filter((alert) => !path.good || alert.good === path.good);
    return { region, open, figures: figures(rows, region.code, path.good, kind) };
  });
  found.sort((one, other) => importance(other.open) - importance(one.open) || (other.figures.week ?? -9) - (one.figures.week ?? -9));
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>{words.counties.alerts}</th>
            <th>{words.openAlerts}</th>
            <th class="number">{words.today}</th>
            <th class="number">{words.week.quotes}</th>
            <th class="number">{words.cover24}</th>
            <th class="number">{words.cover}</th>
            <th class="number">{words.inStock}</th>
          </tr>
        </thead>
        <tbody>
          {found.map(({ region, open, figures: each }) => (
            <tr key={region.code} data-county={region.code} onClick={() => onPath({ region: region.code, good: path.good })}>
              <th>
                <button type="button">{nameOf(region, lang)}</button>
                {path.region === null && <small>{shortOf(regions.get(region.parent ?? ""), lang)}</small>}
              </th>
              <td>
                <Marks counts={count(open)} lang={lang} />
              </td>
              <Figures {...each} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function importance(open: readonly Alert[]): number {
  const counts = count(open);
  return counts.red * 1e9 + counts.orange * 1e6 + counts.yellow * 1e3 + counts.blue;
}

interface RegionFigures {
  price: number | null;
  week: number | null;
  spike: number | null;
  cover: number | null;
  inStock: string;
}

/** A good's figures in a county; without a good the most moved and the scarcest of them. */
function figures(rows: ReadonlyMap<string, Row>, region: string, good: string | null, kind: string): RegionFigures {
  const found: RegionFigures = { price: null, week: null, spike: null, cover: null, inStock: "" };
  if (good) {
    const quotes = rows.get(`${region}|${good}|date|${kind}`)?.values;
    const till = rows.get(`${region}|${good}|5m|retail`)?.values;
    const [stocked, out] = [till?.sites_in ?? 0, till?.sites_out ?? 0];
    const price = quotes?.price ?? till?.vwap_24h ?? null;
    return { price, week: quotes?.change_week ?? null, spike: till?.spike_24h ?? null, cover: till?.cover_days ?? null, inStock: stocked + out ? `${stocked}/${stocked + out}` : "" };
  }
  for (const row of rows.values()) {
    if (row.region !== region) continue;
    const { change_week: week, spike_24h: spike, cover_days: cover } = row.values;
    if (week != null && (found.week === null || week > found.week)) found.week = week;
    if (spike != null && (found.spike === null || spike > found.spike)) found.spike = spike;
    if (row.grain === "5m" && cover != null && (found.cover === null || cover < found.cover)) found.cover = cover;
  }
  return found;
}

function Figures({ price, week, spike, cover, inStock }: RegionFigures) {
  return (
    <>
      <td class="number">{price === null ? "" : format.price(price)}</td>
      <td class="number">{week === null ? "" : format.signed(week)}</td>
      <td class="number">{spike === null ? "" : format.signed(spike)}</td>
      <td class="number">{cover === null ? "" : format.days(cover)}</td>
      <td class="number">{inStock}</td>
    </>
  );
}

/** The goods of a county beside what is known of the chosen one. */
function County(props: SheetProps & { county: Region }) {
  const { county, path, catalogue, alerts, rows, words, lang, onPath, kind } = props;
  const own = alerts.filter((alert) => alert.region === county.code);
  const byGood = groups(own, (alert) => alert.good);
  const goods = catalogue.goods.filter((good) => known(rows, county.code, good.code) || byGood.has(good.code));
  goods.sort((one, other) => importance(byGood.get(other.code) ?? []) - importance(byGood.get(one.code) ?? []));
  const chosen = path.good ?? worst(own)?.good ?? goods[0]?.code ?? null;
  return (
    <div class="county">
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>{words.good}</th>
              <th />
              <th class="number">{words.today}</th>
              <th class="number">{words.week.quotes}</th>
              <th class="number">{words.cover24}</th>
              <th class="number">{words.cover}</th>
              <th class="number">{words.inStock}</th>
            </tr>
          </thead>
          <tbody>
            {goods.map((good) => (
              <tr key={good.code} data-good={good.code} aria-selected={good.code === chosen} onClick={() => onPath({ region: county.code, good: good.code })}>
                <th>
                  <button type="button">{nameOf(good, lang)}</button>
                </th>
                <td>
                  <Marks counts={count(byGood.get(good.code) ?? [])} lang={lang} />
                </td>
                <Figures {...figures(rows, county.code, good.code, kind)} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen && <Detail key={`${county.code} ${chosen}`} {...props} good={chosen} open={byGood.get(chosen) ?? []} />}
    </div>
  );
}

function known(rows: ReadonlyMap<string, Row>, region: string, good: string): boolean {
  return ["5m|retail", "date|retail", "date|wholesale"].some((rest) => rows.has(`${region}|${good}|${rest}`));
}
