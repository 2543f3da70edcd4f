/** Does what it reads, one JSON object a line, with the client of samples/agents/typescript; answers a line each. */
import { Action, Decision, Gate, Json, Metering, Problem, Reservation, Result, Reversal, Unavailable } from "./metering.js";

declare const process: { stdin: AsyncIterable<Uint8Array> };

let metering: Metering;
let gate: Gate | undefined;
let reservation: Reservation | null;

const plain = (d: Decision) => ({ action: d.action, reason: d.reason, remaining: d.remaining, queue: d.queue });
const result = (one: Result) => ({
  status: one.status, outcome: one.outcome?.status ?? null, reason: one.outcome?.reason ?? null,
  code: one.problem?.code ?? null,
});

const doing: Record<string, (asked: Json) => unknown> = {
  connect({ url, key, tenant, patience }) {
    metering = new Metering(url, key, tenant, { source: "/behaviour", timeout: 5000, patience: 1000 * patience });
    return {};
  },
  check: async ({ type, ...about }) => plain(await metering.check(type, about)),
  check_activity: async ({ activity }) => plain(await metering.check({ activity })),
  async reserve({ type, quantity }) {
    const made = await metering.reserve(type, quantity);
    reservation = made.reservation;
    return { ...plain(made.decision), held: reservation?.quantity ?? null };
  },
  async release() {
    await metering.release(reservation!);
    return {};
  },
  report_held: async ({ type, id }) => result(await metering.report(type, { id, reservation: reservation!.id })),
  report: async ({ type, ...data }) => result(await metering.report(type, data)),
  activity: async ({ activity, id }) => result(await metering.activity(activity, { id })),
  confirm: async ({ id }) => result(await metering.confirm(id)),
  reverse: async ({ id, why }) => result(await metering.reverse(id, why as Reversal)),
  send: async ({ events }) => (await metering.send(events.map((e: Json) =>
    metering.event("outcome.reported", { outcome_type: e.type }, e.id)))).map(result),
  guard({ type, on_unavailable, gated, awaited }) {
    const options = { onUnavailable: on_unavailable as Action, gate: gated ? gate : undefined };
    const waits = () => new Promise(resolve => setTimeout(resolve, awaited ? 1 : 0));
    return metering.guard<[string], object>(type, options, async word => (await waits(), { acted: true, word }),
      ({ action, reason, queue }, word) => ({ acted: false, action, reason, queue, word }))("hello");
  },
  async listen() {
    gate = metering.gate();
    await gate.ready;
    return { ready: true };
  },
  async until({ type, action, ...about }) {
    for (let i = 0; i < 400 && gate!.decide(type, about).action !== action; i++)
      await new Promise(resolve => setTimeout(resolve, 50));
    return plain(gate!.decide(type, about));
  },
};

let text = "";
const decoder = new TextDecoder();
for await (const part of process.stdin) {
  text += decoder.decode(part, { stream: true });
  for (let at; (at = text.indexOf("\n")) >= 0; text = text.slice(at + 1)) {
    const { do: what, ...asked } = JSON.parse(text.slice(0, at));
    let answer: unknown;
    try {
      answer = await doing[what](asked);
    } catch (failure) {
      if (failure instanceof Problem) answer = { problem: failure.code, status: failure.status };
      else if (failure instanceof Unavailable) answer = { unavailable: true };
      else throw failure;
    }
    console.log(JSON.stringify(answer));
  }
}
gate?.close();
