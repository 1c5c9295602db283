import * as format from "../format";
import type { Good, Lang, Region, Substitute } from "../model/types";
import { nameOf, regionOf, unitOf, type Words } from "../words";

interface Props {
  substitutes: readonly Substitute[];
  regions: ReadonlyMap<string, Region>;
  goods: ReadonlyMap<string, Good>;
  words: Words;
  lang: Lang;
}

/** Sites that can step in (动态补位), best first; a column of contacts where the answer has any. */
export function Substitutes({ substitutes, regions, goods, words, lang }: Props) {
  if (substitutes.length === 0) return null;
  const called = substitutes.some((each) => each.contact?.name ?? each.contact?.phone);
  // Of an enterprise that is silent, each good has its own.
  const several = new Set(substitutes.map((each) => each.good)).size > 1;
  return (
    <section class="substitutes">
      <h3>
        {words.substitutes} <small>{words.substitutesNote}</small>
      </h3>
      <table class="sites">
        <thead>
          <tr>
            <th>{words.site}</th>
            <th class="number">{words.gives}</th>
            <th class="number">{words.keeps}</th>
            {called && <th>{words.contact}</th>}
          </tr>
        </thead>
        <tbody>
          {substitutes.map((each) => (
            <tr key={`${each.site} ${each.good}`} data-substitute={each.site}>
              <th>
                {each.site} <small>{regionOf(each.region, regions, lang)}</small>
                {each.partner && <small>{` · ${words.partner}`}</small>}
              </th>
              <td class="number">
                {format.quantity(each.gives)} <small>{[unitOf(goods.get(each.good), lang), several && nameOf(goods.get(each.good), lang, each.good)].filter(Boolean).join(" ")}</small>
              </td>
              <td class="number">{each.keeps == null ? "" : format.days(each.keeps)}</td>
              {called && <td>{[each.contact?.name, each.contact?.phone].filter(Boolean).join(" ")}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
