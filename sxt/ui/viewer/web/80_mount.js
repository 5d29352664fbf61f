// Keys, colours of an overlay, and the picture as a file.

function pressKey(viewer, key) {
  const last = viewer.shape[AXES[viewer.state.plane][0]] - 1;
  const actions = {
    ArrowLeft: () => viewer.step(-1), ArrowRight: () => viewer.step(1),
    ArrowUp: () => viewer.step(-1), ArrowDown: () => viewer.step(1),
    ",": () => viewer.step(-1), ".": () => viewer.step(1),
    PageUp: () => viewer.step(-10), PageDown: () => viewer.step(10),
    Home: () => viewer.goTo(0), End: () => viewer.goTo(last),
    o: () => viewer.toggleOverlay(), i: () => viewer.invert(), g: () => viewer.strip.ask(),
    "[": () => viewer.resizeBrush(1 / 1.2), "]": () => viewer.resizeBrush(1.2),
    "?": () => viewer.help.toggle(),
  };
  if (key === "Escape" && !viewer.help.element.hidden) {
    viewer.help.toggle(false);
    return true;
  }
  const action = actions[key.length === 1 ? key.toLowerCase() : key];
  action?.();
  return Boolean(action);
}

function overlayStyle(choice, hatchedSlices) {
  if (choice.kind === "uncertainty") return { heat: heatTable(choice), heatChannels: [0] };
  if (choice.kind === "probability") {
    const n = Math.max(1, choice.classes.length);
    const heatChannels = Array.from({ length: n }, (_, each) => each).filter((each) => choice.classes[each]?.isOn ?? true);
    if (choice.style === "heat") return { heat: heatTable(choice), heatChannels };
    return { channels: Array.from({ length: n }, (_, each) => thresholdTable(choice, each)) };
  }
  return { classes: classTables(choice), hatchedSlices: new Set(hatchedSlices ?? []) };
}

function describeOverlay(choice, bytes) {
  if (choice.kind === "uncertainty") return `${choice.name} ${(bytes[0] / 255).toFixed(2)}`;
  if (choice.kind === "probability") {
    return bytes.map((byte, at) => `${choice.classes[at]?.name ?? "p"} ${(byte / 255).toFixed(2)}`).join(", ");
  }
  return choice.classes.find((each) => each.value === bytes[0])?.name ?? (bytes[0] === 255 ? "unlabelled" : "");
}

// The picture as it stands, with its scale bar, as a file.
function download(viewer) {
  const ratio = window.devicePixelRatio || 1;
  const box = viewer.frame.getBoundingClientRect();
  const canvas = make("canvas", { width: Math.round(box.width * ratio), height: Math.round(box.height * ratio) });
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const pane of viewer.shown) {
    const place = pane.element.getBoundingClientRect();
    const [left, top, bottom] = [place.left - box.left, place.top - box.top, place.bottom - box.top].map((each) => each * ratio);
    pane.draw();
    context.drawImage(pane.canvas, left, top);
    drawScaleBar(context, pane, left, bottom, ratio);
  }
  const { plane, index } = viewer.state;
  const name = viewer.data.name.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "slice";
  canvas.toBlob((blob) => {
    const link = make("a", { href: URL.createObjectURL(blob), download: `${name}_${plane}${index[AXES[plane][0]]}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}

function drawScaleBar(context, pane, left, bottom, ratio) {
  const { px, text } = scaleBarOf(pane);
  const [x, y] = [left + 14 * ratio, bottom - 18 * ratio];
  context.save();
  context.shadowColor = "rgba(0, 0, 0, 0.9)";
  context.shadowBlur = 4 * ratio;
  context.fillStyle = "#fff";
  context.fillRect(x, y, px * ratio, 4 * ratio);
  context.font = `${13 * ratio}px sans-serif`;
  context.fillText(text, x, y - 6 * ratio);
  context.restore();
}
