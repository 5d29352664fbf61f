// A volume as one layer of the picture: it keeps the picture of the slice shown last, in the colours chosen now.

class Painted {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
    this.key = "";
  }

  paint(key, width, height, fill) {
    if (this.key === key) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    fill(this.pixels);
    this.context.putImageData(this.image, 0, 0);
    this.key = key;
  }
}

class Layer {
  constructor(stack, onReady) {
    this.stack = stack;
    this.following = null; // a newer version on its way
    this.onReady = onReady;
    this.style = { version: 0 };
    this.base = { z: new Painted(), y: new Painted(), x: new Painted() };
    this.shown = {}; // by plane: which slice `base` has, and how large it is
    this.tiles = new Map();
  }

  get isReady() {
    return this.stack.facts !== null;
  }

  setStyle(style) {
    this.style = { ...style, version: this.style.version + 1 };
  }

  // Takes the place of the stack as soon as its facts are here; until then the old one stays.
  replace(stack) {
    this.following = stack;
    stack.load().then(() => {
      if (this.following !== stack) return;
      this.stack = stack;
      this.following = null;
      this.tiles.clear();
      this.onReady();
    }, (error) => this.onReady(error));
  }

  draw(context, pane, index) {
    const { plane } = pane;
    const local = this.isReady ? this.stack.localIndex(plane, index) : null;
    if (local === null) return;
    this.drawBase(context, pane, local);
    if (!pane.isResting) return;
    for (const { row, column } of pane.visibleTiles(this.stack)) this.drawTile(context, pane, local, row, column);
  }

  drawBase(context, pane, local) {
    const { plane } = pane;
    const best = this.stack.best(plane, local);
    const painted = this.base[plane];
    const [, down, across] = AXES[plane];
    if (best) {
      const { tier } = best;
      painted.paint(`${best.key} ${this.style.version}`, tier.width, tier.height, (pixels) =>
        this.fill(pixels, best.bytes, tier.width, plane, local, tier.pixel, [0, 0])
      );
      const { shape } = this.stack.facts;
      this.shown[plane] = { local, pixel: tier.pixel, height: shape[down], width: shape[across] };
    }
    const shown = this.shown[plane];
    // A grey picture of another slice is better than none; an overlay of another slice would mislead.
    if (!shown || (!this.stack.isGrey && shown.local !== local)) return;
    const { pixel, height, width } = shown;
    pane.drawImage(context, painted.canvas, {
      source: [0, 0, width / pixel[1], height / pixel[0]],
      across: this.stack.origin[across], down: this.stack.origin[down], width, height,
    });
  }

  drawTile(context, pane, local, row, column) {
    const { plane } = pane;
    const bytes = this.stack.tile(plane, local, row, column);
    if (!bytes) return;
    const side = this.stack.facts.tile_px;
    const [, down, across] = AXES[plane];
    const width = Math.min(side, this.stack.facts.shape[across] - column * side);
    const height = Math.min(side, this.stack.facts.shape[down] - row * side);
    const name = `${plane} ${row} ${column}`;
    if (!this.tiles.has(name)) this.tiles.set(name, new Painted());
    const painted = this.tiles.get(name);
    painted.paint(`${this.stack.version} ${this.stack.window} ${local} ${this.style.version}`, width, height, (pixels) =>
      this.fill(pixels, bytes, width, plane, local, [1, 1], [row * side, column * side])
    );
    pane.drawImage(context, painted.canvas, {
      source: [0, 0, width, height],
      across: this.stack.origin[across] + column * side, down: this.stack.origin[down] + row * side, width, height,
    });
  }

  fill(pixels, bytes, width, plane, local, pixel, corner) {
    const { style } = this;
    if (this.stack.isGrey) paintGrey(pixels, bytes, style.grey);
    else if (style.heat) paintLargest(pixels, bytes, style.heatChannels, style.heat);
    else if (style.channels) paintLikeliest(pixels, bytes, this.stack.facts.n_channels, style.channels);
    else paintClasses(pixels, bytes, width, style.classes, this.hatching(plane, local, pixel, corner));
  }

  // Hatched slices count along z, which in the other planes are rows or columns.
  hatching(plane, local, pixel, corner) {
    const hatched = this.style.hatchedSlices;
    const zero = this.stack.origin[0];
    const tests = {
      z: () => hatched.has(local + zero),
      y: (row) => hatched.has(zero + (corner[0] + row) * pixel[0]),
      x: (row, column) => hatched.has(zero + (corner[1] + column) * pixel[1]),
    };
    return { pixel: pixel[1], isHatched: hatched.size ? tests[plane] : () => false };
  }

  // Bytes of a voxel, one a channel, from the best small picture that is here; null where there is none.
  lookUp(plane, index, row, column) {
    const local = this.isReady ? this.stack.localIndex(plane, index) : null;
    if (local === null) return null;
    const [, down, across] = AXES[plane];
    const [v, u] = [row - this.stack.origin[down], column - this.stack.origin[across]];
    const [height, width] = [this.stack.facts.shape[down], this.stack.facts.shape[across]];
    if (v < 0 || u < 0 || v >= height || u >= width) return null;
    const best = this.stack.best(plane, local);
    if (!best) return null;
    const { tier } = best;
    const at = Math.min(Math.floor(v / tier.pixel[0]), tier.height - 1) * tier.width
      + Math.min(Math.floor(u / tier.pixel[1]), tier.width - 1);
    const size = tier.width * tier.height;
    const n = this.stack.isGrey ? 1 : this.stack.facts.n_channels;
    return Array.from({ length: n }, (_, channel) => best.bytes[channel * size + at]);
  }
}
