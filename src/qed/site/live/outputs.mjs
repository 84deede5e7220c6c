// What a cell puts out, as HTML: what tex.py, outputs.py and cards.py do when the site is built.

const element = (name, className, ...inside) => {
  const made = document.createElement(name);
  made.className = className;
  made.append(...inside);
  return made;
};

let loading;
function katex(here) {
  loading ??= new Promise((resolve, reject) => {
    if (!document.querySelector("link[href*='math.css']")) bring("link", { rel: "stylesheet", href: new URL("../math.css", here) });
    const failed = () => { loading = undefined; reject(new Error("KaTeX could not be loaded: formulas are shown as TeX.")); };
    bring("script", { src: new URL("katex.min.js", here), onload: () => resolve(window.katex), onerror: failed });
  });
  return loading;
}

function bring(name, attributes) {
  document.head.append(Object.assign(document.createElement(name), attributes));
}

const SHORT = 20;

function typeset(renderer, tex, displayMode, macros) {
  let markup;
  try {
    markup = renderer.renderToString(tex.trim(), { displayMode, macros: { ...macros }, output: "htmlAndMathml", strict: "ignore" });
  } catch {
    const raw = document.createElement("code");
    raw.textContent = tex;
    return raw.outerHTML;
  }
  if (displayMode) return `<div class="math">${markup}</div>`;
  const at = markup.lastIndexOf('<span class="katex-base">');
  const [head, tail] = at < 0 ? ["", markup] : [markup.slice(0, at), markup.slice(at)];
  const end = "</span></span>";
  if (at >= 0) markup = `${head}<span class="qed-last">${tail.slice(0, tail.endsWith(end) ? -end.length : undefined)}</span>${end}`;
  const shown = (head.split('class="katex-html"')[1] ?? "") + tail;
  const letters = shown.replace(/<[^>]*>|^[^>]*>/g, "").replaceAll("\u200b", "");
  return `<span class="math${letters.length <= SHORT ? " qed-whole" : ""}">${markup}</span>`;
}

const PIECE = /(<pre\b[^]*?<\/pre>|<[^>]*>)/;
const MATH = /([(\[“‘]*)\\\(([^]+?)\\\)((?:[-’]?[\p{L}\p{N}_]{1,3}(?![\p{L}\p{N}_]))?[.,;:!?)\]’”%…]*)|\\\[([^]+?)\\\]/gu;

const unescape = (text) => new DOMParser().parseFromString(text, "text/html").documentElement.textContent;
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// As typeset_html of tex.py.
export function typesetHtml(html, renderer, macros) {
  const set = (piece) => piece.replace(MATH, (_, before = "", inline, after = "", displayed) => {
    const markup = typeset(renderer, unescape(inline ?? displayed), inline === undefined, macros);
    return before || after ? `<span class="qed-glue">${before}${markup}${after}</span>` : markup;
  });
  return html.split(PIECE).map((piece, n) => (n % 2 ? piece : set(piece))).join("");
}

// Prose with $...$ as the same HTML with \(...\).
const prose = (text) => escape(text).replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\$\$([^$]+)\$\$/g, "\\[$1\\]").replace(/\$([^$]+)\$/g, "\\($1\\)");
const inside = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};

const pre = (className, text) => element("div", `output ${className}`, element("div", "highlight", element("pre", "", text)));
const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, "");

export async function render(said, home, settings, here) {
  if (said.kind === "stream") return stream(said, home);
  if (said.kind === "cut") return home.append(element("p", "qed-sentence", "Too much output: the rest of it is not shown. The cell runs on; Stop ends it."));
  if (said.kind === "error") return home.append(wrong(said));
  const { data, metadata } = said;
  let renderer = null;
  const html = data["text/html"], latex = data["text/latex"];
  const about = metadata?.qed;
  if (latex || about?.caption || /\\[(\[]|\$/.test(html ?? data["text/markdown"] ?? "")) {
    try {
      renderer = await katex(here);
    } catch (error) {
      home.append(element("p", "qed-sentence", error.message));
    }
  }
  const math = (text) => (renderer ? typesetHtml(text, renderer, settings.macros) : text);
  const totals = html?.includes('class="qed-ledger"') && inside(html).querySelector("caption");
  if (totals) { // the page lists its claims at its head
    home.append(element("p", "qed-summary", `${totals.textContent}.`, ...(ledger ? [" ", ledger.cloneNode(true)] : [])));
  }
  else if (html !== undefined && about?.figure) {
    const part = inside(html);
    part.querySelectorAll("style, script:not([type='application/json'])").forEach((brought) => brought.remove());
    home.append(figure(part, about, math));
    explore(here);
  } else if (html !== undefined) {
    const card = html.includes('class="qed-');
    const part = inside(card ? math(html.replace(/(class="qed-id" )?href="#([^"]+)"/g, linked)) : html);
    for (const claim of part.querySelectorAll("section.qed-card[id]")) {
      const labels = [...claim.querySelectorAll(".qed-routes > dt")];
      const users = (used[claim.id] ?? []).map((one) => one.cloneNode(true));
      const source = labels.find((label) => label.textContent === "Source");
      if (source) source.before(...users);
      else claim.querySelector(".qed-routes")?.append(...users);
    }
    home.append(card ? part : element("div", "output text_html", part));
  } else if (data["image/svg+xml"] !== undefined) {
    home.append(picture(new Blob([data["image/svg+xml"]], { type: "image/svg+xml" }), data));
  } else if (data["image/png"] || data["image/jpeg"]) {
    const type = data["image/png"] ? "image/png" : "image/jpeg";
    const bytes = Uint8Array.from(atob(data[type]), (c) => c.charCodeAt(0));
    const image = picture(new Blob([bytes], { type }), data, about?.alt);
    image.addEventListener("load", () => { // drawn twice as large, for sharp screens
      if (about?.figure) [image.width, image.height] = [image.naturalWidth / 2, image.naturalHeight / 2];
    });
    if (about?.figure) home.append(figure(image, about, math));
    else home.append(element("div", "output image_png", image));
  } else if (data["text/markdown"] !== undefined) {
    home.append(...data["text/markdown"].split(/\n\s*\n/).map((text) => element("p", "", inside(math(prose(text))))));
  } else if (latex !== undefined) {
    const whole = latex.trim().match(/^(\$\$?)([^$]*)\1$/);
    home.append(inside(math(whole ? `\\[${escape(whole[2])}\\]` : latex.includes("$") ? `<p>${prose(latex)}</p>` : `\\[${escape(latex)}\\]`)));
  } else if (data["text/plain"] !== undefined) {
    home.append(pre("text_plain", plain(data["text/plain"])));
  }
}

function stream({ name, text }, home) {
  const last = home.lastElementChild;
  const kind = name === "stderr" ? "stderr" : "stream";
  if (last?.classList.contains(kind)) last.querySelector("pre").append(plain(text));
  else home.append(pre(kind, plain(text)));
}

function picture(blob, data, alt) {
  const image = document.createElement("img");
  image.src = URL.createObjectURL(blob);
  image.alt = alt ?? data["text/plain"] ?? "";
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}

// The script of explorers starts those that it finds new, each time it is loaded.
function explore(here) {
  if (!document.querySelector("link[href*='explorer.css']")) bring("link", { rel: "stylesheet", href: new URL("../explorer.css", here) });
  bring("script", { src: new URL("../explorer.js", here) });
}

function figure(shown, { figure: name, caption }, math) {
  const made = element("figure", "qed-figure", shown);
  made.id = name;
  const number = numbers[name];
  const words = element("figcaption", "");
  if (number) words.append(element("span", "qed-number", number), " ");
  words.append(inside(math(prose(caption))));
  made.append(words);
  return made;
}

// The numbers that the build gave.
const numbers = Object.fromEntries([...document.querySelectorAll("figure.qed-figure[id]")].map((e) => [e.id, e.querySelector(".qed-number")?.textContent]));

const ledger = document.querySelector(".qed-summary a")?.cloneNode(true);

// What uses a claim is known to the build alone.
const used = Object.fromEntries([...document.querySelectorAll("section.qed-card[id]")].map((claim) => {
  const label = [...claim.querySelectorAll(".qed-routes > dt")].find((e) => e.textContent === "Used by");
  return [claim.id, label && [label.cloneNode(true), label.nextElementSibling.cloneNode(true)]];
}));

// A link to a claim shows a preview; a claim of another article is on another page.
function linked(_, own, anchor) {
  const slug = anchor.split(".")[0];
  const there = anchor.includes(".") && slug !== location.pathname.replace(/^.*\/|\.html$/g, "");
  return `${own ?? 'class="qed-ref" '}href="${there ? `${slug}.html` : ""}#${anchor}"`;
}

function wrong({ name, message, line, advice, trace, toHere }) {
  const box = element("div", "qed-error");
  if (name) {
    const head = element("p", "", element("strong", "", name));
    if (line) head.append(` in line ${line}`);
    box.append(head);
  }
  if (message) box.append(element("pre", "", plain(message)));
  if (advice) box.append(element("p", "qed-sentence", advice));
  if (toHere) {
    const again = element("button", "", "Run to here");
    again.type = "button";
    again.onclick = toHere;
    box.append(again);
  }
  if (trace && trace.trim().split("\n").length > 1)
    box.append(element("details", "", element("summary", "", "How it came there"), element("pre", "", trace)));
  return box;
}
