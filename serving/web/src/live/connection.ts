/** The one connection to the server: opens it, resumes it, says when it was last heard of. */

import { EventParser, type ServerEvent } from "./events";

/** The server speaks every 3 s; a connection that is silent for this long is dead. */
export const SILENCE_MS = 8_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000] as const;

export interface Listener {
  event(event: ServerEvent): void;
  /** The server refuses: a token is needed, or another one. */
  refused(): void;
}

/**
 * EventSource can neither send a token nor be told to give up a silent connection, so this is fetch.
 * Never gives up: a wall has nobody to press "reload".
 */
export class Connection {
  private last = "";
  private failures = 0;
  private stopped = new AbortController();

  constructor(
    private readonly url: string,
    private readonly headers: Record<string, string>,
    private readonly listener: Listener,
  ) {}

  async run(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      try {
        await this.session();
      } catch {
        // lost, refused or silent: the page shows how long ago it last heard something
      }
      await pause(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)] ?? 4_000);
    }
  }

  stop(): void {
    this.stopped.abort();
  }

  private async session(): Promise<void> {
    const attempt = new AbortController();
    const watchdog = new Watchdog(() => attempt.abort());
    const signal = AbortSignal.any([attempt.signal, this.stopped.signal]);
    try {
      const resume = this.last ? { "Last-Event-ID": this.last } : {};
      const response = await fetch(this.url, { headers: { ...this.headers, ...resume }, cache: "no-store", signal });
      if (response.status === 401) this.listener.refused();
      if (!response.ok || !response.body) return;
      await this.read(response.body, watchdog);
    } finally {
      watchdog.stop();
      attempt.abort();
    }
  }

  private async read(body: ReadableStream<Uint8Array<ArrayBuffer>>, watchdog: Watchdog): Promise<void> {
    const parser = new EventParser();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watchdog.heard();
      for (const event of parser.push(value)) {
        this.failures = 0;
        this.last = event.id || this.last;
        this.listener.event(event);
      }
    }
  }
}

class Watchdog {
  private timer = 0;

  constructor(private readonly bark: () => void) {
    this.heard();
  }

  heard(): void {
    this.stop();
    this.timer = window.setTimeout(this.bark, SILENCE_MS);
  }

  stop(): void {
    window.clearTimeout(this.timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => window.setTimeout(done, ms));
}
