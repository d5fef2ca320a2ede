// Passkeys: what the browser's own dialog answers goes into the form's hidden field, and the form is sent.
// Without this file, or in a browser without passkeys, the forms stay hidden.
"use strict";
const able = typeof window.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    const answer = form.querySelector("[data-answer]");
    if (answer.value) return;
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.hidden = true;
    try {
      answer.value = JSON.stringify(await dialog(form));
      form.submit();
    } catch (error) {
      failed.hidden = false;
      failed.focus();
    }
  });
}
for (const note of able ? document.querySelectorAll("[data-no-passkey]") : []) note.hidden = true;

async function dialog(form) {
  const asked = form.dataset.options ? JSON.parse(form.dataset.options) : await fetched(form.action);
  return form.dataset.passkey === "new"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
}

async function fetched(address) {
  const reply = await fetch(address, { headers: { Accept: "application/json" } });
  if (!reply.ok) throw new Error(reply.statusText);
  return reply.json();
}
