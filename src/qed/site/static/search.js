// The search. Words are cut at whatever is no letter and no digit; runs of Chinese characters, into pairs that overlap.
(() => {
  const chinese = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;
  const words = (text) =>
    (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).flatMap((word) => {
      const runs = word.match(chinese) || [];
      const pairs = runs.flatMap((run) => (run.length < 2 ? [run] : [...run].slice(1).map((c, i) => [...run][i] + c)));
      return pairs.concat(word.replace(chinese, " ").split(" ").filter(Boolean));
    });
  const entries = searchIndex.entries.map(([page, kind, anchor, title, text], id) => ({
    id, kind, title, text, name: anchor.toLowerCase(), parent: searchIndex.pages[page][1],
    url: searchIndex.pages[page][0] + (anchor && "#" + encodeURIComponent(anchor)),
  }));
  const index = new MiniSearch({
    fields: ["title", "text"],
    tokenize: words,
    processTerm: (term) => term,
    searchOptions: {
      combineWith: "AND",
      boost: { title: 3 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 5 && !term.match(chinese) ? 0.2 : false),
    },
  });
  index.addAll(entries);

  const field = document.querySelector("#search-words");
  const list = document.querySelector("#search-results");
  const count = document.querySelector("#search-count");
  const most = 40;

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  // The piece of the text around the first match, with what matched marked.
  const piece = (text, terms) => {
    const found = terms.filter(Boolean).map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pattern = new RegExp(`(${found.sort((a, b) => b.length - a.length).join("|")})`, "giu");
    const first = Math.max(0, text.search(pattern));
    const start = first < 60 ? 0 : text.indexOf(" ", first - 60) + 1 || first - 60;
    const end = start + 220 < text.length ? text.lastIndexOf(" ", start + 220) : text.length;
    const shown = text.slice(start, end > start + 160 ? end : start + 220); // Chinese has no spaces to break at
    const parts = shown.split(pattern).map((part, n) => (n % 2 ? element("mark", {}, part) : part));
    return [start ? "… " : "", ...parts, start + 220 < text.length ? " …" : ""];
  };
  const kinds = { page: "Page", section: "Section", claim: "Claim", function: "Reference" };
  const look = () => {
    const query = field.value.trim();
    list.replaceChildren();
    count.textContent = "";
    if (!words(query).length) return;
    let found = index.search(query);
    if (!found.length) found = index.search(query, { combineWith: "OR" });
    const named = entries.filter((entry) => entry.name && entry.name == query.toLowerCase());
    const rest = found.filter((result) => !named.some((entry) => entry.id == result.id));
    const results = [...named.map((entry) => ({ id: entry.id, terms: words(query) })), ...rest];
    count.textContent = results.length == 0 ? "Nothing was found." : results.length == 1 ? "1 result" : results.length > most
      ? `${results.length} results, the best ${most} of them:` : `${results.length} results`;
    for (const { id, terms } of results.slice(0, most)) {
      const { kind, title, text, url, parent } = entries[id];
      const root = document.documentElement.dataset.content_root;
      const where = kind == "page" ? "" : ` in ${parent}`;
      list.append(element("li", {},
        element("a", { href: root + url, className: kind }, title),
        element("div", { className: "kind" }, (kinds[kind] || kind) + where),
        element("p", {}, ...piece(text, terms))));
    }
  };
  field.value = new URLSearchParams(location.search).get("q") || "";
  let wait;
  field.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => {
      look();
      try { history.replaceState(null, "", "?q=" + encodeURIComponent(field.value)); } catch {} // not from a memory stick
    }, 120);
  });
  field.form.addEventListener("submit", (event) => event.preventDefault() || look());
  field.focus();
  look();
})();
