/** The address' parameters: a screen needs no hands. */

import { STALE_SECONDS } from "./model/feeds";
import { PLAYLIST, parsePlaylist, type Step } from "./model/playlist";
import type { Metric } from "./model/counties";
import type { FeedName, Lang } from "./model/types";

export interface Options {
  lang: Lang;
  playlist: readonly Step[];
  takeover: boolean;
  chime: boolean;
  stale: Readonly<Record<FeedName, number>>;
}

/**
 * ?lang=en &view=cover (one metric) &rotate=alerts:40,cover:20,price:20 (off: alerts only) &takeover=off &chime=on
 * &stale=sales:600,quotes:93600 (seconds). What is misspelt keeps its default.
 */
export function readOptions(search: string, remembered: string | null, languages: readonly string[]): Options {
  const given = new URLSearchParams(search);
  const language = given.get("lang") ?? remembered ?? (languages[0]?.startsWith("zh") === false ? "en" : "zh");
  const view = given.get("view");
  const rotate = view ? `${view}:60` : given.get("rotate");
  const steps = rotate === "off" ? [{ metric: "alerts" as Metric, seconds: 60 }] : parsePlaylist(rotate ?? "");
  return {
    lang: language === "en" ? "en" : "zh",
    playlist: steps ?? PLAYLIST,
    takeover: given.get("takeover") !== "off",
    chime: given.get("chime") === "on",
    stale: { ...STALE_SECONDS, ...staleLimits(given.get("stale") ?? "") },
  };
}

function staleLimits(text: string): Partial<Record<FeedName, number>> {
  const found: Partial<Record<FeedName, number>> = {};
  for (const part of text.split(",")) {
    const [feed, seconds] = part.split(":");
    if (feed && feed in STALE_SECONDS && Number(seconds) > 0) found[feed as FeedName] = Number(seconds);
  }
  return found;
}

/** `#token=…` stays in the browser: it is not sent, and not in anybody's log. */
export function readToken(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? "";
}
