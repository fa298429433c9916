import assert from "node:assert/strict";
import { test } from "node:test";

import { links, parseRoute } from "../../../site_sym/src/ui/routes.ts";

test("an empty hash is the dashboard", () => {
  for (const hash of ["", "#", "#/"]) assert.deepEqual(parseRoute(hash), { page: "dashboard" });
});

test("every link leads to its page", () => {
  assert.deepEqual(parseRoute(links.plane("a/b")), { page: "plane", id: "a/b", query: new URLSearchParams() });
  assert.deepEqual(parseRoute(links.editPlane("1")), { page: "plane-edit", id: "1" });
  assert.deepEqual(parseRoute(links.newPlane()), { page: "plane-new" });
  assert.deepEqual(parseRoute(links.device("7")), { page: "device", uuid: "7" });
  assert.deepEqual(parseRoute(links.registerDevice("550e8400")), { page: "device-register", uuid: "550e8400" });
  assert.deepEqual(parseRoute(links.signIn("#/planes/1")), { page: "sign-in", next: "#/planes/1" });
  assert.deepEqual(parseRoute(links.settings()), { page: "settings" });
});

test("a mail's link names what it is for, or nothing", () => {
  assert.deepEqual(parseRoute("#/confirm?type=recovery&token_hash=abc"), { page: "confirm", type: "recovery", tokenHash: "abc" });
  for (const hash of ["#/confirm", "#/confirm?type=recovery", "#/confirm?type=other&token_hash=abc", "#/confirm/x?type=signup&token_hash=abc"]) {
    assert.equal(parseRoute(hash).page, "not-found", hash);
  }
});

test("a plane's page opens with the form for what its meter shows", () => {
  const route = parseRoute(links.plane("1", { reading: "new" }));

  assert.equal(links.plane("1"), "#/planes/1");
  assert.equal(route.page, "plane");
  assert.equal("query" in route && route.query.get("reading"), "new");
});

test("filters come back as they went into the address", () => {
  const route = parseRoute(links.sessions({ plane: "1", from: "2026-01-01", to: "" }));

  assert.equal(route.page, "sessions");
  assert.equal("query" in route && route.query.toString(), "plane=1&from=2026-01-01");
});

test("an address that names nothing is said to be wrong", () => {
  for (const hash of ["#/plans", "#/planes/1/hours", "#/settings/more", "#/devices/1/2", "#/planes/1/edit/2"]) {
    assert.equal(parseRoute(hash).page, "not-found", hash);
  }
});

test("an address cut off inside an escape names a plane that nobody has, and does not crash", () => {
  assert.deepEqual(parseRoute("#/planes/%E0%A4%A"), { page: "plane", id: "%E0%A4%A", query: new URLSearchParams() });
});
