/** What every part of the desk is given. */

import type { Ask } from "../live/ask";
import type { Alert, Good, Lang, Region, Row } from "../model/types";
import type { Words } from "../words";
import type { DeskWords } from "./words";

export interface Common {
  regions: ReadonlyMap<string, Region>;
  goods: ReadonlyMap<string, Good>;
  rows: ReadonlyMap<string, Row>;
  words: Words;
  desk: DeskWords;
  lang: Lang;
  ask: Ask;
  timezone: string;
  /** Server's clock and time in the data, ms. */
  now: number;
  dataNow: number;
}

/** What is done, by whoever may; each returns when the broker has it, and tells what came of it. */
export interface Doing {
  acknowledge(alerts: readonly Alert[], note: string): Promise<boolean>;
  comment(alert: Alert, note: string): Promise<boolean>;
  silence(matcher: Readonly<Record<string, readonly string[]>>, until: number, why: string): Promise<boolean>;
  lift(silence: string): Promise<boolean>;
}
