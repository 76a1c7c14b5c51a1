// Renews what says so every few seconds. Without scripts the page has a link for it.
"use strict";
for (const part of document.querySelectorAll("[data-renew]")) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(part.dataset.renew, { redirect: "error" });
      const text = answer.ok ? await answer.text() : null;
      if (text !== null && text !== part.dataset.shown) {
        part.dataset.shown = text;
        part.innerHTML = text; // our own page, escaped where it was written
      }
    } catch {
      // The network is away: what is shown stays, the next round tries again.
    }
  }, 3000);
}
