/** What the banner says: the gravest first, and nothing twice. */

import * as format from "../format";
import type { State } from "../live/state";
import type { Stopped } from "../model/feeds";
import type { Lang } from "../model/types";
import type { Words } from "../words";

/** A server is called lost after this long; the clock runs on. */
export const LOST_MS = 10_000;

interface Situation {
  state: Pick<State, "contact" | "skew" | "broker" | "brokerSeen" | "warehouse" | "caughtUp" | "ready">;
  silent: readonly Stopped[];
  now: number;
  words: Words;
  lang: Lang;
  timezone: string;
  refused: boolean;
}

export function notices(situation: Situation): string[] {
  const { state, silent, now, words, lang, timezone } = situation;
  const told = (say: (at: string, age: string) => string, since: number): string => say(format.moment(since, timezone, now), format.age(now - since, lang));
  if (situation.refused) return [words.tokenNeeded];
  if (!state.contact) return [words.connecting];
  const heard = state.contact + state.skew;
  if (now - heard > LOST_MS) return [told(words.lostServer, heard)];
  if (!state.broker) return [told(words.lostBroker, state.brokerSeen)];
  const found = silent.map(({ feed, since }) => told((at, age) => words.stoppedFeed(words.feeds[feed], at, age), since));
  if (!state.warehouse) found.push(words.lostWarehouse);
  if (state.ready && !state.caughtUp) found.push(words.loading);
  return found;
}
