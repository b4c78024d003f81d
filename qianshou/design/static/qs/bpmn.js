// Shows the BPMN file named by [data-bpmn] in bpmn.io's viewer, fitted to its place.
for (const place of document.querySelectorAll("[data-bpmn]")) {
  const viewer = new BpmnJS({ container: place });
  fetch(place.dataset.bpmn)
    .then((answer) => answer.text())
    .then((text) => viewer.importXML(text))
    .then(() => {
      viewer.get("canvas").zoom("fit-viewport");
      place.dataset.shown = "1";
    });
}
