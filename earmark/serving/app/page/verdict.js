import { element, percent } from "./dom.js";

const MOST = 10; // bars

function bars(shares, tone) {
  const sorted = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  return element("ul", { class: "bars" }, sorted.slice(0, MOST).map(([label, share]) =>
    element("li", { style: { "--tone": tone(label) } },
      element("div", { class: "bar-name" }, element("span", {}, label), element("span", {}, percent(share))),
      element("div", { class: "track", "aria-hidden": "true" }, element("i", { style: { width: percent(share, 2).replace(" ", "") } })))));
}

function certainty(answer, unknown) {
  if (answer.label === "no speech") return element("p", { class: "sure" }, "Nobody speaks, so the model was not asked.");
  const kind = answer.is_calibrated ? "calibrated confidence" : "confidence as the network says, not calibrated";
  const best = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1])[0][0];
  const nearest = answer.is_known ? "" : `, most likely ${best}`;
  return element("div", {},
    element("p", { class: "sure" }, element("b", {}, percent(answer.confidence)), ` ${kind}${nearest}`),
    element("div", { class: "meter", "aria-hidden": "true" },
      element("i", { style: { width: percent(answer.confidence, 2).replace(" ", "") } }),
      unknown > 0 ? element("span", { class: "mark", style: { left: `${100 * unknown}%` } }) : null));
}

/** A model's answer as a card; `truth` is what the clip is known to be, `images` the element that shows them. */
export function verdict({ answer, model, name, truth, unknown, tone, images }) {
  const right = answer.label === truth;
  const labels = Object.keys(answer.shares);
  return element("section", { class: "answer", "aria-label": `Answer${name ? ` of ${name}` : ""}` },
    element("div", { class: "verdict", style: { "--tone": answer.is_known ? tone(answer.label) : "var(--quiet)" } },
      name ? element("h2", { class: "model-name" }, name, " ", element("span", { class: "hint" }, model.network)) : null,
      element("div", {},
        element("div", { class: "label" }, answer.label),
        certainty(answer, unknown),
        truth ? element("span", { class: `truth ${right ? "right" : "wrong"}` }, `${right ? "✓" : "✗"} the clip is labelled ${truth}`) : null,
        labels.length > 1 ? [element("h3", {}, "Share of the speech"), bars(answer.shares, tone)] : null),
      element("div", {},
        Object.keys(answer.probabilities).length ? [element("h3", {}, "Probability of each class"), bars(answer.probabilities, tone)] : null)),
    images);
}

/** Whether two models agree, in a sentence. */
export function agreement(answers) {
  const [one, other] = answers;
  const same = one.label === other.label;
  const text = same ? `Both say ${one.label}.` : `They differ: ${one.label} (${percent(one.confidence)}) and ${other.label} (${percent(other.confidence)}).`;
  return element("p", { class: `truth ${same ? "right" : "wrong"}`, style: { "justify-self": "start", margin: "0" } }, text);
}
