// Where the scene is seen from.

const PRESETS = {
  top: { label: "Top", title: "from above: x to the right, y up", direction: [0, 0, 1], up: [0, 1, 0] },
  front: { label: "Front", title: "along y: x to the right, z up", direction: [0, -1, 0], up: [0, 0, 1] },
  side: { label: "Side", title: "against x: y to the right, z up", direction: [1, 0, 0], up: [0, 0, 1] },
  iso: { label: "Iso", title: "from a corner", direction: [1, 1, 1], up: [0, 0, 1] },
};
const DEGREE = Math.PI / 180;

function describeCamera(camera) {
  return {
    position: [...camera.getPosition()],
    focal_point: [...camera.getFocalPoint()],
    view_up: [...camera.getViewUp()],
    parallel_scale: camera.getParallelProjection() ? camera.getParallelScale() : null,
  };
}

function placeCamera(scene, view) {
  scene.camera.setPosition(...view.position);
  scene.camera.setFocalPoint(...view.focal_point);
  scene.camera.setViewUp(...view.view_up);
  scene.camera.setParallelProjection(view.parallel_scale !== null);
  if (view.parallel_scale !== null) scene.camera.setParallelScale(view.parallel_scale);
  scene.draw();
}

function lookFrom(scene, { direction, up }) {
  const middle = [0, 1, 2].map((axis) => (scene.bounds[2 * axis] + scene.bounds[2 * axis + 1]) / 2);
  scene.camera.setFocalPoint(...middle);
  scene.camera.setPosition(...middle.map((each, axis) => each + direction[axis]));
  scene.camera.setViewUp(...up);
  scene.renderer.resetCamera(scene.bounds);
  scene.draw();
}

// Change between perspective and parallel so that what is at the focal point keeps its size.
function setParallel(scene, isParallel) {
  const { camera } = scene;
  if (isParallel) camera.setParallelScale(camera.getDistance() * Math.tan((camera.getViewAngle() / 2) * DEGREE));
  else {
    const distance = camera.getParallelScale() / Math.tan((camera.getViewAngle() / 2) * DEGREE);
    const focal = camera.getFocalPoint();
    const direction = camera.getDirectionOfProjection();
    camera.setPosition(...focal.map((each, axis) => each - direction[axis] * distance));
  }
  camera.setParallelProjection(isParallel);
  scene.draw();
}

// The line of sight through a place of the picture, both from -1 to 1, to the right and up: {origin, direction}.
function lineOfSight(camera, across, up, aspect) {
  const forward = [...camera.getDirectionOfProjection()];
  const right = normalise(cross(forward, camera.getViewUp()));
  const above = cross(right, forward);
  const position = camera.getPosition();
  if (camera.getParallelProjection()) {
    const half = camera.getParallelScale();
    const origin = position.map((each, at) => each + half * (across * aspect * right[at] + up * above[at]));
    return { origin, direction: forward };
  }
  const half = Math.tan((camera.getViewAngle() / 2) * DEGREE);
  const direction = forward.map((each, at) => each + half * (across * aspect * right[at] + up * above[at]));
  return { origin: [...position], direction: normalise(direction) };
}

function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function normalise(vector) {
  const length = Math.hypot(...vector) || 1;
  return vector.map((each) => each / length);
}
