// A signature drawn with finger, pen or mouse: sent with the form as a picture when there is ink.
// Without a script the name is typed and confirmed instead.

const INK = "#10151c";

for (const form of document.querySelectorAll("[data-sign]")) {
  const pad = form.querySelector("[data-pen]");
  const canvas = form.querySelector("[data-canvas]");
  const drawn = form.querySelector("[data-drawn]");
  const pen = canvas.getContext("2d");
  let last = null;
  let length = 0;
  pad.hidden = false;

  const place = (press) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return { x: (press.clientX - box.left) * scale, y: (press.clientY - box.top) * scale };
  };
  const start = (press) => {
    press.preventDefault();
    canvas.setPointerCapture(press.pointerId);
    last = place(press);
  };
  const draw = (press) => {
    if (!last) return;
    press.preventDefault();
    const here = place(press);
    pen.strokeStyle = INK;
    pen.lineWidth = 5;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(last.x, last.y);
    pen.lineTo(here.x, here.y);
    pen.stroke();
    length += Math.hypot(here.x - last.x, here.y - last.y);
    last = here;
  };
  const stop = () => {
    last = null;
  };
  canvas.addEventListener("pointerdown", start);
  canvas.addEventListener("pointermove", draw);
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, stop);
  form.querySelector("[data-clear]").addEventListener("click", () => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    length = 0;
  });
  form.addEventListener("submit", () => {
    drawn.value = length > 20 ? canvas.toDataURL("image/png") : "";
  });
}
