// Sliders for figures whose states were all drawn in advance. On the site one file, in a notebook part of each output.
// No module, for browsers load none from a file; so the site works from a memory stick.
(() => {
  const quiet = matchMedia("(prefers-reduced-motion: reduce)");

  function start(root) {
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const controls = root.querySelector(".qed-controls");
    const pictures = [...root.querySelectorAll("img")];
    const drawings = pictures.map((picture) => {
      const source = picture.getAttribute("src");
      picture.insertAdjacentHTML("afterend", decodeURIComponent(source.slice(source.indexOf(",") + 1)));
      return picture.nextElementSibling;
    });
    const moving = drawings.map((drawing) => drawing.lastElementChild.lastElementChild);
    drawings.forEach((drawing, k) => drawing.setAttribute(k ? "aria-hidden" : "role", k ? "true" : "img"));
    const said = element("p", "qed-said");
    said.setAttribute("role", "status");
    const at = data.sliders.map((slider) => slider.start);

    const index = () => at.reduce((sum, place, k) => sum * data.sliders[k].shown.length + place, 0);
    const show = () =>
      data.states[index()].forEach((parts, k) => (moving[k].innerHTML = parts.map((part) => data.parts[part]).join("")));
    const say = (aloud) => {
      const words = data.words[index()].map((sentence) => data.sentences[sentence]).join(" ");
      drawings[0].setAttribute("aria-label", words);
      if (aloud) said.textContent = words;
    };

    const rows = data.sliders.map((slider, k) => {
      const row = element("div", "qed-row");
      const label = element("label");
      label.innerHTML = `<span>${slider.label}</span>`;
      const input = element("input");
      Object.assign(input, { type: "range", min: 0, max: slider.shown.length - 1, step: 1, value: at[k] });
      input.setAttribute("autocomplete", "off"); // a reload starts where the picture does
      label.append(input);
      const output = element("output");
      row.append(label, output);

      let timer = 0;
      const move = (place) => {
        at[k] = place;
        input.value = place;
        output.textContent = slider.shown[place];
        input.setAttribute("aria-valuetext", slider.shown[place]);
      };
      move(at[k]);
      input.addEventListener("input", () => {
        pause();
        move(input.valueAsNumber);
        show();
      });
      input.addEventListener("change", () => say(true));

      const button = slider.play && element("button");
      const name = (verb) => button.setAttribute("aria-label", `${verb} ${slider.name}`);
      const pause = () => {
        if (!timer) return;
        timer = clearInterval(timer) || 0;
        button.classList.remove("qed-playing");
        name("Play");
        say(true);
      };
      const step = () => {
        if (!root.isConnected || at[k] + 1 >= slider.shown.length) return pause();
        move(at[k] + 1);
        show();
        if (at[k] + 1 === slider.shown.length) pause();
      };
      if (button) {
        button.type = "button";
        name("Play");
        row.append(button);
        button.addEventListener("click", () => {
          if (timer) return pause();
          rows.forEach((other) => other.pause());
          if (at[k] + 1 === slider.shown.length) {
            move(0);
            show();
          }
          button.classList.add("qed-playing");
          name("Pause");
          const swift = Math.min(700, Math.max(60, 6000 / slider.shown.length));
          timer = setInterval(step, quiet.matches ? Math.max(700, swift) : swift);
        });
      }
      return { row, pause };
    });

    // JupyterLab would take arrows, space and enter as commands to the notebook.
    controls.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && !event.ctrlKey && !event.metaKey) event.stopPropagation();
    });
    controls.append(...rows.map((each) => each.row), said);
    say(false);
    root.dataset.live = "";
  }

  function element(tag, name = "") {
    const made = document.createElement(tag);
    made.className = name;
    return made;
  }

  for (const root of document.querySelectorAll(".qed-explorer:not([data-live])")) start(root);
})();
