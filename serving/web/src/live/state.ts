/** Everything the page knows. Changes in place, so that days of updates leave nothing behind. */

import type { Alert, Catalogue, Changes, Feeds, Good, Region, Row, Status, WireRow } from "../model/types";

/** The wire's columns before the values. */
const HEAD = 6;
/** Resolved alerts that are kept; the server's snapshot has as many. */
export const RESOLVED_KEPT = 20;

export class State {
  catalogue: Catalogue | null = null;
  regions = new Map<string, Region>();
  goods = new Map<string, Good>();
  readonly rows = new Map<string, Row>();
  readonly alerts = new Map<string, Alert>();
  feeds: Feeds = {};
  broker = true;
  caughtUp = false;
  warehouse = true;
  /** Server's clock minus this machine's, ms. */
  skew = 0;
  /** When the server was last heard of, this machine's clock, ms; 0: never. */
  contact = 0;
  /** When the broker was last there, the server's clock, ms. */
  brokerSeen = 0;
  /** Grows with every change of data. */
  version = 0;
  ready = false;

  apply(event: string, data: unknown, now: number): void {
    this.contact = now;
    if (event === "catalogue") this.learn(data as Catalogue);
    else if (event === "snapshot") this.replace(data as Changes, now);
    else if (event === "change") this.change(data as Changes, now);
    else if (event === "heartbeat") this.status(data as Status, now);
  }

  private learn(catalogue: Catalogue): void {
    this.catalogue = catalogue;
    this.regions = new Map(catalogue.regions.map((region) => [region.code, region]));
    this.goods = new Map(catalogue.goods.map((good) => [good.code, good]));
    this.version++;
  }

  private replace(snapshot: Changes, now: number): void {
    this.rows.clear();
    this.alerts.clear();
    this.change(snapshot, now);
    this.ready = true;
  }

  private change(changes: Changes, now: number): void {
    for (const wire of changes.indicators) this.put(wire);
    for (const alert of changes.alerts) this.alerts.set(alert.key, alert);
    this.forget();
    this.status(changes, now);
    this.version++;
  }

  private put(wire: WireRow): void {
    const [region, good, grain, kind, at, date] = wire;
    const values: Record<string, number | null> = {};
    this.catalogue?.fields.forEach((name, index) => (values[name] = (wire[HEAD + index] as number | null) ?? null));
    this.rows.set(`${region}|${good}|${grain}|${kind}`, { region, good, grain, kind, at, date, values });
  }

  private status(status: Status, now: number): void {
    this.skew = status.now * 1000 - now;
    this.feeds = status.feeds;
    this.broker = status.broker;
    this.caughtUp = status.caught_up;
    this.warehouse = status.warehouse;
    if (status.broker || !this.brokerSeen) this.brokerSeen = status.now * 1000;
  }

  private forget(): void {
    const resolved = [...this.alerts.values()].filter((alert) => alert.state === "resolved");
    if (resolved.length <= RESOLVED_KEPT) return;
    resolved.sort((one, other) => other.at.localeCompare(one.at));
    for (const alert of resolved.slice(RESOLVED_KEPT)) this.alerts.delete(alert.key);
  }
}
