// A copy button beside each sample, also in parts that come later. Without this file one selects the text by hand.
"use strict";
const { copy, copied } = document.body.dataset; // the page's words for it
function addButtons(part) {
  if (!navigator.clipboard) return;
  for (const box of part.querySelectorAll(".copy:not(:has(> button))")) box.append(buttonFor(box));
}
function buttonFor(box) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = copy;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(box.querySelector("code").textContent);
    button.textContent = copied;
    setTimeout(() => { button.textContent = copy; }, 2000);
  });
  return button;
}
addButtons(document);
document.addEventListener("htmx:load", (event) => addButtons(event.target));
