// Keys of the review screen: 1-4 choose, U is "cannot tell", the space bar goes on. Not while typing.
document.addEventListener("keydown", (press) => {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return;
  if (press.target.closest("input, textarea, select, button, a, summary")) return;
  const key = press.key.toLowerCase();
  if (!/^[1-4u ]$/.test(key)) return;
  const chosen = document.querySelector(`[data-review] [data-key="${key}"]`);
  if (!chosen) return;
  press.preventDefault();
  chosen.click();
});
