/**
 * A support agent that asks before it answers, reports what it solved, and hands off when it is told to.
 *
 *     METERING_URL=http://127.0.0.1:8080 METERING_KEY=... METERING_TENANT=acme node agent.js [conversations]
 */
import { Decision, Metering } from "./metering.js";

declare const process: { env: Record<string, string | undefined>; argv: string[] };

const { METERING_URL, METERING_KEY, METERING_TENANT } = process.env;
const metering = new Metering(METERING_URL ?? "http://127.0.0.1:8080", METERING_KEY!, METERING_TENANT ?? "acme",
  { source: "/agents/typescript-sample" });
const gate = metering.gate();
const me = { agent: "typescript-1", channel: "chat" };

const answer = metering.guard("support.resolution", { ...me, onUnavailable: "handoff", gate },
  async (conversation: string) => {
    await new Promise(resolve => setTimeout(resolve, 50)); // here the model would think
    const result = await metering.report("support.resolution", { id: conversation, session: conversation, ...me });
    console.log(`${conversation}: solved, ${result.outcome?.status}, ${result.remaining} left`);
  },
  (decision: Decision, conversation: string) =>
    console.log(`${conversation}: ${decision.action} (${decision.reason}), to ${decision.queue ?? "nobody"}`));

await gate.ready;
for (let number = 0; number < Number(process.argv[2] ?? 20); number++) await answer(`typescript-${number}`);
gate.close();
