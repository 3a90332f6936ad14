import { $, clock, percent } from "./dom.js";
import { drawLevel } from "./draw.js";
import { Recorder } from "./record.js";

const LIVE = 4; // s of sound behind the answer that is shown while one speaks
const IDLE = "from the microphone, a minute at most";

const loudness = (block) => Math.sqrt(block.reduce((sum, sample) => sum + sample * sample, 0) / block.length);

/** The button that starts and ends a recording, with the level and the answer so far while one speaks. */
export class Microphone {
  /** `glance(recording)` promises the answer so far, `done(recording)` gets the whole, `complain(text)` what is wrong. */
  constructor(button, glance, done, complain) {
    Object.assign(this, { button, glance, done, complain, recorder: null, asking: false });
    button.addEventListener("click", () => (this.recorder ? this.finish() : this.begin()));
  }

  async begin() {
    this.complain(null);
    this.levels = [];
    const recorder = (this.recorder = new Recorder((block) => this.heard(block), () => this.finish()));
    this.shown(true);
    try {
      await recorder.start();
    } catch (error) {
      this.end();
      this.complain(`The microphone cannot be used: ${error.message}.`);
    }
  }

  heard(block) {
    this.levels.push(loudness(block));
    drawLevel($("level"), this.levels);
    $("record-name").textContent = `Stop · ${clock(this.recorder.seconds)}`;
    if (!this.asking && this.recorder.seconds > 1) this.ask();
  }

  async ask() {
    this.asking = true;
    try {
      const answer = await this.glance(this.recorder.recording(LIVE));
      if (this.recorder) $("record-hint").textContent = `so far: ${answer.label}, ${percent(answer.confidence, 0)}`;
    } catch {
      /* the whole recording will be answered, or say why not */
    }
    this.asking = false;
  }

  finish() {
    const recording = this.recorder.recording();
    this.end();
    if (recording) this.done(recording);
    else this.complain("The microphone gave no sound.");
  }

  end() {
    this.recorder?.stop();
    this.recorder = null;
    this.shown(false);
  }

  shown(on) {
    this.button.setAttribute("aria-pressed", on);
    this.button.querySelector("svg").toggleAttribute("hidden", on);
    $("level").hidden = !on;
    $("record-name").textContent = on ? "Stop" : "Speak";
    $("record-hint").textContent = on ? "listening …" : IDLE;
  }
}
