import { element } from "./dom.js";

const WORDS = { warn: "Warning", note: "Note", good: "Good" };

/** What must be known of a model before it is trusted. */
export function modelCard(model, number, several) {
  return element("section", { "aria-label": `About ${model.name}` },
    element("h2", {}, several ? model.name : "Before you trust it"),
    element("ul", { class: "findings" }, model.findings.map(({ level, text }) =>
      element("li", { class: level }, element("b", {}, `${WORDS[level]}. `), text))),
    element("p", { class: "hint" }, `${model.network}. `, model.report ? element("a", { href: `report/${number}` }, "The full report") : null));
}
