/** What changes something: the header tells the server that one of its own pages asks. */

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: { "Staplewatch-Request": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    cache: "no-store",
  });
  const answer: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, reason(answer) || `${path}: ${response.status}`);
  return answer as T;
}

/** A problem's own words, and those of the fields that are wrong. */
function reason(answer: unknown): string {
  const problem = (answer ?? {}) as { detail?: string; errors?: { reason: string }[] };
  return [problem.detail ?? "", ...(problem.errors ?? []).map((each) => each.reason)].filter(Boolean).join("; ");
}

/** Problems are told in both languages, `English / 中文`: the half that is read here. */
export function inLanguage(text: string, lang: "zh" | "en"): string {
  return text
    .split("; ")
    .map((part) => {
      const [en, zh] = part.split(" / ");
      return lang === "zh" ? (zh ?? part) : (en ?? part);
    })
    .join(lang === "zh" ? "；" : "; ");
}
