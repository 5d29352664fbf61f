// The page around the scene: it says what to show, and is told how the scene is seen and what was clicked.

const QUIET_MS = 250;
const ANNOUNCE_MS = 500;
const SCENE = "sxt-scene";

class Messages {
  constructor(scene, colours, slices, panel) {
    [this.scene, this.colours, this.slices, this.panel] = [scene, colours, slices, panel];
    this.isHeard = window.parent !== window && window.origin !== "null";
    window.addEventListener("message", (event) => {
      if (event.source === window.parent && event.origin === window.origin) this.receive(event.data);
    });
  }

  receive(message) {
    if (message?.to !== SCENE) return;
    this.isAnswered = true;
    if (message.view) this.restore(message.view);
    if (message.visible !== undefined) this.show(message.visible);
    if (message.selected !== undefined) {
      this.colours.select(message.selected);
      this.panel.describe(message.selected);
    }
  }

  restore(view) {
    placeCamera(this.scene, view.camera);
    this.panel.tellProjection();
    if (view.colour_by !== this.colours.mode) this.colours.choose(view.colour_by);
    this.panel.setPlanes(view.planes);
    if (view.visible !== undefined) this.show(view.visible);
  }

  show(ids) {
    this.scene.show(ids);
    this.panel.tellShown(ids);
  }

  view() {
    const planes = this.slices ? { ...this.slices.shown } : {};
    return { camera: describeCamera(this.scene.camera), colour_by: this.colours.mode, planes };
  }

  tell(message) {
    if (!this.isHeard) return;
    window.parent.postMessage({ from: SCENE, address: window.location.pathname, ...message }, window.origin);
  }

  // Say that the scene is there, until the page around it answers.
  announce() {
    if (!this.isHeard || this.isAnswered) return;
    this.tell({ ready: true, view: this.view() });
    setTimeout(() => this.announce(), ANNOUNCE_MS);
  }

  // Tell how the scene is seen, once nothing has changed for a moment.
  tellView() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell({ view: this.view() }), QUIET_MS);
  }
}
