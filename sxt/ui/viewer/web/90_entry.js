// The entry that Streamlit calls.

const viewers = new WeakMap();

export default function mountViewer({ data, parentElement, setStateValue }) {
  const mount = parentElement.querySelector(".mount");
  let viewer = viewers.get(mount);
  if (viewer && viewer.data.key !== data.key) {
    viewer.close();
    viewer = null;
  }
  viewer ??= new Viewer(mount, data);
  viewers.set(mount, viewer);
  viewer.receive(data, (told) => setStateValue("view", told));
  return () => {
    viewer.close();
    viewers.delete(mount);
  };
}
