// What is shown of the uploads. Names come from files: they are only ever set as text.

const LABELS = {
  waiting: "waits for its turn",
  sending: "",
  paused: "paused",
  lost: "broken off; choose the same file again to go on",
  done: "arrived",
};

class UploadView {
  constructor(root, queue) {
    this.root = root;
    this.queue = queue;
    this.rows = new Map();
    this.list = root.querySelector(".list");
    this.template = root.querySelector("template");
    this.connect();
  }

  connect() {
    const { root } = this;
    const zone = root.querySelector(".zone");
    const file = root.querySelector("input.file");
    const folder = root.querySelector("input.folder");
    root.querySelector(".choose-file").onclick = () => file.click();
    root.querySelector(".choose-folder").onclick = () => folder.click();
    file.onchange = () => this.take(file, describeChosen(file.files));
    folder.onchange = () => this.take(folder, describePickedFolder(folder.files));
    zone.ondragover = (event) => {
      event.preventDefault();
      zone.classList.add("over");
    };
    zone.ondragleave = () => zone.classList.remove("over");
    zone.ondrop = async (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      this.queue.add(await describeDropped(event.dataTransfer));
    };
  }

  take(input, described) {
    this.queue.add(described);
    input.value = ""; // the same file may be chosen again
  }

  draw() {
    const { uploads } = this.queue;
    for (const [upload, row] of this.rows) {
      if (!uploads.includes(upload)) {
        row.remove();
        this.rows.delete(upload);
      }
    }
    uploads.forEach((upload) => {
      if (!this.rows.has(upload)) this.rows.set(upload, this.makeRow(upload));
      drawRow(this.rows.get(upload), upload);
    });
  }

  makeRow(upload) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    row.querySelector(".name").textContent = upload.name;
    row.querySelector(".name").title = upload.name;
    row.querySelector("progress").setAttribute("aria-label", `Upload of ${upload.name}`);
    const [toggle, end] = row.querySelectorAll("button");
    toggle.onclick = () => this.toggle(upload);
    end.onclick = () => (upload.state === "done" ? this.queue.drop(upload) : this.queue.cancel(upload));
    this.list.append(row);
    return row;
  }

  toggle(upload) {
    if (upload.state === "sending" || upload.state === "waiting") this.queue.pause(upload);
    else if (upload.state === "offline") upload.wake?.();
    else if (upload.state === "lost" || !upload.files) this.root.querySelector(inputFor(upload)).click();
    else this.queue.resume(upload);
  }
}

function inputFor(upload) {
  return upload.isFolder ? "input.folder" : "input.file";
}

function drawRow(row, upload) {
  const share = upload.size ? upload.received / upload.size : 0;
  row.dataset.state = upload.state;
  row.querySelector("progress").value = share;
  row.querySelector(".size").textContent = upload.size ? describeSize(upload) : "";
  row.querySelector(".text").textContent = describeState(upload, share);
  const [toggle, end] = row.querySelectorAll("button");
  const action = toggleLabel(upload);
  toggle.hidden = action === "";
  setLabel(toggle, action, upload);
  setLabel(end, upload.state === "done" || upload.problem ? "Dismiss" : "Cancel", upload);
}

function setLabel(button, text, upload) {
  if (button.textContent === text) return;
  button.textContent = text;
  button.setAttribute("aria-label", `${text}: ${upload.name}`);
}

function describeSize(upload) {
  const slices = upload.isFolder && upload.files ? ` · ${formatCount(upload.files.length, "slice")}` : "";
  return formatSize(upload.size) + slices;
}

function describeState(upload, share) {
  if (upload.message) return upload.message;
  const parts = [];
  if (upload.state !== "done" && upload.size) parts.push(`${Math.floor(share * 100)} %`);
  if (upload.state === "sending" && upload.rate) {
    parts.push(`${formatSize(upload.rate)}/s`, `${formatTime((upload.size - upload.received) / upload.rate)} left`);
  }
  if (LABELS[upload.state]) parts.push(LABELS[upload.state]);
  return parts.join(" · ");
}

function toggleLabel(upload) {
  const labels = { sending: "Pause", waiting: "Pause", paused: "Go on", offline: "Try now", lost: "Choose file" };
  if (upload.state === "failed") return upload.problem ? "" : "Try again";
  return upload.state === "lost" && upload.isFolder ? "Choose folder" : labels[upload.state] ?? "";
}
