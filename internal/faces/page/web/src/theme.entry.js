// Sets the theme before the page is drawn, so that it does not flash, and switches it in the header
// of every page. It is the one script that is not a module.
const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
let kept; // in a frame a browser may refuse to keep anything
try { kept = localStorage.getItem("theme"); } catch { }
if (kept === "light" || kept === "dark") root.dataset.theme = kept;
root.classList.add("scripted");

const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
function say() {
  const button = document.querySelector(".top .theme");
  if (button) button.setAttribute("aria-pressed", dark());
}
document.addEventListener("DOMContentLoaded", say);
system.addEventListener("change", say);
new MutationObserver(say).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
document.addEventListener("click", (e) => {
  if (!e.target.closest?.(".top .theme")) return;
  const next = dark() ? "light" : "dark", auto = (next === "dark") === system.matches; // what the system has, needs no choice
  if (auto) delete root.dataset.theme; else root.dataset.theme = next;
  try { if (auto) localStorage.removeItem("theme"); else localStorage.setItem("theme", next); } catch { }
  const choice = document.querySelector("select#theme"); // of the account
  if (choice) { choice.value = auto ? "auto" : next; choice.dispatchEvent(new Event("change", { bubbles: true })); }
});
