// Files in: dropped anywhere on the page or chosen, streamed with progress, one after another, each can be stopped.
import { icon, make, read, whole } from "./plumb.js";

export default function dropzone({ data, parentElement }) {
  const given = read(data);
  if (parentElement.__zone) return;
  parentElement.__zone = true;
  parentElement.append(
    make(
      "button", { type: "button", class: given.large ? "pl-zone pl-zone-large" : "pl-zone", "data-dropzone": "", onclick: () => uploads().choose() },
      icon("upload"), make("strong", {}, given.title), make("span", {}, given.text),
    ),
  );
}

/** Take files into this project from now on, wherever on the page they are dropped. */
export function listen(project, arrived) {
  Object.assign(uploads(), { project, arrived });
}

function uploads() {
  return (window.__plumbUploads ||= new Uploads());
}

class Uploads {
  constructor() {
    this.waiting = [];
    this.done = [];
    this.input = make("input", { type: "file", multiple: true, hidden: true, "aria-label": "Choose files", "data-upload": "", onchange: () => this.chosen() });
    this.tray = make("section", { class: "pl-tray", "aria-label": "Uploads", "aria-live": "polite", hidden: true });
    this.veil = make("div", { class: "pl-veil", hidden: true }, make("div", {}, icon("upload"), make("strong", {}, "Drop to analyse"), make("span", {}, "CSV, TSV, JSON, JSON Lines, Parquet or Excel, also gzipped or in an archive")));
    document.body.append(this.input, this.tray, this.veil);
    for (const name of ["dragenter", "dragover"]) document.addEventListener(name, (event) => this.over(event), true);
    document.addEventListener("dragleave", (event) => event.relatedTarget === null && (this.veil.hidden = true), true);
    document.addEventListener("drop", (event) => this.dropped(event), true);
    addEventListener("plumb:choose", () => this.choose());
  }

  choose() {
    this.input.value = "";
    this.input.click();
  }

  chosen() {
    this.add([...this.input.files]);
  }

  over(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    this.veil.hidden = false;
  }

  dropped(event) {
    this.veil.hidden = true;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    this.add([...event.dataTransfer.files]);
  }

  add(files) {
    for (const file of files) {
      const upload = new Upload(file, () => this.tidy());
      this.tray.append(upload.row);
      this.waiting.push(upload);
    }
    this.tray.hidden = false;
    if (!this.running) this.work();
  }

  async work() {
    this.running = true;
    while (this.waiting.length) {
      const upload = this.waiting.shift();
      const answer = upload.stopped ? null : await upload.send(this.project);
      if (answer) this.done.push(answer);
    }
    this.running = false;
    if (this.done.length) this.arrived?.({ datasets: this.done.map((answer) => answer.dataset), at: Date.now() });
    this.done = [];
  }

  tidy() {
    this.tray.hidden = !this.tray.children.length;
  }
}

class Upload {
  constructor(file, tidy) {
    this.file = file;
    this.tidy = tidy;
    this.bar = make("progress", { max: "1", value: "0", "aria-label": `Upload of ${file.name}` });
    this.state = make("span", { class: "pl-upload-state" }, "Waiting");
    this.stopper = make("button", { type: "button", class: "pl-tool", "aria-label": `Stop the upload of ${file.name}`, onclick: () => this.stop() }, icon("close"));
    this.row = make("div", { class: "pl-upload" }, make("strong", {}, file.name), this.state, this.stopper, this.bar);
  }

  /** The server's answer, or null where it was stopped or refused. */
  send(project) {
    return new Promise((done) => {
      const request = (this.request = new XMLHttpRequest());
      request.open("PUT", `/upload?${new URLSearchParams({ project, name: this.file.name })}`);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => this.say(`${size(loaded)} of ${size(total)}`, loaded / total);
      request.onload = () => done(this.finish(request));
      request.onerror = () => done(this.refuse("The connection was cut. Nothing was kept; drop the file again."));
      request.onabort = () => done(null);
      request.send(this.file);
    });
  }

  finish(request) {
    if (request.status >= 200 && request.status < 300) {
      this.say("Received, reading…", 1);
      this.stopper.hidden = true;
      setTimeout(() => this.remove(), 2500);
      return request.response;
    }
    return this.refuse(request.response?.message ?? `The server answered ${request.status}.`);
  }

  refuse(message) {
    this.row.classList.add("pl-upload-refused");
    this.state.textContent = message;
    this.bar.remove();
    return null;
  }

  say(text, share) {
    this.state.textContent = text;
    this.bar.value = share;
  }

  stop() {
    this.stopped = true;
    this.request?.abort();
    this.remove();
  }

  remove() {
    this.row.remove();
    this.tidy();
  }
}

function size(bytes) {
  return bytes < 1e6 ? `${whole(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
