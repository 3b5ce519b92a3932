"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("scripted");

  // Learning curves: a checkbox a variant; pointing at one, or focusing it, brings its curve out.
  for (const figure of all("[data-curves]")) {
    const boxes = all("input", figure);
    const curveOf = (box) => document.getElementById(box.getAttribute("aria-controls"));
    const nameOf = (box) => document.getElementById(`${box.getAttribute("aria-controls")}-name`);
    const canvas = figure.querySelector(".canvas");
    // Names stand at the ends of their lines, moved apart where these are close, as the page's own.
    const placeNames = () => {
      const names = boxes.filter((box) => box.checked).map(nameOf);
      const gap = Math.min(1500 / canvas.clientHeight, 98 / Math.max(1, names.length - 1));
      names.sort((a, b) => a.dataset.end - b.dataset.end);
      const places = [];
      for (const name of names) places.push(Math.max(1, +name.dataset.end, (places.at(-1) ?? -99) + gap));
      for (let i = places.length - 1, limit = 99; i >= 0; i -= 1, limit = places[i + 1] - gap) {
        places[i] = Math.min(places[i], limit);
      }
      names.forEach((name, i) => {
        name.querySelector("text").setAttribute("y", `${100 - places[i]}%`);
        name.querySelector(".to-name").setAttribute("y2", `${100 - places[i]}%`);
      });
    };
    const draw = () => {
      for (const box of boxes) {
        for (const drawn of [curveOf(box), nameOf(box)]) drawn.toggleAttribute("hidden", !box.checked);
      }
      placeNames();
    };
    addEventListener("resize", placeNames);
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
      for (const drawn of [curveOf(box), nameOf(box)]) drawn.classList.toggle("on", on);
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

  // Claims: a row is shown if its verdict and its maker are ticked and it has all words searched for.
  const plain = (text) => text.toLowerCase().normalize("NFKD");
  const matches = (row, wanted) => plain(wanted).split(/\s+/).every((word) => plain(row.textContent + row.id).includes(word));
  for (const ledger of all("[data-claims]")) {
    const boxes = all("input[type=checkbox]", ledger);
    const search = ledger.querySelector("input[type=search]");
    const rows = all("tbody tr", ledger);
    const ticked = (name) => boxes.filter((box) => box.name === name && box.checked).map((box) => box.value);
    const filter = () => {
      const verdicts = ticked("verdict");
      const makers = ticked("maker");
      for (const row of rows) {
        row.hidden = !(verdicts.includes(row.dataset.verdict) && makers.includes(row.dataset.maker) && matches(row, search.value));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      ledger.querySelector("[role=status]").textContent = `${shown} of ${rows.length} claims`;
    };
    boxes.forEach((box) => box.addEventListener("change", filter));
    search.addEventListener("input", filter);
    // A link to a row that is filtered out shows all rows again.
    const reveal = () => {
      const row = document.getElementById(location.hash.slice(1));
      if (row && row.hidden && ledger.contains(row)) {
        boxes.forEach((box) => { box.checked = true; });
        search.value = "";
        filter();
        row.scrollIntoView();
      }
    };
    addEventListener("hashchange", reveal);
  }

  // All claims at once: those that match, as links.
  for (const finder of all("[data-finder]")) {
    const MOST = 12;
    const rows = all("[data-claims] tbody tr");
    const list = finder.querySelector("ol");
    const found = (row) => {
      const link = document.createElement("a");
      link.href = `#${row.id}`;
      link.textContent = row.querySelector(".says").textContent;
      const item = document.createElement("li");
      item.append(row.querySelector(".verdict").cloneNode(true), " ", link);
      return item;
    };
    finder.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim();
      const hits = wanted ? rows.filter((row) => matches(row, wanted)) : [];
      list.replaceChildren(...hits.slice(0, MOST).map(found));
      const more = hits.length > MOST ? `; the first ${MOST} are shown` : "";
      finder.querySelector("[role=status]").textContent = wanted ? `${hits.length} of ${rows.length} claims${more}` : "";
    });
  }

  // A claim's own link: a click copies it, where the browser lets it.
  for (const anchor of all(".anchor")) {
    anchor.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(anchor.href);
      } catch {
        return; // the address bar has it
      }
      anchor.dataset.copied = "link copied";
      setTimeout(() => delete anchor.dataset.copied, 2000);
    });
  }

  // The navigation says which chapter is in view, and keeps its link in view.
  const links = all(".bar a");
  const places = new Map(links.map((link) => [document.querySelector(link.hash), link]));
  const inView = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target);
    const current = [...places.keys()].filter((place) => inView.has(place)).at(-1);
    if (!current) return; // between two chapters
    for (const [place, link] of places) {
      if (place === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-25% 0px -70% 0px" });
  places.forEach((link, place) => watcher.observe(place));
})();
