// SPDX-License-Identifier: Apache-2.0
// Asks the server. The token comes with the address of the page, behind #, and stays in this tab.

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}

export async function ask(path, body) {
  const options = { headers: { Authorization: `Bearer ${sessionStorage.getItem("token") || ""}` } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`/api/${path}`, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error || answer.statusText);
  return data;
}
