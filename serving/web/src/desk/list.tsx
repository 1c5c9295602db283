import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import * as format from "../format";
import { count, figure, isOpen, markOf, type Mark } from "../model/alerts";
import { LEVELS, type Open } from "../model/levels";
import type { Alert } from "../model/types";
import { Symbol } from "../view/symbol";
import { labelled, nameOf, placeOf, shortOf, thresholdText } from "../words";
import type { Common } from "./common";
import { EVERYTHING, VIEWS, inView, levelOf, type Filter, type Group } from "./model";

interface Props extends Common {
  /** What the filter lets through, whatever its view. */
  found: readonly Alert[];
  groups: readonly Group[];
  packs: readonly string[];
  filter: Filter;
  current: string | null;
  chosen: ReadonlySet<string>;
  /** Choosing several is for those who may act. */
  acting: boolean;
  search: RefObject<HTMLInputElement | null>;
  onFilter(filter: Filter): void;
  onCurrent(id: string): void;
  onChoose(id: string): void;
}

export function AlertList(props: Props) {
  const { groups, filter, desk, current, onFilter } = props;
  const rows = useRef<HTMLDivElement>(null);
  // only when another one is chosen: the list must not jump after one that has just been confirmed
  useEffect(() => rows.current?.querySelector(".current")?.scrollIntoView({ block: "nearest" }), [current]);
  return (
    <aside class="list" aria-label={desk.views[filter.view]}>
      <Filters {...props} />
      <div class="rows" ref={rows}>
        {groups.map((group) => (
          <section key={group.name} aria-label={desk.groups[group.name]} data-group={group.name}>
            <h3>
              {`${desk.groups[group.name]} ${group.alerts.length}`}
              <small>{desk.order[group.name]}</small>
            </h3>
            <ul>
              {group.alerts.map((alert) => (
                <Item key={alert.key} alert={alert} {...props} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      {groups.length === 0 && (
        <p class="quiet">
          {isFiltered(filter) ? desk.nothing : desk.calm}
          {isFiltered(filter) && (
            <button type="button" onClick={() => onFilter(EVERYTHING)}>
              {desk.clear}
            </button>
          )}
        </p>
      )}
    </aside>
  );
}

function isFiltered(filter: Filter): boolean {
  return Boolean(filter.levels.size || filter.prefecture || filter.good || filter.pack || filter.text) || filter.view !== "open";
}

function Filters(props: Props) {
  const { found, filter, desk, words, lang, now, regions, goods, packs, search, onFilter } = props;
  const open = found.filter(isOpen);
  const counts = count(open);
  const toggle = (level: Open): void => {
    const levels = new Set(filter.levels);
    if (!levels.delete(level)) levels.add(level);
    onFilter({ ...filter, levels });
  };
  const choice = (name: "prefecture" | "good" | "pack", all: string, options: readonly (readonly [string, string])[]) => (
    <select aria-label={all} value={filter[name]} onChange={(event) => onFilter({ ...filter, [name]: event.currentTarget.value })}>
      <option value="">{all}</option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
  const prefectures = [...regions.values()].filter((region) => region.level === "prefecture");
  return (
    <div class="filters">
      <div class="levels">
        {LEVELS.map((level) => (
          <button type="button" key={level} data-level={level} aria-pressed={filter.levels.has(level)} onClick={() => toggle(level)}>
            <Symbol level={level} lang={lang} character hollow={counts[level] === 0} />
            <span class="unseen">{words.line[level]}</span>
            <b>{counts[level]}</b>
          </button>
        ))}
      </div>
      <div class="views">
        {VIEWS.map((view) => (
          <button type="button" key={view} data-view={view} aria-pressed={filter.view === view} onClick={() => onFilter({ ...filter, view })}>
            {desk.views[view]} {view !== "resolved" && found.filter((alert) => inView(alert, view, now)).length}
          </button>
        ))}
      </div>
      <div class="choices">
        {choice("prefecture", desk.allPrefectures, prefectures.map((region) => [region.code, shortOf(region, lang)]))}
        {choice("good", desk.allGoods, [...goods.values()].map((good) => [good.code, nameOf(good, lang)]))}
        {choice("pack", desk.allPacks, packs.map((pack) => [pack, pack]))}
      </div>
      <input ref={search} type="search" aria-label={desk.search} placeholder={`${desk.search}  /`} value={filter.text} onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })} />
    </div>
  );
}

function Item(props: Props & { alert: Alert }) {
  const { alert, current, chosen, acting, regions, goods, lang, desk, now, dataNow, onCurrent, onChoose } = props;
  const selected = alert.id === current;
  const [label, value] = labelled(alert, lang);
  const good = nameOf(goods.get(alert.good), lang, alert.good);
  return (
    <li class={selected ? "item current" : "item"} data-alert={alert.id} data-level={alert.level}>
      {acting && (
        <label class="box">
          <input type="checkbox" aria-label={`${desk.choose} ${placeOf(alert, regions, lang)} ${good}`} tabIndex={-1} checked={chosen.has(alert.id)} onChange={() => onChoose(alert.id)} />
        </label>
      )}
      <button type="button" aria-current={selected} onClick={() => onCurrent(alert.id)}>
        <Symbol level={levelOf(alert)} lang={lang} character />
        <span class="what">
          <b>{good}</b>
          <small>{placeOf(alert, regions, lang)}</small>
        </span>
        <span class="much">
          <b>{`${label} ${value}`}</b>
          <small>{limitOf(alert, lang)}</small>
        </span>
        <span class="when">
          <span>{format.age(dataNow - Date.parse(alert.at), lang)}</span>
          <MarkText {...props} mark={markOf(alert, now)} />
        </span>
      </button>
    </li>
  );
}

function MarkText({ alert, mark, desk, timezone, now }: Props & { alert: Alert; mark: Mark }) {
  if (mark === "unconfirmed") return <small class="unconfirmed">{desk.unconfirmed}</small>;
  const said = {
    silenced: () => desk.silencedUntil(format.moment(Date.parse(alert.silenced_until ?? ""), timezone, now)),
    resolved: () => desk.resolved,
    confirmed: () => alert.acknowledged?.by,
    inhibited: () => desk.inhibited,
  };
  return <small>{said[mark]()}</small>;
}

/** The threshold that it passed: ≥ 50%, < 3 天. */
export function limitOf(alert: Alert, lang: Common["lang"]): string {
  const found = figure(alert);
  const tick = found.ticks.find((each) => each.level === levelOf(alert));
  if (!tick) return "";
  return `${found.measure === "cover_days" ? "<" : "≥"} ${thresholdText(found, tick.at, lang)}`;
}
