"""A support agent that asks before it answers, reports what it solved, and hands off when it is told to.

    METERING_URL=http://127.0.0.1:8080 METERING_KEY=... METERING_TENANT=acme python3 agent.py [conversations]
"""
import os
import sys
import time

from metering import Decision, Metering

metering = Metering(os.environ.get("METERING_URL", "http://127.0.0.1:8080"), os.environ["METERING_KEY"],
                    os.environ.get("METERING_TENANT", "acme"), source="/agents/python-sample")
gate = metering.gate()


def hand_to_people(decision: Decision, conversation: str) -> None:
    where = decision.queue or "nobody"
    print(f"{conversation}: {decision.action} ({decision.reason}), to {where}", flush=True)


@metering.guard("support.resolution", otherwise=hand_to_people, on_unavailable="handoff", gate=gate,
                agent="python-1", channel="chat")
def answer(conversation: str) -> None:
    time.sleep(0.05)  # here the model would think
    result = metering.report("support.resolution", id=conversation, session=conversation, agent="python-1",
                             channel="chat")
    print(f"{conversation}: solved, {result.outcome['status']}, {result.remaining} left", flush=True)


if __name__ == "__main__":
    gate.ready.wait(10)
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
        answer(f"python-{number}")
    gate.close()
