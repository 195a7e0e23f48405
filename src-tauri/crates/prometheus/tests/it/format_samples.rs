//! Valid texts of the formats, and random damage to them.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

pub(crate) const TEXT: &str = "# HELP requests_total Requests, \\\\ and \\n\n# TYPE requests_total counter\n\
    requests_total{method=\"post\",code=\"200\"} 1027 1790000000000\n\
    requests_total{method=\"get\",path=\"a\\\"b\\\\c\\n\"} 3 1790000000000\n\
    # TYPE took_seconds histogram\ntook_seconds_bucket{le=\"0.1\"} 2 1790000000000\n\
    took_seconds_bucket{le=\"+Inf\"} 3 1790000000000\ntook_seconds_sum 4.5 1790000000000\n\
    took_seconds_count 3 1790000000000\n# TYPE rpc summary\nrpc{quantile=\"0.5\"} 4773 1790000000000\n\
    rpc_sum 1.7e+07 1790000000000\nrpc_count 2693 1790000000000\n{\"http.größe\", \"a b\"=\"1\"} NaN 1790000000000\n\
    something_weird{problem=\"division by zero\"} +Inf 1790000000000\n";

pub(crate) const OPENMETRICS: &str = "# TYPE foo counter\n# HELP foo Help \\n text\n\
    foo_total{a=\"b\"} 17.0 1790000000.25 # {trace_id=\"0123456789abcdef0123456789abcdef\"} 0.5 1790000000.1\n\
    foo_created{a=\"b\"} 1780000000.0 1790000000.25\n# TYPE bar_seconds histogram\n# UNIT bar_seconds seconds\n\
    bar_seconds_bucket{le=\"1.0\"} 1 1790000000 # {span_id=\"x\"} 0.67\nbar_seconds_bucket{le=\"+Inf\"} 2 1790000000\n\
    bar_seconds_count 2 1790000000\nbar_seconds_sum 3.5 1790000000\n# TYPE s stateset\ns{s=\"a\"} 1 1790000000\n\
    # TYPE i info\ni_info{v=\"1\"} 1 1790000000\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 4 1790000000\n\
    g_gcount 4 1790000000\ng_gsum 5 1790000000\n# EOF\n";

/// Changes bytes, ranges, lengths and order, and inserts words that parsers fail on.
pub(crate) fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    const WORDS: [&[u8]; 16] = [
        b"NaN",
        b"\0",
        b"-9223372036854775808",
        b"1e400",
        b"{",
        b"\"",
        b"\\",
        b"# EOF\n",
        b"# TYPE requests_total histogram\n",
        b"le=\"1\"",
        b"\xff\xfe",
        b"\r\n",
        b"9999999999999999999",
        &[0x80, 0x80, 0x80, 0x80, 0x10],
        &[0xff; 9],
        b"[[[[[[[[",
    ];
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            bytes.push(random.random());
        }
        let position = random.random_range(0..bytes.len());
        match random.random_range(0..8) {
            0 => bytes[position] = random.random(),
            1 => bytes[position] ^= 1 << random.random_range(0..8),
            2 if random.random_bool(0.3) => bytes.truncate(position),
            3 => bytes.insert(position, random.random()),
            4 => {
                let end = random.random_range(position..bytes.len().min(position + 200));
                let piece = bytes[position..end].to_vec();
                for _ in 0..random.random_range(1..20) {
                    bytes.splice(position..position, piece.iter().copied());
                }
            }
            5 => drop(bytes.drain(position..random.random_range(position..bytes.len().min(position + 100)))),
            6 => {
                // Move a line.
                let line = bytes[position..]
                    .split_inclusive(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default()
                    .to_vec();
                drop(bytes.drain(position..position + line.len()));
                let target = random.random_range(0..=bytes.len());
                bytes.splice(target..target, line);
            }
            _ => {
                let word = WORDS.choose(random).copied().unwrap_or_default();
                bytes.splice(position..position, word.iter().copied());
            }
        }
    }
}
