// Faces and number plates in a photo are covered before it leaves the device, if its owner wants:
// dragging over the picture makes that part coarse for good.

const BLOCKS = 6;

function put(input, photos) {
  const files = new DataTransfer();
  for (const photo of photos) files.items.add(photo.file);
  input.files = files.files;
}

function area(canvas, from, to) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  const [x, y] = [Math.min(from.x, to.x) - box.left, Math.min(from.y, to.y) - box.top];
  return [x, y, Math.abs(to.x - from.x), Math.abs(to.y - from.y)].map((one) => Math.round(one * scale));
}

function cover(canvas, [x, y, width, height]) {
  const coarse = new OffscreenCanvas(BLOCKS, Math.max(1, Math.round((BLOCKS * height) / width)));
  const average = coarse.getContext("2d");
  average.imageSmoothingQuality = "high";
  average.drawImage(canvas, x, y, width, height, 0, 0, coarse.width, coarse.height);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(coarse, 0, 0, coarse.width, coarse.height, x, y, width, height);
}

async function show(input, photo, photos) {
  const picture = await createImageBitmap(photo.original);
  const canvas = photo.canvas;
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  let from = null;
  canvas.addEventListener("pointerdown", (press) => {
    from = { x: press.clientX, y: press.clientY };
    canvas.setPointerCapture(press.pointerId);
  });
  canvas.addEventListener("pointerup", (release) => {
    const chosen = from && area(canvas, from, { x: release.clientX, y: release.clientY });
    from = null;
    if (!chosen || chosen[2] < 4 || chosen[3] < 4) return;
    cover(canvas, chosen);
    canvas.toBlob((blob) => {
      photo.file = new File([blob], photo.original.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" });
      put(input, photos);
      canvas.classList.add("done");
    }, "image/jpeg", 0.9);
  });
}

async function offer(input) {
  const tool = input.parentElement.querySelector("[data-cover]");
  const place = tool.querySelector("[data-cover-photos]");
  const photos = [...input.files].map((file) => ({ original: file, file, canvas: document.createElement("canvas") }));
  place.replaceChildren(...photos.map((photo) => photo.canvas));
  tool.hidden = photos.length === 0;
  for (const photo of photos) {
    await show(input, photo, photos).catch(() => photo.canvas.remove());
  }
  tool.querySelector("[data-uncover]").onclick = () => {
    for (const photo of photos) photo.file = photo.original;
    put(input, photos);
    offer(input);
  };
}

document.addEventListener("change", (change) => {
  if (change.target.matches("input[data-covered]")) offer(change.target);
});
