import { clock, element, seconds } from "./dom.js";
import { drawWave } from "./draw.js";

/** The recording that was answered: player, wave, and a time line of each answer, all on one axis of time. */
export class Sound {
  /** `tone(label)` is a label's colour; `moved(time)` is called where the listener goes (s). */
  constructor(recording, name, models, answers, tone, moved) {
    this.length = answers[0].seconds;
    this.outline = answers[0].picture.wave;
    this.moved = moved;
    this.window = null;
    this.canvas = element("canvas", { class: "wave", role: "img", "aria-label": `Wave of ${name}`, onclick: (event) => this.click(event) });
    this.address = URL.createObjectURL(recording);
    this.player = element("audio", { controls: true, src: this.address, "aria-label": `Play ${name}` });
    this.player.addEventListener("error", () => this.player.replaceWith(element("p", { class: "hint" }, "This browser cannot play the format.")));
    for (const event of ["timeupdate", "seeked", "play"]) this.player.addEventListener(event, () => this.follow());
    const lanes = answers.flatMap((answer, i) => [
      models.length > 1 ? element("h3", { class: "lane-name" }, models[i].name) : null,
      this.lane(answer, tone),
    ]);
    const speech = answers[0].speech_seconds;
    this.section = element(
      "section", { class: "sound", "aria-label": "Recording" },
      element("header", {}, element("h2", {}, name), element("span", { class: "hint" }, `${seconds(this.length)}, ${seconds(speech)} of speech`)),
      this.canvas, lanes,
      element("div", { class: "times", "aria-hidden": "true" }, element("span", {}, "0:00"), element("span", {}, this.length < 10 ? seconds(this.length) : clock(this.length))),
      this.player,
    );
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
  }

  lane(answer, tone) {
    const stretches = answer.timeline.map((part) => {
      const words = `${part.label}, ${seconds(part.start)} to ${seconds(part.end)}, confidence ${part.confidence.toFixed(2)}`;
      const silent = part.label === "no speech";
      const button = element("button", { type: "button", title: words, "aria-label": words, onclick: () => this.seek(part.start) }, silent ? "–" : part.label);
      const style = { flex: `${part.end - part.start} 1 0`, "--tone": tone(part.label) };
      return element("li", { class: silent ? "none" : "heard", style }, button);
    });
    return element("ol", { class: "lane", "aria-label": "Time line" }, stretches);
  }

  click(event) {
    this.seek((event.offsetX / this.canvas.clientWidth) * this.length);
  }

  seek(time) {
    this.player.currentTime = time;
    this.moved(time);
  }

  follow() {
    this.draw();
    if (!this.player.paused) {
      this.moved(this.player.currentTime);
      requestAnimationFrame(() => this.player.paused || this.draw());
    }
  }

  /** Marks the part (s) that the images show. */
  mark(start, end) {
    this.window = start > 0 || end < this.length ? [start / this.length, end / this.length] : null;
    this.draw();
  }

  draw() {
    const ended = this.player.ended || !this.player.currentTime;
    drawWave(this.canvas, this.outline, ended ? 1 : this.player.currentTime / this.length, this.window);
  }

  close() {
    this.player.pause();
    this.observer.disconnect();
    URL.revokeObjectURL(this.address);
  }
}
