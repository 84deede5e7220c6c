// A link to a claim shows its card when it is pointed at or reached by keyboard; a click or a touch follows it as ever.
(() => {
  const pages = new Map();
  let box, link, timer;
  let turn = 0;

  const cardOf = async (target) => {
    const address = new URL(target.getAttribute("href"), location.href); // a link in a picture has no plain .href
    const anchor = decodeURIComponent(address.hash.slice(1));
    address.hash = "";
    const page = address.href.replace("#", "");
    let from = document;
    if (page !== location.href.split("#")[0]) {
      if (!pages.has(page))
        pages.set(page, fetch(page).then((answer) => answer.text())
          .then((text) => new DOMParser().parseFromString(text, "text/html")));
      from = await pages.get(page);
    }
    const card = from.getElementById(anchor);
    return card && card.matches("section.qed-card") ? document.importNode(card, true) : null;
  };

  // No ids twice on the page, no links to reach, and no more than what is claimed and how it was judged.
  const strip = (card) => {
    card.querySelectorAll("details").forEach((part) => part.remove());
    card.querySelectorAll("dt").forEach((label) => {
      if (!/^(Uses|Used by|Source)$/.test(label.textContent)) return;
      label.nextElementSibling.remove();
      label.remove();
    });
    for (const part of [card, ...card.querySelectorAll("[id], [tabindex], [href]")])
      ["id", "tabindex", "href"].forEach((name) => part.removeAttribute(name));
    card.removeAttribute("aria-label");
    card.querySelector("header").id = "qed-previewed";
    return card;
  };

  const hide = () => {
    clearTimeout(timer);
    turn += 1;
    if (link) link.removeAttribute("aria-describedby");
    if (box) box.remove();
    box = link = undefined;
  };

  const show = async (target, mine) => {
    let card;
    try { card = await cardOf(target); } catch { return; } // opened from a file, or without a network: the link remains
    if (!card || mine !== turn) return; // the reader has gone on
    box = document.createElement("div");
    box.className = "qed-preview";
    box.append(strip(card));
    target.closest("article").append(box);
    const at = target.getClientRects()[0];
    const origin = box.offsetParent.getBoundingClientRect();
    const { width, height } = box.getBoundingClientRect();
    const above = at.bottom + 8 + height > innerHeight && at.top - 8 - height > 0;
    const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
    box.style.left = `${left - origin.left}px`;
    box.style.top = `${(above ? at.top - 8 - height : at.bottom + 8) - origin.top}px`;
    target.setAttribute("aria-describedby", "qed-previewed");
  };

  const start = (target, wait) => {
    if (target === link) return clearTimeout(timer);
    hide();
    link = target;
    timer = setTimeout(show, wait, target, turn);
  };
  const leave = () => { clearTimeout(timer); timer = setTimeout(hide, 250); };
  const found = (event) => event.target.closest?.("a.qed-ref[href*='#'], a.qed-node[href*='#']");

  addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const target = found(event);
    if (target) start(target, 250);
    else if (box && box.contains(event.target)) clearTimeout(timer);
    else if (link && link !== document.activeElement) leave();
  });
  addEventListener("focusin", (event) => {
    const target = found(event);
    if (target && target.matches(":focus-visible")) start(target, 0);
    else hide();
  });
  addEventListener("focusout", leave);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("pagehide", hide);
})();
