// What scrolls can be reached and scrolled by keyboard; what does not is no stop on the way.
(() => {
  const boxes = "article pre, article div.math, .qed-scroll, .cell_output .output, .qed-domain, .qed-let, .qed-routes dd";
  const update = () =>
    document.querySelectorAll(boxes).forEach((box) => {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  addEventListener("load", update);
  addEventListener("resize", update);
})();
