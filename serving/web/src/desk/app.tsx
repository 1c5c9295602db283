import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import * as format from "../format";
import type { Ask } from "../live/ask";
import { inLanguage, send } from "../live/post";
import type { State } from "../live/state";
import { dataTime, FEEDS, silence as silent, STALE_SECONDS, stopped } from "../model/feeds";
import type { Alert, Lang } from "../model/types";
import { notices } from "../view/notices";
import { nameOf, WORDS } from "../words";
import { Actions } from "./actions";
import type { Common, Doing } from "./common";
import { AlertDetail } from "./detail";
import { useKeys } from "./keys";
import { AlertList } from "./list";
import { EVERYTHING, grouped, matching, type Action, type Filter, type Me } from "./model";
import { DESK_WORDS, type DeskWords } from "./words";

const TOLD_MS = 4_000;

interface Props {
  state: State;
  ask: Ask;
  me: Me;
  /** Grows with every change or action that was heard of. */
  stamp: number;
  /** Grows whenever something may look different: time goes on. */
  beat: number;
  lang: Lang;
  onLang(lang: Lang): void;
}

export function Desk(props: Props) {
  const { state, ask, me, stamp, lang } = props;
  const [words, desk] = [WORDS[lang], DESK_WORDS[lang]];
  const now = Date.now() + state.skew;
  const timezone = state.catalogue?.timezone ?? "Asia/Shanghai";
  const dataNow = dataTime(state.feeds, now);
  const [filter, setFilter] = useState<Filter>(EVERYTHING);
  const [current, setCurrent] = useState<string | null>(() => new URLSearchParams(location.search).get("alert"));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [help, setHelp] = useState(false);
  const [told, tell] = useTold();
  const silences = useSilences(ask, stamp);
  const acting = me.may.includes("act");

  const minute = Math.floor(now / 10_000);
  const found = useMemo(() => matching(state.alerts.values(), filter, state.regions, state.goods), [state.version, filter]);
  const groups = useMemo(() => grouped(found, filter, now), [found, filter, minute]);
  const packs = useMemo(() => [...new Set([...state.alerts.values()].map((alert) => alert.pack))].sort(), [state.version]);
  const order = groups.flatMap((group) => group.alerts);
  const byId = new Map([...state.alerts.values()].map((alert) => [alert.id, alert]));
  // what somebody reads stays in view, also when the filter would now hide it
  const alert = (current && byId.get(current)) || order[0];
  const many = [...chosen].flatMap((id) => byId.get(id) ?? []);

  const [search, note, why, said] = [useRef<HTMLInputElement>(null), useRef<HTMLTextAreaElement>(null), useRef<HTMLInputElement>(null), useRef<HTMLTextAreaElement>(null)];
  const choose = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const placed = useRef(-1);
  const go = (id: string): void => {
    placed.current = order.findIndex((each) => each.id === id);
    setCurrent(id);
  };
  const move = (by: number): void => {
    const at = order.findIndex((each) => each.id === alert?.id);
    // what was confirmed has moved away from where one stands: the next one is what has come in its place
    const from = at === placed.current || placed.current < 0 ? at : placed.current - (by > 0 ? 1 : 0);
    const next = order[Math.min(order.length - 1, Math.max(0, from + by))];
    if (next) go(next.id);
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    x: () => acting && alert && choose(alert.id),
    a: () => note.current?.focus(),
    s: () => why.current?.focus(),
    c: () => said.current?.focus(),
    "/": () => search.current?.focus(),
    "?": () => setHelp(!help),
    Escape: () => {
      setHelp(false);
      setChosen(new Set());
    },
  });

  const doing = useDoing(desk, lang, tell, () => setChosen(new Set()));
  const common: Common = { regions: state.regions, goods: state.goods, rows: state.rows, words, desk, lang, ask, timezone, now, dataNow };
  const messages = notices({ state, silent: stopped(state.feeds, STALE_SECONDS, now, Number(format.hour(now, timezone).slice(0, 2))), now, words, lang, timezone, refused: false });
  return (
    <>
      <TopBar {...props} now={now} timezone={timezone} desk={desk} onHelp={() => setHelp(!help)} />
      {messages.length > 0 && (
        <p class="banner" role="status">
          {messages.join(" · ")}
        </p>
      )}
      <main class="desk" lang={lang === "zh" ? "zh-CN" : "en"}>
        <AlertList {...common} found={found} groups={groups} packs={packs} filter={filter} current={alert?.id ?? null} chosen={chosen} acting={acting} search={search} onFilter={setFilter} onCurrent={go} onChoose={choose} />
        {alert ? <AlertDetail key={alert.id} {...common} alert={alert} stamp={stamp} /> : <article class="detail quiet">{desk.chooseOne}</article>}
        {alert ? <Actions {...common} {...doing} alert={alert} many={many} silences={silences} acting={acting} note={note} why={why} said={said} /> : <aside class="actions" />}
      </main>
      {help && <Help desk={desk} onClose={() => setHelp(false)} />}
      <p class={told.fault ? "told fault" : "told"} role={told.fault ? "alert" : "status"}>
        {told.text}
      </p>
    </>
  );
}

function TopBar(props: Props & { now: number; timezone: string; desk: DeskWords; onHelp(): void }) {
  const { state, me, lang, desk, now, timezone, onLang, onHelp } = props;
  const words = WORDS[lang];
  const province = state.catalogue?.regions.find((region) => region.level === "province");
  const leave = (): void => void send("POST", "/api/logout").finally(() => location.replace("/login"));
  return (
    <header class="bar">
      <h1>{province ? nameOf(province, lang) : "staplewatch"}</h1>
      <span class="title">{words.title}</span>
      <span class={state.catalogue?.exercise ? "badge filled" : "badge"}>{state.catalogue?.exercise ? words.exercise : words.live}</span>
      <nav>
        <a href="/desk" aria-current="page">
          {desk.desk}
        </a>
        <a href="/wall">{desk.wall}</a>
      </nav>
      <span class="feeds">
        {FEEDS.map((feed) => {
          const age = silent(state.feeds, feed, now);
          return (
            <span key={feed}>
              {words.feeds[feed]} <b>{age === null ? "–" : format.age(age, lang)}</b>
            </span>
          );
        })}
      </span>
      <time>{format.clock(now, timezone)}</time>
      {me.name ? (
        <span class="me">
          {desk.duty} <b>{me.name}</b>
          <button type="button" onClick={leave}>
            {desk.logout}
          </button>
        </span>
      ) : (
        <a class="me" href="/login?next=/desk">
          {desk.login}
        </a>
      )}
      <button type="button" class="language" onClick={() => onLang(lang === "zh" ? "en" : "zh")}>
        <b>{lang === "zh" ? "中文" : "EN"}</b> / {lang === "zh" ? "EN" : "中文"}
      </button>
      <button type="button" class="help" aria-label={desk.keys} onClick={onHelp}>
        ?
      </button>
    </header>
  );
}

function Help({ desk, onClose }: { desk: DeskWords; onClose(): void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} class="keys" aria-label={desk.keys} onClose={onClose}>
      <h2>{desk.keys}</h2>
      <dl>
        {desk.help.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}

interface Told {
  text: string;
  fault: boolean;
}

/** The one line at the bottom that says what came of an action; a fault stays longer. */
function useTold(): [Told, (text: string, fault?: boolean) => void] {
  const [told, setTold] = useState<Told>({ text: "", fault: false });
  const timer = useRef(0);
  const tell = (text: string, fault = false): void => {
    window.clearTimeout(timer.current);
    setTold({ text, fault });
    timer.current = window.setTimeout(() => setTold({ text: "", fault: false }), fault ? 3 * TOLD_MS : TOLD_MS);
  };
  return [told, tell];
}

function useSilences(ask: Ask, stamp: number): readonly Action[] {
  const [silences, setSilences] = useState<readonly Action[]>([]);
  useEffect(() => {
    let current = true;
    ask<Action[]>("/api/silences").then(
      (found) => void (current && setSilences(found)),
      () => undefined, // the next change asks again
    );
    return () => {
      current = false;
    };
  }, [ask, stamp]);
  return silences;
}

interface Many {
  acknowledged: readonly Action[];
  refused: readonly { id: string; reason: string }[];
}

function useDoing(desk: DeskWords, lang: Lang, tell: (text: string, fault?: boolean) => void, onDone: () => void): Doing {
  const attempt = async (act: () => Promise<string>): Promise<boolean> => {
    try {
      const text = await act();
      if (text) tell(text);
      return true;
    } catch (error) {
      tell(inLanguage((error as Error).message, lang), true);
      return false;
    }
  };
  const path = (alert: Alert): string => `/api/alerts/${encodeURIComponent(alert.id)}`;
  return {
    acknowledge: (alerts, note) =>
      attempt(async () => {
        const [only] = alerts;
        if (only && alerts.length === 1) {
          await send("POST", `${path(only)}/acknowledge`, { note, seq: only.seq });
          onDone();
          return desk.done.acknowledge;
        }
        const seen = alerts.map(({ id, seq }) => ({ id, seq }));
        const { acknowledged, refused } = await send<Many>("POST", "/api/alerts/acknowledge", { alerts: seen, note });
        onDone();
        if (!refused.length) return desk.done.many(acknowledged.length);
        tell(`${desk.done.many(acknowledged.length)}，${desk.refusedSome(refused.length)}: ${inLanguage(refused[0]?.reason ?? "", lang)}`, true);
        return "";
      }),
    comment: (alert, note) =>
      attempt(async () => {
        await send("POST", `${path(alert)}/comment`, { note });
        return desk.done.comment;
      }),
    silence: (matcher, until, why) =>
      attempt(async () => {
        await send("POST", "/api/silences", { matcher, until: new Date(until).toISOString(), why });
        return desk.done.silence;
      }),
    lift: (silence) =>
      attempt(async () => {
        await send("DELETE", `/api/silences/${encodeURIComponent(silence)}`);
        return desk.done.lift;
      }),
  };
}
