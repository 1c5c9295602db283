import * as format from "../format";
import { isConfirmed, type Counts } from "../model/alerts";
import { LEVELS } from "../model/levels";
import { FEEDS, silence, type Stopped } from "../model/feeds";
import type { Alert, Catalogue, FeedName, Feeds, Lang } from "../model/types";
import { nameOf, type Words } from "../words";
import { Symbol } from "./symbol";

interface Props {
  catalogue: Catalogue | null;
  words: Words;
  lang: Lang;
  counts: Counts;
  open: readonly Alert[];
  feeds: Feeds;
  stopped: readonly Stopped[];
  reporting: number;
  counties: number;
  now: number;
  /** Time in the data, ms, where it is not the wall clock's. */
  replayed: number | null;
  onLang(lang: Lang): void;
}

export function Header(props: Props) {
  const { catalogue, words, lang, counts, open, now, replayed } = props;
  const timezone = catalogue?.timezone ?? "Asia/Shanghai";
  const exercise = catalogue?.exercise ?? false;
  return (
    <header class={exercise ? "header exercise" : "header"}>
      <div class="who">
        <h1>{catalogue ? jurisdiction(catalogue, lang) : "staplewatch"}</h1>
        <span class="subtitle">{words.title}</span>
        <span class={exercise ? "badge filled" : "badge"}>{exercise ? words.exercise : words.live}</span>
      </div>
      <div class={LEVELS.some((level) => counts[level] > 99) ? "counters many" : "counters"}>
        {LEVELS.map((level) => (
          <span class={`counter ${level}`} key={level} data-level={level}>
            <Symbol level={level} lang={lang} character hollow={counts[level] === 0} />
            <b>{counts[level]}</b>
          </span>
        ))}
      </div>
      <div class="sum">
        <b>
          {words.unconfirmed} <span id="unconfirmed">{open.filter((alert) => !isConfirmed(alert)).length}</span>
        </b>
        <span>{words.total(open.length)}</span>
      </div>
      <div class="feeds">
        {FEEDS.map((feed) => (
          <Freshness key={feed} feed={feed} {...props} />
        ))}
      </div>
      <time class="clock" dateTime={new Date(now).toISOString().slice(0, 19)}>
        {format.clock(now, timezone)}
      </time>
      <div class="today">
        <span>{replayed === null ? format.date(now, timezone, lang) : `${words.dataTime} ${format.moment(replayed, timezone, now)}`}</span>
        <span class="languages">
          <LanguageButton of="zh" text="中文" {...props} /> / <LanguageButton of="en" text="EN" {...props} />
        </span>
      </div>
    </header>
  );
}

function LanguageButton(props: { of: Lang; lang: Lang; text: string; onLang(lang: Lang): void }) {
  const { of, lang, text, onLang } = props;
  return (
    <button type="button" lang={of === "zh" ? "zh-CN" : "en"} aria-pressed={of === lang} onClick={() => onLang(of)}>
      {text}
    </button>
  );
}

/** The one province's name; of several the first's and how many more. */
function jurisdiction(catalogue: Catalogue, lang: Lang): string {
  const provinces = catalogue.regions.filter((region) => region.level === "province");
  const first = nameOf(provinces[0] ?? catalogue.regions[0], lang);
  return provinces.length > 1 ? `${first} +${provinces.length - 1}` : first;
}

function Freshness(props: Props & { feed: FeedName }) {
  const { feed, feeds, words, lang, now, stopped } = props;
  const silent = silence(feeds, feed, now);
  const stale = stopped.some((each) => each.feed === feed);
  const [figure, unit] = silent === null ? ["–", ""] : format.parts(format.age(silent, lang));
  const daily = feed === "quotes" && silent !== null && !stale;
  return (
    <span class={stale ? "feed stale" : "feed"} data-feed={feed}>
      <span>{words.feeds[feed]}</span>
      <span class="figure">
        <b>{daily ? props.reporting : figure}</b>
        {daily ? words.ofCounties(props.counties) : unit}
      </span>
    </span>
  );
}
