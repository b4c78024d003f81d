// The modelers of the studio: a file drawn in bpmn.io's modeler, explained while it is drawn, kept.
const place = document.querySelector("[data-modeler]");
const kind = place.dataset.modeler;
const labels = JSON.parse(document.getElementById("labels").textContent);
const words = JSON.parse(document.getElementById("words").textContent);
const token = document.querySelector("[data-token] input").value;
const saved = document.querySelector("[data-saved]");
const save = document.querySelector("[data-save]");
const found = document.querySelector("[data-findings]");
let seq = place.dataset.seq;
let changed = false;

const extension = (prefix, uri) => ({ name: prefix, prefix, uri, types: [] });
const translate = (text, told = {}) =>
  (words[text] ?? text).replace(/{([^}]+)}/g, (whole, name) => told[name.trim()] ?? whole);
const spoken = { additionalModules: [{ translate: ["value", translate] }] };
const modeler = new (kind === "bpmn" ? BpmnJS : DmnJS)({
  container: place.querySelector("[data-canvas]"),
  ...spoken,
  drd: spoken,
  decisionTable: spoken,
  literalExpression: spoken,
  boxedExpression: spoken,
  moddleExtensions: {
    qs: extension("qs", "urn:qianshou:bpmn"),
    camunda: extension("camunda", "http://camunda.org/schema/1.0/bpmn"),
  },
});

function send(address, sent) {
  const body = new FormData();
  for (const [name, value] of Object.entries(sent)) body.append(name, value);
  return fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token } }).then(async (answer) => {
    if (!answer.ok && answer.status !== 422) throw new Error(answer.statusText);
    return answer.json();
  });
}

let asked = 0;
async function explain() {
  const mine = (asked += 1);
  const { xml } = await modeler.saveXML({ format: true });
  const { findings } = await send(place.dataset.lint, { text: xml });
  if (mine !== asked) return; // a later question is under way
  found.replaceChildren();
  const canvas = kind === "bpmn" ? modeler.get("canvas") : null;
  if (canvas) modeler.get("elementRegistry").forEach((one) => {
    for (const mark of ["lint-error", "lint-warning"]) canvas.removeMarker(one, mark);
  });
  for (const one of findings) {
    const line = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = `finding ${one.severity}`;
    button.textContent = one.name ? `${one.name}: ${one.text}` : one.text;
    line.append(button);
    found.append(line);
    const shape = canvas && modeler.get("elementRegistry").get(one.element);
    if (!shape) continue;
    canvas.addMarker(shape, `lint-${one.severity}`);
    button.addEventListener("click", () => {
      canvas.scrollToElement(shape);
      modeler.get("selection").select(shape);
    });
  }
  if (!findings.length) {
    const line = document.createElement("li");
    line.textContent = place.dataset.clean;
    found.append(line);
  }
}

let wait;
let strokes = 0;
function touched() {
  changed = true;
  strokes += 1;
  if (save) saved.textContent = place.dataset.changed;
  clearTimeout(wait);
  wait = setTimeout(() => explain().catch(() => (saved.textContent = place.dataset.failed)), 600);
}

save?.addEventListener("click", async () => {
  save.disabled = true;
  const before = strokes;
  try {
    const { xml } = await modeler.saveXML({ format: true });
    const answer = await send(location.pathname, { text: xml, seq });
    if (answer.refused) saved.textContent = answer.refused.join("; ");
    else {
      seq = answer.seq;
      changed = strokes !== before;
      saved.textContent = changed ? place.dataset.changed : place.dataset.kept;
    }
  } catch {
    saved.textContent = place.dataset.failed;
  }
  save.disabled = false;
});
window.addEventListener("beforeunload", (leave) => {
  if (changed && save) leave.preventDefault();
});

// The properties of the chosen element: ours, beside the drawing.
const OWN = {
  "bpmn:UserTask": [
    "camunda:candidateGroups", "camunda:formKey", "camunda:dueDate", "qs:source", "qs:organisation",
    "qs:assignee", "qs:returnTo", "qs:page", "qs:milestone", "qs:milestoneEn",
  ],
  "bpmn:ServiceTask": ["qs:effect"],
  "bpmn:BusinessRuleTask": ["qs:decision"],
  "bpmn:CallActivity": ["calledElement", "qs:results"],
};
const LISTS = {
  "camunda:candidateGroups": "l-posts", "camunda:formKey": "l-forms", "qs:source": "l-statutes",
  calledElement: "l-called",
};

function expression(body) {
  return body ? modeler.get("moddle").create("bpmn:FormalExpression", { body }) : undefined;
}

// Returns [name, value, how to write it] of everything that can be said of a shape.
function properties(shape) {
  const told = shape.businessObject;
  const modeling = modeler.get("modeling");
  const plain = (name) => [name, told.get(name) || "", (value) => modeling.updateProperties(shape, { [name]: value || undefined })];
  const rows = ["name", "qs:nameEn", ...(OWN[told.$type] || [])].map(plain);
  if (told.$type === "bpmn:SequenceFlow")
    rows.push(["condition", told.conditionExpression?.body || "", (value) => modeling.updateProperties(shape, { conditionExpression: expression(value) })]);
  const timer = told.eventDefinitions?.find((one) => one.$type === "bpmn:TimerEventDefinition");
  if (timer)
    rows.push(["timer", timer.timeDuration?.body || "", (value) => modeling.updateModdleProperties(shape, timer, { timeDuration: expression(value) })]);
  const many = told.loopCharacteristics;
  if (many) {
    for (const name of ["qs:collection", "qs:element"])
      rows.push([name, many.get(name) || "", (value) => modeling.updateModdleProperties(shape, many, { [name]: value || undefined })]);
    rows.push(["completion", many.completionCondition?.body || "", (value) => modeling.updateModdleProperties(shape, many, { completionCondition: expression(value) })]);
  }
  return rows;
}

function showProperties(shapes) {
  const form = document.querySelector("[data-properties]");
  const shape = shapes.length === 1 ? shapes[0] : null;
  form.hidden = !shape;
  document.querySelector("[data-nothing]").hidden = Boolean(shape);
  form.replaceChildren();
  if (!shape) return;
  for (const [name, value, write] of properties(shape)) {
    const field = document.createElement("div");
    const label = document.createElement("label");
    const input = document.createElement("input");
    field.className = "field";
    label.htmlFor = input.id = `p-${name}`;
    label.textContent = labels[name] || name;
    input.value = value;
    input.disabled = !save;
    if (LISTS[name]) input.setAttribute("list", LISTS[name]);
    input.addEventListener("change", () => write(input.value.trim()));
    field.append(label, input);
    form.append(field);
  }
}

// The decisions of a DMN file, one button each.
function showViews(event) {
  const bar = document.querySelector("[data-views]");
  bar.replaceChildren();
  for (const view of event.views) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn s";
    button.textContent = view.element.name || view.element.id;
    button.setAttribute("aria-pressed", String(view === event.activeView));
    button.addEventListener("click", () => modeler.open(view));
    bar.append(button);
  }
  const viewer = modeler.getActiveViewer();
  if (viewer && !viewer.watched) {
    viewer.watched = true;
    viewer.on("commandStack.changed", touched);
  }
}

// Shows the drawing beside the palette, whole where it can be read so, else from its left on.
function fit(canvas) {
  const { inner, outer } = canvas.viewbox();
  const palette = 110;
  const scale = Math.min(1, Math.max(0.55, (outer.width - palette - 20) / inner.width));
  const top = Math.max(20, (outer.height / scale - inner.height) / 2);
  canvas.viewbox({
    x: inner.x - palette / scale, y: inner.y - top, width: outer.width / scale, height: outer.height / scale,
  });
}

if (kind === "bpmn") {
  modeler.on("commandStack.changed", touched);
  modeler.on("selection.changed", (event) => showProperties(event.newSelection));
} else modeler.on("views.changed", showViews);
fetch(place.dataset.file)
  .then((answer) => answer.text())
  .then((text) => modeler.importXML(text))
  .then(() => {
    if (kind === "bpmn") fit(modeler.get("canvas"));
    place.dataset.shown = "1";
    return explain();
  })
  .catch((problem) => (saved.textContent = `${place.dataset.unread} ${problem.message}`));
