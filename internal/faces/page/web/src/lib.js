// What all pages use: the template function, numbers and dates as the reader writes them, and
// questions to the server.
import { h, render } from "preact";
import { signal } from "@preact/signals";
import htm from "htm";

export const html = htm.bind(h);
export { render, signal };

/** The data that came with the page. */
export const given = () => JSON.parse(document.getElementById("view").textContent);

const number = new Intl.NumberFormat();
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const minus = (s) => s.replace(/^-/, "\u2212");

export const count = (n) => number.format(n);
export const percent = (n, of) => (of > 0 ? share.format(n / of) : "");

/** The change from one count to another, with its sign; "new" from nothing. */
export function change(now, before) {
  if (before === null || before === undefined) return "";
  if (before === 0) return now === 0 ? share.format(0) : "new";
  const d = (now - before) / before;
  const s = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: Math.abs(d) < 0.1 ? 1 : 0, signDisplay: "exceptZero" });
  return minus(s.format(d));
}

// Wall times of the zone that was asked for are shown as they are: the browser's own zones are
// not used, because it computes changes of clocks otherwise than footfall.
const at = (local) => new Date(local + (local.length > 10 ? ":00Z" : "T00:00:00Z"));
const formats = {};
export function wall(local, options) {
  const key = JSON.stringify(options);
  formats[key] ??= new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" });
  return formats[key].format(at(local));
}
export const day = (local) => wall(local, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const clock = (local) => local.slice(11);

/** The span of a range as words; its end is excluded. */
export function span(from, to) {
  const whole = from.endsWith("T00:00") && to.endsWith("T00:00");
  const last = new Date(at(to).getTime() - 60000);
  const f = new Intl.DateTimeFormat(undefined, { ...(whole ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" }), timeZone: "UTC" });
  return f.formatRange(at(from), whole ? last : at(to));
}

/** The dates of a span, without the year if it is that of now, which is a local time. */
export function dates(from, to, now = "") {
  const year = [from, to].every((t) => t.slice(0, 4) === now.slice(0, 4)) ? undefined : "numeric";
  return new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", year, timeZone: "UTC" }).formatRange(at(from), new Date(at(to).getTime() - 60000));
}

/** The offset from UTC in minutes, as UTC−5 or UTC+5:30. */
export function utc(minutes) {
  const m = Math.abs(minutes), rest = m % 60;
  return "UTC" + (minutes < 0 ? "\u2212" : "+") + Math.floor(m / 60) + (rest ? ":" + String(rest).padStart(2, "0") : "");
}

let names;
export function country(code) {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  names ??= new Intl.DisplayNames(undefined, { type: "region", fallback: "code" });
  return names.of(code);
}

/** The names of the ranges that are offered. */
export const presets = {
  hour: "Last hour", today: "Today", yesterday: "Yesterday", last7: "7 days", last30: "30 days", last90: "90 days", last12: "12 months",
  week: "This week", month: "This month", quarter: "This quarter", year: "This year", all: "All time",
};

/** A question to the server; it fails with the word of the server, or OFFLINE. */
export async function ask(path, options) {
  let r, text;
  try {
    r = await fetch(path, { headers: { Accept: "application/json" }, ...options });
    text = await r.text(); // which fails if the question is given up, or the server goes away, after the first bytes
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Error("OFFLINE");
  }
  if (r.status === 401 && location.pathname.startsWith("/-/s/")) { // a share, which asks for its password
    location.reload();
    throw new Error("SIGNED_OUT");
  }
  if (r.status === 401) {
    location.assign("/-/login?next=" + encodeURIComponent(location.pathname + location.search));
    throw new Error("SIGNED_OUT");
  }
  let body;
  try { body = JSON.parse(text); } catch { throw new Error("HTTP " + r.status); }
  if (!r.ok) throw new Error(body.error ?? "HTTP " + r.status);
  return body;
}

/** A call of the API; it fails with its status_txt. */
export async function api(method, params, post) {
  const q = new URLSearchParams(params);
  const body = await ask("/-/api/" + method + (post ? "" : "?" + q), post ? { method: "POST", body: q } : undefined);
  if (body.status_code !== 200 && body.status_code !== 304) throw new Error(body.status_txt);
  return body.data;
}

/** What an error word means, and what to do. */
export function means(word) {
  const known = {
    OFFLINE: "The server does not answer. No click is lost. This page asks again when it is back.",
    TEMPORARILY_UNAVAILABLE: "The counts cannot be read at the moment. No click is lost. Try again in a moment.",
    NOT_FOUND: "There is no such link of yours.",
    INVALID_URI: "That is not an address that can be shortened: begin it with http:// or https://.",
    ALREADY_A_BITLY_LINK: "That is a short link of this server already.",
    KEYWORD_TAKEN: "This name is taken. Choose another one.",
    INVALID_ARG_LINK: "That is no link of yours. Aggregate links belong to nobody: take your own link to the same address.",
    INVALID_ARG_KEYWORD: "A name has letters, digits, - and _.",
    RATE_LIMIT_EXCEEDED: "Too many changes at once. Wait a minute, and go on.",
  };
  if (known[word]) return known[word];
  if (word.startsWith("INVALID_ARG_")) return "The value of " + word.slice(12).toLowerCase() + " is not one that can be used here.";
  return "The server could not answer (" + word + "). Its log says why.";
}

export function remember(name, value) {
  document.cookie = name + "=" + encodeURIComponent(value) + "; path=/-/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
}
export const remembered = (name) => {
  const c = document.cookie.split("; ").find((c) => c.startsWith(name + "="));
  return c ? decodeURIComponent(c.slice(name.length + 1)) : "";
};

export async function copy(text) {
  await navigator.clipboard.writeText(text);
}

/** Saves a text or a blob as a file. */
export function save(name, data, type) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(data instanceof Blob ? data : new Blob([data], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
