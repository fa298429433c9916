import assert from "node:assert/strict";
import { test } from "node:test";

import { checkConfig, policyAllows } from "../../../site_sym/src/data/config.ts";

const KEY = "sb_publishable_abc";
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self' https://a.supabase.co wss://a.supabase.co; base-uri 'none'";

test("address and publishable key are all that is needed; slashes at the end are dropped", () => {
  const result = checkConfig({ supabaseUrl: "https://a.supabase.co/", supabaseKey: KEY });

  assert.deepEqual(result, { ok: true, config: { supabaseUrl: "https://a.supabase.co", supabaseKey: KEY } });
});

test("what is missing or wrong is named", () => {
  for (const supabaseUrl of [undefined, "", "a.supabase.co", "javascript:alert(1)", 7]) {
    const result = checkConfig({ supabaseUrl, supabaseKey: KEY });
    assert.deepEqual(!result.ok && result.problem.code === "wrong_value" && result.problem.key, "supabaseUrl");
  }
  const result = checkConfig({ supabaseUrl: "https://a.supabase.co" });
  assert.deepEqual(!result.ok && result.problem.code === "wrong_value" && result.problem.key, "supabaseKey");
});

test("a list, null or a number in config.json is no configuration", () => {
  for (const value of [[], null, 7, "x"]) assert.equal(checkConfig(value).ok, false);
});

test("a secret key is refused before it is used", () => {
  const result = checkConfig({ supabaseUrl: "https://a.supabase.co", supabaseKey: "sb_secret_abc" });

  assert.deepEqual(result, { ok: false, problem: { code: "secret_key" } });
});

test("the policy allows what it names and its own origin, nothing else", () => {
  assert.equal(policyAllows(POLICY, "https://a.supabase.co", "https://club.example"), true);
  assert.equal(policyAllows(POLICY, "https://club.example", "https://club.example"), true);
  assert.equal(policyAllows(POLICY, "https://b.supabase.co", "https://club.example"), false);
});

test("without a policy everything is allowed", () => {
  assert.equal(policyAllows("", "https://a.supabase.co", "https://club.example"), true);
});
