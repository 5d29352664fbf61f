// What is chosen in the viewer, and what is fetched for it.

const NEAR_STRIPS = 3;
const FAR_STRIPS = 8;

function firstState() {
  return {
    plane: "z", layout: "one", index: null, views: {}, limits: null, isInverted: false, isOverlayOn: true,
    isComparing: false, divider: 0.5, overlays: {}, brush: null, box: null, framed: null, given: {},
  };
}

// A value from Python counts when it is another one than Python gave before; otherwise the user's choice stays.
function takeChoices(state, data) {
  const isNew = (name, value) => {
    const text = JSON.stringify(value ?? null);
    const changed = state.given[name] !== text && value !== null && value !== undefined;
    state.given[name] = text;
    return changed;
  };
  if (isNew("position", data.position)) state.index = [...data.position];
  if (isNew("box", data.box)) state.box = data.box;
  state.framed = data.box ?? null;
  if (isNew("plane", data.plane)) state.plane = data.plane;
  if (isNew("limits", data.limits)) state.limits = [...data.limits];
  if (isNew("brush", data.brush_px)) state.brush = data.brush_px;
  if (!data.brush_px) state.brush = null;
  for (const overlay of [data.overlay, data.before]) {
    if (!overlay) continue;
    const given = [overlay.kind, overlay.classes, overlay.threshold, overlay.opacity];
    if (isNew(`overlay ${overlay.id}`, given)) state.overlays[overlay.id] = choiceOf(overlay);
  }
}

function choiceOf(overlay) {
  const classes = overlay.classes.map(({ value, name, colour, is_hatched: isHatched, is_back_hatched: isBackHatched }) =>
    ({ value, name, colour, isHatched, isBackHatched, isOn: true }));
  const style = overlay.kind === "uncertainty" ? "heat" : "mask";
  return { kind: overlay.kind, name: overlay.name, opacity: overlay.opacity, threshold: overlay.threshold, style, classes };
}

// Requests, the most wanted first: what is shown, then all its pixels, then what lies ahead.
function listWanted(viewer) {
  const { state, isResting } = viewer;
  const wanted = [];
  let isAhead = false;
  const add = (request) => request && wanted.push({ ...request, isAhead });
  const layers = [viewer.grey, state.isOverlayOn && viewer.overlay, state.isOverlayOn && viewer.before]
    .filter((layer) => layer && layer.isReady);
  const panes = [...viewer.shown].sort((a, b) => (b.plane === state.plane) - (a.plane === state.plane));
  const each = (visit) => panes.forEach((pane) => layers.forEach((layer) => {
    const local = layer.stack.localIndex(pane.plane, state.index[AXES[pane.plane][0]]);
    if (local !== null) visit(pane, layer.stack, local);
  }));
  const strip = (pane, stack, local, name, offset) =>
    add(stack.stripRequest(pane.plane, name, stack.stripOf(pane.plane, name, local) + offset));

  each((pane, stack, local) => {
    if (!stack.best(pane.plane, local)) strip(pane, stack, local, "preview", 0);
  });
  each((pane, stack, local) => strip(pane, stack, local, "scrub", 0));
  if (isResting) {
    each((pane, stack, local) => pane.visibleTiles(stack)
      .forEach(({ row, column }) => add(stack.tileRequest(pane.plane, local, row, column))));
  }
  isAhead = true;
  const ahead = viewer.direction ?? 1;
  for (let far = 1; far <= (isResting ? FAR_STRIPS : NEAR_STRIPS); far++) {
    each((pane, stack, local) => {
      if (pane.plane !== state.plane) return;
      strip(pane, stack, local, "scrub", ahead * far);
      if (far === 1 || isResting) strip(pane, stack, local, "scrub", -ahead * far);
      if (far <= NEAR_STRIPS) strip(pane, stack, local, "preview", ahead * far);
    });
  }
  return wanted;
}
