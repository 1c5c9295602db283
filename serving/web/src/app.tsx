import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Chime } from "./chime";
import * as format from "./format";
import type { Ask } from "./live/ask";
import type { State } from "./live/state";
import { count, highestFirst, isConfirmed, newestFirst, openAlerts } from "./model/alerts";
import { places, reporting, type Metric } from "./model/counties";
import { countCover, coverOf } from "./model/cover";
import { dataTime, stopped } from "./model/feeds";
import { layOut } from "./model/grid";
import { takesOver, turn, TOUCH_MS } from "./model/playlist";
import { choose, prices } from "./model/prices";
import { entries } from "./model/ticker";
import type { Outline } from "./model/map";
import type { Alert, Lang, PricePoint } from "./model/types";
import type { Options } from "./options";
import { Banner } from "./view/banner";
import { useAsked } from "./view/asked";
import { Cards } from "./view/cards";
import { CountyGrid, CountyPanel, Metrics } from "./view/counties";
import { CountyMap } from "./view/map";
import { CoverPanel, LogisticsPanel } from "./view/cover";
import { Header } from "./view/header";
import { PricePanel } from "./view/prices";
import { Sheet, type Path } from "./view/sheet";
import { Others, Takeover } from "./view/takeover";
import { Ticker } from "./view/ticker";
import { notices } from "./view/notices";
import { WORDS } from "./words";

const GOODS_SHOWN = 10;
const CATEGORIES_SHOWN = 7;
const TICKER_ROWS = 4;
/** Sparklines grow by a point a day; the live value is their last one anyway. */
const HISTORY_MS = 600_000;
/** A map does not change while its page is open: another one is another build. */
const MAP_MS = 24 * 3_600_000;
/** Beyond this the data's time is not the wall clock's: a replay. */
const REPLAY_MS = 600_000;
/** Against burn-in the picture moves by 2 px every 10 minutes. */
const SHIFT_MS = 600_000;
const SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2]] as const;

interface Props {
  state: State;
  options: Options;
  ask: Ask;
  /** Grows whenever something may have changed. */
  beat: number;
  refused: boolean;
  phone: boolean;
  scale: number;
  onLang(lang: Lang): void;
  lang: Lang;
}

export function App(props: Props) {
  const { state, options, ask, phone, lang } = props;
  const words = WORDS[lang];
  const now = Date.now() + state.skew;
  const { version, catalogue } = state;
  const timezone = catalogue?.timezone ?? "Asia/Shanghai";
  const dataNow = dataTime(state.feeds, now);

  const [path, setPath] = useState<Path | null>(null);
  const [chosen, setChosen] = useState<Metric | null>(null);
  const touched = useTouch(() => {
    setPath(null);
    setChosen(null);
  });

  const open = useMemo(() => openAlerts(state.alerts.values()), [version]);
  const metric = chosen ?? (touched ? "alerts" : turn(options.playlist, open, now));
  const counties = useMemo(() => (catalogue?.regions ?? []).filter((region) => region.level === "county").map((region) => region.code), [catalogue]);
  const grid = useMemo(() => layOut(catalogue?.regions ?? []), [catalogue]);
  const shown = useMemo(() => places(counties, state.rows, open, metric, state.goods), [version, metric, counties]);
  const choice = useMemo(() => choose(state.rows.values()), [version]);
  const history = useAsked<PricePoint[]>(
    ask,
    catalogue && state.ready ? "/api/prices" : null,
    { grain: choice.source === "quotes" ? "date" : "5m", kind: choice.kind, days: "14" },
    HISTORY_MS,
  );
  const outline = useAsked<Outline>(ask, catalogue?.map ? "/api/map" : null, {}, MAP_MS).data;
  const priced = useMemo(
    () => prices(state.rows.values(), open, history.data ?? [], choice, (ms) => format.isoDay(ms, timezone), GOODS_SHOWN),
    [version, history.data, choice],
  );
  const order = useMemo(() => (catalogue?.categories ?? []).map((category) => category.code), [catalogue]);
  const categories = useMemo(() => new Map((catalogue?.categories ?? []).map((category) => [category.code, category])), [catalogue]);
  const cover = useMemo(() => coverOf(state.rows.values(), state.goods, order, CATEGORIES_SHOWN), [version, order]);
  const coverCounts = useMemo(() => countCover(open, state.goods), [open, version]);
  const resolved = useMemo(() => [...state.alerts.values()].filter((alert) => alert.state === "resolved").sort(newestFirst), [version]);
  const lines = useMemo(() => entries(open.length ? open : resolved.slice(0, TICKER_ROWS), TICKER_ROWS), [open, resolved]);
  const silent = stopped(state.feeds, options.stale, now, Number(format.hour(now, timezone).slice(0, 2)));
  const reds = open.filter((alert) => alert.level === "red" && !isConfirmed(alert));
  const takeover = useTakeover(reds, now) && options.takeover && !touched && !path && !phone;
  useChime(options.chime, reds);
  const generation = useGenerations(metric);

  const dims = (feed: string): boolean => silent.some((each) => each.feed === feed) || !state.broker;
  const openAlert = (alert: Alert): void => setPath({ region: alert.region, good: alert.good });
  const messages = notices({ state, silent, now, words, lang, timezone, refused: props.refused });
  const common = { regions: state.regions, goods: state.goods, words, lang, exercise: catalogue?.exercise ?? false, dataNow, timezone, onAlert: openAlert };
  const tiles = { grid, places: shown, metric, goods: state.goods, words, lang, counties: counties.length, generation, onMetric: setChosen, onRegion: (code: string) => setPath({ region: code, good: null }) };
  // until the map is there, and where it cannot be read, tiles say the same
  const map = (small: boolean) => outline && catalogue?.map && <CountyMap {...tiles} outline={outline} missing={catalogue.map.missing} scale={props.scale} small={small} />;
  const shift = SHIFTS[Math.floor(now / SHIFT_MS) % SHIFTS.length] ?? SHIFTS[0];

  const header = (
    <Header
      catalogue={catalogue}
      words={words}
      lang={lang}
      counts={count(open)}
      open={open}
      feeds={state.feeds}
      stopped={silent}
      reporting={reporting(state.rows)}
      counties={counties.length}
      now={now}
      replayed={Math.abs(now - dataNow) > REPLAY_MS ? dataNow : null}
      onLang={props.onLang}
    />
  );
  const pricePanel = <PricePanel prices={priced} goods={state.goods} words={words} lang={lang} dimmed={dims(priced.source === "quotes" ? "quotes" : "sales")} onGood={(good) => setPath({ region: null, good })} />;
  const coverPanel = <CoverPanel cover={cover} counts={coverCounts} categories={categories} words={words} lang={lang} dimmed={dims("stock")} />;
  const sheet = path && catalogue && (
    <Sheet {...common} path={path} catalogue={catalogue} rows={state.rows} alerts={open} kind={choice.kind} ask={ask} scale={props.scale} version={version} onPath={setPath} />
  );
  const banner = messages.length > 0 && <Banner text={messages.join(" · ")} />;

  if (phone)
    return (
      <main class="phone" lang={lang === "zh" ? "zh-CN" : "en"}>
        {header}
        {banner}
        <Metrics {...tiles} />
        {map(true) ?? <CountyGrid {...tiles} small />}
        <Cards {...common} alerts={[...open].sort(highestFirst)} />
        {pricePanel}
        {coverPanel}
        {sheet}
      </main>
    );
  return (
    <main class={`stage${reds.length ? " framed" : ""}${takeover ? " taken" : ""}`} lang={lang === "zh" ? "zh-CN" : "en"} style={{ "--dx": `${shift[0]}px`, "--dy": `${shift[1]}px` }}>
      {header}
      {takeover ? (
        <>
          <Takeover {...common} reds={reds} />
          <aside class="beside">
            {map(true) ?? <CountyGrid {...tiles} small pitch={46} />}
            <Others {...common} reds={reds} open={open} />
          </aside>
        </>
      ) : (
        <>
          {pricePanel}
          <CountyPanel {...tiles} map={map(false)} />
          {coverPanel}
          <LogisticsPanel words={words} />
          <Ticker {...common} entries={lines} open={open.length} resolved={open.length === 0 && resolved.length > 0} />
        </>
      )}
      {sheet}
      {banner}
    </main>
  );
}

/** Whether somebody touched the screen within the last two minutes; `left` is called when they have gone. */
function useTouch(left: () => void): boolean {
  const [touched, setTouched] = useState(false);
  const leave = useRef(left);
  leave.current = left;
  useEffect(() => {
    let timer = 0;
    const touch = (): void => {
      window.clearTimeout(timer);
      setTouched(true);
      timer = window.setTimeout(() => {
        setTouched(false);
        leave.current();
      }, TOUCH_MS);
    };
    const escape = (event: KeyboardEvent): void => void (event.key === "Escape" && leave.current());
    const options = { passive: true } as const;
    window.addEventListener("pointerdown", touch, options);
    window.addEventListener("keydown", touch, options);
    window.addEventListener("keydown", escape);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener("pointerdown", touch);
      window.removeEventListener("keydown", touch);
      window.removeEventListener("keydown", escape);
    };
  }, []);
  return touched;
}

/** A newer red begins its ninety seconds anew. */
function useTakeover(reds: readonly Alert[], now: number): boolean {
  const seen = useRef<{ ids: Set<string>; since: number | null }>({ ids: new Set(), since: null });
  const known = seen.current;
  if (reds.some((alert) => !known.ids.has(alert.id))) known.since = now;
  if (!reds.length) known.since = null;
  known.ids = new Set(reds.map((alert) => alert.id));
  return takesOver(known.since, now);
}

function useChime(on: boolean, reds: readonly Alert[]): void {
  const chime = useRef<Chime | null>(null);
  const ids = reds.map((alert) => alert.id).join(" ");
  useEffect(() => {
    if (on) (chime.current ??= new Chime()).hear(ids ? ids.split(" ") : []);
  }, [on, ids]);
}

/** How often each tile's look has changed since it was first drawn; another metric is no change. */
function useGenerations(metric: Metric): (code: string, look: string) => number {
  const looks = useRef(new Map<string, { look: string; times: number }>());
  const last = useRef(metric);
  if (last.current !== metric) {
    last.current = metric;
    looks.current.clear();
  }
  return (code, look) => {
    const known = looks.current.get(code);
    if (!known) looks.current.set(code, { look, times: 0 });
    else if (known.look !== look) looks.current.set(code, { look, times: known.times + 1 });
    return looks.current.get(code)?.times ?? 0;
  };
}
