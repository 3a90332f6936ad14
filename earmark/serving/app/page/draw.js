/** Canvases: the wave, the level of the microphone, and the images of the front end in the page's colours. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function sized(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return { context, width, height };
}

/** `outline`: [lowest, highest] of each column; `played` and the `window` [from, to] are shares of the whole. */
export function drawWave(canvas, outline, played = 0, window = null) {
  const { context, width, height } = sized(canvas);
  if (window) {
    context.fillStyle = colour("--first-soft");
    context.fillRect(window[0] * width, 0, (window[1] - window[0]) * width, height);
  }
  const top = Math.max(1, ...outline.flat().map(Math.abs));
  const step = width / outline.length;
  outline.forEach(([low, high], i) => {
    context.fillStyle = colour((i + 1) / outline.length <= played ? "--first" : "--other");
    const upper = height / 2 - (high / top) * (height / 2 - 3);
    const lower = height / 2 - (low / top) * (height / 2 - 3);
    context.fillRect(i * step, upper, Math.max(step * 0.8, 0.6), Math.max(1.2, lower - upper));
  });
  if (played > 0 && played < 1) {
    context.fillStyle = colour("--ink");
    context.fillRect(played * width - 1, 0, 2, height);
  }
}

export function drawLevel(canvas, levels) {
  const { context, width, height } = sized(canvas);
  const step = 6;
  context.fillStyle = colour("--warn");
  levels.slice(-Math.floor(width / step)).forEach((level, i, shown) => {
    const bar = Math.max(2, Math.min(1, level * 3) * height);
    context.fillRect(width - (shown.length - i) * step, (height - bar) / 2, 3, bar);
  });
}

const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function palette() {
  const stops = [0, 1, 2, 3].map((i) => parts(colour(`--image-${i}`)));
  return Array.from({ length: 256 }, (_, level) => {
    const place = (level / 255) * 3;
    const from = Math.min(2, Math.floor(place));
    return stops[from].map((value, i) => value + (place - from) * (stops[from + 1][i] - value));
  });
}

/** Paints a grey PNG (base64) pixel by pixel: what is seen is what the network saw, in other colours. */
export async function drawImage(canvas, png) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height);
  const colours = palette();
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set(colours[pixels.data[i]], i);
  context.putImageData(pixels, 0, 0);
}
