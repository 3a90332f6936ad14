import { element, seconds } from "./dom.js";
import { drawImage } from "./draw.js";

const hertz = (value) => (value >= 1000 ? `${+(value / 1000).toFixed(1)} kHz` : `${value} Hz`);

/** What the network sees of the recording: the front end's own images, of one window at a time. */
export class Images {
  /** `shown(start, end)` is called with the window's time (s). */
  constructor(windows, about, shown) {
    Object.assign(this, { windows, about, shown, number: 0 });
    this.row = element("div", { class: "images" });
    this.from = element("span");
    this.to = element("span");
    this.caption = element("figcaption", { class: "hint" });
    this.range = element("input", { type: "range", min: 1, max: windows.length, value: 1, "aria-label": "Window", oninput: () => this.show(this.range.value - 1) });
    this.words = element("span");
    const bands = ["mel", "pcen"].includes(about.kind);
    const scale = bands ? [hertz(about.fmax), hertz(about.fmin)] : ["high", "low"];
    this.figure = element(
      "figure", {},
      element("h3", {}, "What the network sees"),
      element("div", { class: "image" },
        element("div", { class: "scale", "aria-hidden": "true" }, scale.map((text) => element("span", {}, text))),
        this.row,
        element("div", { class: "times", "aria-hidden": "true" }, this.from, this.to)),
      element("div", { class: "scrub", hidden: windows.length < 2 }, this.words, this.range),
      this.caption,
    );
  }

  /** The window around a time (s). */
  at(time) {
    const distance = ({ start, end }) => Math.abs((start + end) / 2 - time);
    const nearest = this.windows.reduce((best, one, i) => (distance(one) < distance(this.windows[best]) ? i : best), 0);
    if (nearest !== this.number) this.show(nearest);
  }

  cut() {
    if (this.about.vad !== "none") return " Pauses are cut out, as in training.";
    return this.about.trim_db === null ? "" : " Silence at both ends is cut, as in training.";
  }

  async show(number) {
    this.number = number;
    const { start, end, images } = this.windows[number];
    this.range.value = number + 1;
    this.words.textContent = `window ${number + 1} of ${this.windows.length}: ${seconds(start)} to ${seconds(end)}`;
    this.shown(start, end);
    const canvases = images.map((_, i) => element("canvas", { role: "img", "aria-label": `${this.about.kind} image ${i + 1} of ${images.length}` }));
    await Promise.all(canvases.map((canvas, i) => drawImage(canvas, images[i])));
    if (this.number !== number) return;
    this.row.replaceChildren(...canvases);
    const frames = canvases.reduce((sum, canvas) => sum + canvas.width, 0);
    this.from.textContent = "0 s";
    this.to.textContent = seconds(frames * this.about.frame_seconds);
    const points = `${this.about.kind} image, ${canvases[0].height} × ${frames} points`;
    this.caption.textContent = `${points}: just what the front end makes of a training clip.${this.cut()}`;
  }
}
