// Keys of the review screen: digits choose, or answer the field that is next; Backspace takes the
// last answer back; M writes, U is "cannot tell", Enter sends, Escape goes back, the space bar on.
const form = document.querySelector("[data-review]");
const asks = [...(form?.querySelectorAll("[data-ask]") ?? [])];
const answer = (ask) => ask.querySelector("input[type=radio]:checked");

function mark() {
  const next = asks.find((ask) => !answer(ask));
  for (const ask of asks) ask.classList.toggle("now", ask === next);
  next?.scrollIntoView({ block: "nearest" });
  return next;
}

document.addEventListener("keydown", (press) => {
  if (!form || press.ctrlKey || press.metaKey || press.altKey || press.repeat || press.isComposing) return;
  const key = press.key.toLowerCase();
  const at = press.target;
  if (at.matches("[data-ask] input:not([type=radio])") && (key === "enter" || key === "escape")) {
    press.preventDefault();
    at.blur();
    return;
  }
  if (at.matches("textarea") && key === "escape") at.blur();
  else if (!at.closest("input:not([type=radio]), textarea, select, button, a, summary")) take(press, key);
});

function take(press, key) {
  const next = mark();
  if (key === "backspace" && asks.length) {
    const last = asks.filter(answer).at(-1);
    if (last) answer(last).checked = false;
  } else if (/^[0-9]$|^[mu ]$|^enter$|^escape$/.test(key)) {
    const room = /^[0-9]$/.test(key) && asks.length ? next : form;
    const chosen = room?.querySelector(`[data-key="${key}"]`);
    if (!chosen) return;
    if (chosen.matches("textarea")) chosen.focus();
    else chosen.click();
    if (chosen.value === "neither") room.querySelector("input:not([type=radio])").focus();
  } else return;
  press.preventDefault();
  mark();
}

for (const ask of asks) ask.addEventListener("change", mark);
mark();
