// What every page can do with a script; without one, everything still works by plain forms.

// The theme: remembered in a cookie, changed without loading the page again.
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.addEventListener("click", (click) => {
    click.preventDefault();
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new CustomEvent("themechange"));
  });
}

// Fields that count only when another field has a value.
function applies(field) {
  const form = field.closest("form");
  const chosen = [...new FormData(form).getAll(field.dataset.when)].includes(field.dataset.value);
  const any = form.querySelectorAll(`[name="${field.dataset.when}"]`).length > 0;
  return !any || (field.dataset.op === "!=" ? !chosen : chosen);
}
function refresh(form) {
  for (const field of form.querySelectorAll("[data-when]")) {
    field.hidden = !applies(field);
    for (const input of field.querySelectorAll("input, select, textarea")) input.disabled = field.hidden;
  }
}
document.addEventListener("input", (change) => {
  const form = change.target.closest("form");
  if (form) refresh(form);
});
function prepare(root) {
  for (const form of root.querySelectorAll("form")) refresh(form);
}
prepare(document);
document.addEventListener("htmx:afterSwap", (swap) => prepare(swap.target));

// A form is sent once.
document.addEventListener("submit", (submit) => {
  const form = submit.target;
  if (form.dataset.sent) return submit.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});

// Choosing every row of a list.
document.addEventListener("change", (change) => {
  const all = change.target.closest("[data-choose-all]");
  if (!all) return;
  for (const box of document.querySelectorAll(`input[name="${all.dataset.chooseAll}"]`)) box.checked = all.checked;
});

// A tap on the schematic map chooses the town in the place's list.
for (const dot of document.querySelectorAll("[data-map-code]")) {
  dot.addEventListener("click", () => {
    const select = document.querySelector("select[data-place]");
    if (!select) return;
    const option = [...select.options].find((one) => one.value === dot.dataset.mapCode);
    if (!option) return;
    select.value = option.value;
    select.dispatchEvent(new Event("input", { bubbles: true }));
    for (const other of document.querySelectorAll("[data-map-code]")) other.classList.toggle("on", other === dot);
    select.focus();
  });
}

// The list says so when the connection is lost, and when it is back.
const lost = document.querySelector("[data-lost]");
if (lost) {
  for (const name of ["htmx:sendError", "htmx:timeout", "offline"]) document.addEventListener(name, () => (lost.hidden = false));
  window.addEventListener("offline", () => (lost.hidden = false));
  document.addEventListener("htmx:afterRequest", (done) => { if (done.detail.successful) lost.hidden = true; });
}

// On a wide screen a task opens beside its list.
document.addEventListener("click", (click) => {
  const link = click.target.closest("[data-peek]");
  const pane = document.getElementById("peek");
  if (!link || !pane || !window.htmx || click.ctrlKey || click.metaKey || click.shiftKey) return;
  if (getComputedStyle(pane).display === "none") return;
  click.preventDefault();
  for (const row of document.querySelectorAll("tr[aria-selected]")) row.removeAttribute("aria-selected");
  link.closest("tr").setAttribute("aria-selected", "true");
  htmx.ajax("GET", link.dataset.peek, { target: pane, swap: "innerHTML" });
});

// A list that is renewed keeps its ticks, and stays as it is when nothing has changed.
let shown = "";
let ticked = [];
document.addEventListener("htmx:beforeSwap", (swap) => {
  if (swap.detail.target.id !== "rows") return;
  if (swap.detail.serverResponse === shown) swap.detail.shouldSwap = false;
  shown = swap.detail.serverResponse;
  ticked = [...document.querySelectorAll('#rows input[name="task"]:checked')].map((box) => box.value);
});
document.addEventListener("htmx:afterSwap", (swap) => {
  if (swap.detail.target.id !== "rows") return;
  for (const box of document.querySelectorAll('#rows input[name="task"]')) box.checked = ticked.includes(box.value);
});

// A drawing too wide for its place begins where the work is.
for (const place of document.querySelectorAll(".drawing")) {
  const here = place.querySelector(".now, .late");
  if (here) place.scrollLeft += here.getBoundingClientRect().left - place.getBoundingClientRect().left - place.clientWidth / 3;
}
