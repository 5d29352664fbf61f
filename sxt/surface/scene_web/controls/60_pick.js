// Which component lies under the pointer.

const CLICK_SLACK_PX = 4;

// The id of the first visible component that a line of sight meets, or null. Möller and Trumbore 1997,
// doi 10.1080/10867651.1997.10487468, over all triangles: a few milliseconds for 200 000.
function pick(scene, { origin, direction }) {
  const [ox, oy, oz] = origin;
  const [dx, dy, dz] = direction;
  const { points, faces } = scene;
  let [nearest, found] = [Infinity, null];
  for (let id = 1; id <= nComponents; id++) {
    if (!scene.visible[id]) continue;
    for (let face = 4 * content.face_offsets[id - 1]; face < 4 * content.face_offsets[id]; face += 4) {
      const [a, b, c] = [3 * faces[face + 1], 3 * faces[face + 2], 3 * faces[face + 3]];
      const [ax, ay, az] = [points[a], points[a + 1], points[a + 2]];
      const [ux, uy, uz] = [points[b] - ax, points[b + 1] - ay, points[b + 2] - az];
      const [vx, vy, vz] = [points[c] - ax, points[c + 1] - ay, points[c + 2] - az];
      const [px, py, pz] = [dy * vz - dz * vy, dz * vx - dx * vz, dx * vy - dy * vx];
      const determinant = ux * px + uy * py + uz * pz;
      if (determinant === 0) continue;
      const [tx, ty, tz] = [ox - ax, oy - ay, oz - az];
      const u = (tx * px + ty * py + tz * pz) / determinant;
      if (u < 0 || u > 1) continue;
      const [qx, qy, qz] = [ty * uz - tz * uy, tz * ux - tx * uz, tx * uy - ty * ux];
      const v = (dx * qx + dy * qy + dz * qz) / determinant;
      if (v < 0 || u + v > 1) continue;
      const distance = (vx * qx + vy * qy + vz * qz) / determinant;
      if (distance > 0 && distance < nearest) [nearest, found] = [distance, id];
    }
  }
  return found;
}

// Call back with the id (or null) where somebody clicks without dragging.
function onClick(scene, then) {
  const canvas = document.querySelector(".content canvas");
  let pressed = null;
  canvas.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]), true);
  window.addEventListener("pointerup", (event) => {
    if (!pressed || event.button !== 0) return;
    const moved = Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]);
    pressed = null;
    if (moved > CLICK_SLACK_PX) return;
    const box = canvas.getBoundingClientRect();
    const across = (2 * (event.clientX - box.left)) / box.width - 1;
    const up = 1 - (2 * (event.clientY - box.top)) / box.height;
    then(pick(scene, lineOfSight(scene.camera, across, up, box.width / box.height)));
  }, true);
}
