// The viewer: what is chosen, what is fetched for it, when it is drawn, and what Python is told.

const REST_MS = 90;
const REPORT_MS = 500;
const NARROW = 0.35; // of the window: narrower limits get bytes of their own
const memory = new Map(); // by key: what was chosen, and the volumes, survive a new mount

class Viewer {
  constructor(mount, data) {
    this.data = data;
    this.memory = memory.get(data.key) ?? { state: firstState(), stacks: new Map(), item: null };
    memory.set(data.key, this.memory);
    this.times = { draws: 0, last_ms: 0 };
    this.panes = new Map();
    this.queue = new Queue(() => this.arrived(), (error) => this.failed(error));
    this.stage = make("div", { class: "stage" });
    this.message = make("div", { class: "message", role: "status" }, "Loading …");
    this.root = make("div", { class: "viewer", tabindex: "0", role: "application" }, this.stage, this.message);
    this.root.viewer = this;
    mount.replaceChildren(this.root);
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.stage);
    this.listen();
  }

  get state() {
    return this.memory.state;
  }

  get shape() {
    return this.grey.stack.facts.shape;
  }

  get voxelSize() {
    return this.data.voxel_size_nm;
  }

  get hasOverlay() {
    return Boolean(this.overlay || this.before);
  }

  get overlayChoice() {
    return this.data.overlay && this.state.overlays[this.data.overlay.id];
  }

  // What Python sends: at first and whenever the page runs again.
  receive(data, send) {
    this.data = data;
    this.send = send;
    this.root.style.height = `${data.height_px}px`;
    this.root.setAttribute("aria-label", `Slices of ${data.name}; press ? for the keys`);
    if (this.memory.item !== data.source.url) this.startItem(data.source.url);
    takeChoices(this.state, data);
    this.layers = [["grey", data.source], ["overlay", data.overlay], ["before", data.before]];
    for (const [role, source] of this.layers) this.take(role, source);
    if (this.grey.isReady) this.begin();
  }

  startItem(item) {
    const { overlays, layout, plane } = this.state;
    this.forgetAsked();
    this.memory.item = item;
    this.memory.stacks.clear();
    this.memory.state = { ...firstState(), overlays, layout, plane };
    this.grey = this.overlay = this.before = null;
    this.hasBegun = false;
    this.panes.clear();
    this.shown = null;
    this.stage.replaceChildren();
    this.message.hidden = false;
    this.message.textContent = "Loading …";
  }

  take(role, source) {
    if (!source) {
      this[role] = null;
      return;
    }
    const id = `${role} ${source.url} ${source.version}`;
    const held = this.memory.stacks.get(id);
    const current = this[role];
    if (current && (current.stack === held || current.following === held) && held) return;
    const stack = held ?? new Stack(source, role === "grey");
    for (const other of this.memory.stacks.keys()) if (other.startsWith(`${role} `)) this.memory.stacks.delete(other);
    this.memory.stacks.set(id, stack);
    const isSame = current && current.stack.url === stack.url;
    if (!isSame) this[role] = new Layer(stack, (error) => this.layerReady(role, error));
    if (stack.facts) this[role].stack = stack;
    else if (isSame) this[role].replace(stack);
    else stack.load().then(() => this.layerReady(role), (error) => this.layerReady(role, error));
    this.restyle();
  }

  layerReady(role, error) {
    if (error) {
      if (role === "grey" && !this.grey?.isReady) this.message.textContent = error.message;
      else this.failed(error);
      return;
    }
    if (role === "grey") this.begin();
    else this.refresh();
  }

  begin() {
    if (!this.hasBegun) this.build();
    this.hasBegun = true;
    const { state, shape } = this;
    state.limits ??= [...this.grey.stack.facts.limits];
    state.index ??= shape.map((size) => Math.floor(size / 2));
    state.index = state.index.map((each, axis) => clamp(Math.round(each), 0, shape[axis] - 1));
    this.message.hidden = true;
    this.restyle();
    this.layout();
    this.showBox();
    this.rest();
  }

  // A box that Python asks for is shown once.
  showBox() {
    const { box } = this.state;
    this.state.box = null;
    if (box) for (const pane of this.panes.values()) pane.showBox(box);
  }

  build() {
    this.bar = buildBar(this);
    this.strip = new Strip(this);
    this.rail = new Rail(this);
    this.help = new Help(this);
    this.probe = new Probe(this);
    this.frame = make("div", { class: "panes" });
    this.stage.replaceChildren(this.frame, this.rail.element);
    this.root.replaceChildren(this.bar.element, this.stage, this.strip.element, this.help.element, this.message);
    for (const plane of PLANES) this.panes.set(plane, this.makePane(plane));
  }

  makePane(plane) {
    return new Pane(this, plane);
  }

  get keys() {
    return KEYS;
  }

  layout() {
    const { state } = this;
    const shown = (state.layout === "three" ? PLANES : [state.plane]).map((plane) => this.panes.get(plane));
    const isSame = this.shown?.length === shown.length && shown.every((pane, at) => pane === this.shown[at]);
    if (!isSame) { // moving the elements would end a drag
      this.shown = shown;
      this.frame.className = state.layout === "three" ? "panes three" : "panes";
      this.frame.replaceChildren(...shown.map((pane) => pane.element));
    }
    for (const [plane, pane] of this.panes) {
      pane.element.classList.toggle("active", plane === state.plane && state.layout === "three");
      pane.canvas.setAttribute("aria-label", `Slice along ${plane} of ${this.data.name}`);
    }
    if (isSame) this.bar.update();
    else this.resize();
  }

  resize() {
    if (!this.hasBegun) return;
    const ratio = window.devicePixelRatio || 1;
    for (const pane of this.shown) pane.resize(pane.element.clientWidth, pane.element.clientHeight, ratio);
    this.bar.update();
    this.refresh();
  }

  // Colours of all layers from what is chosen now.
  restyle() {
    const { state } = this;
    if (this.grey?.isReady && state.limits) {
      this.grey.setStyle({ grey: greyTable(this.grey.stack.window, state.limits, state.isInverted) });
    }
    for (const [role, source] of [["overlay", this.data.overlay], ["before", this.data.before]]) {
      if (!this[role] || !source) continue;
      this[role].setStyle(overlayStyle(state.overlays[source.id], source.hatched_slices));
    }
  }

  refresh() {
    if (!this.hasBegun) return;
    this.restyle();
    this.plan();
    this.invalidate();
  }

  // Moving

  step(by) {
    const [through] = AXES[this.state.plane];
    this.goTo(this.state.index[through] + by);
  }

  goTo(index) {
    this.moveTo({ [AXES[this.state.plane][0]]: index });
  }

  moveTo(changes) {
    const next = this.state.index.map((each, axis) => clamp(Math.round(changes[axis] ?? each), 0, this.shape[axis] - 1));
    const through = AXES[this.state.plane][0];
    const by = next[through] - this.state.index[through];
    if (next.every((each, axis) => each === this.state.index[axis])) return;
    if (by) this.direction = Math.sign(by);
    this.state.index = next;
    this.askedAt = performance.now();
    this.rest();
    this.report();
  }

  show(plane, layout) {
    Object.assign(this.state, { plane, layout });
    this.layout();
    this.rest();
    this.report();
  }

  activate(plane) {
    this.root.focus({ preventScroll: true });
    if (this.state.plane !== plane) this.show(plane, this.state.layout);
  }

  fit() {
    for (const pane of this.shown) pane.fit();
    this.rest();
  }

  // Called whenever something moves; full resolution follows when nothing has for a moment.
  rest() {
    if (!this.hasBegun) return;
    this.isResting = false;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.isResting = true;
      this.widen();
      this.plan();
      this.invalidate();
      this.probe.ask();
    }, REST_MS);
    this.plan();
    this.invalidate();
  }

  plan() {
    if (this.hasBegun) this.queue.want(listWanted(this));
  }

  arrived() {
    this.strip.note.textContent = "";
    this.invalidate();
  }

  failed(error) {
    if (this.strip) this.strip.note.textContent = error.message || "The slices cannot be loaded.";
  }

  invalidate() {
    if (!this.hasBegun || this.frameAsked) return;
    this.frameAsked = requestAnimationFrame(() => {
      this.frameAsked = null;
      const start = performance.now();
      for (const pane of this.shown) pane.draw();
      this.strip.update();
      this.rail.update();
      this.probe.showApproximate();
      tellLinked(this);
      this.times.draws += 1;
      this.times.last_ms = performance.now() - start;
      if (this.askedAt) this.times.latency_ms = performance.now() - this.askedAt;
      this.askedAt = null;
    });
  }

  // Choosing

  setLimits(limits) {
    this.state.limits = [...limits];
    this.changed();
  }

  // Where the limits are far inside the window, 256 steps over the window are too coarse: fetch others.
  widen() {
    const { stack } = this.grey;
    const [low, high] = this.state.limits;
    const whole = stack.facts.window;
    const margin = (high - low) / 2;
    const isNarrow = high - low < NARROW * (whole[1] - whole[0]);
    const [from, to] = stack.window;
    const fits = low >= from && high <= to && high - low >= NARROW * (to - from);
    const window = isNarrow ? [low - margin, high + margin] : whole;
    const isSame = window[0] === from && window[1] === to;
    if (isSame || (isNarrow && fits)) return;
    stack.setWindow(window);
    this.restyle();
  }

  invert() {
    this.state.isInverted = !this.state.isInverted;
    this.changed();
  }

  toggleOverlay() {
    this.state.isOverlayOn = !this.state.isOverlayOn;
    this.changed();
  }

  setOverlay(change) {
    Object.assign(this.overlayChoice, change);
    this.state.isOverlayOn = true;
    this.changed();
  }

  setClass(value, change) {
    Object.assign(this.overlayChoice.classes.find((each) => each.value === value), change);
    this.state.isOverlayOn = true;
    this.changed();
  }

  compare() {
    this.state.isComparing = !this.state.isComparing;
    this.changed();
  }

  divide(share) {
    this.state.divider = share;
    this.invalidate();
  }

  resizeBrush(factor) {
    if (!this.state.brush) return;
    const grown = Math.max(1, Math.round(this.state.brush * factor));
    this.state.brush = clamp(grown === this.state.brush ? grown + Math.sign(factor - 1) : grown, 1, 400);
    this.changed();
  }

  changed() {
    this.restyle();
    this.bar.update();
    this.rest();
    this.report();
  }

  // Told to Python when nothing has changed for a moment, and only what is new to it.
  report() {
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => {
      const told = this.tell();
      const text = JSON.stringify(told);
      if (text === this.memory.told) return;
      this.memory.told = text;
      this.send(told);
    }, REPORT_MS);
  }

  tell() {
    const { plane, index, limits, isInverted, isOverlayOn, brush } = this.state;
    const choice = this.overlayChoice;
    return { position: index, plane, limits, is_inverted: isInverted, is_overlay_on: isOverlayOn,
      overlay: this.data.overlay?.given_id ?? null, threshold: choice?.threshold ?? null, opacity: choice?.opacity ?? null, brush_px: brush };
  }

  listen() {
    this.root.addEventListener("keydown", (event) => {
      if (event.target !== this.root && event.target.matches("input, select") && event.key !== "?") return;
      if (!event.ctrlKey && !event.metaKey && !event.altKey && this.hasBegun && pressKey(this, event.key)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    this.root.addEventListener("pointerenter", () => {
      if (document.activeElement === document.body) this.root.focus({ preventScroll: true });
    });
  }

  close() {
    leaveLink(this);
    this.resizing.disconnect();
    this.queue.want([]);
    for (const stack of this.memory.stacks.values()) stack.shrink(IDLE_CACHE_BYTES);
    this.forgetAsked();
  }

  // What was asked for an item would find nothing to draw in the next one.
  forgetAsked() {
    this.probe?.leave();
    for (const timer of [this.resting, this.reporting]) clearTimeout(timer);
    cancelAnimationFrame(this.frameAsked);
    this.frameAsked = null;
  }
}
