import "@fontsource-variable/inter/wght.css";
import "./style/base.css";
import "./style/header.css";
import "./style/panels.css";
import "./style/counties.css";
import "./style/ticker.css";
import "./style/takeover.css";
import "./style/sheet.css";
import "./style/phone.css";
import { render } from "preact";
import { App } from "./app";
import { asker } from "./live/ask";
import { Connection } from "./live/connection";
import { State } from "./live/state";
import type { Lang } from "./model/types";
import { readOptions, readToken } from "./options";
import { WORDS } from "./words";

/** Four pictures a second are smooth enough for figures, and leave a small computer its rest. */
const FRAME_MS = 250;
const PHONE = "(max-width: 640px), (max-aspect-ratio: 9/10)";
const LANGUAGE = "staplewatch.lang";

const state = new State();
const options = readOptions(location.search, localStorage.getItem(LANGUAGE), navigator.languages);
const token = readToken(location.hash);
forgetToken();
const ask = asker(token);
const phone = matchMedia(PHONE);
const root = document.getElementById("wall") as HTMLElement;

let lang: Lang = options.lang;
let refused = false;
let build = "";
let beat = 0;
let drawn = 0;
let waiting = 0;

function draw(): void {
  drawn = performance.now();
  waiting = 0;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = WORDS[lang].title;
  const scale = phone.matches ? 1 : Math.min(innerWidth / 1920, innerHeight / 1080);
  render(
    <App state={state} options={options} ask={ask} beat={++beat} refused={refused} phone={phone.matches} scale={scale} lang={lang} onLang={speak} />,
    root,
  );
}

/** `/wall?token=…` has become a cookie by now: it need not stand in the address of a screen that everybody sees. */
function forgetToken(): void {
  const address = new URL(location.href);
  if (!address.searchParams.has("token")) return;
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

/** Draws soon, but not more than four times a second; also where the page is hidden, so that nothing piles up. */
function request(): void {
  if (!waiting) waiting = window.setTimeout(draw, Math.max(0, FRAME_MS - (performance.now() - drawn)));
}

function speak(chosen: Lang): void {
  lang = chosen;
  localStorage.setItem(LANGUAGE, chosen);
  draw();
}

/** Another build answers: this page is of yesterday's program. */
function compare(answered: string): void {
  if (build && answered !== build) location.reload();
  build = answered;
}

const connection = new Connection("/live", token ? { Authorization: `Bearer ${token}` } : {}, {
  event({ event, data }) {
    refused = false;
    const content: unknown = JSON.parse(data);
    if (event === "build") compare((content as { build: string }).build);
    state.apply(event, content, Date.now());
    request();
  },
  refused() {
    // a token that was given and is not known is said; who gave none can log in
    if (!token) location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    refused = true;
    request();
  },
});

phone.addEventListener("change", draw);
window.addEventListener("resize", request);
window.setInterval(request, 1000);
draw();
void connection.run();
