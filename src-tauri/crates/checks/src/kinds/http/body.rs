//! The text of a body that arrives in pieces, decoded by its charset.

use encoding_rs::{Decoder, Encoding, UTF_8};
use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// The number of first bytes within which a document names its charset (HTML, "Determining the
/// character encoding").
const SNIFFED_BYTES: usize = 1_024;

/// Types whose bodies have no end.
const STREAM_TYPES: [&str; 5] = [
    "text/event-stream",
    "multipart/x-mixed-replace",
    "application/x-ndjson",
    "application/stream+json",
    "application/json-seq",
];

/// Returns whether the headers announce a body that has no end.
pub(super) fn is_stream(headers: &HeaderMap) -> bool {
    STREAM_TYPES.contains(&essence(headers).as_str())
}

fn content_type(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .unwrap_or_default()
}

fn essence(headers: &HeaderMap) -> String {
    content_type(headers).split(';').next().unwrap_or_default().trim().to_owned()
}

/// The text of a body, as far as it has arrived.
pub(super) struct BodyText {
    /// The charset that the header names.
    declared: Option<&'static Encoding>,
    /// True if the document may name its charset.
    is_markup: bool,
    /// The bytes from which the charset is detected; empty once it is.
    first: Vec<u8>,
    /// The decoder of the bytes behind the first ones.
    decoder: Option<Decoder>,
    /// The text that may be part of a match.
    text: String,
}

impl BodyText {
    /// Starts the text of an answer with these headers.
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let content_type = content_type(headers);
        let charset = content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            (name.trim() == "charset").then(|| value.trim().trim_matches(['"', '\'']).to_owned())
        });
        Self {
            declared: charset.and_then(|label| Encoding::for_label(label.as_bytes())),
            is_markup: content_type.contains("html") || content_type.contains("xml"),
            first: Vec::new(),
            decoder: None,
            text: String::new(),
        }
    }

    /// Adds bytes, and returns whether the text contains `wanted` now.
    pub(super) fn push(&mut self, bytes: &[u8], wanted: &str) -> bool {
        match &mut self.decoder {
            Some(decoder) => decode(decoder, bytes, &mut self.text),
            None => {
                self.first.extend_from_slice(bytes);
                let mut decoder = self.encoding().new_decoder();
                self.text.clear();
                decode(&mut decoder, &self.first, &mut self.text);
                if self.first.len() >= SNIFFED_BYTES {
                    self.first = Vec::new();
                    self.decoder = Some(decoder);
                }
            }
        }
        if self.text.contains(wanted) {
            return true;
        }
        if self.decoder.is_some() {
            // A match may begin in the end of this text. The rest is not needed again.
            let end = self.text.len().saturating_sub(wanted.len());
            self.text.drain(..self.text.floor_char_boundary(end));
        }
        false
    }

    /// Returns the charset: that of the byte order mark, of the header, of the document, or UTF-8.
    fn encoding(&self) -> &'static Encoding {
        Encoding::for_bom(&self.first)
            .map(|(encoding, _)| encoding)
            .or(self.declared)
            .or_else(|| self.is_markup.then(|| named_in_markup(&self.first)).flatten())
            .unwrap_or(UTF_8)
    }
}

/// Appends decoded bytes. What is no valid text becomes the replacement character.
fn decode(decoder: &mut Decoder, bytes: &[u8], text: &mut String) {
    let Some(needed) = decoder.max_utf8_buffer_length(bytes.len()) else { return };
    text.reserve(needed);
    // The space is enough for all bytes.
    let _ = decoder.decode_to_string(bytes, text, false);
}

/// Returns the charset that a document names: `<meta charset="…">`, the `content` of a `<meta
/// http-equiv="content-type">`, or `<?xml encoding="…"?>`.
fn named_in_markup(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String =
        bytes.iter().take(SNIFFED_BYTES).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let mut rest = head.as_str();
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let tag = rest.split('>').next().unwrap_or_default();
        let key = match tag {
            _ if tag.starts_with("meta") => "charset",
            _ if tag.starts_with("?xml") => "encoding",
            _ => continue,
        };
        let value = tag.split_once(key).and_then(|(_, value)| value.trim_start().strip_prefix('='));
        let Some(value) = value else { continue };
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let label =
            value.split(|c: char| c.is_whitespace() || "\"';/?".contains(c)).next().unwrap_or_default();
        // A document whose bytes read as ASCII is not in UTF-16, whatever it says (HTML).
        let found = Encoding::for_label(label.as_bytes()).map(Encoding::output_encoding);
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(content_type: &str, bytes: &[u8], wanted: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        let whole = BodyText::new(&headers).push(bytes, wanted);
        let mut pieces = BodyText::new(&headers);
        let split = bytes.iter().any(|byte| pieces.push(&[*byte], wanted));
        assert_eq!(whole, split, "{content_type}: the pieces make no difference");
        whole
    }

    #[test]
    fn the_charset_is_that_of_mark_header_or_document() {
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("Straße nach Köln");
        let (chinese, _, _) = encoding_rs::GBK.encode("服务可用");
        assert!(contains("text/plain; charset=ISO-8859-1", &latin, "Köln"));
        assert!(contains("text/html;Charset=\"gb2312\"", &chinese, "服务可用"));
        assert!(!contains("text/plain", &latin, "Köln"), "no charset is UTF-8");
        assert!(contains("application/json", "{\"ort\":\"Köln\"}".as_bytes(), "Köln"));
        assert!(contains("text/plain; charset=unheard-of", "Köln".as_bytes(), "Köln"));
        let meta = [b"<html><head><META http-equiv=x content='text/html; charset=GBK'>", &*chinese].concat();
        assert!(contains("text/html", &meta, "可用"));
        let meta =
            [b"<!doctype html><meta charset=latin1>".to_vec(), vec![b' '; 2_000], latin.to_vec()].concat();
        assert!(contains("text/html", &meta, "Straße"));
        assert!(!contains("text/plain", &meta, "Straße"), "a text names no charset");
        let xml = [b"<?xml version='1.0' encoding='windows-1252'?><a>", &*latin].concat();
        assert!(contains("application/xml", &xml, "Köln"));
        for big in [true, false] {
            let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let marked: Vec<u8> = "\u{feff}läuft".encode_utf16().flat_map(unit).collect();
            assert!(contains("text/plain; charset=utf-8", &marked, "läuft"), "the mark wins");
        }
    }

    #[test]
    fn a_text_is_found_across_pieces() {
        let mut body = BodyText::new(&HeaderMap::new());
        assert!(!body.push(&vec![b'x'; 5_000], "wärme"));
        assert!(!body.push(b"w\xc3", "wärme") && !body.push(b"\xa4rm", "wärme") && body.push(b"e", "wärme"));
    }

    #[test]
    fn text_that_was_searched_is_not_held() {
        let mut body = BodyText::new(&HeaderMap::new());
        for _ in 0..100 {
            assert!(!body.push("körper ".repeat(1_000).as_bytes(), "wärme"));
        }
        let (length, capacity) = (body.text.len(), body.text.capacity());
        assert!(length < "wärme".len() + 4 && capacity < 100_000, "{length} {capacity}");
    }

    #[test]
    fn streams_are_known_by_their_type() {
        let mut headers = HeaderMap::new();
        assert!(!is_stream(&headers));
        headers.insert(CONTENT_TYPE, "Text/Event-Stream; charset=utf-8".parse().unwrap());
        assert!(is_stream(&headers));
    }
}
