import { LEVELS } from "../model/levels";
import type { Lang, Level } from "../model/types";
import { characterOf } from "../words";

export const SHAPES: Readonly<Record<Exclude<Level, "none">, string>> = {
  red: "M7.6 1.5h8.8l6.1 6.1v8.8l-6.1 6.1H7.6l-6.1-6.1V7.6z",
  orange: "M12 .6 23.4 12 12 23.4.6 12z",
  yellow: "M12 1.6 23.6 22.4H.4z",
  blue: "M12 1.6a10.4 10.4 0 1 0 0 20.8a10.4 10.4 0 1 0 0-20.8z",
};
/** Where the character stands: a triangle's middle is lower. */
const MIDDLE: Readonly<Record<Exclude<Level, "none">, number>> = { red: 12, orange: 12, yellow: 15.2, blue: 12 };

/** Level as colour and shape; from 28 px up with its character, hollow where nothing is counted. */
export function Symbol(props: { level: Level; lang: Lang; character?: boolean; hollow?: boolean }) {
  const { level, lang, character, hollow } = props;
  if (level === "none") return null;
  return (
    <svg class={`symbol ${level}${hollow ? " hollow" : ""}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[level]} />
      {character && !hollow && (
        <text x="12" y={MIDDLE[level]} dy=".36em" text-anchor="middle" font-size={level === "yellow" ? 9.6 : 11.2}>
          {characterOf(level, lang)}
        </text>
      )}
    </svg>
  );
}

/** Small symbols with counts, highest first, at most `limit`; nothing for zero. */
export function Marks(props: { counts: Readonly<Record<Exclude<Level, "none">, number>>; lang: Lang; limit?: number }) {
  const shown = LEVELS.filter((level) => props.counts[level] > 0).slice(0, props.limit);
  return (
    <span class="marks">
      {shown.map((level) => (
        <span class="mark" key={level}>
          <Symbol level={level} lang={props.lang} />
          {props.counts[level]}
        </span>
      ))}
    </span>
  );
}
