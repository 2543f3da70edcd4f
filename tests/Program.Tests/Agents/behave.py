"""Does what it reads, one JSON object a line, with the client of samples/agents/python; answers a line each."""
import asyncio
import json
import sys
import time

from metering import Metering, Problem, Unavailable


def plain(decision):
    return {"action": decision.action, "reason": decision.reason, "remaining": decision.remaining,
            "queue": decision.queue}


def refusal(decision):
    return {"action": decision.action, "reason": decision.reason, "queue": decision.queue}


def result(one):
    return {"status": one.status, "outcome": one.outcome and one.outcome["status"],
            "reason": one.outcome and one.outcome["reason"], "code": one.problem and one.problem.code}


class Agent:
    metering = gate = reservation = None

    def connect(self, url, key, tenant, patience):
        self.metering = Metering(url, key, tenant, source="/behaviour", timeout=5, patience=patience)
        return {}

    def check(self, type, **about):
        return plain(self.metering.check(type, **about))

    def check_activity(self, activity):
        return plain(self.metering.check(activity=activity))

    def reserve(self, type, quantity):
        decision, self.reservation = self.metering.reserve(type, quantity)
        return {**plain(decision), "held": self.reservation and self.reservation.quantity}

    def release(self):
        self.metering.release(self.reservation)
        return {}

    def report_held(self, type, id):
        return result(self.metering.report(type, id=id, reservation=self.reservation.id))

    def report(self, type, **data):
        return result(self.metering.report(type, **data))

    def activity(self, activity, id):
        return result(self.metering.activity(activity, id=id))

    def confirm(self, id):
        return result(self.metering.confirm(id))

    def reverse(self, id, why):
        return result(self.metering.reverse(id, why))

    def send(self, events):
        return [result(one) for one in self.metering.send(
            [self.metering.event("outcome.reported", id=e["id"], outcome_type=e["type"]) for e in events])]

    def guard(self, type, on_unavailable, gated=False, awaited=False):
        if awaited:
            return asyncio.run(self.guard_awaited(type, on_unavailable))
        act = self.metering.guard(type, otherwise=lambda d, word: {"acted": False, **refusal(d), "word": word},
                                  on_unavailable=on_unavailable, gate=self.gate if gated else None)(
            lambda word: {"acted": True, "word": word})
        return act("hello")

    async def guard_awaited(self, type, on_unavailable):
        async def to_people(decision, word):
            await asyncio.sleep(0)
            return {"acted": False, **refusal(decision), "word": word}

        @self.metering.guard(type, otherwise=to_people, on_unavailable=on_unavailable)
        async def act(word):
            await asyncio.sleep(0)
            return {"acted": True, "word": word}
        return await act("hello")

    def listen(self):
        self.gate = self.metering.gate()
        return {"ready": self.gate.ready.wait(20)}

    def until(self, type, action, **about):
        """Waits for the signal, without a call of its own."""
        for _ in range(400):
            decision = self.gate.decide(type, **about)
            if decision.action == action:
                return plain(decision)
            time.sleep(0.05)
        return plain(decision)


agent = Agent()
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = getattr(agent, asked.pop("do"))(**asked)
    except Problem as problem:
        answer = {"problem": problem.code, "status": problem.status}
    except Unavailable:
        answer = {"unavailable": True}
    print(json.dumps(answer), flush=True)
