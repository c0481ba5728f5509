// Sets the theme before the page is drawn, so that it does not flash. It is the one script that
// is not a module.
const kept = localStorage.getItem("theme");
if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
