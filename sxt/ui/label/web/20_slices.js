// Slices of labels as the server has them, and the strokes on their way to it, in the order they were drawn.

const STATE_HEADER = "X-Label-State";
const RETRY_EDIT_MS = 1500;
const MAX_SLICES = 48;
const STEPS = ["undo", "redo"];
const GATEWAY = [502, 503, 504];
const LOGGED_OUT = 401;
const DISK_FULL = 507;

class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function askLabels(url, options) {
  const response = await fetch(url, options);
  if (response.ok) return response;
  let sentence = `The labels cannot be reached (${response.status}); reload the page.`;
  if ((response.headers.get("content-type") ?? "").startsWith("application/json")) {
    sentence = (await response.json()).error ?? sentence;
  }
  throw new Refusal(sentence, response.status);
}

// Why a stroke is kept and sent again later; empty where it was refused for good.
function waitsFor(error) {
  if (!(error instanceof Refusal) || GATEWAY.includes(error.status)) return "the server does not answer; trying again";
  if (error.status === LOGGED_OUT) return "you are logged out; log in in another window";
  return error.status === DISK_FULL ? error.message : "";
}

class LabelSlices {
  constructor(url) {
    this.url = new URL(url, document.baseURI).href;
    this.slices = new Map();
    this.layers = new Map();
    this.asked = new Set();
    this.edits = [];
    this.isSending = false;
    this.trouble = "";
    this.refused = "";
    this.onChange = () => {};
  }

  name(plane, index) {
    return `${plane}/${index}`;
  }

  get(plane, index) {
    return this.slices.get(this.name(plane, index));
  }

  // Fetches a slice where it is not here yet.
  want(plane, index, size) {
    if (!this.get(plane, index)) this.fetch(plane, index, size);
  }

  async fetch(plane, index, size) {
    const name = this.name(plane, index);
    if (this.asked.has(name)) return;
    this.asked.add(name);
    try {
      const response = await askLabels(`${this.url}/slice/${name}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      this.keep(name, bytes, size, this.stateOf(response));
      if (!this.edits.length) this.trouble = "";
    } catch (error) {
      this.trouble = error instanceof Refusal ? error.message : "The server does not answer; trying again.";
    } finally {
      this.asked.delete(name);
      this.onChange();
    }
  }

  stateOf(response) {
    return JSON.parse(decodeURIComponent(response.headers.get(STATE_HEADER) ?? "%7B%7D"));
  }

  keep(name, bytes, [height, width], state) {
    const known = this.slices.get(name);
    if (known?.pending) return; // strokes are on their way: the last answer has them all
    this.slices.delete(name);
    this.slices.set(name, { bytes, height, width, state, pending: 0, drawn: (known?.drawn ?? 0) + 1 });
    for (const [oldest, old] of this.slices) {
      if (this.slices.size <= MAX_SLICES) break;
      if (!old.pending) this.slices.delete(oldest);
    }
  }

  // What lies beside the labels: pseudo-labels, confidence, disagreement. `version` tells states apart.
  layer(path, version, [height, width]) {
    const name = `${path} ${version}`;
    const known = this.layers.get(name);
    if (known || this.asked.has(name)) return known;
    this.asked.add(name);
    askLabels(`${this.url}/${path}`).then((response) => response.arrayBuffer()).then((buffer) => {
      this.layers.set(name, { bytes: new Uint8Array(buffer), height, width, pending: 0, drawn: 1 });
      while (this.layers.size > MAX_SLICES) this.layers.delete(this.layers.keys().next().value);
      this.asked.delete(name);
      this.onChange();
    }).catch((error) => {
      if (!(error instanceof Refusal)) this.asked.delete(name); // a refused one is not asked for again
      else this.refused = error.message;
      this.onChange();
    });
    return null;
  }

  // Draws at once where that is possible, and sends.
  edit(plane, index, edit, target) {
    const slice = target === "pseudo" ? null : this.get(plane, index);
    if (slice) slice.pending += 1;
    this.refused = "";
    this.edits.push({ plane, index, edit, target, slice });
    this.onChange();
    this.send();
  }

  get waiting() {
    return this.edits.length;
  }

  async send() {
    if (this.isSending) return;
    this.isSending = true;
    while (this.edits.length) {
      const next = this.edits[0];
      const isSent = await this.sendOne(next);
      if (!isSent) await new Promise((resolve) => setTimeout(resolve, RETRY_EDIT_MS));
    }
    this.isSending = false;
    this.onChange();
  }

  // True where the edit is done with: taken, or refused for good.
  async sendOne({ plane, index, edit, target, slice }) {
    const name = this.name(plane, index);
    try {
      const response = await askLabels(`${this.url}/edit/${name}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ edit, target }),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      this.finish(name, slice, bytes, this.stateOf(response), target);
      this.trouble = "";
      return true;
    } catch (error) {
      const wait = waitsFor(error);
      if (wait && !STEPS.includes(edit.tool)) { // painting once more what was painted changes nothing
        this.trouble = `not saved yet: ${wait}`;
        this.onChange();
        return false;
      }
      this.refused = wait ? "The server did not answer; try again." : error.message;
      this.edits.shift();
      if (slice) slice.pending -= 1;
      if (slice && !slice.pending) await this.fetch(plane, index, [slice.height, slice.width]);
      this.onChange();
      return true;
    }
  }

  finish(name, slice, bytes, state, target) {
    this.edits.shift();
    if (target === "pseudo" || !slice) {
      const known = this.slices.get(name);
      if (known) known.state = state;
    } else {
      slice.pending -= 1;
      slice.state = state;
      if (!slice.pending) Object.assign(slice, { bytes, drawn: slice.drawn + 1 });
    }
    this.onChange();
  }

  // Asks what has become of a slice; as the heartbeat of a held one too.
  async poll(plane, index, isHeld) {
    const name = this.name(plane, index);
    const slice = this.slices.get(name);
    if (!slice || (slice.pending && (!isHeld || this.edits.length))) return; // a stroke that is sent is a heartbeat too
    try {
      const response = await askLabels(`${this.url}/${isHeld ? "hold" : "state"}/${name}`,
        isHeld ? { method: "POST" } : {});
      const state = await response.json();
      if (slice.pending) return;
      const isChanged = state.revision !== slice.state.revision;
      slice.state = state;
      if (!this.edits.length) this.trouble = "";
      if (isChanged) await this.fetch(plane, index, [slice.height, slice.width]);
    } catch (error) {
      this.trouble = error instanceof Refusal ? error.message : "The server does not answer; trying again.";
    }
    this.onChange();
  }

  release(plane, index) {
    const url = `${this.url}/release/${this.name(plane, index)}`;
    fetch(url, { method: "POST", keepalive: true }).catch(() => {}); // the hold runs out by itself
  }
}
