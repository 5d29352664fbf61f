// The uploads of this tab: one is sent at a time, the others wait. They go on while other pages are looked at.

const RETRY_S = [1, 2, 4, 8, 15, 30];
const RATE_WINDOW_S = 4;

// States: waiting, sending, offline, paused, lost (its file must be chosen again), failed, done.
class UploadQueue {
  constructor(data) {
    this.api = data.api;
    this.pieceBytes = data.piece_bytes;
    this.memory = new Memory(data.api);
    this.uploads = [];
    this.finished = [];
    this.onChange = () => {};
    this.onFinished = () => {};
    window.addEventListener("online", () => this.wakeUp());
    this.recall();
  }

  // What was begun before the page was loaded.
  async recall() {
    for (const [fingerprint, kept] of Object.entries(this.memory.list())) {
      const state = await askServer(`${this.api}/${kept.id}`).catch(() => kept);
      if (state === null) {
        this.memory.forget(fingerprint);
      } else if (state.is_complete) {
        this.memory.forget(fingerprint);
        this.tellFinished(state.id);
      } else if (!this.find(fingerprint)) {
        const { id, name, size, isFolder } = kept;
        this.uploads.push({ fingerprint, id, name, size, isFolder, received: state.received ?? 0, state: "lost" });
      }
      this.onChange();
    }
  }

  find(fingerprint) {
    return this.uploads.find((each) => each.fingerprint === fingerprint);
  }

  add(described) {
    for (const each of described) {
      const known = each.problem ? null : this.find(each.fingerprint);
      if (each.problem) {
        this.uploads.push({ ...each, state: "failed", message: each.problem, size: 0, received: 0 });
      } else if (!known) {
        this.uploads.push({ ...each, id: this.memory.list()[each.fingerprint]?.id, received: 0, state: "waiting" });
      } else if (known.state !== "sending" && known.state !== "done") {
        Object.assign(known, { files: each.files, state: "waiting", message: "" });
      }
    }
    this.onChange();
    this.run();
  }

  pause(upload) {
    upload.state = "paused";
    upload.stop?.abort();
    this.onChange();
    this.run();
  }

  resume(upload) {
    upload.state = "waiting";
    upload.message = "";
    this.onChange();
    this.run();
  }

  async cancel(upload) {
    upload.state = "cancelled";
    upload.stop?.abort();
    this.drop(upload);
    if (upload.id) await askServer(`${this.api}/${upload.id}`, { method: "DELETE" }).catch(() => null);
    this.run();
  }

  drop(upload) {
    if (upload.fingerprint) this.memory.forget(upload.fingerprint);
    this.uploads = this.uploads.filter((each) => each !== upload);
    this.onChange();
  }

  // The page has taken these over, or somebody else removed them.
  dropAllBut(present) {
    const here = new Set(present);
    this.uploads = this.uploads.filter((each) => each.state !== "done" || here.has(each.id));
    this.onChange();
  }

  wakeUp() {
    this.uploads.filter((each) => each.state === "offline").forEach((each) => each.wake?.());
  }

  async run() {
    if (this.isRunning) return;
    this.isRunning = true;
    let next;
    while ((next = this.uploads.find((each) => each.state === "waiting"))) await this.send(next);
    this.isRunning = false;
  }

  async send(upload) {
    upload.state = "sending";
    upload.stop = new AbortController();
    upload.samples = [];
    let failures = 0;
    while (upload.state === "sending") {
      const before = upload.received;
      try {
        await this.sendAll(upload);
      } catch (error) {
        if (upload.received > before) failures = 0;
        if (error instanceof Offline) await this.waitForServer(upload, error, failures++);
        else if (!(error instanceof Stopped)) this.fail(upload, error);
      }
    }
  }

  async sendAll(upload) {
    const state = await this.begin(upload);
    this.memory.keep(upload);
    const fileOfName = new Map(upload.files.map((file) => [file.name, file]));
    let whole = 0;
    for (const [index, entry] of state.files.entries()) {
      const isThere = await this.sendFile(upload, fileOfName.get(entry.name), index, entry, whole);
      if (!isThere) return this.beginAnew(upload);
      whole += entry.size;
    }
    const end = await askServer(`${this.api}/${upload.id}`);
    if (!end?.is_complete) return end ? undefined : this.beginAnew(upload);
    upload.state = "done";
    this.memory.forget(upload.fingerprint);
    this.onChange();
    this.tellFinished(upload.id);
  }

  async begin(upload) {
    const known = upload.id ? await askServer(`${this.api}/${upload.id}`) : null;
    if (known) return known;
    const files = upload.files.map(({ name, size }) => ({ name, size }));
    const body = JSON.stringify({ name: upload.name, is_folder: upload.isFolder, files });
    const state = await askServer(this.api, { method: "POST", body });
    if (!state) throw new Refused("The server does not take uploads.");
    upload.id = state.id;
    return state;
  }

  // The server no longer has it: cleaned up after a day, or cancelled elsewhere.
  beginAnew(upload) {
    upload.id = undefined;
    upload.received = 0;
  }

  async sendFile(upload, file, index, entry, whole) {
    let offset = entry.received;
    this.count(upload, whole + offset);
    while (offset < entry.size) {
      const piece = await readPiece(file, offset, this.pieceBytes);
      const url = `${this.api}/${upload.id}?file=${index}&offset=${offset}`;
      const start = offset;
      const onProgress = (sent) => this.count(upload, whole + start + Math.min(sent, piece.byteLength));
      offset = await sendPiece(url, piece, { signal: upload.stop.signal, onProgress });
      if (offset === null) return false;
      this.count(upload, whole + offset);
      this.memory.keep(upload);
    }
    return true;
  }

  count(upload, received) {
    const now = performance.now() / 1000;
    upload.received = received;
    upload.samples.push([now, received]);
    while (upload.samples.length > 2 && upload.samples[1][0] < now - RATE_WINDOW_S) upload.samples.shift();
    const [[then, had]] = upload.samples;
    upload.rate = now - then > 0.3 ? Math.max(0, received - had) / (now - then) : undefined;
    this.onChange();
  }

  async waitForServer(upload, error, failures) {
    const wait = RETRY_S[Math.min(failures, RETRY_S.length - 1)];
    Object.assign(upload, { state: "offline", message: `${error.message} Trying again in ${wait} s.` });
    this.onChange();
    await new Promise((resolve) => {
      upload.wake = resolve;
      upload.stop.signal.addEventListener("abort", resolve, { once: true });
      setTimeout(resolve, wait * 1000);
    });
    if (upload.state === "offline") Object.assign(upload, { state: "sending", message: "", samples: [] });
    this.onChange();
  }

  fail(upload, error) {
    const isKnown = error instanceof Refused;
    if (!isKnown) console.warn("An upload failed", error);
    Object.assign(upload, { state: "failed", message: isKnown ? error.message : String(error) });
    this.onChange();
  }

  tellFinished(id) {
    if (!this.finished.includes(id)) this.finished = [...this.finished, id];
    this.onFinished();
  }
}

async function readPiece(file, offset, length) {
  try {
    return await file.slice(offset, offset + length).arrayBuffer();
  } catch {
    throw new Refused("The file was moved or changed; choose it again.");
  }
}
