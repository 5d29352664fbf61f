// Strokes as pixels, by the same rule as on the server: a pixel belongs to a stroke where its centre does.

const UNLABELLED = 255;
const TOUCHING_PX = 1e-6;

// Which values may be painted over, as a table of 256.
function changeable({ value, protects_others: isProtecting, active_class: active }) {
  const table = new Uint8Array(256).fill(isProtecting ? 0 : 1);
  for (const each of [0, UNLABELLED, value, active ?? value]) table[each] = 1;
  return table;
}

// Paints the pixels near the segment from `a` to `b`, both [row, column, radius], whose radius changes evenly.
function rasterSegment(slice, a, b, table, value) {
  const { bytes, width, height } = slice;
  const reach = Math.max(a[2], b[2]);
  const first = Math.max(0, Math.ceil(Math.min(a[0], b[0]) - reach));
  const last = Math.min(height - 1, Math.floor(Math.max(a[0], b[0]) + reach));
  const left = Math.max(0, Math.ceil(Math.min(a[1], b[1]) - reach));
  const right = Math.min(width - 1, Math.floor(Math.max(a[1], b[1]) + reach));
  const [down, across] = [b[0] - a[0], b[1] - a[1]];
  const length2 = down * down + across * across || 1;
  for (let row = first; row <= last; row++) {
    for (let column = left; column <= right; column++) {
      const along = clamp(((row - a[0]) * down + (column - a[1]) * across) / length2, 0, 1);
      const [dy, dx] = [row - a[0] - along * down, column - a[1] - along * across];
      const radius = a[2] + along * (b[2] - a[2]) + TOUCHING_PX;
      const at = row * width + column;
      if (dy * dy + dx * dx <= radius * radius && table[bytes[at]]) bytes[at] = value;
    }
  }
}

function rasterStroke(slice, edit) {
  const table = changeable(edit);
  const radii = Array.isArray(edit.radius_px) ? edit.radius_px : edit.points.map(() => edit.radius_px);
  const points = edit.points.map(([row, column], at) => [row, column, radii[at]]);
  points.forEach((point, at) => rasterSegment(slice, points[Math.max(0, at - 1)], point, table, edit.value));
}

// Where a class ends, in its colour: the neighbours' ghosts.
function paintOutlines(out, slice, tables) {
  const { bytes, width, height } = slice;
  out.fill(0);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const value = bytes[at];
      if (value === 0 || value === UNLABELLED) continue;
      const isEdge = column === 0 || row === 0 || column === width - 1 || row === height - 1
        || bytes[at - 1] !== value || bytes[at + 1] !== value || bytes[at - width] !== value || bytes[at + width] !== value;
      if (isEdge) out[at] = tables[value];
    }
  }
}
