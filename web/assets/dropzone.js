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

/** Files of a folder taken at once; as many as there are in a large benchmark, not those of a whole disk. */
const MOST = 1000;
const NO_DATA = ".cfg .gif .htm .html .ini .ipynb .jpeg .jpg .lock .md .pdf .png .py .rst .safetensors .sh .svg .toml .yaml .yml".split(" ");
const DOCUMENTS = "authors copying licence license makefile notice readme".split(" ");

/** Whether the name of a file in a folder says nothing against its being data. */
function isData(name) {
  const low = name.toLowerCase();
  return !DOCUMENTS.some((start) => low.startsWith(start)) && !NO_DATA.some((end) => low.endsWith(end));
}

/** The data files in what was dropped, those in folders under the names that lead to them. */
async function gather(entry, found) {
  if (found.length >= MOST || /^(\.|__MACOSX$)/.test(entry.name)) return;
  if (entry.isFile) {
    if (!isData(entry.name)) return;
    found.push({ file: await new Promise((done, failed) => entry.file(done, failed)), name: entry.fullPath.slice(1) });
    return;
  }
  const reader = entry.createReader();
  const inside = [];
  for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; ) inside.push(...some);
  for (const one of inside.sort((a, b) => (a.name < b.name ? -1 : 1))) await gather(one, found);
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
    this.veil = make("div", { class: "pl-veil", hidden: true }, make("div", {}, icon("upload"), make("strong", {}, "Drop to analyse"), make("span", {}, "CSV, TSV, JSON, JSON Lines, Parquet or Excel, also gzipped, in an archive or a folder")));
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
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (entries.some((entry) => entry.isDirectory)) this.unfold(entries);
    else this.add([...event.dataTransfer.files]);
  }

  /** The files in folders that were dropped; a folder without any is said to have none. */
  async unfold(entries) {
    const found = [];
    try {
      for (const entry of entries) await gather(entry, found);
    } catch {
      return this.refuse(entries[0].name, "This folder cannot be read. Drop its files, or a zip of it.");
    }
    if (!found.length) return this.refuse(entries[0].name, "This folder holds no data file.");
    if (found.length >= MOST) this.refuse(entries[0].name, `Only its first ${whole(MOST)} files are taken. More are read from the inbox folder.`);
    this.add(found.map(({ file }) => file), found.map(({ name }) => name));
  }

  refuse(name, message) {
    const upload = new Upload(null, name, () => this.tidy());
    this.tray.append(upload.row);
    this.tray.hidden = false;
    upload.refuse(message);
  }

  add(files, names = files.map((file) => file.name)) {
    files.forEach((file, place) => {
      const upload = new Upload(file, names[place], () => this.tidy());
      this.tray.append(upload.row);
      this.waiting.push(upload);
    });
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
  constructor(file, name, tidy) {
    this.file = file;
    this.name = name;
    this.tidy = tidy;
    this.bar = make("progress", { max: "1", value: "0", "aria-label": `Upload of ${name}` });
    this.state = make("span", { class: "pl-upload-state" }, "Waiting");
    this.stopper = make("button", { type: "button", class: "pl-tool", "aria-label": `Stop the upload of ${name}`, onclick: () => this.stop() }, icon("close"));
    this.row = make("div", { class: "pl-upload" }, make("strong", {}, name), this.state, this.stopper, this.bar);
  }

  /** The server's answer, or null where it was stopped or refused. */
  send(project) {
    return new Promise((done) => {
      const request = (this.request = new XMLHttpRequest());
      request.open("PUT", `/upload?${new URLSearchParams({ project, name: this.name })}`);
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
