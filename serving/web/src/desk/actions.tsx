import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as format from "../format";
import { figure, isConfirmed, isOpen, isSilenced } from "../model/alerts";
import type { Alert } from "../model/types";
import { evidenceOf, nameOf, shortOf } from "../words";
import type { Common, Doing } from "./common";
import { limitOf } from "./list";
import { nextMorning, type Action } from "./model";

const HOUR = 3_600_000;

interface Props extends Common, Doing {
  alert: Alert;
  /** More than one was chosen: they are acknowledged together. */
  many: readonly Alert[];
  silences: readonly Action[];
  acting: boolean;
  note: RefObject<HTMLTextAreaElement | null>;
  why: RefObject<HTMLInputElement | null>;
  said: RefObject<HTMLTextAreaElement | null>;
}

export function Actions(props: Props) {
  const { desk, acting } = props;
  return (
    <aside class="actions" aria-label={desk.acknowledge}>
      {acting ? (
        <>
          <Acknowledge {...props} />
          <Silence {...props} />
          <Comments {...props} />
        </>
      ) : (
        <p class="card quiet">{desk.readOnly}</p>
      )}
      {!acting && <Comments {...props} />}
      <Judged {...props} />
    </aside>
  );
}

function Card(props: { title: string; shortcut?: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h3>
        {props.title}
        {props.shortcut && <kbd>{props.shortcut}</kbd>}
      </h3>
      {props.children}
    </section>
  );
}

/** Runs one action at a time; a button that waits cannot be pressed twice. */
function useBusy(): [boolean, (act: () => Promise<boolean>) => Promise<boolean>] {
  const [busy, setBusy] = useState(false);
  return [
    busy,
    async (act) => {
      setBusy(true);
      const done = await act();
      setBusy(false);
      return done;
    },
  ];
}

function Acknowledge(props: Props) {
  const { alert, many, desk, lang, timezone, now, acknowledge, note } = props;
  const [text, setText] = useState("");
  const [busy, run] = useBusy();
  const targets = many.length > 0 ? many : [alert];
  const possible = targets.every(isOpen);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (possible && (await run(() => acknowledge(targets, text)))) {
      setText("");
      note.current?.blur();
    }
  };
  const at = format.moment(Date.parse(alert.at), timezone, now);
  const before = alert.acknowledged;
  const about = many.length
    ? desk.acknowledgeMany(many.length)
    : before
      ? desk.confirmedBy(before.by, format.moment(Date.parse(before.at), timezone, now))
      : desk.acknowledging(`${at} ${isOpen(alert) ? desk.stays[alert.level] : desk.resolved}`);
  const button = many.length ? desk.acknowledgeAll(many.length) : isConfirmed(alert) ? desk.acknowledgeAgain : desk.acknowledgeThis;
  return (
    <Card title={desk.acknowledge} shortcut="A">
      <form onSubmit={(event) => void submit(event)} lang={lang}>
        <p>{about}</p>
        <textarea
          ref={note}
          rows={2}
          maxLength={2000}
          aria-label={desk.notePlaceholder}
          placeholder={desk.notePlaceholder}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            // an input method's own Enter chooses a character
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void submit(event);
          }}
        />
        <button type="submit" class="primary" id="acknowledge" disabled={busy || !possible}>
          {button}
        </button>
      </form>
    </Card>
  );
}

type Scope = "good" | "region" | "rule";
type Span = "hour" | "fourHours" | "morning" | "custom";

function Silence(props: Props) {
  const { alert, desk, regions, goods, lang, now, timezone, silences, silence, lift, why } = props;
  const [scope, setScope] = useState<Scope>("good");
  const [span, setSpan] = useState<Span>("fourHours");
  const [custom, setCustom] = useState("");
  const [reason, setReason] = useState("");
  const [busy, run] = useBusy();
  const until = { hour: now + HOUR, fourHours: now + 4 * HOUR, morning: nextMorning(now, timezone), custom: Date.parse(custom) }[span];
  const standing = silences.filter((each) => covers(each, alert));
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const matcher = { regions: [alert.region], ...(scope === "region" ? {} : { goods: [alert.good] }), ...(scope === "rule" ? { packs: [alert.pack] } : {}) };
    if (await run(() => silence(matcher, until, reason))) {
      setReason("");
      why.current?.blur();
    }
  };
  const place = shortOf(regions.get(alert.region), lang, alert.region);
  const scopes: Record<Scope, string> = {
    good: `${place} · ${nameOf(goods.get(alert.good), lang, alert.good)}`,
    region: `${place} · ${desk.scopes.region}`,
    rule: `${place} · ${nameOf(goods.get(alert.good), lang, alert.good)} · ${alert.pack}`,
  };
  return (
    <Card title={desk.silence} shortcut="S">
      <form onSubmit={(event) => void submit(event)}>
        <p>{desk.silenceNote}</p>
        {isSilenced(alert, now) &&
          standing.map((each) => (
            <p class="standing" key={each.silence}>
              <span>{`${desk.silencedUntil(format.moment(Date.parse(each.until ?? ""), timezone, now))} · ${each.by} · ${each.note}`}</span>
              <button type="button" disabled={busy} onClick={() => void run(() => lift(each.silence))}>
                {desk.lift}
              </button>
            </p>
          ))}
        <label class="pair">
          {desk.scope}
          <select value={scope} onChange={(event) => setScope(event.currentTarget.value as Scope)}>
            {(Object.keys(scopes) as Scope[]).map((each) => (
              <option key={each} value={each}>
                {scopes[each]}
              </option>
            ))}
          </select>
        </label>
        <p class="pair">
          {desk.until}
          <b>{Number.isFinite(until) ? format.moment(until, timezone, now) : "–"}</b>
        </p>
        <div class="spans" role="group" aria-label={desk.until}>
          {(["hour", "fourHours", "morning", "custom"] as const).map((each) => (
            <button type="button" key={each} aria-pressed={span === each} onClick={() => setSpan(each)}>
              {desk[each]}
            </button>
          ))}
        </div>
        {span === "custom" && <input type="datetime-local" aria-label={desk.until} value={custom} onInput={(event) => setCustom(event.currentTarget.value)} />}
        <input ref={why} type="text" required maxLength={2000} aria-label={desk.why} placeholder={desk.why} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        <button type="submit" class="secondary" id="silence" disabled={busy || !Number.isFinite(until) || !reason.trim()}>
          {desk.silenceButton}
        </button>
      </form>
    </Card>
  );
}

/** Whether a silence is of this alert, as the server judges it. */
function covers(silence: Action, alert: Alert): boolean {
  const { regions = [], goods = [], packs = [] } = silence.matcher ?? {};
  const inside = (code: string): boolean => alert.region.startsWith(code.replace(/(0000|00)$/, ""));
  return (!regions.length || regions.some(inside)) && (!goods.length || goods.includes(alert.good)) && (!packs.length || packs.includes(alert.pack));
}

function Comments(props: Props) {
  const { alert, desk, timezone, now, comment, said, acting } = props;
  const [text, setText] = useState("");
  const [busy, run] = useBusy();
  useEffect(() => setText(""), [alert.id]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (text.trim() && (await run(() => comment(alert, text)))) {
      setText("");
      said.current?.blur();
    }
  };
  const comments = alert.comments ?? [];
  return (
    <Card title={desk.comment} {...(acting ? { shortcut: "C" } : {})}>
      <ul class="comments">
        {comments.map((each) => (
          <li key={each.at + each.by}>
            <b>{each.by}</b> <time>{format.moment(Date.parse(each.at), timezone, now)}</time>
            <span>{each.note}</span>
          </li>
        ))}
        {comments.length === 0 && <li>{desk.noComments}</li>}
      </ul>
      {acting && (
        <form onSubmit={(event) => void submit(event)}>
          <textarea
            ref={said}
            rows={1}
            maxLength={2000}
            aria-label={desk.commentPlaceholder}
            placeholder={desk.commentPlaceholder}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void submit(event);
            }}
          />
          <button type="submit" class="secondary" id="comment" disabled={busy || !text.trim()}>
            {desk.commentButton}
          </button>
        </form>
      )}
    </Card>
  );
}

function Judged(props: Props) {
  const { alert, desk, lang, goods } = props;
  const found = figure(alert);
  const { sites_present: present, sites_fresh: fresh } = { ...alert.evidence, ...alert.values };
  const lines: [string, string][] = [
    [desk.pack, `${alert.pack} · ${alert.pack_version}`],
    [desk.condition, `${found.name} ${limitOf(alert, lang)}`],
    [desk.value, found.value === null ? "–" : String(found.value)],
  ];
  if (present && fresh != null) lines.push([desk.coverage, `${fresh} / ${present} ${desk.sites} · ${format.cut((fresh / present) * 100, 0)}%`]);
  lines.push([desk.supports, evidenceOf(alert, goods.get(alert.good), lang) || "–"]);
  return (
    <Card title={desk.judged}>
      <dl>
        {lines.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
