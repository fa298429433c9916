"""What a user would write instead of the portal: a table of every session, and an export that keeps all rows."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Route

PATH = "/plain-table"
EMPTY_PATH = "/plain-export"
COMPLETE = """() => document.querySelector("tbody tr") !== null"""

_READ = """
async function readAll(settings, columns, onPage = () => {}) {
  const rows = [];
  for (;;) {
    const last = rows.at(-1);
    const rest = last === undefined ? "" : "&or=" + encodeURIComponent(
      `(effective_start.lt.${last.effective_start},and(effective_start.eq.${last.effective_start},session_id.lt.${last.session_id}))`);
    const query = `select=${columns}&fleet_id=eq.${settings.fleet}${rest}`
      + "&order=effective_start.desc,session_id.desc&limit=1000";
    const answer = await fetch(`${settings.url}/rest/v1/session_log?${query}`, {
      headers: { apikey: settings.key, Authorization: `Bearer ${settings.token}` },
    });
    if (!answer.ok) throw new Error(await answer.text());
    const page = await answer.json();
    rows.push(...page);
    onPage(rows.length);
    if (page.length < 1000) return rows;
  }
}
"""

_TABLE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sessions</title>
<style>body { font-family: sans-serif } td { padding: 2px 8px }</style>
<p>Loading ...</p>
<table>
  <thead><tr>
    <th>Plane</th>
    <th><button data-by="effective_start">Start</button></th>
    <th><button data-by="run_seconds">Duration</button></th>
    <th>Hobbs</th>
    <th>State</th>
  </tr></thead>
  <tbody></tbody>
</table>
<script>
READ
let rows = [];
function show() {
  document.querySelector("tbody").innerHTML = rows.map((row) => {
    const hours = (row.run_seconds / 3600).toFixed(2);
    const hobbs = (row.hobbs_end_seconds / 3600).toFixed(1);
    const cells = [row.registration, row.effective_start, hours, hobbs, row.state];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  }).join("");
}
for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", () => {
    const { by } = button.dataset;
    rows.sort((a, b) => (a[by] < b[by] ? 1 : -1));
    show();
  });
}
readAll(SETTINGS, "session_id,registration,effective_start,run_seconds,hobbs_end_seconds,state").then((all) => {
  rows = all;
  const hours = rows.reduce((sum, row) => sum + row.run_seconds, 0) / 3600;
  document.querySelector("p").textContent = `${hours.toFixed(1)} hours of powered time in ${rows.length} sessions`;
  show();
});
</script>
"""

# Started, not awaited: the heap is looked at meanwhile.
EXPORT = (
    """(settings) => {"""
    + _READ
    + """
  readAll(settings, "*").then((rows) => {
    const names = Object.keys(rows[0]);
    const cell = (value) => (value === null ? "" : `"${String(value).replaceAll('"', '""')}"`);
    const csv = [names.join(","), ...rows.map((row) => names.map((name) => cell(row[name])).join(","))].join("\\r\\n");
    globalThis.file = new Blob([csv], { type: "text/csv" });
    globalThis.exported = rows.length;
  }).catch((error) => { globalThis.exported = String(error); });
}"""
)


def serve(context: BrowserContext, settings: dict[str, str]) -> None:
    """Let the context's pages find them beside the portal; what they read comes over the network like ours."""
    table = _TABLE.replace("READ", _READ).replace("SETTINGS", json.dumps(settings))
    pages = {PATH: table, EMPTY_PATH: "<!doctype html><title>Export</title>"}

    def answer(route: Route) -> None:
        route.fulfill(body=pages[urlsplit(route.request.url).path], content_type="text/html")

    context.route("**/plain-*", answer)
