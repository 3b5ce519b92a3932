"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("scripted");

  // Learning curves: a checkbox a variant; pointing at one, or focusing it, brings its curve out.
  for (const figure of all("[data-curves]")) {
    const boxes = all("input", figure);
    const curveOf = (box) => document.getElementById(box.getAttribute("aria-controls"));
    const draw = () => boxes.forEach((box) => curveOf(box).toggleAttribute("hidden", !box.checked));
    const pick = {
      all: () => true,
      first: (box) => "first" in box.dataset,
      none: () => false,
    };
    const choose = (which) => {
      boxes.forEach((box) => { box.checked = pick[which](box); });
      draw();
    };
    const light = (box, on) => {
      figure.classList.toggle("lit", on && box.checked);
      curveOf(box).classList.toggle("on", on);
    };
    for (const box of boxes) {
      const label = box.closest("label");
      box.addEventListener("change", () => { draw(); light(box, true); });
      for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
        label.addEventListener(event, () => light(box, on));
      }
    }
    all("[data-switch]", figure).forEach((button) => {
      button.addEventListener("click", () => choose(button.dataset.switch));
    });
    choose("first");
  }

  // Claims: a row is shown if both its verdict and its maker are ticked.
  for (const ledger of all("[data-claims]")) {
    const boxes = all("input", ledger);
    const rows = all("tbody tr", ledger);
    const ticked = (name) => boxes.filter((box) => box.name === name && box.checked).map((box) => box.value);
    const filter = () => {
      const verdicts = ticked("verdict");
      const makers = ticked("maker");
      for (const row of rows) {
        row.hidden = !(verdicts.includes(row.dataset.verdict) && makers.includes(row.dataset.maker));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      ledger.querySelector("[role=status]").textContent = `${shown} of ${rows.length} claims`;
    };
    boxes.forEach((box) => box.addEventListener("change", filter));
    // A link to a row that is filtered out shows all rows again.
    const reveal = () => {
      const row = document.getElementById(location.hash.slice(1));
      if (row && row.hidden && ledger.contains(row)) {
        boxes.forEach((box) => { box.checked = true; });
        filter();
        row.scrollIntoView();
      }
    };
    addEventListener("hashchange", reveal);
  }
})();
