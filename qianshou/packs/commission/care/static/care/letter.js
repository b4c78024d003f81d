// Prints what stands on the paper; nothing of it leaves the browser.
const paper = document.querySelector("[data-paper]");
const copy = document.querySelector("[data-copy]");
document.querySelector("[data-print]")?.addEventListener("click", () => {
  copy.textContent = paper.value;
  window.print();
});
