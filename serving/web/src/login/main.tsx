import "@fontsource-variable/inter/wght.css";
import "./login.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { inLanguage, send } from "../live/post";
import type { Lang } from "../model/types";

const LANGUAGE = "staplewatch.lang";
const WORDS = {
  zh: { title: "保供稳价监测", name: "账户", password: "口令", enter: "登录", entering: "正在登录 …", link: "正在以一次性链接登录 …", other: "English" },
  en: { title: "supply and price watch", name: "Account", password: "Password", enter: "Log in", entering: "Logging in …", link: "Logging in by the link …", other: "中文" },
};

/** Only a path of ours: an address elsewhere must not be reached by way of the login. */
export function next(search: string): string {
  const wanted = new URLSearchParams(search).get("next") ?? "";
  return /^\/(?![/\\])/.test(wanted) ? wanted : "/desk";
}

function remembered(): Lang {
  const given = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(LANGUAGE) ?? navigator.languages[0] ?? "zh";
  return given.startsWith("zh") ? "zh" : "en";
}

function Login({ secret }: { secret: string }) {
  const [lang, setLang] = useState<Lang>(remembered);
  const [busy, setBusy] = useState(Boolean(secret));
  const [fault, setFault] = useState("");
  const words = WORDS[lang];

  const enter = async (credentials: Record<string, string>): Promise<void> => {
    setBusy(true);
    setFault("");
    try {
      await send("POST", "/api/login", credentials);
      location.replace(next(location.search));
    } catch (error) {
      setFault((error as Error).message);
      setBusy(false);
    }
  };
  useEffect(() => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = `${words.enter} · ${words.title}`;
    localStorage.setItem(LANGUAGE, lang);
  }, [lang]);
  useEffect(() => {
    if (secret) void enter({ link: secret });
  }, []);

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void enter({ name: String(form.get("name")), password: String(form.get("password")) });
  };
  return (
    <main>
      <h1>{words.title}</h1>
      <form onSubmit={submit}>
        <label>
          {words.name}
          <input name="name" autocomplete="username" autofocus required maxLength={64} />
        </label>
        <label>
          {words.password}
          <input name="password" type="password" autocomplete="current-password" required maxLength={1024} />
        </label>
        <p role="alert">{fault && inLanguage(fault, lang)}</p>
        <button type="submit" disabled={busy}>
          {busy ? (secret ? words.link : words.entering) : words.enter}
        </button>
      </form>
      <button type="button" class="language" onClick={() => setLang(lang === "zh" ? "en" : "zh")}>
        {words.other}
      </button>
    </main>
  );
}

const link = new URLSearchParams(location.hash.slice(1)).get("link") ?? "";
// used up in a moment: it need not stay in the history
if (link) history.replaceState(null, "", location.pathname + location.search);
render(<Login secret={link} />, document.getElementById("login") as HTMLElement);
