// The entry that Streamlit calls.

const canvases = new WeakMap();

export default function mountCanvas({ data, parentElement, setStateValue }) {
  const mount = parentElement.querySelector(".mount");
  let canvas = canvases.get(mount);
  if (canvas && canvas.data.key !== data.key) {
    canvas.close();
    canvas = null;
  }
  canvas ??= new LabelCanvas(mount, data);
  canvases.set(mount, canvas);
  canvas.receive(data, (told) => setStateValue("view", told));
  return () => {
    canvas.close();
    canvases.delete(mount);
  };
}
