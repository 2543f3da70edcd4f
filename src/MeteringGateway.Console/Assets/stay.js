// Figures move by themselves while somebody reads: what is open stays open, and the keyboard stays where it is.
(() => {
  const called = one => one.getAttribute("href") ?? one.textContent.trim();
  const all = (live, kind) => [...live.querySelectorAll(kind)];
  let opened = [], at;
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    opened = all(target, "details[open] > summary").map(called);
    const focused = document.activeElement;
    at = target.contains(focused) ? { called: called(focused), kind: focused.localName } : undefined;
    if (at) at.nth = all(target, at.kind).filter(one => called(one) === at.called).indexOf(focused);
  });
  document.addEventListener("htmx:afterSwap", () => {
    const live = document.getElementById("live");
    for (const summary of all(live, "summary"))
      if (opened.includes(called(summary))) summary.parentElement.open = true;
    if (at) all(live, at.kind).filter(one => called(one) === at.called)[at.nth]?.focus({ preventScroll: true });
    at = undefined;
  });
})();
