// A visit's form on a bad network: kept on the phone until the server has it, then gone.
//
// What is kept is encrypted under a key that the server gives to this officer for this task alone
// and that never lies in the browser's storage: a page that stands open has it, and after a lost
// session whoever logs in as the same officer gets it again; nobody else who takes up the phone.
const root = document.querySelector("[data-draft]");
const texts = JSON.parse(document.getElementById("draft-texts").textContent);
const line = document.querySelector("[data-draft-state]");
const form = document.querySelector("form[data-visit]");
const token = document.querySelector('input[name="csrfmiddlewaretoken"]');
const place = `care-draft:${root.dataset.officer}:${root.dataset.task}`;
const OLDEST = 14 * 24 * 3600 * 1000;
const AGAIN = 15000;
const LEFT_OUT = new Set(["csrfmiddlewaretoken", "purpose"]);
let forgotten = false;
let busy = false;
let timer = 0;
let upload = 0;

function say(name, tone = "", link = "") {
  line.hidden = false;
  line.className = `draft-state ${tone}`;
  line.dataset.draftState = name;
  line.textContent = texts[name];
  if (!link) return;
  const anchor = document.createElement("a");
  anchor.href = link;
  anchor.textContent = texts.login_link;
  line.append(" ", anchor);
}

// The box on the phone.
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
const key = window.crypto?.subtle
  ? await crypto.subtle.importKey("raw", bytes(root.dataset.key), "AES-GCM", false, ["encrypt", "decrypt"])
  : null;

async function put(draft) {
  if (!key || forgotten) return false;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(draft));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain);
  try {
    localStorage.setItem(place, JSON.stringify({ at: draft.at, iv: text(iv), sealed: text(sealed) }));
    return true;
  } catch {
    return false;
  }
}

async function take() {
  const kept = localStorage.getItem(place);
  if (!key || !kept) return null;
  try {
    const told = JSON.parse(kept);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(told.iv) }, key, bytes(told.sealed));
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return null; // sealed under a key that is no longer given: nobody can read it
  }
}

function drop() {
  localStorage.removeItem(place);
}

function dropOld() {
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith("care-draft:")) continue;
    const at = JSON.parse(localStorage.getItem(name) ?? "{}").at ?? 0;
    if (Date.now() - at > OLDEST) localStorage.removeItem(name);
  }
}

// The form as pairs, and pairs into the form.
function read(pending) {
  const content = [...new FormData(form)].filter(([name, value]) => !LEFT_OUT.has(name) && typeof value === "string");
  return { at: Date.now(), mark: form.elements.mark.value, content, pending };
}

function fill(draft) {
  const told = new Map();
  for (const [name, value] of draft.content) told.set(name, [...(told.get(name) ?? []), value]);
  for (const field of form.elements) {
    if (!field.name || LEFT_OUT.has(field.name)) continue;
    const values = told.get(field.name) ?? [];
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
  form.elements.mark.value = draft.mark;
  for (const box of form.querySelectorAll("details")) {
    if (box.querySelector("input:checked, select option:checked:not([value=''])")) box.open = true;
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

async function keep() {
  if (busy || forgotten) return;
  const draft = read(false);
  const here = await put(draft);
  say(here ? "here" : navigator.onLine ? "server" : "none", here ? "" : "y");
  clearTimeout(upload);
  upload = setTimeout(() => keepThere(draft, here), 3000);
}

async function keepThere(draft, here) {
  if (!navigator.onLine || busy || forgotten) return;
  const body = new URLSearchParams({ mark: draft.mark, content: JSON.stringify(draft.content) });
  const answer = await ask(root.dataset.keep, body).catch(() => null);
  if (busy) return;
  if (answer?.ok) say(here ? "both" : "server");
  else if (answer && isAway(answer)) say("login", "r", root.dataset.login);
}

// Sending: until the server answers, and once.
function ask(address, body) {
  body.set("csrfmiddlewaretoken", token.value);
  return fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
}

function isAway(answer) {
  const told = answer.headers.get("Content-Type") ?? "";
  return answer.type === "opaqueredirect" || (answer.status === 403 && !told.includes("json"));
}

async function send(draft) {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  clearTimeout(upload);
  say("sending");
  const body = new URLSearchParams([...draft.content, ["mark", draft.mark]]);
  const answer = await ask(root.dataset.send, body).catch(() => null);
  busy = false;
  if (answer && isAway(answer)) return say("login", "r", root.dataset.login);
  if (!answer || answer.status >= 500) {
    say(answer ? "failed" : "later", "y");
    timer = setTimeout(() => send(draft), AGAIN);
    return;
  }
  const told = await answer.json().catch(() => ({}));
  if (told.state === "sent") {
    drop();
    forgotten = true;
    say("sent", "g");
    location.assign(told.address);
    return;
  }
  await put({ ...draft, pending: false });
  if (answer.status === 409) return say("closed", "y");
  say("refused", "r");
  show(told.errors ?? {});
}

function show(errors) {
  if (!form) return;
  for (const old of form.querySelectorAll("[data-told]")) old.remove();
  let first = null;
  for (const [name, sentences] of Object.entries(errors)) {
    const field = form.querySelector(`[name="${CSS.escape(name)}"], [name="${CSS.escape(`${name}.answer`)}"]`);
    const box = field?.closest(".ans, .field") ?? form.querySelector("[data-general]");
    for (const sentence of sentences) {
      const told = document.createElement("small");
      told.className = "err";
      told.dataset.told = name;
      told.textContent = sentence;
      box.append(told);
    }
    const outer = box.closest("details");
    if (outer) outer.open = true;
    first ??= field ?? box;
  }
  first?.scrollIntoView({ block: "center" });
  first?.focus?.({ preventScroll: true });
}

function prepare(kept) {
  const there = document.getElementById("draft-kept");
  const other = there ? JSON.parse(there.textContent) : null;
  const same = kept && other && JSON.stringify(kept.content) === JSON.stringify(other.content);
  const newer = other && !same && (!kept || other.at > kept.at) ? other : kept;
  if (newer && !form.querySelector(".err")) {
    fill(newer);
    say(newer === kept ? "restored" : "newer");
  }
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, 400);
  });
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    submit.stopPropagation();
    const draft = read(true);
    await put(draft);
    send(draft);
  });
  const forget = form.querySelector("[data-forget]");
  forget.hidden = !key;
  forget.addEventListener("click", () => {
    drop();
    forgotten = true;
    say("removed");
  });
  for (const button of form.querySelectorAll("[data-same]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const answer of button.closest("section").querySelectorAll('input[value="same"]')) {
        if (answer.closest("details:not([open])")) continue;
        if (!form.querySelector(`[name="${CSS.escape(answer.name)}"]:checked`)) answer.checked = true;
      }
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

dropOld();
const kept = await take();
if (form) prepare(kept);
else if (kept && !kept.pending) say("found", "y");
if (kept?.pending) send(kept);
window.addEventListener("online", async () => {
  const waiting = await take();
  if (waiting?.pending) send(waiting);
});
