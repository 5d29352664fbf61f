// What lies under the pointer: at once from the picture, a moment later from the stored volume.

const VALUE_MS = 70;

class Probe {
  constructor(viewer) {
    this.viewer = viewer;
    this.place = null;
  }

  point(place) {
    this.place = place;
    this.showApproximate();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), VALUE_MS);
    if (this.viewer.state.brush) this.viewer.invalidate();
  }

  leave() {
    this.place = null;
    clearTimeout(this.asking);
    this.viewer.strip.value.textContent = "";
    if (this.viewer.state.brush) this.viewer.invalidate();
  }

  // (z, y, x) under the pointer, or null outside the volume.
  voxel() {
    const { pane, row, column } = this.place;
    const [through, down, across] = AXES[pane.plane];
    const voxel = [];
    voxel[through] = this.viewer.state.index[through];
    voxel[down] = row;
    voxel[across] = column;
    return voxel.every((each, axis) => each >= 0 && each < this.viewer.shape[axis]) ? voxel : null;
  }

  lookUp(layer) {
    const { pane, row, column } = this.place;
    return layer?.lookUp(pane.plane, this.viewer.state.index[AXES[pane.plane][0]], row, column) ?? null;
  }

  showApproximate() {
    if (!this.place) return;
    const { grey, strip } = this.viewer;
    const voxel = this.voxel();
    const found = voxel && this.lookUp(grey);
    const [low, high] = grey.stack.window;
    const value = found ? `≈ ${threeDigits(low + (found[0] / 255) * (high - low))}` : "…";
    strip.value.textContent = voxel ? this.describe(voxel, value) : "";
  }

  describe(voxel, grey) {
    const { state, overlay, overlayChoice } = this.viewer;
    const under = state.isOverlayOn ? this.lookUp(overlay) : null;
    const parts = [`grey ${grey}`, `z ${voxel[0]}, y ${voxel[1]}, x ${voxel[2]}`];
    if (under) parts.push(describeOverlay(overlayChoice, under));
    return parts.filter(Boolean).join("  ·  ");
  }

  async ask() {
    const { viewer, place } = this;
    const voxel = place && this.voxel();
    if (!voxel) return;
    const { stack } = viewer.grey;
    try {
      const response = await fetch(`${stack.url}/value/${voxel.join("/")}?v=${encodeURIComponent(stack.version)}`);
      if (!response.ok) throw await refusal(response);
      const value = (await response.json()).values[0];
      if (this.place !== place) return;
      viewer.strip.value.textContent = this.describe(voxel, value === null ? "no value" : threeDigits(value));
    } catch (error) {
      viewer.failed(error);
    }
  }
}
