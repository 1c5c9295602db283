/** Which inputs have stopped. */

import type { FeedName, Feeds } from "./types";

export const FEEDS: readonly FeedName[] = ["sales", "stock", "quotes"];

/** Seconds without news after which an input has stopped: thrice what is usual in open hours; quotes come daily. */
export const STALE_SECONDS: Readonly<Record<FeedName, number>> = { sales: 900, stock: 7200, quotes: 93_600 };
/** Shops sell and count stock between these local hours; at night their silence is no fault. */
export const OPEN_HOURS: readonly [number, number] = [8, 22];

export interface Stopped {
  feed: FeedName;
  /** Milliseconds: when it was last heard, and how long ago that is. */
  since: number;
  silent: number;
}

export function silence(feeds: Feeds, feed: FeedName, now: number): number | null {
  const found = feeds[feed];
  return found ? Math.max(0, now - found.heard * 1000) : null;
}

/** The inputs that have stopped, longest first. `localHour` is the hour of the deployment's day. */
export function stopped(feeds: Feeds, limits: Readonly<Record<FeedName, number>>, now: number, localHour: number): Stopped[] {
  const open = localHour >= OPEN_HOURS[0] && localHour < OPEN_HOURS[1];
  return FEEDS.flatMap((feed) => {
    const silent = silence(feeds, feed, now);
    const expected = feed === "quotes" || open || limits[feed] < STALE_SECONDS[feed];
    return silent !== null && expected && silent > limits[feed] * 1000 ? [{ feed, since: now - silent, silent }] : [];
  }).sort((one, other) => other.silent - one.silent);
}

/**
 * What time it is in the data, ms: the newest event's, and on from there. It is the wall clock's, except
 * where history is replayed: there an alert's age counts in the time of the replay.
 */
export function dataTime(feeds: Feeds, now: number): number {
  let newest: { at: number; heard: number } | null = null;
  for (const feed of Object.values(feeds)) if (!newest || feed.at > newest.at) newest = feed;
  return newest ? newest.at * 1000 + Math.max(0, now - newest.heard * 1000) : now;
}
