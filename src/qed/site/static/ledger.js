// The ledger's table: sorting, filters, and a view that can be linked. Without this script the table stands whole.
(() => {
  const table = document.querySelector("table.qed-book");
  const form = document.querySelector("form.qed-filters");
  const body = table.tBodies[0];
  const status = form.querySelector("[role=status]");
  const grades = table.dataset.grades.split(" ");
  const filters = ["text", "article", "grade", "engine", "words"];
  const rows = [...body.rows].map((row, place) => {
    const [article, claim, grade, engine, used] = row.cells;
    const mark = grade.querySelector(".qed-grade").dataset.grade;
    return {
      row, place, article: article.textContent, grade: mark, engine: row.dataset.engine.split(" "),
      words: row.dataset.words.split(" "),
      text: `${article.textContent}.${[claim, grade, engine].map((cell) => cell.textContent).join(" ")}`.toLowerCase(),
      keys: { article: place, claim: claim.firstChild.textContent, grade: grades.indexOf(mark),
        engine: engine.textContent, used: Number(used.textContent) },
    };
  });
  const heads = [...table.tHead.rows[0].cells];
  let sorted = "";
  let shown = "";

  const matches = (claim, wanted) => filters.every((key) => {
    const value = wanted[key];
    if (!value) return true;
    if (key === "text") return value.toLowerCase().split(/\s+/).every((word) => claim.text.includes(word));
    return key === "engine" || key === "words" ? claim[key].includes(value) : claim[key] === value;
  });

  const compare = (key, way) => (a, b) => {
    const [x, y] = [a.keys[key], b.keys[key]];
    return way * (typeof x === "string" ? x.localeCompare(y) : x - y) || a.place - b.place;
  };

  const sort = (wanted) => {
    if (wanted === sorted) return;
    sorted = wanted;
    const key = wanted.replace("-", "");
    const known = heads.some((head) => head.dataset.key === key);
    const order = known ? compare(key, wanted[0] === "-" ? -1 : 1) : (a, b) => a.place - b.place;
    body.append(...[...rows].sort(order).map((claim) => claim.row));
    for (const head of heads) {
      if (head.dataset.key === key) head.ariaSort = wanted[0] === "-" ? "descending" : "ascending";
      else head.removeAttribute("aria-sort");
    }
  };

  const show = (wanted) => {
    sort(wanted.sort || "");
    let count = 0;
    for (const claim of rows) {
      const hidden = !matches(claim, wanted);
      if (claim.row.hidden !== hidden) claim.row.hidden = hidden;
      count += !hidden;
    }
    const text = count === rows.length ? `${count} claims` : `${count} of ${rows.length} claims`;
    if (text !== status.textContent) status.textContent = text;
  };

  // The fragment holds the view: #grade=certified&sort=-used. One without "=" is an anchor and no view.
  const read = () => Object.fromEntries(new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : ""));
  const follow = () => {
    if (location.hash && !location.hash.includes("=")) return;
    const wanted = read();
    for (const key of filters) {
      form.elements[key].value = wanted[key] || "";
      if (form.elements[key].value !== (wanted[key] || "")) delete wanted[key];
    }
    show(wanted);
    shown = location.hash;
    if (shown && document.readyState === "complete") form.scrollIntoView();
  };
  const change = (sortBy) => {
    const wanted = { sort: sortBy };
    for (const key of filters) wanted[key] = form.elements[key].value.trim();
    show(wanted);
    const kept = Object.entries(wanted).filter(([, value]) => value);
    shown = kept.length ? `#${new URLSearchParams(kept)}` : "";
    history.replaceState(null, "", shown || location.pathname + location.search);
  };

  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      const [up, down] = [head.dataset.key, `-${head.dataset.key}`];
      const first = up === "used" ? down : up; // counts begin with the greatest
      change(sorted !== first ? first : first === up ? down : up);
    });
    head.replaceChildren(button);
  }
  let waiting;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => change(sorted), 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => change("")));
  addEventListener("hashchange", () => location.hash !== shown && follow());
  addEventListener("load", () => read() && location.hash.includes("=") && form.scrollIntoView());
  form.classList.add("qed-ready");
  follow();

  // The edges of the node that is looked at stand out; one that the keyboard reaches comes into view.
  for (const graph of document.querySelectorAll("svg.qed-graph")) {
    const light = (event) => {
      const node = event.target.closest(".qed-node");
      for (const edge of graph.querySelectorAll(".qed-edge"))
        edge.classList.toggle("qed-lit", Boolean(node) && edge.dataset.ends.split(" ").includes(node.dataset.node));
    };
    graph.addEventListener("focusin", (event) => event.target.scrollIntoView({ block: "nearest", inline: "nearest" }));
    for (const kind of ["pointerover", "pointerleave", "focusin", "focusout"]) graph.addEventListener(kind, light);
  }
})();
