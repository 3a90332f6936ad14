import * as api from "./api.js";
import { $, element, percent } from "./dom.js";
import { Images } from "./images.js";
import { Microphone } from "./microphone.js";
import { modelCard } from "./model.js";
import { Sound } from "./sound.js";
import { agreement, verdict } from "./verdict.js";

const COLOURS = 8;

const comparing = location.pathname.endsWith("/compare");
const state = { models: [], labels: [], limits: null, current: null, sound: null, images: [], turn: 0 };

const tone = (label) => (state.labels.includes(label) ? `var(--c${state.labels.indexOf(label) % COLOURS})` : "var(--other)");
const unknown = () => $("unknown").value / 100;

function complain(text) {
  $("problem").replaceChildren(...(text ? [element("section", { class: "problem" }, element("b", {}, "No answer. "), text)] : []));
}

/** Ask every model about a recording; an answer that was overtaken by another question is dropped. */
async function ask(recording, name, truth = null) {
  const turn = ++state.turn;
  const isNew = state.current?.recording !== recording;
  state.current = { recording, name, truth };
  const { file_bytes: most } = state.limits;
  if (recording.size > most) return forget(`${name} is larger than ${most >> 20} MiB.`);
  complain(null);
  $("answers").setAttribute("aria-busy", "true");
  if (!state.sound) $("answers").replaceChildren(element("section", { class: "waiting" }, `Listening to ${name} …`));
  try {
    const answers = await Promise.all(state.models.map((_, i) => api.predict(recording, i + 1, unknown(), true)));
    if (turn !== state.turn) return;
    show(answers);
    if (isNew && $("answers").getBoundingClientRect().top > innerHeight / 2) $("answers").scrollIntoView({ block: "start" });
  } catch (error) {
    if (turn === state.turn) forget(`${name}: ${error.message}`);
  }
  if (turn === state.turn) $("answers").removeAttribute("aria-busy");
}

function forget(problem) {
  state.sound?.close();
  state.sound = null;
  state.current = null;
  $("answers").replaceChildren();
  $("answers").removeAttribute("aria-busy");
  complain(problem);
}

function show(answers) {
  const { recording, name, truth } = state.current;
  state.sound?.close();
  const several = state.models.length > 1;
  const sound = new Sound(recording, name, state.models, answers, tone, (time) => state.images.forEach((one) => one.at(time)));
  state.images = answers.map((answer, i) => new Images(answer.picture.windows, state.models[i].image, (start, end) => i || sound.mark(start, end)));
  const cards = answers.map((answer, i) => verdict({
    answer, truth, model: state.models[i], name: several ? state.models[i].name : null, unknown: unknown(), tone, images: several ? state.images[i].figure : null,
  }));
  const parts = several
    ? [agreement(answers), element("div", { class: "pair" }, cards), sound.section]
    : [cards[0], sound.section, element("section", { "aria-label": "Image" }, state.images[0].figure)];
  $("answers").replaceChildren(...parts);
  state.sound = sound;
  state.images.forEach((one) => one.show(0));
  const labels = answers.map((answer) => answer.label);
  document.title = `${labels.join(" / ")} · earmark`;
  $("said").textContent = `${name}: ${answers.map((answer) => `${answer.label}, ${percent(answer.confidence, 0)}`).join("; ")}`;
}

function wireFiles() {
  const take = (files) => files.length && ask(files[0], files[0].name);
  $("file").addEventListener("change", () => {
    take($("file").files);
    $("file").value = "";
  });
  const over = (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", event.type === "dragover");
  };
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, over);
  document.addEventListener("drop", (event) => take(event.dataTransfer.files));
}

function wireThreshold(initial) {
  const told = () => ($("unknown-value").textContent = `${$("unknown").value} %`);
  $("unknown").value = Math.round(100 * initial);
  told();
  $("unknown").addEventListener("input", told);
  $("unknown").addEventListener("change", () => state.current && ask(state.current.recording, state.current.name, state.current.truth));
}

function offerPresets(labels) {
  $("presets").hidden = !labels.length;
  const chips = labels.map((label, number) => element("button", { type: "button", class: "chip", onclick: () => choose(label, number) }, label));
  $("presets").replaceChildren(element("span", { class: "quiet" }, "or a test clip:"), ...chips);
}

async function choose(label, number) {
  try {
    await ask(await api.preset(number), `test clip of ${label}`, label);
  } catch (error) {
    forget(error.message);
  }
}

async function begin() {
  const about = await api.about();
  state.models = comparing ? about.models : about.models.slice(0, 1);
  state.limits = about.limits;
  state.labels = [...new Set(state.models.flatMap((model) => model.labels))];
  $("pages").hidden = about.models.length < 2;
  $("pages").children[comparing ? 1 : 0].setAttribute("aria-current", "page");
  $("task").textContent = state.models[0].task ?? "";
  const shown = state.labels.slice(0, 12).join(", ") + (state.labels.length > 12 ? ", …" : "");
  $("classes").textContent = `Hand ${comparing ? "both models a recording; they know" : "the model a recording; it knows"} ${state.labels.length} classes: ${shown}.`;
  $("models").replaceChildren(...state.models.map((model, i) => modelCard(model, i, comparing)));
  $("curl").textContent = `curl --data-binary @clip.mp3 '${location.origin}/api/predict'`;
  $("limits").textContent = `At most ${about.limits.file_bytes >> 20} MiB and ${about.limits.seconds / 60} minutes. Nothing that is sent is kept.`;
  offerPresets(about.presets);
  wireThreshold(about.unknown);
  wireFiles();
  new Microphone($("record"), (recording) => api.predict(recording, 1, unknown(), false), (recording) => ask(recording, "your recording"), complain);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => {
    state.sound?.draw();
    state.images.forEach((one) => one.show(one.number));
  });
  document.body.dataset.ready = "yes";
}

begin().catch((error) => complain(error.message));
