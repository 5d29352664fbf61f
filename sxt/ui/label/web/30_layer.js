// Labels on the screen: the slice itself, its neighbours' outlines, pseudo-labels, confidence and disagreement.

const BACKGROUND_ALPHA = 0.16;
const GHOST_ALPHA = 0.75;

// A colour for each value; background is a faint tint, so that it is told from what is not labelled.
function labelTable(label, opacity) {
  const table = new Uint32Array(256);
  table[0] = pack(150, 170, 190, opacity * BACKGROUND_ALPHA);
  for (const each of label.classes) table[each.value] = pack(...parseColour(each.colour), opacity);
  return table;
}

function outlineTable(label) {
  const table = new Uint32Array(256);
  for (const each of label.classes) table[each.value] = pack(...parseColour(each.colour), GHOST_ALPHA);
  return table;
}

class SlicePicture {
  constructor() {
    this.painted = new Painted();
  }

  // `drawn` counts what changed in the slice; strokes in the making count too.
  draw(context, pane, slice, name, fill) {
    const { width, height } = slice;
    this.painted.paint(`${name} ${slice.drawn}`, width, height, fill);
    pane.drawImage(context, this.painted.canvas, { source: [0, 0, width, height], across: 0, down: 0, width, height });
  }
}

class LabelLayer {
  constructor(viewer) {
    this.viewer = viewer;
    this.pictures = new Map();
  }

  picture(role) {
    if (!this.pictures.has(role)) this.pictures.set(role, new SlicePicture());
    return this.pictures.get(role);
  }

  draw(context, pane, index) {
    const { choice, slices, data } = this.viewer;
    const { plane } = pane;
    const style = `${plane} ${index} ${choice.opacity} ${JSON.stringify(data.label.classes)}`;
    if (choice.hasGhost) this.drawGhosts(context, pane, index);
    if (plane === "z") this.drawBeside(context, pane, index, style);
    const slice = slices.get(plane, index);
    if (!slice || (choice.view !== "labels" && choice.target !== "labels")) return;
    const table = labelTable(data.label, choice.opacity);
    this.picture(plane).draw(context, pane, slice, style, (out) => paintGrey(out, slice.bytes, table));
  }

  drawGhosts(context, pane, index) {
    const { slices, data } = this.viewer;
    const tables = outlineTable(data.label);
    for (const offset of [-1, 1]) {
      const slice = slices.get(pane.plane, index + offset);
      if (!slice) continue;
      const name = `${pane.plane} ${index + offset} ${JSON.stringify(data.label.classes)}`;
      this.picture(`${pane.plane} ghost ${offset}`).draw(context, pane, slice, name,
        (out) => paintOutlines(out, slice, tables));
    }
  }

  drawBeside(context, pane, z, style) {
    const { choice, slices } = this.viewer;
    const beside = this.viewer.beside(z);
    if (!beside) return;
    const layer = slices.layer(beside.path, beside.version, pane.extent);
    if (!layer) return;
    const name = `${style} ${beside.path} ${beside.version}`;
    const heat = () => heatTable({ opacity: choice.opacity });
    this.picture("beside").draw(context, pane, layer, name, (out) => {
      if (beside.isHeat) paintGrey(out, layer.bytes, heat());
      else this.fillHatched(out, layer);
    });
  }

  fillHatched(out, layer) {
    const { choice, data } = this.viewer;
    const classes = data.label.classes.map((each) => ({ ...each, isHatched: true, isOn: true }));
    const tables = classTables({ classes, opacity: Math.min(1, choice.opacity * 1.2) });
    paintClasses(out, layer.bytes, layer.width, tables, { pixel: 1, isHatched: () => false });
  }
}

// What lies under the pointer: grey value, place, and the label there.
class LabelProbe extends Probe {
  describe(voxel, grey) {
    const { viewer, place } = this;
    const slice = viewer.slices.get(place.pane.plane, place.pane.index);
    const value = slice?.bytes[place.row * slice.width + place.column];
    const names = { 0: "background", [UNLABELLED]: "unlabelled" };
    const name = names[value] ?? viewer.data.label.classes.find((each) => each.value === value)?.name;
    return [`grey ${grey}`, `z ${voxel[0]}, y ${voxel[1]}, x ${voxel[2]}`, name].filter(Boolean).join("  ·  ");
  }
}
