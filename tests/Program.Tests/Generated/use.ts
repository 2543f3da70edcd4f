// What a person writes against the types that openapi-typescript makes. Compiled by the test, together with them.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
const [address, key] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${key}` } });
const acme = { params: { path: { tenant: "acme" } } };
const check = "/v1/tenants/{tenant}/check";

const asked = await client.POST(check, { ...acme, body: { outcome_type: "support.resolution", agent: "bot-1" } });
const decision = asked.data!;
say("check", decision.decision, decision.reason, decision.remaining, decision.limit!.id, decision.limit!.used.units);

const taken = (await client.POST("/v1/events", {
  body: report("c-1", "support.resolution"),
  headers: { "Content-Type": "application/cloudevents+json" },
})).data!;
say("event", taken.status, taken.id, taken.outcome!.status, taken.outcome!.reason, taken.remaining);

const answer = (await client.POST("/v1/events", {
  body: [report("c-1", "support.resolution"), report("c-2", "support.resolution"), report("c-3", "nope")],
  headers: { "Content-Type": "application/cloudevents-batch+json" },
})).data! as components["schemas"]["EventAnswer"];
say("batch", answer.accepted, answer.duplicates, answer.rejected);
for (const one of answer.results!)
  say("result", one.index, one.id, one.status, one.outcome?.status, one.problem?.code, one.problem?.status);

const full = (await client.POST(check, { ...acme, body: { outcome_type: "support.resolution" } })).data!;
say("full", full.decision, full.reason, full.remaining, full.handoff!.to);

const refused = (await client.POST(check, { ...acme, body: { outcome_type: "nope", quantity: 0 } })).error!;
say("refused", refused.status, refused.code, refused.errors![0]!.pointer);

const stranger = (await client.POST(check, {
  ...acme, body: { outcome_type: "a" }, headers: { Authorization: "Bearer nobody" },
})).error!;
say("stranger", stranger.status, stranger.code, stranger.errors?.length);

function report(id: string, type: string): components["schemas"]["CloudEvent"] {
  return {
    specversion: "1.0", id, source: "/desk", type: "outcome.reported", subject: "acme",
    data: { outcome_type: type, session: id },
  };
}

function say(what: string, ...said: (string | number | null | undefined)[]): void {
  console.log(`${what}: ${said.map((one) => one ?? "-").join(" ")}`);
}
