// Volumes as they come from the server: strips of small images, tiles in full resolution, kept up to a size.

const PLANES = ["z", "y", "x"];
const AXES = { z: [0, 1, 2], y: [1, 0, 2], x: [2, 1, 0] }; // through, down, across: axes of (z, y, x)
const CACHE_BYTES = 160 << 20;
const IDLE_CACHE_BYTES = 24 << 20; // of a viewer that is not on the page
const MAX_REQUESTS = 4;
const MAX_AHEAD = 2; // a request that is broken off still costs the server its work
const RETRY_MS = 4000;

// Runs in a worker: a JPEG becomes the bytes of its grey values, off the thread that draws.
function decodeInWorker() {
  self.onmessage = async ({ data: { id, blob } }) => {
    try {
      const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      const pixels = context.getImageData(0, 0, image.width, image.height).data;
      const bytes = new Uint8Array(image.width * image.height);
      for (let at = 0; at < bytes.length; at++) bytes[at] = pixels[4 * at];
      image.close();
      self.postMessage({ id, bytes }, [bytes.buffer]);
    } catch (error) {
      self.postMessage({ id, error: String(error) });
    }
  };
}

const decoder = {
  worker: null,
  waiting: new Map(),
  decode(blob) {
    if (!this.worker) this.start();
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, blob });
    });
  },
  start() {
    const source = new Blob([`(${decodeInWorker.toString()})()`], { type: "text/javascript" });
    this.worker = new Worker(URL.createObjectURL(source));
    this.worker.onmessage = ({ data: { id, bytes, error } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(bytes);
    };
  },
};

// Why a request was refused: the server's sentence, unless something else answered (a login page, a proxy).
async function refusal(response) {
  const isSentence = (response.headers.get("content-type") ?? "").startsWith("text/plain");
  const text = isSentence ? await response.text() : "";
  return new Error(text || `The slices cannot be loaded (${response.status}); reload the page.`);
}

class Stack {
  constructor(source, isGrey) {
    this.url = new URL(source.url, document.baseURI).href;
    this.version = source.version;
    this.isGrey = isGrey;
    this.origin = source.origin ?? [0, 0, 0];
    this.facts = null;
    this.window = null;
    this.cache = new Map();
    this.cachedBytes = 0;
    this.failed = new Map();
  }

  async load() {
    const response = await fetch(`${this.url}/info?v=${encodeURIComponent(this.version)}`);
    if (!response.ok) throw await refusal(response);
    this.facts = await response.json();
    this.window = this.facts.window ?? null;
  }

  tier(plane, name) {
    return this.facts.planes[plane].find((each) => each.name === name);
  }

  // Index of a slice in this volume, or null where the volume does not reach that far.
  localIndex(plane, index) {
    const through = AXES[plane][0];
    const local = index - this.origin[through];
    return local >= 0 && local < this.facts.shape[through] ? local : null;
  }

  stripRequest(plane, tierName, number) {
    const tier = this.tier(plane, tierName);
    if (!tier || number < 0 || number * tier.images_per_strip >= tier.count) return null;
    return this.request(`strip/${plane}/${tierName}/${number}`);
  }

  stripOf(plane, tierName, local) {
    const tier = this.tier(plane, tierName);
    return tier ? Math.floor(Math.floor(local / tier.step) / tier.images_per_strip) : -1;
  }

  tileRequest(plane, local, row, column) {
    return this.request(`tile/${plane}/${local}/${row}/${column}`);
  }

  request(path) {
    const scale = this.isGrey ? `&lo=${this.window[0]}&hi=${this.window[1]}` : "";
    const key = path + scale;
    const failedAt = this.failed.get(key);
    if (this.cache.has(key) || (failedAt && performance.now() - failedAt < RETRY_MS)) return null;
    return { id: `${this.url} ${this.version} ${key}`, key, stack: this,
      url: `${this.url}/${path}?v=${encodeURIComponent(this.version)}${scale}` };
  }

  async fetch(request, signal) {
    const response = await fetch(request.url, { signal });
    if (!response.ok) throw await refusal(response);
    const bytes = this.isGrey
      ? await decoder.decode(await response.blob())
      : new Uint8Array(await response.arrayBuffer());
    this.keep(request.key, bytes);
  }

  keep(key, bytes) {
    this.cache.set(key, bytes);
    this.cachedBytes += bytes.length;
    this.shrink(CACHE_BYTES);
  }

  // Lets go of what was used longest ago.
  shrink(limit) {
    for (const [oldest, old] of this.cache) {
      if (this.cachedBytes <= limit || this.cache.size === 1) break;
      this.cache.delete(oldest);
      this.cachedBytes -= old.length;
    }
  }

  held(path) {
    const scale = this.isGrey ? `&lo=${this.window[0]}&hi=${this.window[1]}` : "";
    const bytes = this.cache.get(path + scale);
    if (bytes) {
      this.cache.delete(path + scale); // to the end: used last
      this.cache.set(path + scale, bytes);
    }
    return bytes;
  }

  // The best small image of a slice that is here: {key, bytes, tier}, or null.
  best(plane, local) {
    for (const name of ["scrub", "preview"]) {
      const tier = this.tier(plane, name);
      if (!tier) continue;
      const at = Math.min(Math.floor(local / tier.step), tier.count - 1);
      const number = Math.floor(at / tier.images_per_strip);
      const path = `strip/${plane}/${name}/${number}`;
      const strip = this.held(path);
      if (!strip) continue;
      const size = tier.width * tier.height * (this.isGrey ? 1 : this.facts.n_channels);
      const start = (at - number * tier.images_per_strip) * size;
      return { key: `${this.version} ${this.window} ${name} ${at}`, bytes: strip.subarray(start, start + size), tier };
    }
    return null;
  }

  tile(plane, local, row, column) {
    return this.held(`tile/${plane}/${local}/${row}/${column}`);
  }

  // Other grey values for 0 and 255: what is held stays drawn until the new strips are here.
  setWindow(window) {
    this.window = window;
  }
}

// A few requests at a time, the most wanted first; what is no longer wanted is broken off.
class Queue {
  constructor(onArrival, onFailure) {
    this.onArrival = onArrival;
    this.onFailure = onFailure;
    this.wanted = [];
    this.running = new Map();
  }

  want(requests) {
    const ids = new Set(requests.map((each) => each.id));
    for (const [id, { abort }] of this.running) if (!ids.has(id)) abort.abort();
    this.wanted = requests.filter((each) => !this.running.has(each.id));
    this.pump();
  }

  pump() {
    while (this.wanted.length && this.running.size < this.limit(this.wanted[0])) this.start(this.wanted.shift());
  }

  limit(request) {
    return request.isAhead ? MAX_AHEAD : MAX_REQUESTS;
  }

  async start(request) {
    const abort = new AbortController();
    this.running.set(request.id, { abort });
    try {
      await request.stack.fetch(request, abort.signal);
      this.onArrival(request);
    } catch (error) {
      if (!abort.signal.aborted) {
        request.stack.failed.set(request.key, performance.now());
        this.onFailure(error);
      }
    } finally {
      this.running.delete(request.id);
      this.pump();
    }
  }
}
