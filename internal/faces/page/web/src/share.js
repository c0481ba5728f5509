// Shares: secret addresses at which anybody sees the clicks on one link or one tag.
import { useState } from "preact/hooks";
import { html, ask, means, copy } from "./lib.js";

const wrong = {
  SHARE_END: "The end is in the past.", SHARE_FRAMES: "Write each site as https://example.org, up to ten, or * for all. An address with a password is not shown in frames.",
  PASSWORD_FORM: "A password has 8 to 72 bytes, and no control characters.", TOO_MANY_SHARES: "You have 200 shares. Revoke some under Account.",
  NOT_FOUND: "This link is not one of yours, or it was deleted.",
};

function Copied({ text }) {
  const [done, setDone] = useState(false);
  return html`<button type="button" class="small" onClick=${() => copy(text).then(() => setDone(true))}>${done ? "Copied" : "Copy"}</button>`;
}

/** Makes a share of what of names: { link } or { tag }. */
export function Share({ of }) {
  const [ends, setEnds] = useState(""), [password, setPassword] = useState(""), [frames, setFrames] = useState(""), [made, setMade] = useState(""), [error, setError] = useState("");
  const submit = async (e) => {
    e.preventDefault();
    setMade(""); setError("");
    try {
      const got = await ask("/-/shares/make", { method: "POST", body: new URLSearchParams({ ...of, password, frames, ends: ends ? Math.floor(new Date(ends).getTime() / 1000) : "" }) });
      setMade(location.origin + got.address);
      setPassword("");
    } catch (err) { setError(err.message); }
  };
  return html`<details class="sharing"><summary>Share</summary><form class="fields" onSubmit=${submit}><p class="quiet">Whoever has the address sees these clicks without a login, and nothing else of yours.</p>
    <label for="share-ends">Ends, in the time of this browser; empty: never</label><input id="share-ends" type="datetime-local" value=${ends} onInput=${(e) => setEnds(e.target.value)}/>
    <label for="share-password">Password, if it shall ask for one</label><input id="share-password" type="password" autocomplete="new-password" minlength="8" value=${password} onInput=${(e) => setPassword(e.target.value)}/>
    <label for="share-frames">Sites that may show it in a frame, such as https://example.org; * for all</label><input id="share-frames" autocomplete="off" spellcheck=${false} value=${frames} onInput=${(e) => setFrames(e.target.value)}/>
    <button type="submit">Make the address</button>
    ${error && html`<p class="wrong" role="alert">${wrong[error] ?? means(error)}</p>`}</form>
    ${made && html`<p role="status">It is shown once: <code class="secret">${made}</code> <${Copied} text=${made}/> <a href="/-/account">Account</a> revokes it.</p>`}</details>`;
}

/** The head of the view of a share. */
export function ShareHead({ view: v }) {
  const l = v.link;
  if (!l) return html`<section class="panel sharing" aria-label="The tag"><h1>#${v.tag}</h1><p class="quiet">Clicks on the links with this tag</p></section>`;
  const short = l.keyword_link || l.link;
  return html`<section class="panel sharing" aria-label="The link"><h1>${l.title || short.replace(/^https?:\/\//, "")}</h1><p class="short"><a href=${short} rel="noreferrer noopener">${short.replace(/^https?:\/\//, "")}</a> <span class="quiet">leads to ${l.long_url}</span></p></section>`;
}
