// Cells of the page become editors, and run in worker.mjs; what they put out is shown as the build shows it.
import { editor } from "./editor.mjs";
import { render } from "./outputs.mjs";

const KEPT = `qed-edits:${location.pathname}`;
const element = (name, attributes = {}, ...inside) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) key in made ? (made[key] = value) : made.setAttribute(key, value);
  made.append(...inside);
  return made;
};
const button = (text, onclick, more) => element("button", { type: "button", textContent: text, onclick, ...more });

const load = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer;
};

let settings, opened;

export async function open(here) {
  settings = await (await load(`${here}settings.json`)).json();
  settings.base = new URL(settings.base, here).href;
  for (const part of ["shell", "qed"]) settings[part] = new URL(settings[part], here).href;
  const style = element("link", { rel: "stylesheet", href: `${here}live.css` });
  await new Promise((resolve, reject) => {
    style.onload = resolve;
    style.onerror = () => reject(new Error("live.css"));
    document.head.append(style);
  });
  opened = new Page(here);
}

// What the reader changed: the place of each such cell, its text in the book, and the reader's.
function edits() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) || [];
  } catch {
    return [];
  }
}

class Page {
  constructor(here) {
    this.here = here;
    this.queue = [];
    const boxes = [...document.querySelectorAll("article .cell .cell_input")].map((box) => box.closest(".cell"));
    const kept = new Map(edits().map((edit) => [edit.place, edit]));
    this.cells = boxes.map((box, place) => new Cell(this, box, place, kept.get(place)));
    this.status = element("p", { role: "status" });
    this.all = button("Run all", () => this.run(this.cells));
    this.stopper = button("Stop", () => this.stop());
    const out = () => this.download().catch(() => this.say("The notebook could not be fetched. Check the connection."));
    this.bar = element("div", { className: "qed-live", role: "group" }, this.status,
      element("div", {}, this.all, this.stopper, button("Reset", () => this.reset()), button("Download", out)));
    this.bar.setAttribute("aria-label", "Python in this page");
    document.querySelector("article").append(this.bar);
    this.start();
    this.cells[0]?.run.focus({ preventScroll: true });
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  start() {
    this.ready = this.failed = false;
    this.outcome = "";
    this.loading = "";
    const worker = new Worker(`${this.here}worker.mjs`, { type: "module" });
    this.worker = worker;
    worker.onmessage = ({ data }) => worker === this.worker && this.hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.worker) this.hear({ kind: "failed", text: event.message || `${this.here}worker.mjs cannot be loaded` });
    };
    const { base, packages, version, sums, wheels, qed, shell } = settings;
    const code = this.cells.map((cell) => cell.editor.text());
    const uses = code.some((text) => /\bqed\b/.test(text));
    this.worker.postMessage({ kind: "start", base, packages, version, sums, wheels, qed: uses && qed, shell, code });
    this.show();
  }

  hear(said) {
    const cell = this.running;
    if (said.kind === "progress") this.loading = said.text;
    if (said.kind === "ready") {
      this.ready = true;
      this.next();
    }
    if (said.kind === "failed") {
      this.fail(said.text);
    }
    if (cell && said.id === cell.turn) {
      if (said.kind === "begun") this.loading = "";
      if (said.kind === "died") {
        this.end();
        this.running = null;
        cell.back(said.memory
          ? "The memory that the browser gives this page is used up. Python was started afresh and the variables are lost: make the task smaller, then use Run to here."
          : `Python broke down (${said.text}). It was started afresh and the variables are lost: Run to here runs the cells above again.`);
        this.drop("");
        this.start();
        return;
      }
      cell.hear(said);
      if (said.kind === "done") {
        this.running = null;
        this.outcome = `Cell ${cell.place + 1} ${said.ok ? "has run" : `failed: ${cell.why}`}. `;
        if (!said.ok) this.drop("not run, since a cell before it failed");
        this.next();
      }
    }
    this.show();
  }

  fail(text) {
    this.end();
    this.failed = true;
    const advice = /needs \d/.test(text) ? "Whoever built this site has to put the right one there." : "Check the connection, then run a cell to try again.";
    const said = `Python could not be loaded: ${text}. ${advice}`;
    if (this.running) this.queue.unshift(this.running);
    this.running = null;
    this.queue.shift()?.back(said);
    this.drop("");
    this.show();
    this.say(said);
  }

  end() {
    this.worker?.terminate();
    this.worker = null;
    this.ready = false;
  }

  drop(why) {
    for (const cell of this.queue.splice(0)) cell.note(why);
  }

  run(cells) {
    if (this.failed) this.start();
    for (const cell of cells)
      if (cell !== this.running && !this.queue.includes(cell)) {
        this.queue.push(cell);
        cell.note("waits");
      }
    this.next();
    this.show();
  }

  next() {
    if (!this.ready || this.running || !this.queue.length) return;
    this.running = this.queue.shift();
    const turn = this.running.begin();
    this.worker.postMessage({ kind: "run", id: turn, number: this.running.place + 1, source: this.running.editor.text() });
  }

  stop() {
    const cell = this.running;
    const idle = !cell && !this.queue.length;
    this.end();
    this.running = null;
    cell?.back("Stopped. The variables are lost: Run to here runs the cells above again.");
    this.drop("not run");
    if (idle || !cell) {
      this.failed = true; // until a cell is run
      this.show();
      this.say("Python is stopped. Run a cell to start it again.");
    } else this.start();
  }

  show() {
    const busy = Boolean(this.running || this.queue.length);
    this.stopper.disabled = this.failed;
    if (this.failed) return;
    if (this.running && !this.loading) this.say(`Running cell ${this.running.place + 1} of ${this.cells.length}`);
    else if (!this.ready || this.loading) this.say(`${this.loading || "Starting Python"} …${busy ? " The cell runs after that." : ""}`);
    else this.say(`${this.outcome}Python is ready.`);
  }

  keep() {
    const changed = this.cells.filter((cell) => cell.editor.text() !== cell.text);
    const list = changed.map((cell) => ({ place: cell.place, from: cell.text, to: cell.editor.text() }));
    try {
      if (list.length) localStorage.setItem(KEPT, JSON.stringify(list));
      else localStorage.removeItem(KEPT);
    } catch {
      this.say("This browser keeps no edits: download the notebook before you leave.");
    }
  }

  reset() {
    const changed = this.cells.some((cell) => cell.editor.text() !== cell.text);
    if (changed && !confirm("Forget your edits, and bring the book's page back?")) return;
    this.end();
    this.queue = [];
    this.running = null;
    for (const cell of this.cells) cell.close();
    try {
      localStorage.removeItem(KEPT);
    } catch {}
    this.bar.remove();
    const again = document.querySelector(".qed-run-here");
    again.hidden = false;
    again.focus();
    document.querySelector(".qed-ways [role=status]").textContent = "The book's page is back.";
    dispatchEvent(new Event("resize"));
  }

  async download() {
    const link = document.querySelector(".qed-ways a[download$='.ipynb']");
    const notebook = await (await load(link.href)).json();
    const text = (source) => (Array.isArray(source) ? source.join("") : source);
    const same = (a, b) => a.trim() === b.trim();
    const left = notebook.cells.filter((cell) => cell.cell_type === "code");
    for (const cell of this.cells) {
      const at = left.findIndex((one) => same(text(one.source), cell.text));
      if (at < 0) continue;
      const [one] = left.splice(0, at + 1).slice(-1);
      if (same(cell.editor.text(), cell.text)) continue;
      one.source = cell.editor.text();
      one.outputs = [];
      one.execution_count = null;
    }
    delete notebook.metadata.qed; // it vouches for the outputs
    const address = URL.createObjectURL(new Blob([JSON.stringify(notebook, null, 1) + "\n"], { type: "application/x-ipynb+json" }));
    element("a", { href: address, download: link.download }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}

let turns = 0;

class Cell {
  constructor(page, box, place, edit) {
    Object.assign(this, { page, box, place });
    this.input = box.querySelector(".cell_input");
    this.stored = box.querySelector(".cell_output");
    this.text = this.input.querySelector("pre").textContent.replace(/\n$/, "");
    this.said = element("span", { className: "qed-turn" });
    this.run = button("Run", () => page.run([this]), { title: "Ctrl+Enter" });
    this.run.setAttribute("aria-label", `Run cell ${place + 1}`);
    this.upTo = button("Run to here", () => page.run(page.cells.slice(0, place + 1)));
    this.upTo.setAttribute("aria-label", `Run all cells to cell ${place + 1}`);
    const home = element("div", { className: "qed-editor" });
    this.form = element("div", { className: "qed-edit" }, home, element("div", { className: "qed-tools" }, this.run, ...(place ? [this.upTo] : []), this.said));
    this.input.after(this.form);
    this.input.hidden = true;
    const following = () => {
      page.run([this]);
      (page.cells[place + 1] ?? this).editor.focus();
    };
    this.editor = editor({
      parent: home, text: edit?.to ?? this.text, label: `Code of cell ${place + 1}`,
      onChange: () => { this.note("edited"); page.keep(); },
      keys: [["Mod-Enter", () => page.run([this])], ["Shift-Enter", following], ["Escape", () => this.run.focus()]],
    });
    if (edit) this.note(edit.from === this.text ? "your edit" : "your edit; the book's cell has changed since");
  }

  note(text) {
    this.said.textContent = text;
  }

  begin() {
    this.turn = ++turns;
    this.fresh = element("div", { className: "cell_output docutils container qed-fresh" });
    this.note("runs");
    this.form.setAttribute("aria-busy", "true");
    this.editor.wrong(0);
    return this.turn;
  }

  // What is fresh takes the place of what is stored.
  swap() {
    const old = this.shown ?? this.stored;
    if (old === this.fresh) return;
    if (old) old.replaceWith(this.fresh);
    else this.box.append(this.fresh);
    this.shown = this.fresh;
  }

  hear(said) {
    if (said.kind === "begun") return;
    if (said.kind === "done") {
      this.swap();
      this.note(said.ok ? "has run" : "failed");
      this.form.removeAttribute("aria-busy");
      dispatchEvent(new Event("resize")); // for what looks after boxes that scroll
      return;
    }
    if (said.kind === "error") {
      this.why = [said.name, said.line && `in line ${said.line}`].filter(Boolean).join(" ") || said.advice;
      this.editor.wrong(said.line);
      said.toHere = said.missing && this.place ? () => this.page.run(this.page.cells.slice(0, this.place + 1)) : null;
    }
    const { fresh } = this;
    this.order = (this.order ?? Promise.resolve()).then(() => render(said, fresh, settings, this.page.here)).catch((error) => fresh.append(String(error)));
    this.swap();
  }

  // The stored output again, with a sentence before it.
  back(sentence) {
    this.form.removeAttribute("aria-busy");
    this.note("");
    const told = element("div", { className: "cell_output qed-fresh" }, element("p", { className: "qed-sentence", textContent: sentence }));
    this.fresh = told;
    this.swap();
    if (this.stored) told.append(this.stored);
    this.page.say(sentence);
  }

  close() {
    this.turn = 0;
    this.editor.destroy();
    this.form.remove();
    this.input.hidden = false;
    if (this.stored) (this.shown ?? this.stored).replaceWith(this.stored);
    else this.shown?.remove();
  }
}
