// The theme, the menus, and the copying of code. The page can be read without any of it.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const names = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
  const button = document.querySelector(".theme-switch-button");
  const stored = () => { try { return localStorage.getItem("theme") || "auto"; } catch { return "auto"; } };
  let theme = stored();
  const show = () => {
    root.dataset.theme = theme == "auto" ? (system.matches ? "dark" : "light") : theme;
    button.setAttribute("aria-label", names[theme]);
    button.title = names[theme];
  };
  button.addEventListener("click", () => {
    theme = { auto: system.matches ? "light" : "dark", light: system.matches ? "dark" : "auto", dark: system.matches ? "auto" : "light" }[theme];
    try { localStorage.setItem("theme", theme); } catch {}
    show();
  });
  system.addEventListener("change", show);
  show();

  const menus = document.querySelectorAll("[popover]");
  const close = () => menus.forEach((menu) => menu.matches(":popover-open") && menu.hidePopover());
  menus.forEach((menu) => menu.addEventListener("click", (event) => event.target.closest("a") && close()));
  addEventListener("resize", () => menus.forEach((menu) => menu.matches(":popover-open") && getComputedStyle(menu).position != "fixed" && menu.hidePopover()));

  addEventListener("keydown", (event) => {
    const search = event.key == "/" && !/^(input|textarea|select)$/i.test(event.target.tagName) && !event.target.isContentEditable;
    if (!(search || (event.key == "k" && (event.ctrlKey || event.metaKey)))) return;
    const field = [...document.querySelectorAll("[type=search]")].find((e) => e.checkVisibility());
    event.preventDefault();
    if (field) field.focus();
    else document.querySelector(".search-link").click();
  });

  if (navigator.clipboard)
    document.querySelectorAll(".cell_input .highlight, [class^='highlight-sh'] .highlight, [class^='highlight-python'] .highlight").forEach((box) => {
      const copy = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(box.querySelector("pre").textContent);
        copy.textContent = "Copied";
        setTimeout(() => (copy.textContent = "Copy"), 1500);
      });
      box.append(copy);
    });
})();
