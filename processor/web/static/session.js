"use strict";
// Asks the API; the token is kept for this tab alone and never put into an address.
(() => {
  const KEY = "eventcluster.token";
  const store = {
    get: () => { try { return sessionStorage.getItem(KEY) || ""; } catch { return ""; } },
    set: (token) => { try { sessionStorage.setItem(KEY, token); } catch { /* kept in memory only */ } },
  };
  let token = store.get();
  let asked = null;

  const signIn = (said) => {
    if (asked) return asked;
    const dialog = document.getElementById("sign-in");
    const field = document.getElementById("token");
    document.getElementById("sign-in-said").textContent = said;
    asked = new Promise((resolve) => {
      dialog.addEventListener("cancel", (event) => event.preventDefault());
      document.getElementById("sign-in-form").addEventListener("submit", (event) => {
        event.preventDefault();
        token = field.value.trim();
        store.set(token);
        field.value = "";
        dialog.close();
        asked = null;
        resolve();
      }, { once: true });
      dialog.showModal();
      field.focus();
    });
    return asked;
  };

  const ask = async (path, parameters = {}) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== "" && value !== null && value !== undefined) query.set(name, value);
    }
    const address = path + (query.size ? "?" + query : "");
    for (;;) {
      const response = await fetch(address, {
        headers: token ? { Authorization: "Bearer " + token } : {},
        credentials: "omit",
        signal: AbortSignal.timeout(15000),
      });
      if (response.status === 401) {
        await signIn(token ? "That token is not the right one." : "");
        continue;
      }
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error || "HTTP " + response.status);
      return answer;
    }
  };

  // The first request of a page that was not admitted would only be refused.
  const admitted = async () => {
    if (document.body.dataset.admitted !== "yes" && !token) await signIn("");
  };

  EC.session = { ask, admitted };
})();
