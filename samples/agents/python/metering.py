"""MeteringGateway for Python agents: one file, nothing to install (Python 3.9 or newer).

    metering = Metering("http://127.0.0.1:8080", key, "acme", source="/agents/refunds")

    @metering.guard("support.resolution", otherwise=hand_to_people, on_unavailable="handoff")
    def answer(conversation): ...

Ask before you act (`check`, `reserve`, `guard`), say what came of it (`report`, `confirm`, `reverse`), and listen to
`signals`, which stop and resume without being asked. All methods may be called from any thread.
"""
from __future__ import annotations

import asyncio
import email.utils
import functools
import http.client
import inspect
import json
import random
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Iterator, Mapping, Optional

__all__ = ["Decision", "Gate", "Metering", "Problem", "Reservation", "Result", "Signal", "Unavailable"]

REVERSALS = ("reopened", "escalated", "abandoned", "failed", "rejected")


class Problem(Exception):
    """The gateway refused; `code` is what to branch on (docs/agents.md lists them), `errors` say where."""

    def __init__(self, status: int, body: Mapping[str, Any]):
        self.status, self.code = status, str(body.get("code", "unknown"))
        self.detail, self.errors = str(body.get("detail", "")), list(body.get("errors") or [])
        super().__init__(f"{status} {self.code}: {self.detail}")


class Unavailable(Exception):
    """No answer within the patience. Whether it was done is unknown: send the same again, with the same id."""


@dataclass(frozen=True)
class Decision:
    """`action` is allow, pause or handoff; `remaining` units, None when nothing binds; `raw` is the whole answer."""
    action: str
    reason: str
    remaining: Optional[int] = None
    queue: Optional[str] = None      # where to hand off to
    message: Optional[str] = None
    retry_at: Optional[str] = None   # when it may be allowed again, if that is known
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def allowed(self) -> bool:
        return self.action == "allow"


@dataclass(frozen=True)
class Reservation:
    """Units that are held for you until `expires_at`; name the id in the reports that use them."""
    id: str
    quantity: int
    remaining: int
    expires_at: str


@dataclass(frozen=True)
class Result:
    """`status` is accepted, duplicate or rejected; `outcome` its status and reason; `problem` why it was refused."""
    id: str
    status: str
    outcome: Optional[Mapping[str, Any]] = None
    remaining: Optional[int] = None
    problem: Optional[Problem] = None


@dataclass(frozen=True)
class Signal:
    """The complete state of one key, in place of what was told of it before."""
    action: str  # warn, pause, handoff, resume; state and ready at a stream's beginning, reset before them
    key: Optional[str]
    data: Mapping[str, Any]


class Metering:
    """A tenant of the gateway, as its agents see it.

    `source` is where your events come from; with an event's id it says which event it is, so keep it stable.
    `timeout` is for one try, `patience` for all of them together, both in seconds.
    """

    def __init__(self, url: str, key: str, tenant: str, *, source: str = "/agents/python",
                 timeout: float = 10.0, patience: float = 30.0):
        self._url, self._key, self.tenant, self.source = urllib.parse.urlsplit(url), key, tenant, source
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ValueError(f"'{url}' is no address of a gateway: http://HOST:PORT")
        self._timeout, self._patience, self._local = timeout, patience, threading.local()
        self._path = f"{self._url.path.rstrip('/')}/v1/tenants/{urllib.parse.quote(tenant, safe='')}"

    # Ask

    def check(self, outcome_type: Optional[str] = None, *, activity: Optional[str] = None, quantity: int = 1,
              record: bool = False, **about: str) -> Decision:
        """May I act now? `about` may have agent, channel, workflow, session. It promises nothing: see `reserve`."""
        return _decision(self._ask("POST", f"{self._path}/check", {
            "outcome_type": outcome_type, "activity": activity, "quantity": quantity, "record": record or None,
            **about}))

    def reserve(self, outcome_type: str, quantity: int, *, ttl: str = "PT60S", allow_partial: bool = False,
                **about: str) -> tuple[Decision, Optional[Reservation]]:
        """Holds units under every cap until `ttl` is over; None when it was refused."""
        body = {"outcome_type": outcome_type, "quantity": quantity, "ttl": ttl,
                "allow_partial": allow_partial or None, **about}
        answer = self._ask("POST", f"{self._path}/reservations", body, {"Idempotency-Key": str(uuid.uuid4())})
        held = answer.get("reservation")
        return _decision(answer), held and Reservation(**{n: held[n] for n in Reservation.__dataclass_fields__})

    def release(self, reservation: Reservation) -> None:
        """Gives back what no report has used."""
        self._ask("DELETE", f"{self._path}/reservations/{urllib.parse.quote(reservation.id, safe='')}")

    def guard(self, outcome_type: str, *, otherwise: Callable[..., Any], on_unavailable: str,
              gate: Optional["Gate"] = None, **about: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Runs the function only when it is allowed; else `otherwise(decision, *args)` is called and its value given.
        Around an `async def` it is one too, asks beside the loop, and awaits what `otherwise` gives, if that can be.

        `on_unavailable` says what is done when the gateway does not answer: allow, pause or handoff. It has no
        default, as only you know which of them costs you less. With a `gate`, its last word is taken first.
        """
        if on_unavailable not in ("allow", "pause", "handoff"):
            raise ValueError("on_unavailable is allow, pause or handoff")

        def decide() -> Decision:
            decision = gate.decide(outcome_type, **about) if gate else None
            if decision is None or decision.allowed:
                try:
                    decision = self.check(outcome_type, **about)
                except Unavailable:
                    decision = Decision(on_unavailable, "unavailable")
            return decision

        def wrap(act: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(act)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                decision = decide()
                return act(*args, **kwargs) if decision.allowed else otherwise(decision, *args, **kwargs)

            @functools.wraps(act)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                decision = await asyncio.to_thread(decide)
                value = act(*args, **kwargs) if decision.allowed else otherwise(decision, *args, **kwargs)
                return await value if inspect.isawaitable(value) else value
            return awaited if inspect.iscoroutinefunction(act) else guarded
        return wrap

    # Report

    def report(self, outcome_type: str, *, id: Optional[str] = None, time: Optional[datetime] = None,
               **data: Any) -> Result:
        """An outcome. `data`: result, quantity, session, agent, channel, workflow, reservation, end_customer, ...

        The id is the outcome's too; sent again with the same id it counts once. Raises `Problem` when refused.
        """
        return self._one(self._event("outcome.reported", id, time, outcome_type=outcome_type, **data))

    def activity(self, activity: str, *, id: Optional[str] = None, **data: Any) -> Result:
        """Something that happened and is no outcome; in a session it restarts its windows."""
        return self._one(self._event("activity.reported", id, activity=activity, **data))

    def confirm(self, outcome_id: str, *, id: Optional[str] = None, **data: Any) -> Result:
        return self._one(self._event("outcome.confirmed", id or f"{outcome_id}:confirmed", outcome_id=outcome_id,
                                     **data))

    def reverse(self, outcome_id: str, why: str, *, id: Optional[str] = None, **data: Any) -> Result:
        """`why` is reopened, escalated, abandoned, failed or rejected."""
        if why not in REVERSALS:
            raise ValueError(f"why is one of {', '.join(REVERSALS)}")
        return self._one(self._event(f"outcome.{why}", id or f"{outcome_id}:{why}", outcome_id=outcome_id, **data))

    def event(self, type: str, id: Optional[str] = None, time: Optional[datetime] = None,
              **data: Any) -> dict[str, Any]:
        """A CloudEvent for `send`. Its time is taken now, so that it is the same however late it is sent: keep it as it
        is, or give it a time, if it may be made again under its id."""
        return self._event(type, id, time or datetime.now(timezone.utc), **data)

    # Without a time it is the gateway's now: so the same call again is the same event.
    def _event(self, type: str, id: Optional[str] = None, time: Optional[datetime] = None,
               **data: Any) -> dict[str, Any]:
        event = {"specversion": "1.0", "id": id or str(uuid.uuid4()), "source": self.source, "type": type,
                 "subject": self.tenant, "data": _present(data)}
        if time is not None:
            at = time.astimezone(timezone.utc).isoformat(timespec="milliseconds")
            event["time"] = at.replace("+00:00", "Z")
        return event

    def send(self, events: list[dict[str, Any]]) -> list[Result]:
        """Many at once; one that is refused refuses no other. The answer comes when all that is accepted is durable."""
        results = self._ask("POST", f"{self._url.path.rstrip('/')}/v1/events", events,
                            {"Content-Type": "application/cloudevents-batch+json"})["results"]
        if len(results) != len(events):
            raise Unavailable("what answered gave no result for each event")
        return [_result(one) for one in results]

    def _one(self, event: dict[str, Any]) -> Result:
        return _result(self._ask("POST", f"{self._url.path.rstrip('/')}/v1/events", event,
                                 {"Content-Type": "application/cloudevents+json"}))

    # Listen

    def signals(self, stop: Optional[threading.Event] = None) -> Iterator[Signal]:
        """Signals as they come, for ever: a stream that ends goes on where it was. Ends when `stop` is set."""
        last: Optional[str] = None
        tries, after = 0, 0.0
        while not (stop and stop.is_set()):
            connection = self._connect(timeout=45.0)  # a comment comes every 15 s
            try:
                headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
                response = self._send(connection, "GET", f"{self._path}/signals", None, headers)
                if response.status != 200:
                    problem = _answer(response)
                    after = _after(response)
                    if response.status == 422 and last:
                        last = None  # a place that the gateway does not know: all is told anew
                    elif not _may_pass(problem):
                        raise problem
                    raise OSError(str(problem))
                for name, id, text in _events(response):
                    data = json.loads(text)
                    tries, last = 0, id or last
                    yield Signal(data.get("action", name) if name == "state" else name, data.get("key"), data)
                    if stop and stop.is_set():
                        return
            except (OSError, http.client.HTTPException, ValueError):
                pass  # also what cannot be read: it was not told, and is asked for again
            finally:
                connection.close()
            tries += 1
            (stop or threading.Event()).wait(max(after, _back_off(tries)))
            after = 0.0

    def gate(self) -> "Gate":
        """Starts to listen in a thread of its own; use it in a `with`, or `close` it."""
        return Gate(self)

    # Over HTTP

    def _ask(self, method: str, path: str, body: Any = None,
             headers: Optional[Mapping[str, str]] = None) -> Any:
        content = None if body is None else json.dumps(_present(body)).encode()
        until, tries, why = time.monotonic() + self._patience, 0, ""
        while True:
            wait = _back_off(tries := tries + 1)
            try:
                response = self._send(self._kept(), method, path, content, headers or {})
                answer = _answer(response)
                if not isinstance(answer, Problem):
                    return answer
                if not _may_pass(answer):
                    raise answer
                why, wait = str(answer), max(wait, _after(response))
            except (OSError, http.client.HTTPException) as failure:
                self._forget()
                why = f"{type(failure).__name__}: {failure}"
            if time.monotonic() + wait > until:
                raise Unavailable(f"{method} {path}: {why}")
            time.sleep(wait)

    def _send(self, connection: http.client.HTTPConnection, method: str, path: str, content: Optional[bytes],
              headers: Mapping[str, str]) -> http.client.HTTPResponse:
        connection.request(method, path, content, {
            "Authorization": f"Bearer {self._key}", "Content-Type": "application/json", **headers})
        return connection.getresponse()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=timeout)

    def _kept(self) -> http.client.HTTPConnection:
        """A connection is for one thread, and kept open."""
        if getattr(self._local, "connection", None) is None:
            self._local.connection = self._connect(self._timeout)
        return self._local.connection

    def _forget(self) -> None:
        if (connection := getattr(self._local, "connection", None)) is not None:
            connection.close()
        self._local.connection = None


class Gate:
    """What the signals say, kept at hand: answers at once, without a call. It knows nothing of reservations."""

    def __init__(self, metering: Metering):
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._stop, self._lock, self.ready = threading.Event(), threading.Lock(), threading.Event()
        self.failure: Optional[Exception] = None
        self._thread = threading.Thread(target=self._listen, args=(metering,), daemon=True, name="metering-signals")
        self._thread.start()

    def decide(self, outcome_type: str, **about: str) -> Decision:
        """Allow, or what the first key that stops this says. Before `ready` is set it knows of no stop."""
        with self._lock:
            stopping = [one for one in self._keys.values()
                        if any(_matches(stop, {"outcome_type": outcome_type, **about}) for stop in one["stops"])]
        if not stopping:
            return Decision("allow", "ok")
        first = min(stopping, key=_order)
        handoff = first.get("handoff") or {}
        return Decision("handoff" if first["action"] == "handoff" else "pause", first["reason"], 0,
                        handoff.get("to"), handoff.get("message"), first.get("resets_at"), first)

    def close(self) -> None:
        self._stop.set()

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _listen(self, metering: Metering) -> None:
        try:
            for signal in metering.signals(self._stop):
                with self._lock:
                    if signal.action == "reset":
                        self._keys.clear()
                    elif signal.key:
                        self._keys[signal.key] = signal.data
                if signal.action == "ready":
                    self.ready.set()
        except Problem as problem:  # a key that has ended, say: nothing more is heard
            self.failure = problem
            self.ready.set()


def _order(signal: Mapping[str, Any]) -> tuple[int, int, str]:
    kind = signal["key"].split(":")[0]
    return ("tenant", "cap", "funding").index(kind), int(signal["action"] == "handoff"), signal["key"]


def _matches(stop: Mapping[str, Any], question: Mapping[str, Optional[str]]) -> bool:
    if stop["on"] == "activity" or question.get("workflow") in stop.get("workflow_not", ()):
        return False
    return all(stop.get(name) in (None, question.get(name))
               for name in ("outcome_type", "agent", "channel", "workflow"))


def _decision(answer: Mapping[str, Any]) -> Decision:
    handoff = answer.get("handoff") or {}
    return Decision(answer["decision"], answer["reason"], answer.get("remaining"), handoff.get("to"),
                    handoff.get("message"), answer.get("retry_at"), answer)


def _result(answer: Mapping[str, Any]) -> Result:
    problem = answer.get("problem")
    return Result(answer["id"], answer["status"], answer.get("outcome"), answer.get("remaining"),
                  problem and Problem(int(problem.get("status", 422)), problem))


def _events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Optional[str], str]]:
    """Server-sent events: name, id, data."""
    name, id, data = "message", None, []
    for line in iter(response.readline, b""):
        part, _, value = line.decode().rstrip("\r\n").partition(":")
        value = value[1:] if value.startswith(" ") else value
        if part == "event":
            name = value
        elif part == "id":
            id = value
        elif part == "data":
            data.append(value)
        elif not part and not value and data:
            yield name, id, "\n".join(data)
            name, id, data = "message", None, []


def _present(body: Any) -> Any:
    return {n: v for n, v in body.items() if v is not None} if isinstance(body, dict) else body


def _answer(response: http.client.HTTPResponse) -> Any:
    """What a gateway answered, or a Problem; whatever else answers, a proxy say, says nothing of what was asked."""
    text = response.read()
    try:
        answer = json.loads(text) if text else {}
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        if 200 <= response.status < 300:
            return answer
        if response.headers.get_content_type() == "application/problem+json" and answer.get("code"):
            return Problem(response.status, answer)
    return Problem(response.status, {"code": "unreachable", "detail": "what answered was not a gateway"})


def _may_pass(problem: Problem) -> bool:
    """The same again is safe, as events have ids and reservations a key; here it may help, too."""
    return (problem.status in (408, 429) or problem.status >= 500
            or problem.code in ("idempotency_still_running", "unreachable"))


def _after(response: http.client.HTTPResponse) -> float:
    """Seconds until Retry-After, which is a number of them, or a date."""
    text = (response.headers.get("Retry-After") or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError):
        return 0.0


def _back_off(tries: int) -> float:
    return min(5.0, 0.1 * 2 ** min(tries - 1, 6)) * random.uniform(0.5, 1.0)
