// A plane that is drawn on: gestures of the pointer become edits, and are seen at once.

const MIN_STEP_PX = 0.35;
const CLOSE_PX = 9;
const PEN_LEAST = 0.3; // of the brush, at no pressure

class LabelPane extends Pane {
  listen() {
    super.listen();
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    this.canvas.addEventListener("auxclick", (event) => event.preventDefault());
  }

  get index() {
    return this.viewer.state.index[AXES[this.plane][0]];
  }

  // [row, column, radius] with whole numbers in the middle of pixels.
  pointOf(event) {
    const [row, column] = this.voxelAt(...this.where(event));
    const size = this.viewer.state.brush / 2;
    const isPen = event.pointerType === "pen" && event.pressure > 0;
    return [row - 0.5, column - 0.5, isPen ? size * (PEN_LEAST + (1 - PEN_LEAST) * event.pressure) : size];
  }

  doubleClick() {
    const { viewer } = this;
    if (viewer.tool.gesture === "move") this.fit();
    else if (viewer.gesture?.kind === "corners") viewer.closeGesture();
  }

  press(event) {
    const { viewer } = this;
    const { tool } = viewer;
    viewer.activate(this.plane);
    const isPanning = event.button === 1 || viewer.isSpaceHeld || tool.gesture === "move";
    if (isPanning && event.button !== 2) {
      event.preventDefault();
      this.grab(event);
      return;
    }
    if (event.button !== 0 && event.button !== 2 && event.button !== 5) return;
    if (!viewer.mayDraw(this)) return;
    const isErasing = event.button === 2 || event.button === 5 || (event.buttons & 32) > 0;
    const begin = { stroke: "beginDrag", outline: "beginDrag", box: "beginDrag", point: "click", corners: "addCorner" };
    this[begin[tool.gesture]](event, isErasing);
  }

  click(event, isErasing) {
    this.viewer.finishGesture({ kind: "point", pane: this, points: [this.pointOf(event)], isErasing });
  }

  addCorner(event, isErasing) {
    const { viewer } = this;
    if (isErasing) {
      viewer.closeGesture();
      return;
    }
    const point = this.pointOf(event);
    const known = viewer.gesture?.pane === this ? viewer.gesture : null;
    if (known && known.points.length >= 3 && this.distance(known.points[0], point) < CLOSE_PX) {
      viewer.closeGesture();
      return;
    }
    if (known && this.distance(known.points.at(-1), point) < 1) return; // the second press of a double click
    viewer.gesture = { kind: "corners", pane: this, index: this.index, points: [...(known?.points ?? []), point], isErasing: false };
    viewer.invalidate();
  }

  distance(a, b) {
    const [ax, ay] = this.placeOf(a[0], a[1]);
    const [bx, by] = this.placeOf(b[0], b[1]);
    return Math.hypot(ax - bx, ay - by);
  }

  beginDrag(event, isErasing) {
    const { viewer } = this;
    const kind = viewer.tool.gesture;
    const gesture = { kind, pane: this, index: this.index, points: [this.pointOf(event)], isErasing };
    viewer.gesture = gesture;
    this.canvas.setPointerCapture(event.pointerId);
    this.extend(gesture, []);
    const move = (moved) => {
      if (moved.pointerId !== event.pointerId) return;
      const events = moved.getCoalescedEvents?.() ?? [];
      this.extend(gesture, (events.length ? events : [moved]).map((each) => this.pointOf(each)));
    };
    const stop = (isWhole) => {
      this.canvas.removeEventListener("pointermove", move);
      if (viewer.gesture !== gesture) return;
      viewer.gesture = null;
      if (isWhole) viewer.finishGesture(gesture);
      else viewer.cancelGesture(gesture);
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", () => stop(true), { once: true });
    this.canvas.addEventListener("pointercancel", () => stop(false), { once: true });
  }

  extend(gesture, points) {
    for (const point of points) {
      const last = gesture.points.at(-1);
      if (gesture.kind === "box") gesture.points = [gesture.points[0], point];
      else if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= MIN_STEP_PX) gesture.points.push(point);
    }
    this.viewer.showStroke(gesture);
    this.viewer.invalidate();
  }

  hover(event) {
    super.hover(event);
    const { tool, isSpaceHeld } = this.viewer;
    const isMoving = tool.gesture === "move" || isSpaceHeld;
    this.canvas.style.cursor = isMoving ? (event.buttons ? "grabbing" : "grab") : this.viewer.isReadOnly(this) ? "not-allowed" : "crosshair";
    if (this.viewer.gesture?.kind === "corners") this.viewer.invalidate();
  }

  paintOverlays(context, index) {
    if (this.viewer.tool.name === "assist") super.paintOverlays(context, index);
    this.viewer.labels.draw(context, this, index);
  }

  paintBrush(context) {
    const { viewer } = this;
    if (viewer.tool.isSized && !viewer.isSpaceHeld) super.paintBrush(context);
    if (viewer.data.label.regions.length && this.plane === "z") this.paintRegions(context);
    for (const gesture of [viewer.gesture, ...viewer.settling]) {
      if (gesture?.pane === this && gesture.index === this.index) this.paintGesture(context, gesture);
    }
  }

  // Squares of the slice that are worth a look.
  paintRegions(context) {
    context.strokeStyle = "rgba(240, 228, 66, 0.9)";
    context.setLineDash([5, 4]);
    context.lineWidth = 1.5;
    for (const { z, start, stop } of this.viewer.data.label.regions) {
      if (z !== this.index) continue;
      const [x, y] = this.placeOf(...start);
      const [right, bottom] = this.placeOf(...stop);
      context.strokeRect(x, y, right - x, bottom - y);
    }
    context.setLineDash([]);
  }

  // An outline as it is drawn, and afterwards until the server has answered.
  paintGesture(context, gesture) {
    const isRaster = gesture.kind === "stroke" && gesture.isShown;
    if (isRaster) return;
    const places = gesture.points.map(([row, column]) => this.placeOf(row + 0.5, column + 0.5));
    const colour = this.viewer.colourOf(gesture);
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = gesture.kind === "stroke" ? 3 : 1.5;
    context.beginPath();
    if (gesture.kind === "box") context.rect(...places[0], ...(places[1] ?? places[0]).map((each, k) => each - places[0][k]));
    else places.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
    const hover = this.viewer.probe.place;
    if (gesture.kind === "corners" && gesture === this.viewer.gesture && hover?.pane === this) context.lineTo(hover.x, hover.y);
    context.stroke();
    if (gesture.kind === "corners" || gesture.kind === "outline") this.fillShape(context, gesture);
    if (gesture.kind === "corners" || gesture.kind === "point") this.paintCorners(context, places);
  }

  fillShape(context, gesture) {
    context.globalAlpha = this.viewer.choice.opacity * (gesture.isDone ? 1 : 0.4);
    context.fill();
    context.globalAlpha = 1;
  }

  paintCorners(context, places) {
    for (const [x, y] of places) {
      context.beginPath();
      context.arc(x, y, 3.5, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
