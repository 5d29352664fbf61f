// The vtk.js objects that the viewer of this page made, and the content that came with them.

const content = JSON.parse(document.getElementById("sxt-scene").textContent);
const nComponents = content.class_of.length;
const POLL_MS = 40;
const INDEX_OF_AXIS = { x: 0, y: 1, z: 2 };

class Scene {
  constructor(renderWindow, renderer) {
    [this.window, this.renderer] = [renderWindow, renderer];
    this.camera = renderer.getActiveCamera();
    const actors = filledActors(renderer);
    const planes = actors.filter((each) => each.getTextures().length > 0);
    this.planes = { z: planes[0], y: planes[1], x: planes[2] };
    this.mesh = actors.find((each) => each.getTextures().length === 0).getMapper().getInputData();
    this.points = this.mesh.getPoints().getData();
    this.colours = this.mesh.getPointData().getArrayByName("colour");
    this.polys = this.mesh.getPolys();
    this.faces = this.polys.getData(); // 3, a, b, c, 3, a, b, c, …
    this.visible = new Uint8Array(nComponents + 1).fill(1);
    this.bounds = this.renderer.computeVisiblePropBounds();
  }

  // Draw once in the next frame, however often it is asked for.
  draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.renderer.resetCameraClippingRange();
      this.window.render();
      this.onDrawn?.();
    });
  }

  // Show the components of these ids; null shows all.
  show(ids) {
    if (ids === null && this.visible.every((each) => each === 1)) return;
    this.visible.fill(ids === null ? 1 : 0);
    for (const id of ids ?? []) this.visible[id] = 1;
    const offsets = content.face_offsets;
    let length = 0;
    for (let id = 1; id <= nComponents; id++) {
      if (this.visible[id]) length += 4 * (offsets[id] - offsets[id - 1]);
    }
    let faces = this.faces;
    if (length < faces.length) {
      faces = new this.faces.constructor(length);
      let at = 0;
      for (let id = 1; id <= nComponents; id++) {
        if (!this.visible[id]) continue;
        const part = this.faces.subarray(4 * offsets[id - 1], 4 * offsets[id]);
        faces.set(part, at);
        at += part.length;
      }
    }
    this.polys.setData(faces);
    this.polys.modified();
    this.mesh.modified();
    this.draw();
  }

  // Paint each component; `colourOf(id)` returns [r, g, b] from 0 to 255.
  paint(colourOf) {
    const offsets = content.vertex_offsets;
    const data = this.colours.getData();
    for (let id = 1; id <= nComponents; id++) {
      const [r, g, b] = colourOf(id);
      for (let at = 3 * offsets[id - 1]; at < 3 * offsets[id]; at += 3) {
        data[at] = r;
        data[at + 1] = g;
        data[at + 2] = b;
      }
    }
    this.colours.modified();
    this.mesh.getPointData().modified();
    this.mesh.modified();
    this.draw();
  }
}

// Call back with the scene as soon as the viewer has all its arrays.
function whenReady(then) {
  const renderWindow = window.global?.renderWindow;
  const renderer = renderWindow?.getRenderers().find(isComplete);
  if (renderer) then(new Scene(renderWindow, renderer));
  else setTimeout(() => whenReady(then), POLL_MS);
}

// The scene's renderer; others draw the axes marker, or nothing.
function isComplete(renderer) {
  const actors = filledActors(renderer);
  return actors.length >= (content.slices ? 4 : 1) && actors.some((each) => isWhole(each.getMapper().getInputData()));
}

function filledActors(renderer) {
  return renderer.getActors().filter((each) => each.getMapper?.()?.getInputData?.()?.getPoints?.()?.getData());
}

function isWhole(mesh) {
  const nNumbers = 3 * content.vertex_offsets[nComponents];
  const colours = mesh.getPointData().getArrayByName("colour");
  return (
    mesh.getPoints().getData().length === nNumbers &&
    colours?.getData()?.length === nNumbers &&
    mesh.getPolys().getData().length === 4 * content.face_offsets[nComponents]
  );
}
