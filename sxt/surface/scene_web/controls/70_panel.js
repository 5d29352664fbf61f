// The controls that lie over the scene.

const LEGEND_WIDTH_PX = 220;
const LEGEND_HEIGHT_PX = 10;

class Panel {
  constructor(scene, colours, slices) {
    [this.scene, this.colours, this.slices] = [scene, colours, slices];
    this.chooser = this.makeChooser();
    this.projection = this.button("Parallel", "without perspective, for measuring by eye", () => this.toggleParallel());
    const row = make("div", { class: "row" }, ...this.makePresets(), this.projection);
    if (slices) row.append(this.button("Slices", "planes with the grey values of the tomogram", () => this.toggleSlices()));
    if (canDownload()) row.append(this.button("PNG", "save the picture as it stands", () => savePicture(this)));
    this.planes = slices ? this.makePlanes() : make("div");
    this.planes.hidden = true;
    this.element = make("div", { id: "panel" }, make("label", {}, "Colour", this.chooser), row, this.planes);
    this.legend = make("div", { id: "legend" });
    this.shown = make("div", { id: "shown" });
    this.card = make("div", { id: "card", hidden: true });
    document.getElementById("caption").append(this.shown, this.card);
    document.body.append(this.element, this.legend);
  }

  button(label, title, onPress) {
    const element = make("button", { type: "button", title }, label);
    element.addEventListener("click", onPress);
    return element;
  }

  makeChooser() {
    const chooser = make("select", { "aria-label": "Colour" }, make("option", { value: "component" }, "Component"));
    if (content.classes.length > 0) chooser.append(make("option", { value: "class" }, "Class"));
    const columns = content.columns.filter((each) => each.values.some((value) => value !== null));
    if (columns.length > 0) {
      const options = columns.map((each) => make("option", { value: each.name }, heading(each)));
      chooser.append(make("optgroup", { label: "Measurement" }, ...options));
    }
    chooser.addEventListener("change", () => this.colours.choose(chooser.value));
    return chooser;
  }

  makePresets() {
    return Object.values(PRESETS).map((each) => this.button(each.label, each.title, () => lookFrom(this.scene, each)));
  }

  makePlanes() {
    this.sliders = {};
    const rows = ["z", "y", "x"].map((axis) => {
      const last = this.slices.size[axis] - 1;
      const box = make("input", { type: "checkbox", "aria-label": `show the plane normal to ${axis}` });
      const slider = make("input", { type: "range", min: 0, max: last, value: Math.round(last / 2), "aria-label": `${axis} of the plane` });
      const text = make("output");
      const tell = () => (text.value = `${threeDigits(Math.max(0, this.slices.place(axis, Number(slider.value))))} ${content.unit}`);
      const apply = () => {
        tell();
        this.slices.show(axis, box.checked ? Number(slider.value) : null);
      };
      tell();
      box.addEventListener("change", apply);
      slider.addEventListener("input", () => {
        box.checked = true;
        apply();
      });
      this.sliders[axis] = { box, slider, apply };
      return make("div", { class: "plane" }, make("label", {}, box, axis), slider, text);
    });
    return make("div", { id: "planes" }, ...rows);
  }

  toggleSlices() {
    this.planes.hidden = !this.planes.hidden;
    const isNone = Object.values(this.slices.shown).every((each) => each === null);
    if (this.planes.hidden || !isNone) return;
    this.sliders.z.box.checked = true;
    this.sliders.z.apply();
  }

  setPlanes(shown) {
    if (!this.slices) return;
    for (const [axis, { box, slider, apply }] of Object.entries(this.sliders)) {
      const index = shown[axis];
      if (index === null || index === undefined) continue;
      [box.checked, slider.value, this.planes.hidden] = [true, index, false];
      apply();
    }
  }

  toggleParallel() {
    setParallel(this.scene, !this.scene.camera.getParallelProjection());
    this.tellProjection();
  }

  tellProjection() {
    this.projection.setAttribute("aria-pressed", String(Boolean(this.scene.camera.getParallelProjection())));
  }

  drawLegend() {
    const { mode, scale } = this.colours;
    this.chooser.value = mode;
    this.legend.replaceChildren();
    if (mode === "class") {
      const names = content.classes.filter((each) => content.class_of.includes(each.value));
      this.legend.append(...names.map((each) => make("span", {}, swatch(each.colour), each.name)));
    }
    if (scale) this.legend.append(...scaleParts(scale));
    this.legend.hidden = this.legend.childElementCount === 0;
  }

  tellShown(ids) {
    const isAll = ids === null || ids.length === nComponents;
    this.shown.textContent = isAll ? "" : `${ids.length} of ${nComponents} components shown`;
  }

  // Tell the measurements of a component; null tells nothing.
  describe(id) {
    this.card.hidden = id === null;
    if (id === null) return;
    const value = content.class_of[id - 1];
    const name = content.classes.find((each) => each.value === value)?.name ?? `class ${value}`;
    const facts = content.columns.filter((each) => !each.name.startsWith("centroid")).flatMap((each) => [make("dt", {}, each.label), make("dd", {}, inWords(each, each.values[id - 1]))]);
    this.card.replaceChildren(make("strong", {}, `Component ${id}`), ` ${name}`, make("dl", {}, ...facts));
  }
}

function swatch(colour) {
  const element = make("i");
  element.style.background = colour;
  return element;
}

function scaleParts({ column, low, high, isLog }) {
  const bar = make("canvas", { width: LEGEND_WIDTH_PX, height: LEGEND_HEIGHT_PX });
  paintBar(bar.getContext("2d"), 0, 0, LEGEND_WIDTH_PX, LEGEND_HEIGHT_PX);
  const name = isLog ? `${heading(column)} (log scale)` : heading(column);
  const ends = make("div", { class: "ends" }, make("span", {}, threeDigits(low)), make("span", {}, name), make("span", {}, threeDigits(high)));
  return [make("div", {}, bar, ends)];
}

function paintBar(context, left, top, width, height) {
  viridis.forEach((rgb, at) => {
    context.fillStyle = `rgb(${rgb})`;
    const from = Math.round((at * width) / viridis.length);
    const to = Math.round(((at + 1) * width) / viridis.length);
    context.fillRect(left + from, top, to - from, height);
  });
}

// A sandboxed frame may save nothing.
function canDownload() {
  return window === window.top || window.origin !== "null";
}
