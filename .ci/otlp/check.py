"""Checks what a server sends by OTLP: check.py PROGRAM."""

import http.client
import json
import os
import queue
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

BACKENDS = ["sync", "mio", "uring", "tokio", "async-std", "smol"]
TRACE, PARENT = "0123456789abcdef0123456789abcdef", "fedcba9876543210"
SOON = 30  # seconds, for what takes none
BUSY_FOR = 10  # the time that an exporter gives a collector, by default


def check(what, holds, seen=None):
    if not holds:
        print(f"FAIL  {what}: {seen}")
        sys.exit(1)
    print(f"ok    {what}")


class Collector:
    """Decodes what comes, over TLS with a certificate. One that is silent takes it, and never answers."""

    def __init__(self, silent=False, certificate=None):
        self.spans, self.records, self.metrics, self.resources, self.headers = [], [], {}, [], []
        self.asked = queue.Queue()
        collector = self

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                content = self.rfile.read(int(self.headers["Content-Length"]))
                collector.asked.put(self.path)
                if silent:
                    time.sleep(600)
                collector.take(self.path, self.headers, content)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, headers, content):
        assert headers["Content-Type"] == "application/x-protobuf", headers
        self.headers.append(headers)
        if path == "/v1/traces":
            for it in ExportTraceServiceRequest.FromString(content).resource_spans:
                self.resources.append(attributes(it.resource))
                self.spans += [span for scope in it.scope_spans for span in scope.spans]
        elif path == "/v1/logs":
            for it in ExportLogsServiceRequest.FromString(content).resource_logs:
                self.resources.append(attributes(it.resource))
                self.records += [record for scope in it.scope_logs for record in scope.log_records]
        elif path == "/v1/metrics":
            for it in ExportMetricsServiceRequest.FromString(content).resource_metrics:
                self.resources.append(attributes(it.resource))
                self.metrics.update((metric.name, metric) for scope in it.scope_metrics for metric in scope.metrics)
        else:
            raise AssertionError(path)

    def span(self, path):
        [span] = [span for span in self.spans if attributes(span)["url.path"] == path]
        return span, attributes(span)


def attributes(it):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in it.attributes}


class Server:
    """A server that is observed."""

    def __init__(self, program, backend, *arguments, **variables):
        self.log = tempfile.NamedTemporaryFile("w+")
        command = [program, "--backend", backend, "--listen", "127.0.0.1:0", "--log-format", "json", *arguments]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env={**os.environ, **variables})
        await_("the server listens", lambda: "Ctrl-C" in self.said() or self.process.poll() is not None)
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/\n", self.said())[1])

    def said(self):
        with open(self.log.name) as log:
            return log.read()

    def warnings(self):
        """The lines of the log, without those that say what was started and stopped."""
        return [line for line in self.said().splitlines() if '"level"' in line]

    def ask(self, path, method="GET", body=None, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SOON)
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        return response.status, response.read()

    def stop(self):
        """Stops it gracefully, and returns how many seconds that took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(SOON) == 0, self.said()
        return time.monotonic() - begin


def await_(what, holds):
    end = time.monotonic() + SOON
    while not holds():
        if time.monotonic() > end:
            check(f"never: {what}", False)
        time.sleep(0.05)


def traceparent(flags):
    return {"traceparent": f"00-{TRACE}-{PARENT}-{flags}", "tracestate": "congo=t61rcWkgMzE"}


def all_is_told(program, backend):
    collector = Collector()
    server = Server(program, backend, "--otlp", collector.url, "--access-log", "json", "-v")
    began = time.time_ns()
    assert server.ask("/work/50?a=b", **traceparent("01"))[0] == 200
    assert server.ask("/sleep/60", **traceparent("00"))[0] == 200
    assert server.ask("/sleep/70")[0] == 200
    assert server.ask("/none")[0] == 404
    assert server.ask("/any", method="BREW")[0] == 501
    assert server.ask("/panic")[0] == 500
    assert server.ask("/echo", method="POST", body="0123456789")[0] == 200
    took = server.stop()
    ended = time.time_ns()
    # They were sent at shutdown: a batch waits longer than this took.
    check("what there was is sent before the end", len(collector.spans) == 6 and took < SOON, collector.spans)

    span, of = collector.span("/work/50")
    check("the trace goes on that a request belongs to", span.trace_id.hex() == TRACE and span.parent_span_id.hex() == PARENT)
    check("its state is passed on", span.trace_state == "congo=t61rcWkgMzE", span)
    check("a span is named after its route", span.name == "GET /work/MS" and of["http.route"] == "/work/MS", span)
    check("a span is that of a server", span.kind == Span.SPAN_KIND_SERVER, span)
    times = began <= span.start_time_unix_nano < span.end_time_unix_nano <= ended
    check("a span has the times of its request", times, span)
    seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
    waits = [of[f"wtw.waited.{wait}"] for wait in ["input", "room", "time", "work"]]
    check("waits and running are all of it", abs(sum(waits) + of["wtw.ran"] - seconds) < 1e-6, of)
    where = "wtw.ran" if backend == "sync" else "wtw.waited.work"  # its threads work themselves
    check("a span says where its request waited", of[where] > 0, of)
    expected = {
        "http.request.method": "GET", "url.scheme": "http", "url.query": "a=b", "server.address": "127.0.0.1",
        "server.port": server.port, "client.address": "127.0.0.1", "network.protocol.version": "1.1",
        "http.response.status_code": 200,
    }
    check("what was asked and answered", {key: of.get(key) for key in expected} == expected, of)
    span, of = collector.span("/sleep/70")
    check("a request without a trace begins one", not span.parent_span_id and span.trace_id.hex() != TRACE, span)
    check("a moment is waited for", of["wtw.waited.time"] > 0, of)
    check("a request that is not to be sampled is not", "/sleep/60" not in [attributes(it)["url.path"] for it in collector.spans])
    span, of = collector.span("/any")
    unknown = span.name == "HTTP" and of["http.request.method"] == "_OTHER"
    check("a method that is unknown makes no name", unknown and of["http.request.method_original"] == "BREW", of)
    span, of = collector.span("/none")
    check("an error of the client is none of ours", span.status.code == Status.STATUS_CODE_UNSET and "error.type" not in of, of)
    span, of = collector.span("/panic")
    check("an error of ours is one", span.status.code == Status.STATUS_CODE_ERROR and of["error.type"] == "500", of)
    span, of = collector.span("/echo")
    check("content is counted", of["http.request.body.size"] == 10 and of["http.response.body.size"] >= 10, of)

    lines = [(record, json.loads(record.body.string_value)) for record in collector.records if record.trace_id]
    check("each request has its line of the access log", len(lines) == 7, lines)
    [(record, line)] = [it for it in lines if it[1]["target"] == "/work/50?a=b"]
    span, _ = collector.span("/work/50")
    check("a line is found from its span", (record.trace_id, record.span_id) == (span.trace_id, span.span_id), record)
    panics = [it for it in collector.records if it.severity_text == "ERROR" and "panic" in it.body.string_value]
    check("the log is sent, too", len(panics) == 1, collector.records)

    durations = collector.metrics["http.server.request.duration"].histogram.data_points
    counts = {(of.get("http.route"), of["http.response.status_code"]): it.count for it in durations for of in [attributes(it)]}
    expected = {("/work/MS", 200): 1, ("/sleep/MS", 200): 2, (None, 404): 1, (None, 501): 1, ("/panic", 500): 1, ("/echo", 200): 1}
    check("durations by route and status", counts == expected, counts)
    sums = {attributes(it).get("http.route"): it.sum for it in durations}
    check("durations are what requests took", 0.13 <= sums["/sleep/MS"] < SOON, sums)
    active = collector.metrics["http.server.active_requests"].sum
    check("no request is left under way", {it.as_int for it in active.data_points} == {0}, active)
    for name, label, kinds in [("wtw.connections", "state", 6), ("wtw.connections.waiting", "wait", 4)]:
        points = collector.metrics[name].gauge.data_points
        check(f"{name} by {label}", len({attributes(it)[label] for it in points}) == kinds, points)
    resource = collector.resources[0]
    named = resource["service.name"] == "wtw" and resource["wtw.backend"] == backend
    check("who says all this", named and all(it == resource for it in collector.resources), collector.resources)


def variables_are_respected(program):
    traces, rest = Collector(), Collector()
    server = Server(
        program, "mio", OTEL_EXPORTER_OTLP_ENDPOINT=rest.url + "/", OTEL_SERVICE_NAME="front",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=traces.url + "/v1/traces", OTEL_LOGS_EXPORTER="none",
        OTEL_TRACES_SAMPLER="parentbased_always_off", OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Basic%20Zm9v",
    )
    server.ask("/echo/a")
    server.ask("/echo/b", **traceparent("01"))
    server.stop()
    check("the sampler of the environment", [attributes(it)["url.path"] for it in traces.spans] == ["/echo/b"], traces.spans)
    check("an endpoint for each signal", rest.metrics and not rest.spans and not rest.records)
    resource = rest.resources[0]
    named = resource["service.name"] == "front" and resource["deployment.environment.name"] == "test"
    check("the name that the environment gives", named, resource)
    check("fields that a collector asks for", rest.headers[0]["Authorization"] == "Basic Zm9v", rest.headers[0])


def collector_is_authenticated(program):
    with tempfile.TemporaryDirectory() as scratch:
        key, chain = f"{scratch}/key.pem", f"{scratch}/chain.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", chain],
            check=True, stderr=subprocess.DEVNULL,
        )
        for trusted, spans in [({"OTEL_EXPORTER_OTLP_CERTIFICATE": chain}, 1), ({}, 0)]:
            collector = Collector(certificate=(chain, key))
            server = Server(program, "mio", "--otlp", collector.url, **trusted)
            assert server.ask("/echo/a")[0] == 200
            server.stop()
            what = "a collector is trusted by its certificate" if trusted else "and not without"
            check(what, len(collector.spans) == spans, server.said())
            check("which is in the log", bool(server.warnings()) != bool(trusted), server.said())


def nobody_is_there(program):
    gone = Collector()
    gone.server.shutdown()
    gone.server.server_close()
    few = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BLRP_SCHEDULE_DELAY": "100", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
    server = Server(program, "mio", "--otlp", gone.url, "--access-log", "json", **few)
    def ask():
        assert server.ask("/echo/a")[0] == 200
        time.sleep(0.05)

    until = time.monotonic() + SOON
    while not server.warnings() and time.monotonic() < until:
        ask()
    for _ in range(20):
        ask()
    check("a collector that is absent costs one warning", len(server.warnings()) == 1, server.said())
    check("and holds up no shutdown", server.stop() < SOON)
    said = server.warnings()
    check("what was lost is counted at the end", len(said) == 2 and "attempts" in said[1], said)


def nobody_answers(program):
    collector = Collector(silent=True)
    few = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
    server = Server(program, "mio", "--otlp", collector.url, **few)
    assert server.ask("/echo/a")[0] == 200
    assert collector.asked.get(timeout=SOON) == "/v1/traces"
    begin = time.monotonic()
    for _ in range(100):
        assert server.ask("/echo/a")[0] == 200
    check("a collector that never answers holds up no request", time.monotonic() - begin < BUSY_FOR)
    check("nor the shutdown", server.stop() < SOON)
    check("spans without room are lost and counted", "dropped_span_count" in server.said(), server.said())


def main(program):
    for backend in BACKENDS:
        print(f"backend-{backend}")
        all_is_told(program, backend)
    print("the environment")
    variables_are_respected(program)
    print("TLS")
    collector_is_authenticated(program)
    print("no collector")
    nobody_is_there(program)
    print("a collector that is silent")
    nobody_answers(program)


main(*sys.argv[1:])
