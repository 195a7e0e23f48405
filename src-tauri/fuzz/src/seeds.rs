//! Valid inputs from which a fuzzer starts.

pub(crate) const EXPOSITIONS: &[&[u8]] = &[
    b"# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n\
      http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n",
    b"# TYPE rpc_seconds histogram\nrpc_seconds_bucket{le=\"0.1\"} 3\nrpc_seconds_bucket{le=\"+Inf\"} 4\n\
      rpc_seconds_sum 0.7\nrpc_seconds_count 4\n",
    b"# TYPE a counter\n# UNIT a_seconds seconds\na_total{x=\"\\\"\\\\\\n\"} 1 1.5 # {trace_id=\"a\"} 0.5 1.2\n\
      a_created 1\n# EOF\n",
    b"# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum -Inf\ns_count 2\n{\"\xc3\xbc.name\",l=\"v\"} 0x1p-3\n",
];
/// A family with one sample; as OTLP an unknown field.
pub(crate) const PROTOBUF: &[&[u8]] = &[
    b"\x11\x0a\x01a\x18\x01\x22\x0a\x12\x09\x09\x00\x00\x00\x00\x00\x00\xf0\x3f",
    b"\x0a\x10\x0a\x00\x12\x0c\x12\x0a\x0a\x01m\x2a\x05\x0a\x03\x0a\x01x",
    b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi",
];
pub(crate) const OTLP_JSON_LOGS: &[&[u8]] = &[
    br#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeLogs":[{"scope":{"name":"s","version":"1"},"logRecords":[{"timeUnixNano":"1795000000000000000","severityNumber":9,"body":{"stringValue":"hi"},"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}]}]}]}"#,
];
pub(crate) const OTLP_JSON_METRICS: &[&[u8]] = &[
    br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","unit":"s","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"asInt":"3","timeUnixNano":"1795000000000000000","startTimeUnixNano":"1"}]}},{"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"2","sum":1.5,"bucketCounts":["1","1"],"explicitBounds":[1]}]}},{"name":"e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"count":"1","scale":3,"zeroCount":"0","positive":{"offset":1,"bucketCounts":["1"]}}]}}]}]}]}"#,
];
pub(crate) const OTLP_JSON_TRACES: &[&[u8]] = &[
    br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"","name":"GET","kind":2,"startTimeUnixNano":"1795000000000000000","endTimeUnixNano":"1795000000100000000","status":{"code":2},"events":[{"name":"e"}],"links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}]}]}]}]}"#,
];
/// The two bytes `hi`.
pub(crate) const GZIP: &[&[u8]] =
    &[b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xc8\x04\x00\xac\x2a\x93\xd8\x02\x00\x00\x00"];
/// The text `telemetry telemetry` with a checksum.
pub(crate) const ZSTD: &[&[u8]] =
    &[b"\x28\xb5\x2f\xfd\x04\x58\x99\x00\x00telemetry telemetry\xe2\xe3\x3d\xa2"];
/// One series `a` with one sample, as a literal.
pub(crate) const SNAPPY: &[&[u8]] = &[
    b"\x1d\x70\x0a\x1b\x0a\x0d\x0a\x08__name__\x12\x01a\x12\x0a\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10",
    b"\x00",
];
pub(crate) const STATSD: &[&[u8]] = &[
    b"api.requests:1|c|@0.5|#env:dev,region:eu\ntemp:-3.5|g\nload:+1|g\nt:1:2:3|ms\nu:alice|s\nd:0.1|d|T1795000000",
    b"_e{5,4}:title|text|d:1795000000|h:box|p:low|t:error|#a:b\n_sc|db|2|d:1|h:box|#a|m:down",
    b"name;tag=value:1|c\nname,tag=value:1|ms\nname#tag=value:1|c:2|ms|@0.5\na[tag=v:w]b:1|c",
];
pub(crate) const LOG_RECORDS: &[&[u8]] = &[
    br#"{"time":"2026-03-01T10:00:00.123Z","level":"warn","msg":"slow","trace_id":"5b8efff798038103d269b633813fc60c"}"#,
    br#"time=2026-03-01T10:00:00Z level=info msg="a \"b\"" n=1"#,
    br#"127.0.0.1 - - [01/Mar/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 5 "-" "curl/8""#,
    br#"<165>1 2026-03-01T10:00:00Z host app 1 ID47 [a@1 k="v"] text"#,
    b"<34>Mar  1 10:00:00 host su[12]: failed",
    b"2026-03-01 10:00:00,123 ERROR [main] a.B - text\n\tat a.B.c(B.java:1)",
];
pub(crate) const SEARCHES: &[&[u8]] = &[
    br#"service=checkout severity>=error "out of memory" -debug"#,
    br#"(status>=500 or name~"GET .*") and not duration<1.5s"#,
    br#"http.route="/a" a.b!=c *"#,
];
pub(crate) const SETTINGS: &[&[u8]] = &[
    b"[alerts]\ndesktop_notifications = false\n[[scrape]]\nname = \"a\"\nurl = \"http://127.0.0.1:9100/metrics\"\ninterval_seconds = 15\n",
    b"[retention]\nlogs_days = 7\n[host]\ninterval_seconds = 5\n",
];
pub(crate) const PROMETHEUS_CONFIG: &[&[u8]] = &[
    b"global:\n  scrape_interval: 15s\nscrape_configs:\n  - job_name: a\n    static_configs:\n      - targets: ['h:1']\n        labels: {x: y}\n    relabel_configs:\n      - source_labels: [__address__]\n        regex: '(.*):.*'\n        target_label: instance\n        replacement: '$1'\n    basic_auth: {username: u, password_file: p}\n",
];
pub(crate) const CSV: &[&[u8]] = &[
    b"time,metric,value,host\n2026-03-01T10:00:00Z,a,1.5,\"x, \"\"y\"\"\"\n1795000000,a,NaN,\n",
    b"timestamp;value\n1;2\n",
];
pub(crate) const PEM: &[&[u8]] = &[b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"];
pub(crate) const DURATIONS: &[&[u8]] = &[b"1h30m", b"1.5 s", b"90", b"2 days 3 hours", b"500us"];
