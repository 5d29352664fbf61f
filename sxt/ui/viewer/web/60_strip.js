// Below and beside the picture: numbers, scale bar, rail with marks, the list of keys.

const BAR_PX = 145;
const RAIL_PX = 22;
const MARK_COLOURS = { label: "#009E73", pseudo: "#009E73", suggestion: "#F0E442", error: "#D55E00", note: "#CC79A7" };
const KEYS = [
  ["wheel · ← → · ↑ ↓ · , .", "previous and next slice"],
  ["Page up · Page down", "ten slices back and on"],
  ["Home · End", "first and last slice"],
  ["g", "go to a slice"],
  ["Ctrl + wheel", "zoom at the pointer"],
  ["drag", "move the picture"],
  ["double click", "fit the picture"],
  ["click", "choose the point where three planes meet"],
  ["i", "invert the grey values"],
  ["o", "overlay on and off"],
  ["[ ]", "brush smaller and larger, where there is one"],
  ["?", "this list"],
];

class Strip {
  constructor(viewer) {
    this.viewer = viewer;
    this.slice = make("span", { class: "slice" });
    this.goTo = make("input", { class: "go-to", type: "number", min: 0, step: 1, hidden: true, "aria-label": "Go to slice" });
    this.depth = make("span", { class: "depth" });
    this.value = make("span", { class: "value", "aria-live": "off" });
    this.note = make("span", { class: "note", role: "status" });
    this.zoom = make("span", { class: "zoom" });
    this.scaleBar = make("span", { class: "scale-bar" });
    this.scaleLabel = make("span", { class: "scale-label" });
    this.element = make("div", { class: "strip" }, this.slice, this.goTo, this.depth, this.value, this.note,
      make("span", { class: "space" }), this.zoom, this.scaleLabel, this.scaleBar);
    this.goTo.addEventListener("keydown", (event) => this.answer(event));
    this.goTo.addEventListener("blur", () => this.close());
  }

  ask() {
    const [through] = AXES[this.viewer.state.plane];
    this.goTo.max = this.viewer.shape[through] - 1;
    this.goTo.value = this.viewer.state.index[through];
    this.goTo.hidden = false;
    this.goTo.focus();
    this.goTo.select();
  }

  answer(event) {
    event.stopPropagation();
    if (event.key === "Enter" && this.goTo.value !== "") this.viewer.goTo(Number(this.goTo.value));
    if (event.key === "Enter" || event.key === "Escape") this.viewer.root.focus({ preventScroll: true });
  }

  close() {
    this.goTo.hidden = true;
  }

  update() {
    const { viewer } = this;
    const { plane, index } = viewer.state;
    const [through] = AXES[plane];
    this.slice.textContent = `${plane} ${index[through]} / ${viewer.shape[through] - 1}`;
    this.updateDepth(index[through], through);
    const pane = viewer.panes.get(plane);
    this.zoom.textContent = `${threeDigits(pane.view.zoom * pane.voxel[1] * 100)} %`; // of a voxel's width
    const { px, text } = scaleBarOf(pane);
    this.scaleBar.style.width = `${px}px`;
    this.scaleLabel.textContent = text;
  }

  updateDepth(at, through) {
    const { voxelSize, data } = this.viewer;
    if (voxelSize) {
      this.depth.textContent = `${threeDigits((at * voxelSize[through]) / 1000)} µm`;
    } else if (!this.depth.firstElementChild) {
      const text = "voxel size unknown";
      const link = make("a", { href: data.voxel_size_url, target: "_self" }, "set voxel size");
      this.depth.replaceChildren(text, ...(data.voxel_size_url ? [", ", link] : []));
    }
  }
}

// Length and label of the scale bar of a pane, in its screen pixels.
function scaleBarOf(pane) {
  const size = pane.viewer.voxelSize;
  const nmPerPx = (size ? Math.min(...size) : 1) / pane.view.zoom;
  const length = roundLength(nmPerPx, BAR_PX);
  return { px: length / nmPerPx, text: size ? lengthInWords(length) : `${Number(length.toPrecision(3))} px` };
}

class Rail {
  constructor(viewer) {
    this.viewer = viewer;
    this.canvas = make("canvas");
    this.element = make("div", {
      class: "rail", role: "slider", tabindex: "-1", "aria-orientation": "vertical", "aria-label": "Slice", "aria-valuemin": 0,
    }, this.canvas);
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.go(event);
      const move = (moved) => this.go(moved);
      this.element.addEventListener("pointermove", move);
      this.element.addEventListener("lostpointercapture", () => this.element.removeEventListener("pointermove", move), { once: true });
    });
    this.element.addEventListener("pointermove", (event) => this.explain(event));
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      viewer.step(Math.sign(event.deltaY));
    }, { passive: false });
  }

  get count() {
    return this.viewer.shape[AXES[this.viewer.state.plane][0]];
  }

  indexAt(event) {
    const box = this.element.getBoundingClientRect();
    return clamp(Math.floor(((event.clientY - box.top) / box.height) * this.count), 0, this.count - 1);
  }

  go(event) {
    this.viewer.goTo(this.indexAt(event));
  }

  explain(event) {
    const index = this.indexAt(event);
    const reach = Math.ceil((3 * this.count) / this.element.clientHeight);
    const near = this.marks.filter((mark) => Math.abs(mark.index - index) <= reach);
    this.element.title = [`slice ${index}`, ...near.map((mark) => `${mark.index}: ${mark.text}`)].join("\n");
  }

  get marks() {
    return this.viewer.state.plane === "z" ? this.viewer.data.marks : [];
  }

  update() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [RAIL_PX, this.element.clientHeight];
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const place = (index) => ((index + 0.5) / this.count) * height;
    for (const mark of this.marks) this.drawMark(context, mark, place(mark.index), height);
    const index = this.viewer.state.index[AXES[this.viewer.state.plane][0]];
    const y = clamp(place(index), 1, height - 1);
    context.fillStyle = getComputedStyle(this.element).color;
    context.fillRect(0, y - 1, width, 2);
    context.beginPath();
    context.moveTo(0, y - 5);
    context.lineTo(6, y);
    context.lineTo(0, y + 5);
    context.fill();
    for (const [name, value] of [["max", this.count - 1], ["now", index]]) this.element.setAttribute(`aria-value${name}`, value);
  }

  drawMark(context, mark, y, height) {
    const size = clamp(height / this.count, 2, 6);
    context.fillStyle = MARK_COLOURS[mark.kind] ?? MARK_COLOURS.note;
    if (mark.kind !== "pseudo") {
      context.fillRect(8, y - size / 2, 12, size);
      return;
    }
    for (const x of [8, 12, 16]) context.fillRect(x, y - size / 2, 2.5, size);
  }
}

class Help {
  constructor(viewer) {
    this.viewer = viewer;
    const rows = viewer.keys.map(([keys, what]) => make("tr", {}, make("th", { scope: "row" }, keys), make("td", {}, what)));
    this.element = make("div", { class: "help", role: "dialog", "aria-label": "Keys", tabindex: "-1", hidden: true },
      make("table", {}, make("tbody", {}, ...rows)));
    this.element.addEventListener("click", () => this.toggle(false));
  }

  toggle(isShown = this.element.hidden) {
    this.element.hidden = !isShown;
    (isShown ? this.element : this.viewer.root).focus({ preventScroll: true });
  }
}
