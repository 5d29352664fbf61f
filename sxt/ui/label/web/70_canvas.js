// The viewer with labels that can be drawn: which slices, who holds them, what is chosen, and what gestures do.

const POLL_LABELS_MS = 2000;
const REFUSAL_MS = 8000;
const labelMemory = new Map(); // by key: choices and slices survive a new mount

function firstChoice(label) {
  const value = label.classes[0]?.value ?? UNLABELLED;
  return {
    tool: "brush", value, before: 0, lastClass: label.classes[0]?.value ?? null, eraseTo: UNLABELLED, isProtecting: true,
    hasGhost: false, opacity: 0.55, view: "labels", target: "labels", tolerance: 12, low: 0, high: 40, reach: 40,
    rule: "watershed", patch: 16,
  };
}

class LabelViewer extends Viewer {
  get keys() {
    return LABEL_KEYS;
  }

  get tool() {
    return toolOf(this.choice.tool);
  }

  get currentSlice() {
    const { plane, index } = this.state;
    return index ? this.slices.get(plane, index[AXES[plane][0]]) : undefined;
  }

  makePane(plane) {
    return new LabelPane(this, plane);
  }

  receive(data, send) {
    this.data = data;
    this.takeLabels(data);
    super.receive(data, send);
    if (!this.hasBegun) return;
    this.updateBars();
    this.poll(); // the page may have changed the slice
  }

  takeLabels(data) {
    const known = labelMemory.get(data.key);
    if (!known || known.item !== data.label.url) {
      const kept = known?.choice ?? firstChoice(data.label);
      labelMemory.set(data.key, { item: data.label.url, choice: kept, slices: new LabelSlices(data.label.url) });
    }
    const { choice, slices } = labelMemory.get(data.key);
    this.choice = choice;
    this.slices = slices;
    this.settling ??= [];
    this.nReviewed ??= 0;
    this.labels ??= new LabelLayer(this);
    slices.onChange = () => this.slicesChanged();
    const values = [...data.label.classes.map((each) => each.value), 0, UNLABELLED];
    if (!values.includes(choice.value)) choice.value = values[0];
    if (!values.includes(choice.lastClass)) choice.lastClass = data.label.classes[0]?.value ?? null;
    this.polling ??= setInterval(() => this.poll(), POLL_LABELS_MS);
    this.watchWindow();
  }

  // A window that closes lets its slice go, and asks first where strokes are not saved yet.
  watchWindow() {
    if (this.leaving) return;
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    window.addEventListener("pagehide", () => this.letGo(), { signal });
    window.addEventListener("beforeunload", (event) => {
      if (this.slices.waiting) event.preventDefault();
    }, { signal });
  }

  letGo() {
    if (this.held) this.slices.release(this.held.plane, this.held.index);
    this.held = null;
  }

  begin() {
    super.begin();
    this.answerRequest(this.data.label.request);
  }

  // What Python asks for counts once: a slice to go to, a view.
  answerRequest(request) {
    const kept = labelMemory.get(this.data.key);
    if (!request || kept.answered === request.stamp) return;
    kept.answered = request.stamp;
    if (request.view) this.chooseView(request.view);
    if (request.z === null) return;
    if (this.state.plane !== "z") this.show("z", "one");
    this.moveTo({ 0: request.z });
  }

  build() {
    super.build();
    this.probe = new LabelProbe(this);
    this.toolColumn = new ToolColumn(this);
    this.labelBar = new LabelBar(this);
    this.banner = make("div", { class: "held", role: "status", hidden: true });
    this.bar.element.after(this.labelBar.element);
    this.stage.prepend(this.toolColumn.element);
    this.root.append(this.banner);
  }

  layout() {
    super.layout();
    this.updateBars();
  }

  updateBars() {
    this.toolColumn.update();
    this.labelBar.update();
    this.bar.element.querySelector(".overlay").classList.toggle("aside", this.tool.name !== "assist");
    const state = this.currentSlice?.state;
    const texts = [
      state && !state.is_mine && `${state.holder} is labelling this slice. You see every stroke, and can draw when they have left it.`,
      this.withoutDisagreement(),
      state?.is_hold_out && "Held out for measuring: labelled by people alone.",
    ].filter(Boolean);
    this.banner.hidden = !texts.length;
    this.banner.textContent = texts[0] ?? "";
    this.banner.dataset.kind = state && !state.is_mine ? "held" : "note";
  }

  // Slices were ranked by a few of them: says where the nearest of those is.
  withoutDisagreement() {
    const slices = this.data.label.disagreement?.slices;
    const { plane, index } = this.state;
    if (this.choice.view !== "disagreement" || !slices?.length || plane !== "z" || !index || slices.includes(index[0])) return false;
    const z = index[0];
    const nearest = slices.reduce((best, each) => (Math.abs(each - z) < Math.abs(best - z) ? each : best));
    return `This slice was not looked at when the slices were ranked; the nearest that was is z ${nearest}.`;
  }

  // Slices

  plan() {
    super.plan();
    if (this.hasBegun) this.wantSlices();
  }

  wantSlices() {
    for (const pane of this.shown) {
      const { plane, index } = pane;
      const last = this.shape[AXES[plane][0]] - 1;
      if (this.isResting) this.slices.want(plane, index, pane.extent);
      if (!this.isResting || plane !== this.state.plane) continue;
      this.refreshOnce(plane, index);
      for (const near of [index + 1, index - 1, index + 2]) {
        if (near >= 0 && near <= last && this.slices.get(plane, index)) this.slices.want(plane, near, pane.extent);
      }
    }
  }

  // What is here of a slice may be old: it is asked for when it is come to.
  refreshOnce(plane, index) {
    const name = `${plane} ${index}`;
    if (this.refreshed === name || !this.slices.get(plane, index)) return;
    this.refreshed = name;
    this.poll();
  }

  slicesChanged() {
    if (!this.hasBegun) return;
    if (!this.slices.waiting) {
      this.settling = [];
      this.toldLabelled = this.currentSlice?.state.n_labelled ?? this.toldLabelled;
      this.report();
    }
    if (this.isResting) this.wantSlices();
    if (this.slices.refused) {
      clearTimeout(this.forgetting);
      this.forgetting = setTimeout(() => this.forget(), REFUSAL_MS);
    }
    this.updateBars();
    this.invalidate();
  }

  forget() {
    this.slices.refused = "";
    if (this.hasBegun) this.updateBars();
  }

  tell() {
    return { ...super.tell(), n_labelled: this.toldLabelled ?? null, n_reviewed: this.nReviewed };
  }

  // What is laid under the labels on a slice along z.
  beside(z) {
    const { view } = this.choice;
    const { disagreement } = this.data.label;
    const slice = this.slices.get("z", z);
    const version = slice?.state.revision ?? "";
    if (view === "disagreement" && disagreement) {
      if (disagreement.slices && !disagreement.slices.includes(z)) return null;
      return { path: `disagreement/${z}?${disagreement.query}`, version: "", isHeat: true };
    }
    if ((view !== "pseudo" && view !== "confidence") || !slice?.state.has_pseudo) return null;
    return { path: `pseudo/${view === "pseudo" ? "labels" : "confidence"}/${z}`, version, isHeat: view === "confidence" };
  }

  moveTo(changes) {
    super.moveTo(changes);
    this.leave();
  }

  show(plane, layout) {
    super.show(plane, layout);
    this.leave();
  }

  // Another slice: a shape in the making is given up, and the hold on the old one.
  leave() {
    if (!this.hasBegun) return;
    const { plane, index } = this.state;
    const now = index[AXES[plane][0]];
    if (this.gesture?.kind === "corners" && this.gesture.index !== this.gesture.pane.index) this.gesture = null;
    if (this.held && (this.held.plane !== plane || this.held.index !== now)) this.letGo();
    this.slices.refused = "";
    this.updateBars();
  }

  // While something is drawn, the heartbeat alone goes on: a long outline must not cost the slice.
  poll() {
    if (!this.hasBegun || document.visibilityState === "hidden") return;
    const { plane, index } = this.state;
    const now = index[AXES[plane][0]];
    const isHeld = this.held?.plane === plane && this.held.index === now;
    if (this.gesture && !isHeld) return;
    this.slices.poll(plane, now, isHeld);
    if (!this.currentSlice) this.wantSlices();
  }

  // Drawing

  isReadOnly(pane) {
    return this.slices.get(pane.plane, pane.index)?.state.is_mine === false;
  }

  mayDraw(pane) {
    const slice = this.slices.get(pane.plane, pane.index);
    if (!slice) return false;
    if (!slice.state.is_mine) {
      this.banner.animate([{ transform: "translateX(-50%) scale(1.06)" }, { transform: "translateX(-50%)" }], 250);
      return false;
    }
    if (this.choice.target === "pseudo" && (pane.plane !== "z" || !slice.state.has_pseudo)) this.choice.target = "labels";
    if (!this.state.isOverlayOn) this.toggleOverlay();
    const isHeld = this.held?.plane === pane.plane && this.held.index === pane.index;
    if (!isHeld) this.takeHold(pane.plane, pane.index);
    return true;
  }

  takeHold(plane, index) {
    this.letGo();
    this.held = { plane, index };
    this.slices.poll(plane, index, true);
  }

  // The labels, or the pseudo-labels, that a stroke is drawn into at once.
  drawnInto(pane) {
    if (this.choice.target !== "pseudo") return this.slices.get(pane.plane, pane.index);
    const beside = this.beside(pane.index);
    return beside && !beside.isHeat ? this.slices.layer(beside.path, beside.version, pane.extent) : null;
  }

  showStroke(gesture) {
    const isErasing = this.tool.name === "eraser" || gesture.isErasing;
    if (gesture.kind !== "stroke" || (this.tool.name !== "brush" && !isErasing)) return;
    if (!gesture.into) {
      gesture.into = this.drawnInto(gesture.pane);
      if (!gesture.into) return;
      gesture.paint = paintOf(this.choice, isErasing);
      gesture.before = gesture.into.bytes.slice();
      gesture.table = changeable(gesture.paint);
      gesture.into.pending += 1;
      gesture.nShown = 0;
      gesture.isShown = true;
    }
    const { points, into, table, paint } = gesture;
    for (; gesture.nShown < points.length; gesture.nShown++) {
      rasterSegment(into, points[Math.max(0, gesture.nShown - 1)], points[gesture.nShown], table, paint.value);
    }
    into.drawn += 1;
  }

  cancelGesture(gesture) {
    if (gesture.into) {
      gesture.into.bytes.set(gesture.before);
      gesture.into.pending -= 1;
      gesture.into.drawn += 1;
    }
    this.gesture = null;
    this.invalidate();
  }

  closeGesture() {
    const { gesture } = this;
    this.gesture = null;
    if (gesture) this.finishGesture(gesture);
  }

  finishGesture(gesture) {
    const edit = editOf(this, this.tool, gesture);
    const index = gesture.index ?? gesture.pane.index;
    gesture.index = index;
    if (edit) {
      const { target } = this.choice;
      gesture.isDone = true;
      if (!gesture.isShown) this.settling.push(gesture);
      this.slices.edit(gesture.pane.plane, index, edit, target);
      if (target === "pseudo") this.nReviewed += 1;
    }
    if (gesture.into) gesture.into.pending -= 1;
    this.invalidate();
  }

  stepBack(tool) {
    const pane = this.panes.get(this.state.plane);
    if (this.gesture?.kind === "corners") {
      this.gesture = null;
      this.invalidate();
      return;
    }
    if (!this.mayDraw(pane)) return;
    const { target } = this.choice;
    this.slices.edit(pane.plane, pane.index, { tool }, target);
    if (target === "pseudo") this.nReviewed += 1;
  }

  colourOf(gesture) {
    const value = paintOf(this.choice, this.tool.name === "eraser" || gesture.isErasing).value;
    return this.data.label.classes.find((each) => each.value === value)?.colour ?? "#d6dde5";
  }

  // Choosing

  choose(change) {
    Object.assign(this.choice, change);
    this.updateBars();
    this.invalidate();
  }

  chooseTool(name) {
    if (name === "assist" && !this.data.label.segmentation) return;
    this.gesture = null;
    this.choose({ tool: name });
    this.root.focus({ preventScroll: true });
  }

  chooseClass(value) {
    const { choice } = this;
    if (value === choice.value) return;
    const isClass = value > 0 && value < UNLABELLED;
    this.choose({ before: choice.value, value, lastClass: isClass ? value : choice.lastClass });
    this.root.focus({ preventScroll: true });
  }

  chooseView(view) {
    Object.assign(this.choice, { view, target: view === "pseudo" ? this.choice.target : "labels" });
    if (this.hasBegun) {
      this.updateBars();
      this.invalidate();
    }
  }

  setBrush(size) {
    this.state.brush = clamp(Math.round(size), 1, 400);
    this.changed();
    this.updateBars();
  }

  // The keys [ and ]: the size of the brush, or what else the tool has that is smaller and larger.
  resizeBrush(factor) {
    const name = this.tool.measure;
    if (this.tool.isSized || !name) super.resizeBrush(factor);
    else this.labelBar.sliders[name].step(Math.sign(factor - 1));
    this.updateBars();
  }

  nextView() {
    const { views } = this.labelBar;
    if (views.length > 1) this.chooseView(views[(views.indexOf(this.choice.view) + 1) % views.length]);
  }

  correctPseudo() {
    if (this.mayCorrect) this.choose({ target: this.choice.target === "pseudo" ? "labels" : "pseudo" });
  }

  get mayCorrect() {
    return this.choice.view === "pseudo" && Boolean(this.currentSlice?.state.has_pseudo);
  }

  goToNext() {
    const { suggestions } = this.data.label;
    if (!suggestions.length) return;
    const at = suggestions.indexOf(this.state.index[0]);
    if (this.state.plane !== "z") this.show("z", "one");
    this.moveTo({ 0: suggestions[(at + 1) % suggestions.length] });
  }

  close() {
    super.close();
    clearInterval(this.polling);
    clearTimeout(this.forgetting);
    this.leaving.abort();
    this.letGo();
    this.slices.onChange = () => {};
  }
}
