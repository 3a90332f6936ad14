import { wav } from "./wav.js";

const LONGEST = 60; // s

/** The microphone as PCM; the browser's own processing is off, because the model has not learnt from it. */
export class Recorder {
  /** `heard(block)` is called with every block of samples, `full()` after the longest time. */
  constructor(heard, full) {
    this.heard = heard;
    this.full = full;
    this.blocks = [];
    this.stopped = false;
  }

  get seconds() {
    return this.blocks.reduce((sum, block) => sum + block.length, 0) / this.context.sampleRate;
  }

  async start() {
    if (!navigator.mediaDevices) throw new Error("a browser gives the microphone to https and to localhost only");
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
    if (this.stopped) return this.stop(); // while the browser was asking for permission
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule("static/worklet.js");
    const tap = new AudioWorkletNode(this.context, "tap");
    tap.port.onmessage = ({ data }) => this.take(data);
    this.context.createMediaStreamSource(this.stream).connect(tap);
    await this.context.resume();
  }

  take(block) {
    if (this.stopped) return;
    this.blocks.push(block);
    this.heard(block);
    if (this.seconds >= LONGEST) this.full();
  }

  /** The last `time` seconds, or all, as a WAV file; null if nothing was heard. */
  recording(time = LONGEST) {
    if (!this.blocks.length) return null;
    const rate = this.context.sampleRate;
    let wanted = time * rate;
    const last = [...this.blocks].reverse().filter((block) => (wanted -= block.length) > -block.length).reverse();
    return wav(last, rate);
  }

  stop() {
    this.stopped = true;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
  }
}
