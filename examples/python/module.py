#!/usr/bin/env python3
"""A module in Python, written from docs/spec/bus.md and trace-context.md alone (pyzmq with CURVE, nothing else).

Answers every message on `greeting/asked`: whoever asks for an answer gets it (a request), for all others it is a message on
`greeting/answered`. With `--ask TOPIC` it first asks another module there what to call somebody. Reports spans for all of it that
stand where they belong in the trace of whoever said something. Goes on when its agent is restarted. Ends by itself after
`--count` messages.

    aico-mesh modules add greeter
    AICO_MESH_MODULE=.../greeter.json python3 examples/python/module.py --count 1
"""
import argparse
import hashlib
import itertools
import json
import os
import re
import secrets
import sys
import time

import zmq

PING_EVERY_S = 10  # BU14: a session ends after 30 s of silence
HELLO_EVERY_S = 1  # while nobody answers
ANSWER_WITHIN_S = 5
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
CLIENT, PRODUCER, CONSUMER = 3, 4, 5  # OTLP's Span.SpanKind
SAMPLED, RANDOM = 1, 2


class SessionOver(Exception):
    """The agent knows nothing of us any more."""


class Bus:
    """Frames out, answers matched by `seq`, messages kept until somebody asks for them; begun anew when the session is over."""

    def __init__(self, credential):
        self.module = credential["module"]
        self.stage = None
        self._socket = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.immediate = True  # BU12: nothing of an old session goes into a new one
        self._socket.probe_router = 1  # BU12: a restarted agent says `bye` at once
        self._socket.curve_serverkey = credential["serverPublicKey"].encode()
        self._socket.curve_publickey = credential["publicKey"].encode()
        self._socket.curve_secretkey = credential["secretKey"].encode()
        self._socket.connect(credential["endpoint"])
        self._seq = itertools.count(1)
        self._prefixes = []
        self._messages = []
        self._last_sent = 0.0
        self._stream = secrets.token_hex(8)  # BU36: names our batches, so that one sent twice is kept once
        self._batches = itertools.count(1)

    def begin(self, within_s=None):
        """Says hello until it is welcome, then subscribes to what it was subscribed to."""
        deadline = None if within_s is None else time.monotonic() + within_s
        while deadline is None or time.monotonic() < deadline:
            try:
                self._send({"kind": "hello", "v": 1, "sdk": "example-python/2"})
                self.stage = self._wait(lambda got: got["kind"] == "welcome", HELLO_EVERY_S)["stage"]
                for prefix in self._prefixes:
                    self._ask({"kind": "subscribe", "prefix": prefix})
                return
            except (SessionOver, TimeoutError, zmq.Again):
                continue
        raise TimeoutError("the agent does not answer")

    def subscribe(self, prefix):
        self._prefixes.append(prefix)
        self._ask({"kind": "subscribe", "prefix": prefix})

    def publish(self, envelope, payload):
        """At most once (BU40): what a lost session swallowed is not said again."""
        try:
            self._ask({"kind": "publish", "envelope": envelope}, payload)
        except SessionOver:
            self.begin()

    def report(self, signal, data):
        """Returns once the agent has committed it (BU30); sends it again as long as that takes (BU31, BU34)."""
        n = next(self._batches)
        header = {"kind": "telemetry", "signal": signal, "encoding": "json"}
        header["delivery"] = {"stream": self._stream, "n": n, "oldest": n}
        while True:
            try:
                return self._ask(header, json.dumps(data).encode())
            except SessionOver:
                self.begin()

    def message(self, fits=lambda envelope: True, within_s=None):
        """The next message that fits: (envelope, payload)."""
        deadline = None if within_s is None else time.monotonic() + within_s
        while deadline is None or time.monotonic() < deadline:
            for message in self._messages:
                if fits(message[0]):
                    self._messages.remove(message)
                    return message
            try:
                self._read(PING_EVERY_S if deadline is None else deadline - time.monotonic())
                if time.monotonic() - self._last_sent >= PING_EVERY_S:
                    self._send({"kind": "ping"})
            except (SessionOver, zmq.Again):
                self.begin()
        raise TimeoutError("nobody answers")

    def _ask(self, header, body=b""):
        """Sends a frame and waits for its answer; sends it again when it is told to (BU31)."""
        while True:
            seq = next(self._seq)
            self._send({**header, "seq": seq}, body)
            answer = self._wait(lambda got: got.get("seq") == seq, ANSWER_WITHIN_S)
            if answer["kind"] == "ack":
                return answer
            if "retryAfterMs" not in answer:
                raise RuntimeError(f"refused for good: {answer['code']}")
            time.sleep(answer["retryAfterMs"] / 1000)

    def _send(self, header, body=b""):
        if not self._socket.poll(HELLO_EVERY_S * 1000, zmq.POLLOUT):
            raise SessionOver("no connection")
        self._last_sent = time.monotonic()
        self._socket.send_multipart([json.dumps(header).encode(), body])

    def _wait(self, fits, within_s):
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            header = self._read(deadline - time.monotonic())
            if header is not None and fits(header):
                return header
        raise TimeoutError("the agent does not answer")

    def _read(self, timeout_s):
        if not self._socket.poll(max(0, timeout_s) * 1000):
            return None
        header, body = self._socket.recv_multipart()
        header = json.loads(header)
        if header["kind"] == "message":
            self._messages.append((header["envelope"], body))
        if header["kind"] == "stage":
            self.stage = header["stage"]
        if header["kind"] == "bye":
            raise SessionOver(header["code"])
        return header


class Context:
    """What a span continues: the trace, the span of whoever said something, and what travels with them."""

    def __init__(self, trace_id, span_id, flags, tracestate=""):
        self.trace_id, self.span_id, self.flags, self.tracestate = trace_id, span_id, flags, tracestate


def sender_of(envelope):
    """Who published: the W3C headers if they are valid (TC1), else the trace block (TC5), else nobody (BU23)."""
    match = TRACEPARENT.fullmatch(envelope.get("traceparent", ""))
    if match:
        version, trace_id, span_id, flags, more = match.groups()
        is_known = version != "ff" and not (version == "00" and more is not None)
        if is_known and trace_id.strip("0") and span_id.strip("0"):
            # Opaque to us, and passed on as it came; one that breaks TC4 should be left out here.
            return Context(trace_id, span_id, int(flags, 16) & (SAMPLED | RANDOM), envelope.get("tracestate", ""))
    block = envelope.get("trace", {})
    trace_id = w3c_id(block.get("trace_id", ""), 16, "aico-mesh/legacy-trace-id/v1")
    span_id = w3c_id(block.get("span_id", ""), 8, "aico-mesh/legacy-span-id/v1")
    return Context(trace_id, span_id, SAMPLED) if trace_id and span_id else None


def w3c_id(text, length, domain):
    """TC5: ids of older modules, such as `abc123`, become W3C ids that every device derives alike."""
    if not text.strip("0"):
        return None
    if re.fullmatch(r"[0-9a-fA-F]{%d}" % (2 * length), text):
        return text.lower()
    return hashlib.sha256(domain.encode() + b"\0" + text.encode()).digest()[:length].hex()


class Span:
    """What happened, as OTLP JSON writes it: ids in hex, times as decimal strings."""

    def __init__(self, name, kind, parent, attributes, link=None):
        # TC2: sampled and random are passed on as they came; a new trace is both.
        flags = parent.flags if parent else SAMPLED | RANDOM
        trace_id = parent.trace_id if parent else secrets.token_hex(16)
        self.context = Context(trace_id, secrets.token_hex(8), flags, parent.tracestate if parent else "")
        self.parent = parent
        self.data = {
            "traceId": trace_id,
            "spanId": self.context.span_id,
            "name": name,
            "kind": kind,
            "flags": flags,
            "traceState": self.context.tracestate,
            "startTimeUnixNano": str(time.time_ns()),
            "attributes": [attribute(key, value) for key, value in attributes.items() if value],
        }
        if parent:
            self.data["parentSpanId"] = parent.span_id
        if link:
            self.data["links"] = [{"traceId": link.trace_id, "spanId": link.span_id}]

    def end(self):
        self.data["endTimeUnixNano"] = str(time.time_ns())
        return self


def attribute(key, value):
    return {"key": key, "value": {"stringValue": value}}


def messaging(name, kind, envelope):
    """BU25"""
    return {
        "messaging.system": "zeromq",
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": envelope["topic"],
        "messaging.message.id": envelope["id"],
        "messaging.message.conversation_id": envelope.get("conversation_id"),
    }


def publish(bus, topic, payload, parent, **more):
    """Says something in a PRODUCER span (BU25), which is the sender that its envelope names. Returns the span and the message's id."""
    envelope = {"v": 1, "id": secrets.token_hex(16), "topic": topic, "content_type": "application/json", **more}
    span = Span(f"publish {topic}", PRODUCER, parent, messaging("publish", "send", envelope))
    context = span.context
    envelope["time_unix_nano"] = span.data["startTimeUnixNano"]
    envelope["traceparent"] = f"00-{context.trace_id}-{context.span_id}-{context.flags:02x}"
    if context.tracestate:
        envelope["tracestate"] = context.tracestate
    envelope["trace"] = {
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "start_time_unix_nano": span.data["startTimeUnixNano"],
        **({"parent_span_id": parent.span_id} if parent else {}),
    }
    bus.publish(envelope, json.dumps(payload).encode())
    return span.end(), envelope["id"]


def request(bus, inbox, topic, payload, parent):
    """Asks and waits for the first answer (BU73). Returns it, or None if nobody knows, and the spans of asking."""
    asking = Span(f"request {topic}", CLIENT, parent, {"messaging.system": "zeromq"})
    sending, asked = publish(bus, topic, payload, asking.context, reply_to=inbox)
    try:
        answer, body = bus.message(lambda got: got.get("in_reply_to") == asked, ANSWER_WITHIN_S)
        known = None if "error_type" in answer else content_of(answer, body)
    except TimeoutError:
        known = None
    return known, [asking.end(), sending]


def content_of(envelope, payload):
    return json.loads(payload) if envelope["content_type"] == "application/json" else payload.decode()


def handle(bus, envelope, payload, inbox, ask):
    """Handles one message. Returns the spans of doing so."""
    sender = sender_of(envelope)
    attributes = {**messaging("process", "process", envelope), "aico.bus.source": envelope["source"]}
    # BU24: the sender's span is parent and link.
    handling = Span(f"process {envelope['topic']}", CONSUMER, sender, attributes, link=sender)
    name = content_of(envelope, payload)["name"]
    asking = []
    if ask:
        known, asking = request(bus, inbox, ask, {"name": name}, handling.context)
        name = known or name
    to, more = "greeting/answered", {}
    reply_to = envelope.get("reply_to", "")
    if reply_to.startswith(f"reply/{envelope['source']}/"):  # BU73: only to whoever asked
        to, more = reply_to, {"in_reply_to": envelope["id"]}
    answering, _ = publish(bus, to, {"text": f"hello, {name}"}, handling.context, **more)
    return [handling.end(), *asking, answering]


def report(bus, spans):
    """What is sampled, where the stage collects it (BU35). Returns how many spans were taken."""
    sampled = [span.data for span in spans if span.context.flags & SAMPLED]
    if bus.stage != "developer" or not sampled:
        return 0
    resource = {"attributes": [attribute("service.name", bus.module)]}
    data = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": sampled}]}]}
    return len(sampled) - bus.report("traces", data).get("rejected", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=0, help="messages to answer; 0: for ever")
    parser.add_argument("--ask", metavar="TOPIC", help="where to ask what to call somebody")
    arguments = parser.parse_args()
    with open(os.environ["AICO_MESH_MODULE"], encoding="utf-8") as file:
        bus = Bus(json.load(file))
    bus.begin(within_s=ANSWER_WITHIN_S)
    inbox = f"reply/{bus.module}/{secrets.token_hex(8)}"
    for prefix in ("greeting/asked", inbox):
        bus.subscribe(prefix)
    print(json.dumps({"event": "ready", "module": bus.module, "stage": bus.stage}), flush=True)
    for _ in range(arguments.count) if arguments.count else itertools.count():
        envelope, payload = bus.message(lambda got: got["topic"] == "greeting/asked")
        spans = handle(bus, envelope, payload, inbox, arguments.ask)
        print(json.dumps({"event": "answered", "kept": report(bus, spans)}), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
