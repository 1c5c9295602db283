import * as format from "../format";
import type { GoodPrice, Prices } from "../model/prices";
import type { Good, Lang } from "../model/types";
import { nameOf, type Words } from "../words";
import { Marks } from "./symbol";

/** A change of a tenth and more is bold and white. */
const LARGE = 0.1;
/** From here on a price has a digit more than its column is made for. */
const WIDE = 100;
const WIDTH = 64;
const HEIGHT = 40;

interface Props {
  prices: Prices;
  goods: ReadonlyMap<string, Good>;
  words: Words;
  lang: Lang;
  dimmed: boolean;
  onGood(good: string): void;
}

export function PricePanel(props: Props) {
  const { prices, words, dimmed } = props;
  return (
    <section class={dimmed ? "prices dimmed" : "prices"} aria-label={words.prices}>
      <h2>
        {words.prices}
        <small>{words.pricesNote[prices.source] + (prices.kind === "wholesale" ? words.wholesale : "")}</small>
      </h2>
      <div class="row head">
        <span>{words.good}</span>
        <span>{words.today}</span>
        <span>{words.fortnight}</span>
        <span>{words.day}</span>
        <span>{words.week[prices.source]}</span>
      </div>
      {prices.goods.map((each) => (
        <PriceRow key={each.good} price={each} {...props} />
      ))}
      {prices.goods.length === 0 && <p class="empty">{words.noPrices}</p>}
    </section>
  );
}

function PriceRow(props: Props & { price: GoodPrice }) {
  const { price, goods, lang, prices } = props;
  const { day, week } = price;
  return (
    <button type="button" class="row" data-good={price.good} onClick={() => props.onGood(price.good)}>
      <span class="name">
        <b>{nameOf(goods.get(price.good), lang, price.good)}</b>
        <Marks counts={price.counts} lang={lang} limit={2} />
      </span>
      <span class={price.price >= WIDE ? "now narrow" : "now"}>{format.price(price.price)}</span>
      <Sparkline points={price.points} scale={prices.scale} />
      <span class="day">{day === null ? "" : format.signed(day)}</span>
      <span class={week !== null && Math.abs(week) >= LARGE ? "week large" : "week"}>{week === null ? "" : format.signed(week)}</span>
    </button>
  );
}

/** A gap is a gap. Relative to the first point, on the scale that all share: a quiet good looks flat. */
function Sparkline(props: { points: readonly (number | null)[]; scale: readonly [number, number] }) {
  const { points, scale } = props;
  const [low, high] = scale;
  const first = points[0] ?? 1;
  const x = (index: number): number => (points.length < 2 ? WIDTH - 4 : 2 + (index * (WIDTH - 6)) / (points.length - 1));
  const y = (value: number): number => HEIGHT - 4 - ((value / first - low) / (high - low || 1)) * (HEIGHT - 8);
  const path = points
    .map((value, index) => {
      if (value === null) return "";
      // a piece of one point has no length: a round cap makes it a dot
      const step = index && points[index - 1] != null ? "L" : "M";
      return `${step}${x(index).toFixed(1)} ${y(value).toFixed(1)}${step === "M" ? "h0" : ""}`;
    })
    .join("");
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={path} />
      <circle cx={x(points.length - 1)} cy={y(points.at(-1) ?? first)} r="3.2" />
    </svg>
  );
}
