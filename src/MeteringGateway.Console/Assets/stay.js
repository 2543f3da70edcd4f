// Figures move by themselves while somebody reads: what is open stays open, what is selected stays so, and the keyboard
// stays where it is.
(() => {
  const called = one => one.getAttribute("href") ?? one.textContent.trim();
  const all = (live, kind) => [...live.querySelectorAll(kind)];
  let opened = [], at, shown;
  document.addEventListener("htmx:beforeSwap", event => {
    const { target, serverResponse } = event.detail;
    if (!serverResponse.includes('id="live"')) { // signed out elsewhere, or a session that is over: its page says so
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
    const selected = getSelection();
    if (serverResponse === shown || (!selected.isCollapsed && target.contains(selected.anchorNode))) {
      event.detail.shouldSwap = false;
      return;
    }
    shown = serverResponse;
    opened = all(target, "details[open] > summary").map(called);
    const focused = document.activeElement;
    at = target.contains(focused) ? { called: called(focused), kind: focused.localName } : undefined;
    if (at) at.nth = all(target, at.kind).filter(one => called(one) === at.called).indexOf(focused);
  });
  document.addEventListener("htmx:afterSwap", () => {
    const live = document.getElementById("live");
    for (const summary of all(live, "summary"))
      if (opened.includes(called(summary))) summary.parentElement.open = true;
    // What was there may be gone: then at the page's beginning, and not before all that leads to other pages.
    if (at) (all(live, at.kind).filter(one => called(one) === at.called)[at.nth] ?? document.getElementById("main"))
      .focus({ preventScroll: true });
    at = undefined;
  });
})();
