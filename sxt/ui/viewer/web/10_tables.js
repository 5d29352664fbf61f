// Lookup tables: from a stored byte to a colour of the screen (RGBA in memory order, little endian).

const VIRIDIS = ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"];
const SPARE_COLOURS = ["#E69F00", "#56B4E9", "#F0E442", "#CC79A7", "#009E73", "#0072B2", "#D55E00"];
const HATCH_ALPHA = 0.25;
const HATCH_PERIOD_PX = 8;

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function parseColour(hex) {
  const text = hex.replace("#", "");
  return [0, 2, 4].map((at) => parseInt(text.slice(at, at + 2), 16));
}

function pack(red, green, blue, alpha) {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function viridis(share) {
  const at = clamp(share, 0, 1) * (VIRIDIS.length - 1);
  const first = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const [low, high] = [parseColour(VIRIDIS[first]), parseColour(VIRIDIS[first + 1])];
  return low.map((each, k) => Math.round(each + (high[k] - each) * (at - first)));
}

// Grey values are stored as bytes over `window`; `limits` are shown black and white.
function greyTable(window, limits, isInverted) {
  const table = new Uint32Array(256);
  const step = (window[1] - window[0]) / 255;
  const span = Math.max(limits[1] - limits[0], step * 1e-6);
  for (let byte = 0; byte < 256; byte++) {
    let share = clamp((window[0] + byte * step - limits[0]) / span, 0, 1);
    if (isInverted) share = 1 - share;
    const grey = Math.round(share * 255);
    table[byte] = pack(grey, grey, grey, 1);
  }
  return table;
}

function classColour(overlay, value) {
  const known = overlay.classes.find((each) => each.value === value);
  return known ?? { value, colour: SPARE_COLOURS[(value - 1) % SPARE_COLOURS.length], isOn: true, isHatched: false };
}

// Two tables: for the stripes and for the gaps of hatched classes. Without hatching they are the same. `isBack` says of
// each value whether its stripes lean the other way, which tells two hatched classes apart without their colours.
function classTables(overlay) {
  const stripe = new Uint32Array(256);
  const gap = new Uint32Array(256);
  const isBack = new Uint8Array(256);
  for (let value = 1; value < 255; value++) {
    const known = classColour(overlay, value);
    if (!known.isOn) continue;
    const [red, green, blue] = parseColour(known.colour);
    stripe[value] = pack(red, green, blue, overlay.opacity);
    gap[value] = pack(red, green, blue, overlay.opacity * (known.isHatched ? HATCH_ALPHA : 1));
    isBack[value] = known.isBackHatched ? 1 : 0;
  }
  return { stripe, gap, isBack };
}

function heatTable(overlay) {
  const table = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte++) {
    const [red, green, blue] = viridis(byte / 255);
    table[byte] = pack(red, green, blue, overlay.opacity * Math.min(1, byte / 64));
  }
  return table;
}

// A probability is foreground where its byte is above 255 * threshold: the rule by which masks are stored.
function thresholdTable(overlay, channel) {
  const table = new Uint32Array(256);
  const known = overlay.classes[channel] ?? classColour(overlay, channel + 1);
  if (!known.isOn) return table;
  const [red, green, blue] = parseColour(known.colour);
  const colour = pack(red, green, blue, overlay.opacity);
  for (let byte = 0; byte < 256; byte++) if (byte > 255 * overlay.threshold) table[byte] = colour;
  return table;
}

function paintGrey(out, bytes, table) {
  for (let at = 0; at < out.length; at++) out[at] = table[bytes[at]];
}

// The largest of some channels.
function paintLargest(out, bytes, channels, table) {
  const starts = channels.map((channel) => channel * out.length);
  for (let at = 0; at < out.length; at++) {
    let largest = 0;
    for (const start of starts) if (bytes[start + at] > largest) largest = bytes[start + at];
    out[at] = table[largest];
  }
}

// `isHatchedRow(row)` and `isHatchedColumn(column)` hatch a whole slice where it is a pseudo-label.
function paintClasses(out, bytes, width, tables, hatching) {
  const period = Math.max(2, Math.round(HATCH_PERIOD_PX / hatching.pixel));
  const height = out.length / width;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const across = tables.isBack[bytes[at]] ? column - row + period * height : row + column;
      const isGap = across % period >= period / 2;
      out[at] = isGap ? tables.gap[bytes[at]] : tables.stripe[bytes[at]];
      if (isGap && hatching.isHatched(row, column)) out[at] = dim(out[at]);
    }
  }
}

function dim(colour) {
  return ((Math.round((colour >>> 24) * HATCH_ALPHA) << 24) | (colour & 0xffffff)) >>> 0;
}

// Each pixel takes the colour of its likeliest channel; the first one where two are equal.
function paintLikeliest(out, bytes, nChannels, tables) {
  const size = out.length;
  for (let at = 0; at < size; at++) {
    let best = 0;
    for (let channel = 1; channel < nChannels; channel++) {
      if (bytes[channel * size + at] > bytes[best * size + at]) best = channel;
    }
    out[at] = tables[best][bytes[best * size + at]];
  }
}
