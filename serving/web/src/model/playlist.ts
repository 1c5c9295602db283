/** What the wall shows when: rotation of the metrics, and the takeover of a red alert. Pure: time is handed in. */

import { isConfirmed } from "./alerts";
import { rank } from "./levels";
import { METRICS, type Metric } from "./counties";
import type { Alert } from "./types";

export interface Step {
  metric: Metric;
  seconds: number;
}

export const PLAYLIST: readonly Step[] = [
  { metric: "alerts", seconds: 40 },
  { metric: "cover", seconds: 20 },
  { metric: "price", seconds: 20 },
];
/** After a touch the screen is left alone for so long. */
export const TOUCH_MS = 120_000;
const ALONE_MS = 90_000;
const TURN_MS = 30_000;

/** Which metric to show; in a rotation, an open red or orange that nobody has confirmed holds the alerts. */
export function turn(steps: readonly Step[], alerts: readonly Alert[], now: number): Metric {
  const [only, ...more] = steps;
  if (only && more.length === 0) return only.metric; // a screen that was given one view keeps it
  if (alerts.some((alert) => rank(alert.level) >= rank("orange") && !isConfirmed(alert))) return "alerts";
  const total = steps.reduce((sum, step) => sum + step.seconds, 0);
  let left = (now / 1000) % total;
  for (const step of steps) {
    if (left < step.seconds) return step.metric;
    left -= step.seconds;
  }
  return "alerts";
}

/** Whether the red takeover is shown: alone for 90 s, then in turns of 30 s with the wall. `since`: first seen. */
export function takesOver(since: number | null, now: number): boolean {
  if (since === null) return false;
  const shown = now - since;
  return shown < ALONE_MS || Math.floor((shown - ALONE_MS) / TURN_MS) % 2 === 1;
}

/** `alerts:40,cover:20`; null for what is none of that. */
export function parsePlaylist(text: string): readonly Step[] | null {
  const steps = text.split(",").map((part) => {
    const [metric, seconds] = part.split(":");
    return { metric: metric as Metric, seconds: Number(seconds) };
  });
  return steps.every((step) => METRICS.includes(step.metric) && step.seconds > 0) ? steps : null;
}
