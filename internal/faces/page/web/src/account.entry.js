// The account: password, sessions, tokens, zone and theme.
import { useState } from "preact/hooks";
import { html, render, signal, given, ask, means, remember, remembered } from "./lib.js";
import { Copy } from "./link.js";

const account = signal(given()), problem = signal("");
const post = async (what, values) => {
  try {
    const got = await ask("/-/account/" + what, { method: "POST", body: new URLSearchParams(values ?? {}) });
    problem.value = "";
    if (got.account) account.value = got.account;
    return got;
  } catch (e) { problem.value = e.message; return null; }
};
const when = (t) => new Date(t * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

function Password() {
  const [old, setOld] = useState(""), [next, setNext] = useState(""), [said, setSaid] = useState("");
  return html`<section class="panel" aria-labelledby="h-password"><h2 id="h-password">Password</h2><form class="fields" onSubmit=${async (e) => { e.preventDefault(); setSaid(""); const got = await post("password", { old, new: next }); if (got) { setOld(""); setNext(""); setSaid(got.said); } }}>
    <label for="old">Password now</label><input id="old" type="password" autocomplete="current-password" required value=${old} onInput=${(e) => setOld(e.target.value)}/>
    <label for="new">New password, 8 to 72 bytes</label><input id="new" type="password" autocomplete="new-password" required minlength="8" value=${next} onInput=${(e) => setNext(e.target.value)}/><button type="submit">Change</button><p role="status">${said}</p></form></section>`;
}

// The tokens that the user made, and those that programs got for the password.
function Tokens({ a }) {
  const [name, setName] = useState(""), [token, setToken] = useState("");
  const mine = a.tokens.filter((t) => !t.program), programs = a.tokens.filter((t) => t.program);
  const table = (list) => html`<table class="rows tokens"><thead><tr><th scope="col">Name</th><th scope="col">Made</th><th scope="col">Last use</th><td></td></tr></thead><tbody>${list.map((t) => html`<tr key=${t.id}><th scope="row">${t.name || html`<span class="quiet">no name</span>`}</th><td class="dim">${when(t.created)}</td><td class="dim">${t.used ? when(t.used) : "not known"}</td><td><button type="button" class="small" aria-label=${"Revoke " + (t.name || "the token of " + when(t.created))} onClick=${() => post("revoke", { id: t.id }).then((got) => got && setToken(""))}>Revoke</button></td></tr>`)}</tbody></table>`;
  return html`<section class="panel" aria-labelledby="h-tokens"><h2 id="h-tokens">Access tokens</h2><p>Programs send one as <code>access_token</code>. A program that you revoke a token of is refused at once.</p>
    <form class="fields" onSubmit=${async (e) => { e.preventDefault(); const got = await post("token", { name }); if (got) { setToken(got.token); setName(""); } }}><label for="token-name">What the new token is for</label><input id="token-name" required maxlength="100" autocomplete="off" value=${name} onInput=${(e) => setName(e.target.value)}/><button type="submit">Make a token</button></form>
    ${token && html`<p role="status">It is shown once: <code class="secret">${token}</code> <${Copy} text=${token}/></p>`}
    ${mine.length > 0 && table(mine)}
    ${programs.length > 0 && html`<h3>Of programs that know the password</h3>${table(programs)}`}
    ${a.allTokens > a.tokens.length && html`<p class="quiet">These are the newest ${a.tokens.length} of ${a.allTokens}.</p>`}
    ${a.allTokens > 0 && html`<details><summary>Revoke all tokens</summary><p>Programs that use one are refused from then on.</p><button type="button" onClick=${() => post("revoke-all").then((got) => got && setToken(""))}>Revoke all</button></details>`}
    <p>Your apiKey for older programs, next to your login: <code class="secret">${a.apiKey}</code> <${Copy} text=${a.apiKey}/></p></section>`;
}

// The secret addresses of views. The addresses themselves are not kept.
function Shares({ a }) {
  const what = (s) => s.tag ? "#" + s.tag : s.link, revoke = async (s) => {
    try {
      const got = await ask("/-/shares/revoke", { method: "POST", body: new URLSearchParams({ id: s.id }) });
      problem.value = "";
      account.value = { ...account.value, shares: got.shares };
    } catch (e) { problem.value = e.message; }
  };
  return html`<section class="panel" aria-labelledby="h-shares"><h2 id="h-shares">Shares</h2><p>Whoever has the address of one sees the clicks on its link or tag, and nothing else. <em>Share</em> on the page of a link, or below the filter of a tag, makes one.</p>
    ${a.shares.length > 0 && html`<table class="rows shares"><thead><tr><th scope="col">Of</th><th scope="col">Made</th><th scope="col">Ends</th><th scope="col">Last opened</th><td></td></tr></thead><tbody>${a.shares.map((s) => html`<tr key=${s.id}><th scope="row"><a href=${s.tag ? "/-/?" + new URLSearchParams({ tag: s.tag }) : "/-/link/" + encodeURIComponent(s.link)}>${what(s)}</a>${s.password && html` <span class="pill">password</span>`}${s.frames && html` <span class="pill" title=${s.frames}>in frames</span>`}</th><td class="dim">${when(s.created)}</td><td class="dim">${s.ends ? when(s.ends) : "never"}</td><td class="dim">${s.used ? when(s.used) : "never"}</td><td><button type="button" class="small" aria-label=${"Revoke the share of " + what(s)} onClick=${() => revoke(s)}>Revoke</button></td></tr>`)}</tbody></table>`}</section>`;
}

function App() {
  const a = account.value, [theme, setTheme] = useState(localStorage.getItem("theme") ?? "auto"), [week, setWeek] = useState(remembered("footfall_week") || "monday");
  return html`<div class="page narrow"><h1>Account</h1>${problem.value && html`<p class="banner" role="alert">${{ WRONG_PASSWORD: "That is not your password.", PASSWORD_FORM: "A password has 8 to 72 bytes, and no control characters.", TOKEN_NAME: "The name of a token has 1 to 100 bytes, and no control characters.", NOT_FOUND: "That is gone already. Load the page again.", TOO_MANY: "There were too many wrong passwords. Wait a minute." }[problem.value] ?? means(problem.value)}</p>`}
    <${Password}/>
    <${Tokens} a=${a}/>
    <${Shares} a=${a}/>
    <section class="panel" aria-labelledby="h-sessions"><h2 id="h-sessions">Sessions</h2><table class="rows"><thead><tr><th scope="col">Browser</th><th scope="col">Network</th><th scope="col">Last use</th><td></td></tr></thead><tbody>${a.sessions.map((s) => html`<tr key=${s.id}><th scope="row">${s.agent || "unknown"}${s.current ? html` <span class="pill">this one</span>` : ""}</th><td class="dim">${s.place}</td><td class="dim">${when(s.used)}</td><td>${!s.current && html`<button type="button" class="small" aria-label=${"End the session of " + s.agent} onClick=${() => post("end", { id: s.id })}>End</button>`}</td></tr>`)}</tbody></table>
      ${a.sessions.length > 1 && html`<p><button type="button" onClick=${() => post("end-others")}>End all others</button></p>`}</section>
    <section class="panel" aria-labelledby="h-look"><h2 id="h-look">Look</h2><div class="fields"><label for="theme">Colours</label><select id="theme" value=${theme} onChange=${(e) => { const t = e.target.value; setTheme(t); if (t === "auto") { localStorage.removeItem("theme"); delete document.documentElement.dataset.theme; } else { localStorage.setItem("theme", t); document.documentElement.dataset.theme = t; } }}><option value="auto">as the system</option><option value="light">light</option><option value="dark">dark</option></select>
      <label for="week">Weeks begin on</label><select id="week" value=${week} onChange=${(e) => { setWeek(e.target.value); remember("footfall_week", e.target.value); }}><option value="monday">Monday</option><option value="sunday">Sunday</option></select>
      <label for="zone">Time zone of the pages</label><input id="zone" value=${remembered("footfall_zone")} onChange=${(e) => remember("footfall_zone", e.target.value)}/></div></section></div>`;
}

document.title = "Account \u00b7 footfall";
render(html`<${App}/>`, document.getElementById("main"));
