// Python in a Web Worker: loads Pyodide, then runs one cell after another. page.mjs starts it and ends it.

let python, shell, settings;
const post = (kind, content = {}) => postMessage({ kind, ...content });

class Trouble extends Error {}

// A browser does not tell the one from the other.
const away = (url, integrity) => `${url} cannot be reached${integrity ? ", or is not the file that it should be" : ""}`;

async function get(url, integrity) {
  let answer;
  try {
    answer = await fetch(url, integrity ? { integrity } : {});
  } catch {
    throw new Trouble(away(url, integrity));
  }
  if (!answer.ok) throw new Trouble(`${url} is not there (${answer.status})`);
  try {
    return await answer.arrayBuffer();
  } catch {
    throw new Trouble(`the connection was lost while ${url} was loading`);
  }
}

// A module from another host is checked before it runs; import() alone cannot check.
async function module(url, integrity) {
  if (!integrity) {
    try {
      return await import(url);
    } catch {
      throw new Trouble(`${url} cannot be loaded`);
    }
  }
  const address = URL.createObjectURL(new Blob([await get(url, integrity)], { type: "text/javascript" }));
  return import(address).finally(() => URL.revokeObjectURL(address));
}

async function start(given) {
  settings = given;
  const { base, sums = {}, version } = settings;
  post("progress", { text: "Loading Python" });
  // Pyodide would wait for ever for a file that breaks off.
  let fail;
  const broken = new Promise((_, reject) => { fail = reject; });
  broken.catch(() => {});
  const [plainFetch, plainStreaming] = [self.fetch, WebAssembly.instantiateStreaming];
  self.fetch = (what, options) => {
    const integrity = String(what.url ?? what).endsWith("pyodide.asm.wasm") && sums["pyodide.asm.wasm"];
    return plainFetch(what, integrity ? { ...options, integrity } : options).catch((error) => {
      fail(new Trouble(away(what.url ?? what, integrity)));
      throw error;
    });
  };
  WebAssembly.instantiateStreaming = (...given) =>
    plainStreaming(...given).catch((error) => {
      fail(new Trouble(`the connection was lost while Python was loading (${error.message})`));
      throw error;
    });
  const parts = [get(base + "python_stdlib.zip", sums["python_stdlib.zip"]), get(base + "pyodide-lock.json", sums["pyodide-lock.json"]),
    get(settings.shell), settings.qed && get(settings.qed)];
  parts.forEach((part) => part?.catch?.(() => {}));
  const main = await module(base + "pyodide.mjs", sums["pyodide.mjs"]);
  if (main.version !== version)
    throw new Trouble(`at ${base} is Pyodide ${main.version}, and this book needs ${version}`);
  const assembly = sums["pyodide.asm.mjs"] && (await module(base + "pyodide.asm.mjs", sums["pyodide.asm.mjs"])).default;
  const [library, lock, code, qed] = await Promise.all(parts);
  settings.lock = JSON.parse(new TextDecoder().decode(lock));
  // What this Pyodide lacks comes from the package index; Pyodide checks it as it does its own.
  for (const wheel of settings.wheels ?? []) settings.lock.packages[wheel.name] ??= wheel;
  const first = imports(settings.code.slice(0, 1));
  const known = modules();
  const soon = first.filter((name) => name in known);
  if (soon.length) post("progress", { text: `Loading Python, ${soon.join(", ")}` });
  const address = URL.createObjectURL(new Blob([library]));
  const options = { indexURL: base, packageBaseUrl: settings.packages || base, stdLibURL: address, stdout() {}, stderr() {},
    lockFileContents: settings.lock, packages: soon.map((name) => known[name]),
    env: { MPLBACKEND: "AGG", OMP_NUM_THREADS: "1", PYTHONHASHSEED: "0" } };
  if (assembly) options.createPyodideModule = assembly;
  python = await Promise.race([main.loadPyodide(options), broken]);
  URL.revokeObjectURL(address);
  self.fetch = plainFetch;
  if (qed) python.unpackArchive(qed, "wheel");
  python.FS.writeFile("/home/pyodide/qed_shell.py", new Uint8Array(code));
  for (const name of soon) if (known[name] in python.loadedPackages) present.add(name);
  await need(first);
  const offered = Object.keys(modules()).filter((name) => ["sympy", "numpy", "matplotlib", "scipy", "flint", "z3"].includes(name));
  const send = (kind, content) => post(kind, { id: running, ...content.toJs({ dict_converter: Object.fromEntries }) });
  const begin = python.runPython(`
def begin(send, offered):
    import sys
    sys.path.insert(0, "/home/pyodide")
    import qed_shell
    shell = qed_shell.Shell(send, offered)
    qed_shell.install(shell)
    return shell
begin`);
  shell = begin((kind, content) => { send(kind, content); content.destroy(); }, python.toPy(settings.qed ? [...offered, "qed"] : offered));
  begin.destroy();
  post("ready");
  // What other cells need is loaded when nothing else waits. What fails now is told when a cell needs it.
  setTimeout(() => { last = last.then(() => need(imports(settings.code), true)).catch(() => {}); }, 300);
}

// From the name of a module to that of its package.
function modules() {
  const found = {};
  for (const [name, about] of Object.entries(settings.lock.packages))
    if (!name.endsWith("-tests")) for (const module of about.imports || []) found[module] ??= name;
  return found;
}

// The modules that code imports, or that what it calls of qed imports when it is called. A wrong guess inside a string
// costs a download at worst, and nothing if there is no such module.
const LATER = { claim: ["z3"], judge: ["z3"], figure: ["numpy", "matplotlib"], explorer: ["numpy", "matplotlib"] };
function imports(code) {
  const found = new Set();
  for (const source of code) {
    for (const [, from, names] of source.matchAll(/^[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+import\b|import[ \t]+([^\n#;]+))/gm))
      for (const name of from ? [from] : names.split(",")) found.add(name.trim().match(/^\w*/)[0]);
    if (settings.qed) for (const [, called] of source.matchAll(/\b(\w+)\(/g)) for (const name of LATER[called] ?? []) found.add(name);
  }
  if (found.has("qed")) for (const name of ["sympy", "flint"]) found.add(name);
  return [...found];
}

// Load the packages of these modules, as far as this Python has them.
const present = new Set();
async function need(names, quietly) {
  const known = modules();
  const wanted = names.filter((name) => name in known && !present.has(name));
  if (!wanted.length) return;
  if (!quietly) post("progress", { text: `Loading ${wanted.join(", ")}` });
  const packages = wanted.map((name) => known[name]);
  const said = [];
  await python.loadPackage(packages, { messageCallback() {}, errorCallback: (text) => said.push(text) }).catch((error) => said.push(error.message));
  const missed = packages.filter((name) => !(name in python.loadedPackages));
  if (missed.length) throw new Trouble(`${missed.join(", ")} could not be loaded`);
  wanted.forEach((name) => present.add(name));
}

let running;
async function run({ id, number, source }) {
  running = id;
  try {
    await need(imports([source]));
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    post("begun", { id });
    post("error", { id, name: "", message: "", line: null, trace: "", advice: `${error.message}: check the connection, then run the cell again.` });
    return post("done", { id, ok: false });
  }
  post("begun", { id });
  const ok = shell.run(number, source);
  post("done", { id, ok });
}

let last = Promise.resolve();
onmessage = ({ data }) => {
  last = last.then(() => (data.kind === "start" ? start(data) : run(data))).catch((error) => {
    const memory = /memory|allocat/i.test(error.message);
    if (data.kind === "start") post("failed", { text: error instanceof Trouble ? error.message : `this browser cannot start it (${error.message})` });
    else post("died", { id: data.id, memory, text: String(error.message).split("\n", 1)[0] });
  });
};
