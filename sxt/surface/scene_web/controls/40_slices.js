// Planes through the scene that show the grey values of the tomogram.

const OTHER_AXES = { z: ["x", "y"], y: ["x", "z"], x: ["y", "z"] }; // across and up

class SlicePlanes {
  constructor(scene) {
    this.scene = scene;
    const [z, y, x] = content.slices.shape;
    this.size = { z, y, x };
    this.shown = { z: null, y: null, x: null };
  }

  // Where a slice lies along its axis, in the scene's unit.
  place(axis, index) {
    const at = INDEX_OF_AXIS[axis];
    const [low, high] = [content.slices.low[at], content.slices.high[at]];
    return low + ((index + 0.5) / this.size[axis]) * (high - low);
  }

  // Show the slice `index` normal to an axis; null hides the plane.
  async show(axis, index) {
    this.shown[axis] = index;
    this.scene.planes[axis].setVisibility(index !== null);
    if (index !== null) {
      this.decoding ??= decodeSlices(this.size);
      this.grey = await this.decoding;
      if (this.shown[axis] !== index) return;
      this.paint(axis, index);
      const offset = [0, 0, 0];
      offset[INDEX_OF_AXIS[axis]] = this.place(axis, index) - content.slices.low[INDEX_OF_AXIS[axis]];
      this.scene.planes[axis].setPosition(...offset);
    }
    this.scene.draw();
    this.onChange?.();
  }

  paint(axis, index) {
    const [across, up] = OTHER_AXES[axis];
    const [width, height] = [this.size[across], this.size[up]];
    const step = { x: 1, y: this.size.x, z: this.size.x * this.size.y };
    const pixels = new Uint8Array(3 * width * height);
    let at = 0;
    for (let row = 0; row < height; row++) {
      let from = index * step[axis] + row * step[up];
      for (let column = 0; column < width; column++, from += step[across], at += 3) {
        pixels[at] = pixels[at + 1] = pixels[at + 2] = this.grey[from];
      }
    }
    const texture = this.scene.planes[axis].getTextures()[0];
    const picture = texture.getInputData();
    picture.setDimensions(width, height, 1);
    picture.getPointData().getScalars().setData(pixels, 3);
    picture.modified();
    texture.modified();
  }
}

async function decodeSlices({ z, y, x }) {
  const grey = new Uint8Array(z * y * x);
  const context = make("canvas", { width: x, height: y }).getContext("2d", { willReadFrequently: true });
  for (let index = 0; index < z; index++) {
    const picture = new Image();
    picture.src = `data:image/jpeg;base64,${content.slices.jpeg[index]}`;
    await picture.decode();
    context.drawImage(picture, 0, 0);
    const pixels = context.getImageData(0, 0, x, y).data;
    const first = index * y * x;
    for (let at = 0; at < y * x; at++) grey[first + at] = pixels[4 * at];
  }
  return grey;
}
