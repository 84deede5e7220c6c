// The button on a notebook's page. Nothing else is loaded until it is pressed.
(() => {
  const button = document.querySelector(".qed-run-here");
  if (!button) return;
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  const status = document.querySelector(".qed-ways [role=status]");
  for (const line of document.querySelectorAll(".qed-ways [data-wheel]"))
    if (location.protocol !== "file:") line.textContent = `%pip install ${new URL(line.dataset.wheel, location)}`;
  try {
    if (localStorage.getItem(`qed-edits:${location.pathname}`)) status.textContent = "This browser keeps edits of yours.";
  } catch {}
  button.classList.add("qed-ready"); // its place was kept, so that nothing moves
  button.addEventListener("click", async () => {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    status.textContent = "Loading the editor …";
    try {
      await (await import(`${here}live/page.mjs`)).open(`${here}live/`, status);
      button.hidden = true;
      status.textContent = "";
    } catch (error) {
      status.textContent = location.protocol === "file:"
        ? "Cells run only on a page that comes from a web server, not from a file."
        : "The editor could not be loaded. Check the connection, then press the button again.";
      console.warn(error);
    }
    button.ariaDisabled = null;
  });
})();
