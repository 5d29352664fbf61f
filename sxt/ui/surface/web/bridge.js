// Between the page and the scene in its frame: tells the scene what to show, and Streamlit what was done there.

const SCENE = "sxt-scene";
const PATIENCE_MS = 10000;
const APART_MS = 300; // Streamlit runs one of two fragments whose values come together
const scenes = new Map(); // address of a scene to its window and how it was last seen
const mounts = new Set();

window.addEventListener("message", (event) => {
  if (event.origin !== window.location.origin || event.data?.from !== SCENE) return;
  const { address, view, picked, ready } = event.data;
  const scene = scenes.get(address) ?? { picks: 0 };
  scenes.set(address, scene);
  if (ready && scene.frame !== event.source) {
    scene.frame = event.source;
    send(scene, { view: scene.view }); // a frame that was loaded anew goes on from there
  }
  scene.frame = event.source;
  if (view && !(ready && scene.view)) scene.view = view;
  if (picked !== undefined) Object.assign(scene, { picked, picks: scene.picks + 1 });
  for (const mount of mounts) {
    if (mount.data.scene === address) mount.hear(scene, { isReady: Boolean(ready), isPick: picked !== undefined });
  }
});

function send(scene, message) {
  scene.frame?.postMessage({ to: SCENE, ...message }, window.location.origin);
}

class Bridge {
  constructor(data, setStateValue) {
    [this.data, this.setStateValue] = [data, setStateValue];
    mounts.add(this);
    this.tellReadyAfter(PATIENCE_MS);
  }

  // What Streamlit wants shown; said again only where it has changed, so that nothing is redrawn for naught.
  receive(data, setStateValue) {
    const hasMoved = data.scene !== this.data.scene;
    [this.data, this.setStateValue] = [data, setStateValue];
    const scene = scenes.get(data.scene);
    if (!scene) return;
    if (hasMoved) this.said = undefined;
    this.say(scene);
    this.tellView(scene);
    if (scene.frame) this.tellReadyAfter(APART_MS);
  }

  say(scene) {
    if (this.data.role !== "show") return;
    const wanted = JSON.stringify([this.data.visible, this.data.selected]);
    if (wanted === this.said) return;
    this.said = wanted;
    send(scene, { visible: this.data.visible, selected: this.data.selected });
  }

  hear(scene, { isReady, isPick }) {
    if (isReady) this.said = undefined;
    this.say(scene);
    this.tellView(scene);
    this.tellReadyAfter(APART_MS);
    if (isPick && this.data.role === "show") this.setStateValue("picked", { id: scene.picked, count: scene.picks });
  }

  tellView(scene) {
    if (this.data.role !== "view" || !scene.view) return;
    const view = JSON.stringify(scene.view);
    if (view === this.told) return;
    this.told = view;
    this.setStateValue("view", scene.view);
  }

  // Once: the scene is there, or so late that nothing should wait for it any more.
  tellReadyAfter(delay) {
    if (this.data.role !== "show") return;
    setTimeout(() => {
      if (this.isReady || !mounts.has(this)) return;
      this.isReady = true;
      this.setStateValue("ready", true);
    }, delay);
  }
}

const bridges = new WeakMap();

export default function mountBridge({ data, parentElement, setStateValue }) {
  const place = parentElement.querySelector(".bridge");
  let bridge = bridges.get(place);
  if (!bridge) bridges.set(place, (bridge = new Bridge(data, setStateValue)));
  mounts.add(bridge);
  bridge.receive(data, setStateValue);
  return () => mounts.delete(bridge);
}
