import { useEffect, useState } from "preact/hooks";
import type { Ask } from "../live/ask";

const REFRESH_MS = 30_000;
const RETRY_MS = 5_000;

export interface Asked<T> {
  data: T | null;
  failed: boolean;
}

/** Asks when the question changes, and again every half minute; an answer to an older question is dropped. */
export function useAsked<T>(ask: Ask, path: string | null, parameters: Readonly<Record<string, string>>, refresh = REFRESH_MS): Asked<T> {
  const question = path === null ? null : JSON.stringify([path, parameters]);
  const [answer, setAnswer] = useState<Asked<T> & { question: string | null }>({ data: null, failed: false, question: null });
  useEffect(() => {
    if (question === null) return undefined;
    let timer = 0;
    let current = true;
    const run = async (): Promise<void> => {
      let failed = false;
      try {
        const [to, given] = JSON.parse(question) as [string, Record<string, string>];
        const data = await ask<T>(to, given);
        if (current) setAnswer({ data, failed: false, question });
      } catch {
        failed = true;
        if (current) setAnswer((before) => ({ data: before.question === question ? before.data : null, failed: true, question }));
      }
      if (current) timer = window.setTimeout(() => void run(), failed ? RETRY_MS : refresh);
    };
    void run();
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [ask, question, refresh]);
  return answer.question === question ? answer : { data: null, failed: false };
}
