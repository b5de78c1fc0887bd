// A form with data-question has the browser's passkey answer it, then sends the answer as any other field.
for (const form of document.querySelectorAll("form[data-question]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = JSON.parse(form.dataset.question);
    try {
      const made = form.dataset.ceremony === "create"
        ? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked)})
        : await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked)});
      form.querySelector("[data-answer]").value = JSON.stringify(made.toJSON());
      form.submit();
    } catch (error) {
      form.querySelector("[role=alert]").textContent = "The passkey did not answer. Try again, or go back.";
    }
  });
}
