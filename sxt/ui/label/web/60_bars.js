// The tools beside the picture, and the bar above it: class, what the tool needs, what is shown, what is saved.

class ToolColumn {
  constructor(viewer) {
    this.viewer = viewer;
    this.element = make("div", { class: "tools", role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" });
    this.buttons = TOOLS.map((tool) => {
      const each = button(`${tool.title} (${tool.key})`, icon(tool.name), () => viewer.chooseTool(tool.name));
      this.element.append(each);
      return each;
    });
    this.undo = button("Undo (Ctrl + z)", icon("undo"), () => viewer.stepBack("undo"));
    this.redo = button("Redo (Ctrl + Shift + z)", icon("redo"), () => viewer.stepBack("redo"));
    this.element.append(make("span", { class: "rule" }), this.undo, this.redo);
  }

  update() {
    const { viewer } = this;
    TOOLS.forEach((tool, at) => {
      this.buttons[at].setAttribute("aria-pressed", tool.name === viewer.choice.tool);
      if (tool.name === "assist") this.buttons[at].disabled = !viewer.data.label.segmentation;
    });
    const state = viewer.currentSlice?.state;
    const isPseudo = viewer.choice.target === "pseudo";
    this.undo.disabled = !isPseudo && !state?.n_undo && !viewer.slices.waiting;
    this.redo.disabled = !isPseudo && !state?.n_redo;
  }
}

// A labelled slider with its value.
function slider(text, title, [min, max, step], read, write, show = (value) => `${value}`) {
  const range = make("input", { type: "range", min, max, step, "aria-label": title, title });
  const shown = make("output", {}, "");
  range.addEventListener("input", () => write(Number(range.value)));
  const element = make("label", { title }, text, range, shown);
  return { element, step: (by) => write(clamp(read() + by * step, min, max)), update: () => {
    range.value = read();
    shown.textContent = show(read());
  } };
}

class LabelBar {
  constructor(viewer) {
    this.viewer = viewer;
    this.classes = make("div", { class: "chips", role: "radiogroup", "aria-label": "Class" });
    this.options = make("div", { class: "group options" });
    this.status = make("span", { class: "saved", role: "status", "aria-live": "polite" });
    this.protect = button("Protect other classes (k): only background and what is unlabelled is painted over", "protect",
      () => viewer.choose({ isProtecting: !viewer.choice.isProtecting }));
    this.ghost = button("Outlines of the slices before and after (h)", "z ± 1",
      () => viewer.choose({ hasGhost: !viewer.choice.hasGhost }));
    this.opacity = slider("labels", "Opacity of the labels (− and +)", [0, 1, 0.05], () => viewer.choice.opacity,
      (value) => viewer.choose({ opacity: value }), () => "");
    this.view = make("select", { "aria-label": "What is shown", title: "What is shown (d)" });
    this.view.addEventListener("change", () => viewer.chooseView(this.view.value));
    this.target = button("Draw on the pseudo-labels instead of the labels (m): correcting them accepts the slice", "correct them",
      () => viewer.correctPseudo());
    this.element = make("div", { class: "bar label-bar" }, this.classes, this.options,
      make("div", { class: "group" }, this.protect, this.ghost, this.opacity.element, this.view, this.target),
      this.status);
    this.sliders = this.makeSliders();
    this.views = ["labels"];
    this.built = "";
  }

  makeSliders() {
    const { viewer } = this;
    const { choice } = viewer;
    const set = (name) => (value) => viewer.choose({ [name]: value });
    const percent = (value) => `${value} %`;
    const px = (value) => `${value} px`;
    const grey = (share) => {
      const [low, high] = viewer.grey.stack.facts.window;
      return threeDigits(low + (share / 100) * (high - low));
    };
    const size = slider("size", "Size of the brush ([ and ])", [1, 120, 1], () => viewer.state.brush, (value) => viewer.setBrush(value), px);
    return {
      size,
      tolerance: slider("tolerance", "Grey values that count as alike, of the contrast shown", [0, 60, 1], () => choice.tolerance, set("tolerance"), percent),
      low: slider("from", "Lowest grey value that is painted", [0, 100, 1], () => choice.low,
        (value) => viewer.choose({ low: value, high: Math.max(value, choice.high) }), grey),
      high: slider("to", "Highest grey value that is painted", [0, 100, 1], () => choice.high,
        (value) => viewer.choose({ high: value, low: Math.min(value, choice.low) }), grey),
      reach: slider("reach", "How far from the stroke the edge may lie", [5, 200, 5], () => choice.reach, set("reach"), px),
      patch: slider("patch", "Size of a superpixel", [6, 64, 2], () => choice.patch, set("patch"), px),
    };
  }

  get wanted() {
    return { brush: ["size"], eraser: ["size"], fill: ["tolerance"], threshold: ["low", "high"], grow: ["size", "reach", "rule"],
      superpixel: ["patch"] }[this.viewer.choice.tool] ?? [];
  }

  update() {
    const { viewer } = this;
    const { choice, data: { label } } = viewer;
    const built = JSON.stringify([label.classes, choice.tool, label.has_pseudo, Boolean(label.disagreement)]);
    if (this.built !== built) this.build();
    this.built = built;
    for (const chip of this.chips) {
      chip.element.setAttribute("aria-checked", chip.value === choice.value);
    }
    for (const name of this.wanted) this.sliders[name]?.update();
    this.opacity.update();
    this.protect.setAttribute("aria-pressed", choice.isProtecting);
    this.ghost.setAttribute("aria-pressed", choice.hasGhost);
    this.view.value = choice.view;
    this.target.hidden = !viewer.mayCorrect;
    this.target.setAttribute("aria-pressed", choice.target === "pseudo");
    this.say();
  }

  build() {
    const { viewer } = this;
    const { label } = viewer.data;
    const classes = [...label.classes.map((each, at) => ({ ...each, key: at < 9 ? `${at + 1}` : "" })),
      { value: 0, name: "background", colour: "#96aabe", key: "0" },
      { value: UNLABELLED, name: "unlabelled", colour: "", key: "u" }];
    this.chips = classes.map((each) => this.makeChip(each));
    this.classes.replaceChildren(...this.chips.map((each) => each.element));
    this.options.replaceChildren(...this.wanted.map((name) => (name === "rule" ? this.makeRule() : this.sliders[name].element)),
      ...this.hints());
    const views = [["labels", "labels alone"], ...(label.has_pseudo ? [["pseudo", "pseudo-labels"], ["confidence", "confidence"]] : []),
      ...(label.disagreement ? [["disagreement", "disagreement"]] : [])];
    this.view.replaceChildren(...views.map(([value, text]) => make("option", { value }, text)));
    this.views = views.map(([value]) => value);
    this.view.hidden = views.length < 2;
    if (!views.some(([value]) => value === viewer.choice.view)) Object.assign(viewer.choice, { view: "labels", target: "labels" });
  }

  makeChip({ value, name, colour, key }) {
    const swatch = make("span", { class: colour ? "dot" : "dot empty" });
    if (colour) swatch.style.background = colour;
    const element = make("button", { type: "button", role: "radio", class: "class", title: `${name}${key ? ` (${key})` : ""}` },
      swatch, make("span", { class: "name" }, name), make("kbd", {}, key));
    element.addEventListener("click", () => this.viewer.chooseClass(value));
    return { element, value };
  }

  makeRule() {
    const { viewer } = this;
    const rule = make("select", { "aria-label": "How the edge is found" },
      ...["watershed", "random walker"].map((each) => make("option", { value: each, selected: each === viewer.choice.rule }, each)));
    rule.addEventListener("change", () => viewer.choose({ rule: rule.value }));
    return rule;
  }

  hints() {
    const texts = { polygon: "click corners, Enter closes", lasso: "draw around it", box: "drag; clears all in it",
      assist: "click accepts, right click rejects" };
    const text = texts[this.viewer.choice.tool];
    return text ? [make("span", { class: "hint" }, text)] : [];
  }

  say() {
    const { slices, currentSlice: slice } = this.viewer;
    const { text, kind } = this.describe(slices, slice);
    this.status.textContent = text;
    this.status.dataset.kind = kind;
    this.status.title = text;
  }

  describe(slices, slice) {
    if (slices.trouble) return { text: slices.trouble, kind: "trouble" };
    if (slices.refused) return { text: slices.refused, kind: "trouble" };
    if (slices.waiting) return { text: "saving …", kind: "busy" };
    if (!slice) return { text: "loading …", kind: "busy" };
    const isPseudo = this.viewer.choice.target === "pseudo";
    const at = isPseudo ? slice.state.touched_at : slice.state.saved_at;
    if (!at) return { text: "nothing labelled here yet", kind: "calm" };
    return { text: `${isPseudo ? "pseudo-labels saved" : "saved"} ${timeOf(new Date(at))}`, kind: "calm" };
  }
}

// 14:02:07, with the day where it is another than today.
function timeOf(when) {
  const time = when.toLocaleTimeString("en-GB");
  return when.toDateString() === new Date().toDateString() ? time : `${when.toLocaleDateString("en-CA")} ${time}`;
}
