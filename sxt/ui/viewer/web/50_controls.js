// The bar above the picture: planes, contrast, overlay, and what acts on the view.

class HistogramControl {
  constructor(viewer) {
    this.viewer = viewer;
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.handles = ["Black at", "White at"].map((label, which) => this.makeHandle(label, which));
    this.track = make("div", { class: "track", title: "Contrast; double click for the first setting" });
    this.track.append(this.canvas, ...this.handles);
    this.label = make("span", { class: "limits" });
    this.element = make("div", { class: "group contrast", role: "group", "aria-label": "Contrast" }, this.track, this.label);
    this.track.addEventListener("dblclick", () => viewer.setLimits(viewer.grey.stack.facts.limits));
  }

  makeHandle(label, which) {
    const handle = make("div", { class: "handle", role: "slider", tabindex: "0", "aria-label": label });
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      const box = this.track.getBoundingClientRect();
      const move = (moved) => this.set(which, (moved.clientX - box.left) / box.width);
      handle.addEventListener("pointermove", move);
      handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.set(which, this.shareOf(this.viewer.state.limits[which]) + step);
    });
    return handle;
  }

  get range() {
    return this.viewer.grey.stack.facts.window;
  }

  shareOf(value) {
    return (value - this.range[0]) / (this.range[1] - this.range[0]);
  }

  set(which, share) {
    const limits = [...this.viewer.state.limits];
    const gap = (this.range[1] - this.range[0]) / 256;
    const value = this.range[0] + clamp(share, 0, 1) * (this.range[1] - this.range[0]);
    limits[which] = which === 0 ? Math.min(value, limits[1] - gap) : Math.max(value, limits[0] + gap);
    this.viewer.setLimits(limits);
  }

  update() {
    const { state } = this.viewer;
    state.limits.forEach((value, which) => {
      const share = clamp(this.shareOf(value), 0, 1);
      this.handles[which].style.left = `${100 * share}%`;
      for (const [name, each] of [["min", this.range[0]], ["max", this.range[1]], ["now", value]]) {
        this.handles[which].setAttribute(`aria-value${name}`, each);
      }
    });
    this.label.textContent = state.limits.map(threeDigits).join(" – ");
    this.draw();
  }

  draw() {
    const { counts } = this.viewer.grey.stack.facts;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.track.clientWidth, this.track.clientHeight];
    if (!width) return;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const [low, high] = this.viewer.state.limits.map((each) => this.shareOf(each) * width);
    const largest = Math.sqrt(Math.max(...counts, 1));
    const color = getComputedStyle(this.track).color;
    counts.forEach((count, bin) => {
      const x = (bin / counts.length) * width;
      const size = (Math.sqrt(count) / largest) * (height - 3);
      context.globalAlpha = x >= low && x <= high ? 0.85 : 0.3;
      context.fillStyle = color;
      context.fillRect(x, height - size, width / counts.length + 0.5, size);
    });
    context.globalAlpha = 0.9;
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(low, height);
    context.lineTo(high, 0);
    context.stroke();
  }
}

class OverlayControl {
  constructor(viewer) {
    this.viewer = viewer;
    this.element = make("div", { class: "group overlay", role: "group", "aria-label": "Overlay" });
    this.built = "";
  }

  update() {
    const { overlayChoice: choice, state } = this.viewer;
    this.element.hidden = !choice;
    if (!choice) return;
    const built = JSON.stringify([choice.kind, choice.name, choice.style, choice.classes.map((each) => [each.value, each.name])]);
    if (this.built !== built) this.build(choice);
    this.built = built;
    this.toggle.setAttribute("aria-pressed", state.isOverlayOn);
    this.opacity.value = choice.opacity;
    if (this.threshold) {
      if (this.viewer.root.getRootNode().activeElement !== this.threshold) this.threshold.value = choice.threshold;
      this.thresholdLabel.textContent = choice.threshold.toFixed(2);
    }
    choice.classes.forEach((each, at) => {
      this.chips[at]?.toggle.setAttribute("aria-pressed", each.isOn);
      this.chips[at]?.element.style.setProperty("--swatch", each.colour);
      if (this.chips[at]) this.chips[at].colour.value = each.colour;
    });
  }

  build(choice) {
    const { viewer } = this;
    this.toggle = button("Show the overlay (o)", choice.name, () => viewer.toggleOverlay());
    this.toggle.classList.add("wide");
    this.opacity = this.makeRange("Opacity", 0, 1, 0.02, (value) => viewer.setOverlay({ opacity: value }));
    this.element.replaceChildren(this.toggle, make("label", {}, "opacity", this.opacity));
    this.threshold = null;
    if (choice.kind === "probability") this.buildProbability(choice);
    if (choice.kind === "uncertainty" || choice.style === "heat") this.element.append(this.makeScale(choice));
    const hasChips = choice.kind !== "uncertainty" && choice.classes.length > 0;
    this.chips = hasChips ? choice.classes.map((each) => this.makeChip(each)) : [];
    if (hasChips) this.element.append(make("div", { class: "chips" }, ...this.chips.map((each) => each.element)));
  }

  buildProbability(choice) {
    const style = make("select", { "aria-label": "How to show the probability" },
      make("option", { value: "mask", selected: choice.style === "mask" }, "mask"),
      make("option", { value: "heat", selected: choice.style === "heat" }, "probability"));
    style.addEventListener("change", () => this.viewer.setOverlay({ style: style.value }));
    this.element.append(style);
    if (choice.style !== "mask") return;
    this.threshold = this.makeRange("Threshold", 0, 0.99, 0.01, (value) => this.viewer.setOverlay({ threshold: value }));
    this.thresholdLabel = make("output", {}, "");
    this.element.append(make("label", {}, "threshold", this.threshold, this.thresholdLabel));
  }

  makeScale(choice) {
    const stops = VIRIDIS.map((each) => `#${each}`).join(", ");
    const bar = make("span", { class: "scale", role: "img", "aria-label": `${choice.name} from 0 to 1` });
    bar.style.background = `linear-gradient(to right, ${stops})`;
    return make("span", { class: "scale-box" }, "0", bar, "1");
  }

  makeRange(label, min, max, step, onInput) {
    const range = make("input", { type: "range", min, max, step, "aria-label": label });
    range.addEventListener("input", () => onInput(Number(range.value)));
    return range;
  }

  makeChip(each) {
    const colour = make("input", { type: "color", value: each.colour, "aria-label": `Colour of ${each.name}` });
    colour.addEventListener("input", () => this.viewer.setClass(each.value, { colour: colour.value }));
    const toggle = button(`Show ${each.name}`, each.name, () => {
      const now = this.viewer.overlayChoice.classes.find((other) => other.value === each.value);
      this.viewer.setClass(each.value, { isOn: !now.isOn });
    });
    const hatching = each.isBackHatched ? "chip hatched back" : "chip hatched";
    const element = make("span", { class: each.isHatched ? hatching : "chip" }, colour, toggle);
    return { element, colour, toggle };
  }
}

function buildBar(viewer) {
  const planes = make("div", { class: "group planes", role: "group", "aria-label": "Plane" });
  for (const plane of PLANES) planes.append(button(`Slices along ${plane}`, plane, () => viewer.show(plane, "one")));
  planes.append(button("Three planes", icon("three"), () => viewer.show(viewer.state.plane, "three")));
  const invert = button("Invert (i)", icon("invert"), () => viewer.invert());
  const compare = button("Compare with and without the overlay", icon("compare"), () => viewer.compare());
  const actions = make("div", { class: "group actions" },
    button("Fit (double click)", icon("fit"), () => viewer.fit()),
    button("Download the view as PNG", icon("save"), () => download(viewer)),
    button("Keys (?)", icon("help"), () => viewer.help.toggle()));
  const histogram = new HistogramControl(viewer);
  const overlay = new OverlayControl(viewer);
  histogram.element.append(invert);
  const element = make("div", { class: "bar" }, planes, histogram.element, overlay.element, actions);
  actions.prepend(compare);
  const update = () => {
    const { state } = viewer;
    [...planes.children].forEach((each, at) => {
      const isOn = state.layout === "three" ? at === 3 : PLANES[at] === state.plane;
      each.setAttribute("aria-pressed", isOn);
    });
    invert.setAttribute("aria-pressed", state.isInverted);
    compare.hidden = !viewer.hasOverlay;
    compare.setAttribute("aria-pressed", state.isComparing);
    const { before, overlay: after } = viewer.data;
    rename(compare, before && after ? `Compare ${before.name} with ${after.name}` : "Compare with and without the overlay");
    if (viewer.grey.isReady) histogram.update();
    overlay.update();
  };
  return { element, update };
}
