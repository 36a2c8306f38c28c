#!/usr/bin/env python3
"""A module in Python, written from docs/spec/bus.md and trace-context.md alone (pyzmq with CURVE, nothing else).

Answers every message on `greeting/asked` with one on `greeting/answered`, and reports two spans for it: the handling,
child of whoever asked and linked to it, and the answer's publishing. Ends by itself after `--count` messages.

    aico-mesh modules add greeter
    AICO_MESH_MODULE=.../greeter.json python3 examples/python/module.py --count 1
"""
import argparse
import itertools
import json
import os
import re
import secrets
import sys
import time

import zmq

PING_EVERY_S = 10  # BU14: a session ends after 30 s of silence
ANSWER_WITHIN_S = 5
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
PRODUCER, CONSUMER = 4, 5  # OTLP's Span.SpanKind


class Bus:
    """One session: frames out, answers matched by `seq`, messages kept until somebody asks for them."""

    def __init__(self, credential):
        self._socket = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.curve_serverkey = credential["serverPublicKey"].encode()
        self._socket.curve_publickey = credential["publicKey"].encode()
        self._socket.curve_secretkey = credential["secretKey"].encode()
        self._socket.connect(credential["endpoint"])
        self._seq = itertools.count(1)
        self._messages = []
        self._last_sent = 0.0

    def hello(self):
        self._send({"kind": "hello", "v": 1, "sdk": "example-python/1"})
        return self._wait(lambda header: header["kind"] == "welcome")

    def ask(self, header, body=b""):
        """Sends a frame and waits for its answer; sends it again when it is told to (BU31)."""
        while True:
            seq = next(self._seq)
            self._send({**header, "seq": seq}, body)
            answer = self._wait(lambda got: got.get("seq") == seq)
            if answer["kind"] == "ack":
                return answer
            if "retryAfterMs" not in answer:
                raise RuntimeError(f"refused for good: {answer['code']}")
            time.sleep(answer["retryAfterMs"] / 1000)

    def message(self):
        """The next message: (envelope, payload)."""
        while not self._messages:
            self._read(PING_EVERY_S)
            if time.monotonic() - self._last_sent >= PING_EVERY_S:
                self._send({"kind": "ping"})
        return self._messages.pop(0)

    def _send(self, header, body=b""):
        self._last_sent = time.monotonic()
        self._socket.send_multipart([json.dumps(header).encode(), body])

    def _wait(self, fits):
        deadline = time.monotonic() + ANSWER_WITHIN_S
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
        if header["kind"] == "bye":  # the session is over; a real module says hello again
            raise ConnectionError(header["code"])
        return header


def sender_of(envelope):
    """(trace id, span id) of who published: the W3C header, else the trace block, else nothing (BU23)."""
    match = TRACEPARENT.fullmatch(envelope.get("traceparent", ""))
    if match:
        return match.group(1), match.group(2)
    block = envelope.get("trace")
    return (block["trace_id"], block["span_id"]) if block else (None, None)


def attribute(key, value):
    return {"key": key, "value": {"stringValue": value}}


def start_span(name, kind, operation, topic, trace_id, parent):
    """A span as OTLP JSON writes it: ids in hex, times as decimal strings."""
    span = {
        "traceId": trace_id or secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(time.time_ns()),
        "attributes": [
            attribute("messaging.system", "zeromq"),
            attribute("messaging.operation.name", operation),
            attribute("messaging.destination.name", topic),
        ],
    }
    if parent:
        span["parentSpanId"] = parent
    return span


def end(span):
    span["endTimeUnixNano"] = str(time.time_ns())


def answer(bus, envelope, payload):
    """Handles one message and returns the spans of doing so."""
    trace_id, parent = sender_of(envelope)
    handling = start_span(f"process {envelope['topic']}", CONSUMER, "process", envelope["topic"], trace_id, parent)
    if parent:
        handling["links"] = [{"traceId": trace_id, "spanId": parent}]  # BU24: parent and link
    sending = start_span("publish greeting/answered", PRODUCER, "publish", "greeting/answered",
                         handling["traceId"], handling["spanId"])
    reply = {"text": f"hello, {json.loads(payload)['name']}"}
    bus.ask({"kind": "publish", "envelope": envelope_of(sending, "greeting/answered")}, json.dumps(reply).encode())
    end(sending)
    end(handling)
    return [handling, sending]


def envelope_of(span, topic):
    return {
        "v": 1,
        "id": secrets.token_hex(16),
        "topic": topic,
        "time_unix_nano": span["startTimeUnixNano"],
        "content_type": "application/json",
        "trace": {
            "trace_id": span["traceId"],
            "span_id": span["spanId"],
            "parent_span_id": span["parentSpanId"],
            "start_time_unix_nano": span["startTimeUnixNano"],
        },
        "traceparent": f"00-{span['traceId']}-{span['spanId']}-01",
    }


def report(bus, module, spans):
    """Returns once the agent has committed the spans (BU30)."""
    resource = {"attributes": [attribute("service.name", module)]}
    data = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    return bus.ask({"kind": "telemetry", "signal": "traces", "encoding": "json"}, json.dumps(data).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=0, help="messages to answer; 0: for ever")
    count = parser.parse_args().count
    with open(os.environ["AICO_MESH_MODULE"], encoding="utf-8") as file:
        credential = json.load(file)
    bus = Bus(credential)
    welcome = bus.hello()
    bus.ask({"kind": "subscribe", "prefix": "greeting/asked"})
    print(json.dumps({"event": "ready", "module": welcome["module"], "stage": welcome["stage"]}), flush=True)
    for _ in range(count) if count else itertools.count():
        spans = answer(bus, *bus.message())
        ack = report(bus, welcome["module"], spans)
        print(json.dumps({"event": "committed", "spans": len(spans), "rejected": ack.get("rejected", 0)}), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
