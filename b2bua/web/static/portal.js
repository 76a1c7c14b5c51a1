// What pages do by themselves: show calls as they come and go, and how long they last.
"use strict";

// A part that goes on being shown: the server sends it again whenever it changes. Where a
// stream is refused it is asked for every few seconds. What it sends is our own page,
// escaped where it was written.
const POLL = 5000;

function show(part, text) {
  if (part.dataset.shown === text) return;
  part.dataset.shown = text;
  htmx.swap({ text, target: part, swap: "innerMorph" }).then(tick);
}

function pulse(on) {
  for (const one of document.querySelectorAll("[data-pulse]")) {
    one.dataset.on ??= one.textContent;
    one.classList.toggle("off", !on);
    one.textContent = on ? one.dataset.on : one.dataset.off;
  }
}

function poll(part) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(part.dataset.poll, { redirect: "error" });
      if (answer.ok) show(part, await answer.text());
      pulse(answer.ok);
    } catch {
      pulse(false); // The network is away: what is shown stays, the next round tries again.
    }
  }, POLL);
}

function follow(part) {
  const source = new EventSource(part.dataset.stream);
  source.onopen = () => pulse(true);
  source.onmessage = (event) => {
    pulse(true);
    show(part, event.data);
  };
  source.addEventListener("away", () => pulse(false));
  source.addEventListener("over", () => location.reload());
  source.addEventListener("full", () => {
    source.close();
    poll(part);
  });
  source.onerror = () => {
    pulse(false);
    if (source.readyState === EventSource.CLOSED) poll(part);
  };
  addEventListener("pagehide", () => source.close());
}

// How long a call lasts, and the wallboard's clock.
function tick() {
  for (const one of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor(Date.now() / 1000 - one.dataset.since));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const rest = String(seconds % 60).padStart(2, "0");
    one.textContent = hours
      ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}`
      : `${minutes}:${rest}`;
  }
  for (const one of document.querySelectorAll("[data-clock]")) {
    one.textContent = new Date().toLocaleTimeString("en-GB", {
      timeZone: one.dataset.clock,
      hour: "2-digit",
      minute: "2-digit",
    });
  }
}

document.querySelectorAll("[data-stream]").forEach(follow);
document.querySelectorAll("[data-poll]:not([data-stream])").forEach(poll);
if (document.querySelector("[data-since], [data-clock], [data-stream]")) setInterval(tick, 1000);

// Pages that are printed say so on a button.
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => print());
}

// What cannot be taken back is asked for twice; a list is ticked at once.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.all;
  if (!name) return;
  for (const one of event.target.form.elements)
    if (one.name === name) one.checked = event.target.checked;
});
