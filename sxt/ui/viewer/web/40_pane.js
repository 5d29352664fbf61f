// One plane on the screen: where the slice lies, how large, and what the pointer does there.

const MAX_ZOOM = 64;
const MAX_BOX_ZOOM = 6;
const BOX_SHARE = 0.4;
const ZOOM_STEP = 1.2;
const CLICK_PX = 4;
const WHEEL_PX = 50;
const DIVIDER_PX = 12;

class Pane {
  constructor(viewer, plane) {
    this.viewer = viewer;
    this.plane = plane;
    this.element = make("div", { class: "pane", "data-plane": plane });
    this.canvas = make("canvas", { role: "img" });
    this.element.append(this.canvas);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.view = viewer.state.views[plane] ??= { zoom: 1, left: 0, top: 0, isFitted: true };
    this.wheel = 0;
    this.width = this.height = 0;
    this.listen();
  }

  get isResting() {
    return this.viewer.isResting;
  }

  // Units of the screen are those of the shortest side of a voxel; this many fit a voxel (down, across).
  get voxel() {
    const size = this.viewer.voxelSize ?? [1, 1, 1];
    const shortest = Math.min(...size);
    const [, down, across] = AXES[this.plane];
    return [size[down] / shortest, size[across] / shortest];
  }

  get extent() {
    const [, down, across] = AXES[this.plane];
    return [this.viewer.shape[down], this.viewer.shape[across]];
  }

  resize(width, height, ratio) {
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    if (this.view.isFitted) this.fit();
  }

  fit() {
    const [height, width] = this.extent;
    const [sv, su] = this.voxel;
    const zoom = Math.min(this.width / (width * su), this.height / (height * sv));
    Object.assign(this.view, {
      zoom, isFitted: true,
      left: (this.width - width * su * zoom) / 2, top: (this.height - height * sv * zoom) / 2,
    });
    this.viewer.invalidate();
  }

  // Brings a box of voxels to the middle, as large as BOX_SHARE of the pane at most; both corners are within it.
  showBox([first, last]) {
    const [, down, across] = AXES[this.plane];
    const [sv, su] = this.voxel;
    const [rows, columns] = [last[down] - first[down] + 1, last[across] - first[across] + 1];
    const [width, height] = [this.width || 400, this.height || 400]; // a pane that is not shown yet has no size
    const largest = Math.min(width / (columns * su), height / (rows * sv)) * BOX_SHARE;
    const [allRows, allColumns] = this.extent;
    const whole = Math.min(width / (allColumns * su), height / (allRows * sv));
    const zoom = clamp(largest, whole, Math.max(whole, MAX_BOX_ZOOM));
    Object.assign(this.view, {
      zoom, isFitted: zoom === whole,
      left: width / 2 - (first[across] + columns / 2) * su * zoom, top: height / 2 - (first[down] + rows / 2) * sv * zoom,
    });
    if (this.view.isFitted) this.fit();
  }

  zoomAt(factor, x, y) {
    const [height, width] = this.extent;
    const [sv, su] = this.voxel;
    const smallest = Math.min(this.width / (width * su), this.height / (height * sv)) / 4;
    const zoom = clamp(this.view.zoom * factor, Math.min(smallest, 1), MAX_ZOOM);
    const ratio = zoom / this.view.zoom;
    this.view.left = x - (x - this.view.left) * ratio;
    this.view.top = y - (y - this.view.top) * ratio;
    this.view.zoom = zoom;
    this.view.isFitted = false;
    this.keepInSight();
    this.viewer.rest();
  }

  pan(dx, dy) {
    this.view.left += dx;
    this.view.top += dy;
    this.view.isFitted = false;
    this.keepInSight();
    this.viewer.rest();
  }

  keepInSight() {
    const [height, width] = this.extent;
    const [sv, su] = this.voxel;
    const margin = 40;
    this.view.left = clamp(this.view.left, margin - width * su * this.view.zoom, this.width - margin);
    this.view.top = clamp(this.view.top, margin - height * sv * this.view.zoom, this.height - margin);
  }

  // Voxel (row, column), with fractions, under a place of the pane.
  voxelAt(x, y) {
    const [sv, su] = this.voxel;
    return [(y - this.view.top) / (sv * this.view.zoom), (x - this.view.left) / (su * this.view.zoom)];
  }

  placeOf(row, column) {
    const [sv, su] = this.voxel;
    return [this.view.left + column * su * this.view.zoom, this.view.top + row * sv * this.view.zoom];
  }

  drawImage(context, canvas, { source, across, down, width, height }) {
    const [x, y] = this.placeOf(down, across);
    const [right, bottom] = this.placeOf(down + height, across + width);
    context.imageSmoothingEnabled = (right - x) / source[2] * this.ratio < 3;
    context.imageSmoothingQuality = "medium";
    context.drawImage(canvas, ...source, x, y, right - x, bottom - y);
  }

  visibleTiles(stack) {
    const tier = stack.tier(this.plane, "scrub");
    if (!tier || (!stack.isGrey && tier.step === 1 && tier.pixel[0] === 1 && tier.pixel[1] === 1)) return [];
    const side = stack.facts.tile_px;
    const [, down, across] = AXES[this.plane];
    const [firstRow, firstColumn] = this.voxelAt(0, 0);
    const [lastRow, lastColumn] = this.voxelAt(this.width, this.height);
    const range = (first, last, axis) => {
      const size = stack.facts.shape[axis];
      const from = Math.max(0, Math.floor((first - stack.origin[axis]) / side));
      const to = Math.min(Math.ceil(size / side) - 1, Math.floor((last - stack.origin[axis]) / side));
      return Array.from({ length: Math.max(0, to - from + 1) }, (_, k) => from + k);
    };
    const columns = range(firstColumn, lastColumn, across);
    return range(firstRow, lastRow, down).flatMap((row) => columns.map((column) => ({ row, column })));
  }

  draw() {
    this.paint(this.context, this.ratio);
  }

  paint(context, ratio) {
    const { viewer } = this;
    const index = viewer.state.index[AXES[this.plane][0]];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.width, this.height);
    viewer.grey.draw(context, this, index);
    if (viewer.state.isOverlayOn) this.paintOverlays(context, index);
    this.paintFrame(context, index);
    if (viewer.state.layout === "three") this.paintCross(context);
    if (viewer.state.isComparing && viewer.hasOverlay) this.paintDivider(context);
    this.paintBrush(context);
  }

  paintOverlays(context, index) {
    const { overlay, before, state } = this.viewer;
    if (!state.isComparing) {
      overlay?.draw(context, this, index);
      return;
    }
    const at = this.width * state.divider;
    for (const [layer, left, right] of [[before, 0, at], [overlay, at, this.width]]) {
      if (!layer) continue;
      context.save();
      context.beginPath();
      context.rect(left, 0, right - left, this.height);
      context.clip();
      layer.draw(context, this, index);
      context.restore();
    }
  }

  // The box that Python asked for, in the slices that it reaches through.
  paintFrame(context, index) {
    const { framed } = this.viewer.state;
    const [through, down, across] = AXES[this.plane];
    if (!framed || index < framed[0][through] || index > framed[1][through]) return;
    const [left, top] = this.placeOf(framed[0][down], framed[0][across]);
    const [right, bottom] = this.placeOf(framed[1][down] + 1, framed[1][across] + 1);
    context.save();
    for (const [style, width, dash] of [["rgba(0, 0, 0, 0.7)", 3, []], ["#fff", 1.5, [5, 4]]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.setLineDash(dash);
      context.strokeRect(left - 3, top - 3, right - left + 6, bottom - top + 6);
    }
    context.restore();
  }

  paintCross(context) {
    const [, down, across] = AXES[this.plane];
    const { index } = this.viewer.state;
    const [x, y] = this.placeOf(index[down] + 0.5, index[across] + 0.5);
    context.lineWidth = 1;
    context.strokeStyle = "rgba(86, 180, 233, 0.55)";
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(this.width, y);
    context.moveTo(x, 0);
    context.lineTo(x, this.height);
    context.stroke();
  }

  paintDivider(context) {
    const x = this.width * this.viewer.state.divider;
    context.fillStyle = "rgba(255, 255, 255, 0.9)";
    context.fillRect(x - 0.75, 0, 1.5, this.height);
    context.beginPath();
    context.arc(x, this.height / 2, 9, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#15171a";
    context.font = "11px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText("↔", x, this.height / 2 + 0.5);
    const { before, overlay } = this.viewer.data;
    if (before && overlay) {
      this.paintName(context, before.name, x - 8, "right");
      this.paintName(context, overlay.name, x + 8, "left");
    }
  }

  // What is on one side of the divider, at the top.
  paintName(context, name, x, side) {
    context.font = "12px sans-serif";
    context.textAlign = side;
    const width = context.measureText(name).width + 10;
    context.fillStyle = "rgba(0, 0, 0, 0.65)";
    context.fillRect(side === "left" ? x - 5 : x - width + 5, 6, width, 18);
    context.fillStyle = "#fff";
    context.fillText(name, x, 15.5);
  }

  paintBrush(context) {
    const { state } = this.viewer;
    const hover = this.viewer.probe.place;
    if (!state.brush || hover?.pane !== this) return;
    const [sv, su] = this.voxel;
    const radius = state.brush / 2 * this.view.zoom;
    context.strokeStyle = "rgba(255, 255, 255, 0.9)";
    context.lineWidth = 1;
    context.beginPath();
    context.ellipse(hover.x, hover.y, radius * su, radius * sv, 0, 0, 2 * Math.PI);
    context.stroke();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => this.viewer.probe.leave());
    canvas.addEventListener("dblclick", () => this.doubleClick());
    canvas.addEventListener("wheel", (event) => this.turn(event), { passive: false });
  }

  where(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  doubleClick() {
    this.fit();
  }

  press(event) {
    if (event.button === 0) this.grab(event);
  }

  // Drags the picture or the divider; a press without a drag chooses a point.
  grab(event) {
    this.viewer.activate(this.plane);
    const [startX, startY] = this.where(event);
    const { state } = this.viewer;
    const isDivider = state.isComparing && Math.abs(startX - this.width * state.divider) < DIVIDER_PX;
    let [x, y] = [startX, startY];
    let isDrag = false;
    this.canvas.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const [nextX, nextY] = this.where(moved);
      isDrag ||= Math.hypot(nextX - startX, nextY - startY) > CLICK_PX;
      if (isDivider) this.viewer.divide(clamp(nextX / this.width, 0, 1));
      else if (isDrag) this.pan(nextX - x, nextY - y);
      [x, y] = [nextX, nextY];
    };
    const release = () => {
      this.canvas.removeEventListener("pointermove", move);
      if (!isDrag && !isDivider) this.choose(startX, startY);
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", release, { once: true });
    this.canvas.addEventListener("pointercancel", release, { once: true });
  }

  choose(x, y) {
    const [row, column] = this.voxelAt(x, y).map(Math.floor);
    const [height, width] = this.extent;
    if (row < 0 || column < 0 || row >= height || column >= width) return;
    const [, down, across] = AXES[this.plane];
    this.viewer.moveTo({ [down]: row, [across]: column });
  }

  hover(event) {
    const [x, y] = this.where(event);
    const { state } = this.viewer;
    const isDivider = state.isComparing && Math.abs(x - this.width * state.divider) < DIVIDER_PX;
    this.canvas.style.cursor = isDivider ? "ew-resize" : event.buttons ? "grabbing" : "crosshair";
    const [row, column] = this.voxelAt(x, y).map(Math.floor);
    this.viewer.probe.point({ pane: this, x, y, row, column });
  }

  turn(event) {
    event.preventDefault();
    this.viewer.activate(this.plane);
    const delta = event.deltaMode === 1 ? event.deltaY * 40 : event.deltaY;
    if (event.ctrlKey || event.metaKey) {
      const isNotch = Math.abs(delta) >= WHEEL_PX;
      this.zoomAt(isNotch ? ZOOM_STEP ** -Math.sign(delta) : Math.exp(-delta / 100), ...this.where(event));
      return;
    }
    this.wheel = Math.sign(delta) === Math.sign(this.wheel) ? this.wheel + delta : delta;
    if (Math.abs(this.wheel) < WHEEL_PX) return;
    this.viewer.step(Math.sign(this.wheel));
    this.wheel = 0;
  }
}
