// Dark or light before anything is drawn, where the visitor leaves it to the system.
"use strict";
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  if (root.dataset.look === "auto") {
    follow();
    dark.addEventListener("change", follow);
  }
}
