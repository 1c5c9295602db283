import * as format from "../format";
import { place, type CategoryCover } from "../model/cover";
import type { Counts } from "../model/alerts";
import { LEVELS } from "../model/levels";
import type { Category, Lang } from "../model/types";
import { characterOf, nameOf, type Words } from "../words";
import { Gauge } from "./gauge";
import { Marks, Symbol } from "./symbol";

interface Props {
  cover: readonly CategoryCover[];
  categories: ReadonlyMap<string, Category>;
  words: Words;
  lang: Lang;
  dimmed: boolean;
  /** Open alerts of cover by category: all counties together may have plenty where one runs out. */
  counts: ReadonlyMap<string, Counts>;
}

export function CoverPanel(props: Props) {
  const { cover, words, lang, dimmed } = props;
  return (
    <section class={dimmed ? "cover dimmed" : "cover"} aria-label={words.cover}>
      <h2>
        {words.cover}
        <small>{words.coverNote}</small>
      </h2>
      <div class="row head">
        <span>{words.category}</span>
        <span class="bands">
          {LEVELS.map((level) => (
            <span key={level} class={`band ${level}`}>
              {characterOf(level, lang)}
            </span>
          ))}
          <span class="band normal">{words.normal}</span>
        </span>
        <span class="unit">{words.daysUnit}</span>
      </div>
      {cover.map((each) => (
        <CoverRow key={each.category} each={each} {...props} />
      ))}
      {cover.length === 0 && <p class="empty">{words.noCover}</p>}
      {cover.length > 0 && <CountedSupply words={words} />}
    </section>
  );
}

function CoverRow(props: Props & { each: CategoryCover }) {
  const { each, categories, lang } = props;
  const counts = props.counts.get(each.category);
  const ticks = LEVELS.map((level, index) => {
    const at = each.cover[3 - index] ?? 0;
    return { level, at, place: place(at, each.cover), text: format.plainDays(at), crossed: each.level === level };
  });
  return (
    <div class="row" data-category={each.category}>
      <span class="name">
        <b>{nameOf(categories.get(each.category), lang, each.category)}</b>
        {counts && <Marks counts={counts} lang={lang} limit={2} />}
      </span>
      <Gauge filled={place(each.days, each.cover)} level={each.level} ticks={ticks} />
      <span class="figure">
        <Symbol level={each.level} lang={lang} />
        {format.days(each.days)}
      </span>
    </div>
  );
}

/** Which supply is in the bars; what is not counted yet is named as such. */
function CountedSupply({ words }: { words: Words }) {
  return (
    <p class="supply">
      <i class="swatch stock" /> {words.stock}
      <span class="uncounted">
        <i class="swatch transit" /> {words.inTransit} <i class="swatch reserve" /> {words.reserves + words.notCounted}
      </span>
    </p>
  );
}

/** Shipments, orders and passes: no input for them yet, and the panel says so instead of showing zeros. */
export function LogisticsPanel({ words }: { words: Words }) {
  return (
    <section class="logistics" aria-label={words.logistics.join(" ")}>
      {words.logistics.map((name) => (
        <span key={name} class="figure">
          <span>{name}</span>
          <b>–</b>
        </span>
      ))}
      <p>{words.noLogistics}</p>
    </section>
  );
}
