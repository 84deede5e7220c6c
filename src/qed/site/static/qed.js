// What scrolls can be reached and scrolled by keyboard; what does not is no stop on the way. The theme does so for <pre>.
(() => {
  const boxes = "article div.math, .qed-domain, .qed-let, .qed-routes dd";
  const update = () =>
    document.querySelectorAll(boxes).forEach((box) => {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  addEventListener("load", update);
  addEventListener("resize", update);
})();
