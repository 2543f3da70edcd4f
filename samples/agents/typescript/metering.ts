/**
 * MeteringGateway for TypeScript agents: one file, nothing to install (Node 18 or newer, or any runtime with fetch).
 *
 *     const metering = new Metering("http://127.0.0.1:8080", key, "acme", { source: "/agents/refunds" });
 *     const answer = metering.guard("support.resolution", { onUnavailable: "handoff" }, reply, handToPeople);
 *
 * Ask before you act (`check`, `reserve`, `guard`), say what came of it (`report`, `confirm`, `reverse`), and listen to
 * `signals`, which stop and resume without being asked.
 */

export type Action = "allow" | "pause" | "handoff";
export type Reversal = "reopened" | "escalated" | "abandoned" | "failed" | "rejected";
export interface About { agent?: string; channel?: string; workflow?: string; session?: string }

/** `remaining` units, null when nothing binds; `queue` is where to hand off to; `raw` is the whole answer. */
export interface Decision {
  action: Action;
  allowed: boolean;
  reason: string;
  remaining: number | null;
  queue: string | null;
  message: string | null;
  /** When it may be allowed again, if that is known. */
  retryAt: string | null;
  raw: Json;
}

/** Units that are held for you until `expires_at`; name the id in the reports that use them. */
export interface Reservation { id: string; quantity: number; remaining: number; expires_at: string }

/** What an outcome is reported with; all of it may be left out. */
export interface Report extends About {
  id?: string;
  time?: Date;
  result?: string;
  quantity?: number;
  reservation?: string;
  success_criteria_met?: string[];
  handed_off?: boolean;
  sandbox?: boolean;
  end_customer?: string;
  verification?: { method: string; passed?: boolean; confidence?: number; evidence_url?: string };
  source_url?: string;
  metadata?: Json;
}

/** `status` is accepted, duplicate or rejected; `problem` says why it was refused. */
export interface Result {
  id: string;
  status: "accepted" | "duplicate" | "rejected";
  outcome: { id: string; status: string; reason: string | null } | null;
  remaining: number | null;
  problem: Problem | null;
}

/** `action`: warn, pause, handoff, resume; state and ready at a stream's beginning, reset before them. */
export interface Signal { action: string; key: string | null; data: Json }
export type Json = Record<string, any>;
type Call = { type?: string; idempotencyKey?: string };

/** The gateway refused; `code` is what to branch on (docs/agents.md lists them), `errors` say where. */
export class Problem extends Error {
  readonly code: string;
  readonly errors: { pointer: string; detail: string }[];

  constructor(readonly status: number, body: Json) {
    super(`${status} ${body.code ?? "unknown"}: ${body.detail ?? ""}`);
    this.code = body.code ?? "unknown";
    this.errors = body.errors ?? [];
  }
}

/** No answer within the patience. Whether it was done is unknown: send the same again, with the same id. */
export class Unavailable extends Error {}

/** A tenant of the gateway, as its agents see it. */
export class Metering {
  readonly source: string;
  private readonly base: string;
  private readonly path: string;
  private readonly timeout: number;
  private readonly patience: number;

  /**
   * @param options `source` is where your events come from; with an event's id it says which event it is, so keep it
   * stable. `timeout` is for one try, `patience` for all of them together, both in milliseconds.
   */
  constructor(url: string, private readonly key: string, readonly tenant: string,
    options: { source?: string; timeout?: number; patience?: number } = {}) {
    if (!/^https?:\/\/[^/]/.test(url)) throw new TypeError(`'${url}' is no address of a gateway: http://HOST:PORT`);
    this.base = url.replace(/\/+$/, "");
    this.path = `${this.base}/v1/tenants/${encodeURIComponent(tenant)}`;
    this.source = options.source ?? "/agents/typescript";
    this.timeout = options.timeout ?? 10_000;
    this.patience = options.patience ?? 30_000;
  }

  // Ask

  /** May I act now? It promises nothing: see `reserve`. */
  async check(what: string | { activity: string }, about: About & { quantity?: number; record?: boolean } = {}):
    Promise<Decision> {
    const question = typeof what === "string" ? { outcome_type: what } : what;
    return decision(await this.ask("POST", `${this.path}/check`, { ...question, ...about }));
  }

  /** Holds units under every cap until `ttl` is over; null when it was refused. */
  async reserve(outcomeType: string, quantity: number, options: About & { ttl?: string; allow_partial?: boolean } = {}):
    Promise<{ decision: Decision; reservation: Reservation | null }> {
    const answer = await this.ask("POST", `${this.path}/reservations`,
      { outcome_type: outcomeType, quantity, ttl: "PT60S", ...options }, { idempotencyKey: crypto.randomUUID() });
    return { decision: decision(answer), reservation: answer.reservation };
  }

  /** Gives back what no report has used. */
  async release(reservation: Reservation): Promise<void> {
    await this.ask("DELETE", `${this.path}/reservations/${encodeURIComponent(reservation.id)}`);
  }

  /**
   * Runs `act` only when it is allowed; else `otherwise(decision, ...args)` is called and its value given.
   *
   * `onUnavailable` says what is done when the gateway does not answer. It has no default, as only you know which of
   * them costs you less. With a `gate`, its last word is taken first.
   */
  guard<A extends unknown[], R>(outcomeType: string, options: About & { onUnavailable: Action; gate?: Gate },
    act: (...args: A) => R | Promise<R>, otherwise: (decision: Decision, ...args: A) => R | Promise<R>):
    (...args: A) => Promise<R> {
    const { onUnavailable, gate, ...about } = options;
    return async (...args: A) => {
      let said = gate?.decide(outcomeType, about);
      if (!said || said.allowed) {
        try {
          said = await this.check(outcomeType, about);
        } catch (failure) {
          if (!(failure instanceof Unavailable)) throw failure;
          said = decision({ decision: onUnavailable, reason: "unavailable" });
        }
      }
      return said.allowed ? act(...args) : otherwise(said, ...args);
    };
  }

  // Report

  /** An outcome. The id is the outcome's too; sent again with the same id it counts once. */
  report(outcomeType: string, { id, time, ...data }: Report = {}): Promise<Result> {
    return this.one(this.untimed("outcome.reported", { outcome_type: outcomeType, ...data }, id, time));
  }

  /** Something that happened and is no outcome; in a session it restarts its windows. */
  activity(activity: string, { id, ...data }: About & { id?: string; quantity?: number } = {}): Promise<Result> {
    return this.one(this.untimed("activity.reported", { activity, ...data }, id));
  }

  confirm(outcomeId: string, data: Json = {}): Promise<Result> {
    return this.one(this.untimed("outcome.confirmed", { outcome_id: outcomeId, ...data }, `${outcomeId}:confirmed`));
  }

  reverse(outcomeId: string, why: Reversal, data: Json = {}): Promise<Result> {
    return this.one(this.untimed(`outcome.${why}`, { outcome_id: outcomeId, ...data }, `${outcomeId}:${why}`));
  }

  /**
   * A CloudEvent for `send`. Its time is taken now, so that it is the same however late it is sent: keep it as it is,
   * or give it a time, if it may be made again under its id.
   */
  event(type: string, data: Json, id?: string, time: Date = new Date()): Json {
    return this.untimed(type, data, id, time);
  }

  // Without a time it is the gateway's now: so the same call again is the same event.
  private untimed(type: string, data: Json, id: string = crypto.randomUUID(), time?: Date): Json {
    return { specversion: "1.0", id, source: this.source, type, subject: this.tenant, time: time?.toISOString(), data };
  }

  /** Many at once; one that is refused refuses no other. The answer comes when all that is accepted is durable. */
  async send(events: Json[]): Promise<Result[]> {
    const { results } = await this.ask("POST", `${this.base}/v1/events`, events,
      { type: "application/cloudevents-batch+json" });
    if (results?.length !== events.length) throw new Unavailable("what answered gave no result for each event");
    return results.map(result);
  }

  private async one(event: Json): Promise<Result> {
    return result(await this.ask("POST", `${this.base}/v1/events`, event, { type: "application/cloudevents+json" }));
  }

  // Listen

  /** Signals as they come, for ever: a stream that ends goes on where it was. Ends when `stop` aborts. */
  async *signals(stop?: AbortSignal): AsyncGenerator<Signal> {
    let last: string | undefined;
    for (let [tries, wait] = [1, 0]; !stop?.aborted; tries++) {
      const ending = new AbortController();
      const end = () => ending.abort();
      stop?.addEventListener("abort", end);
      let silence = setTimeout(end, 45_000); // a comment comes every 15 s
      try {
        const response = await fetch(`${this.path}/signals`, {
          headers: { ...this.headers(), Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) },
          signal: ending.signal,
        });
        if (!response.ok || !response.body) {
          const problem = await answered(response);
          wait = after(response);
          if (response.status === 422 && last) last = undefined; // a place that it does not know: all is told anew
          else if (problem instanceof Problem && !mayPass(problem)) throw problem;
        } else {
          for await (const event of events(response.body)) {
            clearTimeout(silence);
            silence = setTimeout(end, 45_000);
            if (!event.data) continue;
            const data = JSON.parse(event.data); // what cannot be read was not told, and is asked for again
            tries = 0;
            last = event.id ?? last;
            yield { action: event.name === "state" ? data.action : event.name, key: data.key ?? null, data };
          }
        }
      } catch (failure) {
        if (failure instanceof Problem) throw failure;
      } finally {
        clearTimeout(silence);
        stop?.removeEventListener("abort", end);
        end();
      }
      if (!stop?.aborted) await sleep(Math.max(wait, backOff(tries)));
      wait = 0;
    }
  }

  /** Starts to listen; `close` it in the end. */
  gate(): Gate {
    return new Gate(this);
  }

  // Over HTTP

  private headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.key}` };
  }

  private async ask(method: string, url: string, body?: unknown, call: Call = {}): Promise<Json> {
    const until = Date.now() + this.patience;
    for (let tries = 1; ; tries++) {
      let [wait, why] = [backOff(tries), ""];
      const ending = new AbortController();
      const late = setTimeout(() => ending.abort(), this.timeout);
      try {
        const response = await fetch(url, {
          method, body: body === undefined ? undefined : JSON.stringify(body), signal: ending.signal,
          headers: {
            ...this.headers(), "Content-Type": call.type ?? "application/json",
            ...(call.idempotencyKey ? { "Idempotency-Key": call.idempotencyKey } : {}),
          },
        });
        const answer = await answered(response);
        if (!(answer instanceof Problem)) return answer;
        if (!mayPass(answer)) throw answer;
        why = answer.message;
        wait = Math.max(wait, after(response));
      } catch (failure) {
        if (failure instanceof Problem) throw failure;
        why = String(failure);
      } finally {
        clearTimeout(late);
      }
      if (Date.now() + wait > until) throw new Unavailable(`${method} ${url}: ${why}`);
      await sleep(wait);
    }
  }
}

/** What the signals say, kept at hand: answers at once, without a call. It knows nothing of reservations. */
export class Gate {
  /** Done when it knows of every stop, or after ten seconds without an answer: then it knows of none (`isReady`).
   * Rejected when the gateway refused the stream for good. */
  readonly ready: Promise<void>;
  isReady = false;
  private readonly keys = new Map<string, Json>();
  private readonly stop = new AbortController();

  constructor(metering: Metering) {
    this.ready = new Promise((resolve, reject) => {
      const late = setTimeout(resolve, 10_000);
      const settled = (settle: () => void) => (clearTimeout(late), settle());
      this.listen(metering, () => { this.isReady = true; settled(resolve); })
        .catch(failure => settled(() => reject(failure)));
    });
  }

  decide(outcomeType: string, about: About = {}): Decision {
    const question: Json = { outcome_type: outcomeType, ...about };
    const [first] = [...this.keys.values()]
      .filter(one => one.stops.some((stop: Json) => matches(stop, question)))
      .sort((a, b) => order(a) < order(b) ? -1 : 1);
    if (!first) return decision({ decision: "allow", reason: "ok" });
    return decision({
      decision: first.action === "handoff" ? "handoff" : "pause", reason: first.reason, remaining: 0,
      handoff: first.handoff, retry_at: first.resets_at,
    });
  }

  close(): void {
    this.stop.abort();
  }

  private async listen(metering: Metering, ready: () => void): Promise<void> {
    for await (const signal of metering.signals(this.stop.signal)) {
      if (signal.action === "reset") this.keys.clear();
      else if (signal.action === "ready") ready();
      else if (signal.key) this.keys.set(signal.key, signal.data);
    }
  }
}

function order(signal: Json): string {
  const kind = ["tenant", "cap", "funding"].indexOf(signal.key.split(":")[0]);
  return `${kind}${signal.action === "handoff" ? 1 : 0}${signal.key}`;
}

function matches(stop: Json, question: Json): boolean {
  if (stop.on === "activity" || stop.workflow_not?.includes(question.workflow)) return false;
  return ["outcome_type", "agent", "channel", "workflow"]
    .every(name => !(name in stop) || stop[name] === question[name]);
}

function decision(answer: Json): Decision {
  return {
    action: answer.decision, allowed: answer.decision === "allow", reason: answer.reason,
    remaining: answer.remaining ?? null, queue: answer.handoff?.to ?? null, message: answer.handoff?.message ?? null,
    retryAt: answer.retry_at ?? null, raw: answer,
  };
}

function result(answer: Json): Result {
  return {
    id: answer.id, status: answer.status, outcome: answer.outcome ?? null, remaining: answer.remaining ?? null,
    problem: answer.problem ? new Problem(answer.problem.status ?? 422, answer.problem) : null,
  };
}

/** Server-sent events, and comments as events without data. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<{ name: string; id?: string; data: string }> {
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  for (let [text, at] = ["", 0]; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    while ((at = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, at).split("\n").map(line => /^([^:]*): ?(.*)$/.exec(line) ?? ["", "", ""]);
      text = text.slice(at + 2);
      const of = (name: string) => lines.filter(line => line[1] === name).map(line => line[2]);
      yield { name: of("event")[0] ?? "message", id: of("id")[0], data: of("data").join("\n") };
    }
  }
}

/** What a gateway answered; whatever else answers, a proxy say, says nothing of what was asked. */
async function answered(response: Response): Promise<Json | Problem> {
  const text = await response.text();
  let answer: Json | null = null;
  try {
    answer = text ? JSON.parse(text) : {};
  } catch { /* no gateway's */ }
  if (answer instanceof Object) {
    if (response.ok) return answer;
    const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
    if (isProblem && answer.code) return new Problem(response.status, answer);
  }
  return new Problem(response.status, { code: "unreachable", detail: "what answered was not a gateway" });
}

/** The same again is safe, as events have ids and reservations a key; here it may help, too. */
function mayPass({ status, code }: Problem): boolean {
  return [408, 429].includes(status) || status >= 500 || ["idempotency_still_running", "unreachable"].includes(code);
}

/** Milliseconds until Retry-After, which is a number of seconds, or a date. */
function after(response: Response): number {
  const text = response.headers.get("Retry-After") ?? "";
  return /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now() || 0;
}

function backOff(tries: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(Math.max(tries, 1) - 1, 6)) * (0.5 + Math.random() / 2);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
