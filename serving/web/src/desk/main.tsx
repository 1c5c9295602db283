import "@fontsource-variable/inter/wght.css";
import "./desk.css";
import { render } from "preact";
import { asker } from "../live/ask";
import { Connection } from "../live/connection";
import { State } from "../live/state";
import type { Lang } from "../model/types";
import { DESK_WORDS } from "./words";
import { Desk } from "./app";
import type { Me } from "./model";

const FRAME_MS = 100;
const LANGUAGE = "staplewatch.lang";

const state = new State();
const ask = asker("");
const root = document.getElementById("desk") as HTMLElement;
const given = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(LANGUAGE) ?? navigator.languages[0] ?? "zh";

let lang: Lang = given.startsWith("zh") ? "zh" : "en";
let me: Me = { name: null, role: null, may: [] };
let [stamp, beat, build, waiting] = [0, 0, "", 0];

function draw(): void {
  waiting = 0;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = DESK_WORDS[lang].desk;
  render(<Desk state={state} ask={ask} me={me} stamp={stamp} beat={++beat} lang={lang} onLang={speak} />, root);
}

function request(): void {
  if (!waiting) waiting = window.setTimeout(draw, FRAME_MS);
}

function speak(chosen: Lang): void {
  lang = chosen;
  localStorage.setItem(LANGUAGE, chosen);
  draw();
}

function login(): void {
  location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function identify(): Promise<void> {
  try {
    me = await ask<Me>("/api/me");
    // a screen's token reads the wall and nothing else: the desk is for people
    if (!me.may.includes("read")) login();
    request();
  } catch {
    window.setTimeout(() => void identify(), 2_000);
  }
}

/** Another build answers: this page is of yesterday's program; what is being typed is not thrown away. */
function compare(answered: string): void {
  const typing = [...document.querySelectorAll<HTMLInputElement>("textarea, input[type=text]")].some((field) => field.value);
  if (build && answered !== build && !typing) location.reload();
  build = answered;
}

const connection = new Connection("/live", {}, {
  event({ event, data }) {
    const content: unknown = JSON.parse(data);
    if (event === "build") compare((content as { build: string }).build);
    state.apply(event, content, Date.now());
    const alerts = (content as { alerts?: readonly unknown[] }).alerts;
    if (event === "action" || event === "snapshot" || alerts?.length) stamp++;
    request();
  },
  refused: login,
});

window.setInterval(request, 1000);
draw();
void identify();
void connection.run();
