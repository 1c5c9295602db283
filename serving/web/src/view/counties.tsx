import type { ComponentChildren } from "preact";
import * as format from "../format";
import { figure } from "../model/alerts";
import { METRICS, type Metric, type Places, type TileState } from "../model/counties";
import type { Cell, Grid } from "../model/grid";
import { LEVELS } from "../model/levels";
import type { Good, Lang } from "../model/types";
import { characterOf, nameOf, shortOf, tileText, type Words } from "../words";
import { Symbol } from "./symbol";

/** The tiles' area at 1920 × 1080: 13 × 8 cells of 77 × 76. */
const AREA = { width: 1001, height: 608 };
/** A cell is never larger than this, however few there are. */
const LARGEST = { width: 154, height: 114 };
/** A romanised name in a cell of a telephone is a code, as of airports: it fits, and does not look cut off. */
const CODE_LETTERS = 3;
const ROMAN = { red: "I", orange: "II", yellow: "III", blue: "IV" } as const;

export interface CountyProps {
  grid: Grid;
  places: Places;
  metric: Metric;
  goods: ReadonlyMap<string, Good>;
  words: Words;
  lang: Lang;
  counties: number;
  /** Counts the changes of each tile, so that it can say so. */
  generation(code: string, look: string): number;
  onMetric(metric: Metric): void;
  onRegion(code: string): void;
}

type Props = CountyProps;

/** `map`, where there is one, stands in the place of the tiles. */
export function CountyPanel(props: Props & { map: ComponentChildren }) {
  const { words, metric, counties, map } = props;
  return (
    <section class="counties" aria-label={words.counties[metric]}>
      <h2>
        {words.counties[metric]}
        <small>{words.countiesNote[metric](counties)}</small>
      </h2>
      <Metrics {...props} />
      {map ?? (
        <>
          <CountyGrid {...props} />
          <p class="footnote">{words.gridNote}</p>
        </>
      )}
    </section>
  );
}

export function Metrics(props: Pick<Props, "metric" | "words" | "onMetric">) {
  return (
    <div class="metrics" role="group">
      {METRICS.map((each) => (
        <button type="button" key={each} aria-pressed={each === props.metric} onClick={() => props.onMetric(each)}>
          {props.words.metrics[each]}
        </button>
      ))}
    </div>
  );
}

/** The tiles; sizes are handed down as numbers of design pixels, so that the phone and the takeover can reuse them. */
export function CountyGrid(props: Props & { small?: boolean; pitch?: number; height?: number }) {
  const { grid, small, pitch } = props;
  const width = pitch ?? Math.min(AREA.width / grid.columns, LARGEST.width);
  const height = pitch ?? props.height ?? Math.min(AREA.height / grid.rows, LARGEST.height);
  const dense = small || height < 56 || width < 60;
  const variables = { "--w": `${width}`, "--h": `${height}`, "--columns": `${grid.columns}`, "--rows": `${grid.rows}` };
  return (
    <div class={`grid${dense ? " dense" : ""}${small ? " small" : ""}`} style={variables}>
      {grid.cells.map((cell) =>
        cell.isLabel ? <Label key={cell.region.code} cell={cell} {...props} /> : <TileView key={cell.region.code} cell={cell} {...props} />,
      )}
      <svg class="outline" viewBox={`0 0 ${grid.columns} ${grid.rows}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={grid.outline} vector-effect="non-scaling-stroke" />
      </svg>
      {!dense && grid.legend && <Legend row={grid.legend[0]} column={grid.legend[1]} {...props} />}
    </div>
  );
}

function position(row: number, column: number) {
  return { "--r": `${row}`, "--c": `${column}` };
}

function Label(props: Props & { cell: Cell; small?: boolean }) {
  const { cell, places, words, lang, small } = props;
  const name = shortOf(cell.region, lang);
  const count = places.totals.get(cell.region.code) ?? 0;
  return (
    <button type="button" class="label" style={position(cell.row, cell.column)} data-region={cell.region.code} onClick={() => props.onRegion(cell.region.code)}>
      <b>{small && lang === "en" ? name.slice(0, CODE_LETTERS).toUpperCase() : name}</b>
      <span>{words.alertsIn(count)}</span>
    </button>
  );
}

/** How often what a county looks like has changed since it was first drawn; a calm one's figure is no matter. */
export function changes(code: string, { level }: TileState, text: string, { metric, generation }: Pick<CountyProps, "metric" | "generation">): number {
  return generation(code, `${metric} ${level} ${level === "none" ? "" : text}`);
}

function TileView(props: Props & { cell: Cell }) {
  const { cell, places, lang, words } = props;
  const { code } = cell.region;
  const tile = places.tiles.get(code);
  if (!tile) return null;
  const text = told(tile, props);
  const generation = changes(code, tile, text, props);
  const name = shortOf(cell.region, lang);
  const classes = ["tile", tile.level, tile.unconfirmed && tile.level !== "none" && "unconfirmed", tile.late && "late", tile.silent && "silent", generation > 0 && `changed-${generation % 2}`];
  return (
    <button
      type="button"
      class={classes.filter(Boolean).join(" ")}
      style={position(cell.row, cell.column)}
      data-region={code}
      data-level={tile.level}
      title={nameOf(cell.region, lang)}
      onClick={() => props.onRegion(code)}
    >
      <span class={name.length > 2 ? `name long n${Math.min(name.length, 8)}` : "name"}>{name}</span>
      {(tile.level !== "none" || text) && (
        <span class={text.length > 3 ? "figure narrow" : "figure"}>
          <Symbol level={tile.level} lang={lang} />
          <em class="unseen">{words.line[tile.level]}</em>
          <span>{text}</span>
        </span>
      )}
    </button>
  );
}

/** What a county says in the fewest words: 52%, 断8天, 迟 2日, nothing where it is calm. */
export function told(tile: TileState, props: Pick<Props, "metric" | "lang" | "words">): string {
  const { metric, lang, words } = props;
  const open = tile.alert && figure(tile.alert);
  if (tile.value === null || metric === "alerts") {
    if (open) return tileText(open, lang);
    return tile.late ? words.late(tile.late) : "";
  }
  return metric === "cover" ? `${format.plainDays(tile.value)}${lang === "zh" ? "天" : "d"}` : `${format.signed(tile.value, 0).replace("+", "")}%`;
}

function Legend(props: Props & { row: number; column: number }) {
  return (
    <div class="legend" style={position(props.row, props.column)}>
      <Keys {...props} />
    </div>
  );
}

/** What colours, shapes, stripes and the corner mean. */
export function Keys({ words, lang }: Pick<Props, "words" | "lang">) {
  return (
    <>
      {LEVELS.map((level) => (
        <span key={level} class="key">
          <i class={`tile ${level}`}>
            <Symbol level={level} lang={lang} />
          </i>
          {lang === "zh" ? characterOf(level, lang) : words.line[level]} <em>{ROMAN[level]}</em>
        </span>
      ))}
      <span class="key">
        <i class="tile none" />
        {words.calm}
      </span>
      <span class="key">
        <i class="tile none late" />
        {words.lateReport}
      </span>
      <span class="key">
        <i class="tile none unconfirmed-key" />
        {words.corner}
      </span>
      <span class="key">
        <i class="tile none silent" />
        {words.noData}
      </span>
    </>
  );
}
