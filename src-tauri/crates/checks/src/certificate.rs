//! When a certificate ends, read from its DER (X.690) as RFC 5280, section 4.1, lays it out.

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed: the version, which certificates of version 1 leave out.
const VERSION: u8 = 0xa0;

/// The last second in which a certificate is valid, in seconds since 1970; none if it is no
/// certificate.
pub(crate) fn end(der: &[u8]) -> Option<i64> {
    let (certificate, _) = inside(der, SEQUENCE)?;
    let (to_be_signed, _) = inside(certificate, SEQUENCE)?;
    let rest = inside(to_be_signed, VERSION).map_or(to_be_signed, |(_, rest)| rest);
    let (_serial_number, rest) = inside(rest, INTEGER)?;
    let (_signature, rest) = inside(rest, SEQUENCE)?;
    let (_issuer, rest) = inside(rest, SEQUENCE)?;
    let (validity, _) = inside(rest, SEQUENCE)?;
    let (_, _not_before, rest) = element(validity)?;
    let (tag, not_after, _) = element(rest)?;
    time(tag, not_after)
}

/// The tag and content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        // So many bytes of length follow. A certificate of 4 GiB is none.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The content of the first element, which must have this tag, and what follows it.
fn inside(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(der)?;
    (tag == wanted).then_some((content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280, section 4.1.2.5) in seconds since 1970.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = digits.split_at(2);
            let year = number(year);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at(4);
            (number(year), rest)
        }
        _ => return None,
    };
    let parts: Vec<i64> = rest.chunks(2).map(number).collect();
    let &[month, day, hour, minute, second] = parts.as_slice() else { return None };
    let fits =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    fits.then(|| days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days of the Gregorian calendar. Years are counted from March, so that the leap day is the last
/// of its year, and in eras of 400 years, which are 146 097 days each.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // From 1 March of the year 0 to 1 January 1970.
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut der = vec![tag, 0x82];
        der.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        der.extend(content);
        der
    }

    fn certificate(with_version: bool, tag: u8, not_after: &str) -> Vec<u8> {
        let mut inner = Vec::new();
        if with_version {
            inner.extend(wrapped(VERSION, &[INTEGER, 1, 2]));
        }
        inner.extend([INTEGER, 1, 7, SEQUENCE, 0, SEQUENCE, 0]);
        let mut validity = wrapped(UTC_TIME, b"700101000000Z");
        validity.extend(wrapped(tag, not_after.as_bytes()));
        inner.extend(wrapped(SEQUENCE, &validity));
        wrapped(SEQUENCE, &wrapped(SEQUENCE, &inner))
    }

    #[test]
    fn the_end_is_read_in_both_forms_and_from_all_versions() {
        assert_eq!(end(&certificate(true, UTC_TIME, "700102000001Z")), Some(86_401));
        assert_eq!(end(&certificate(false, UTC_TIME, "491231235959Z")), Some(2_524_607_999));
        assert_eq!(end(&certificate(true, UTC_TIME, "500101000000Z")), Some(-631_152_000));
        assert_eq!(end(&certificate(true, GENERALIZED_TIME, "20240229120000Z")), Some(1_709_208_000));
        assert_eq!(end(&certificate(true, GENERALIZED_TIME, "99991231235959Z")), Some(253_402_300_799));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for not_after in ["20240229120000", "2024022912000Z", "20241329120000Z", "2024-2-29 200Z", "Z", ""] {
            assert_eq!(end(&certificate(true, GENERALIZED_TIME, not_after)), None, "{not_after}");
        }
        assert_eq!(end(&certificate(true, INTEGER, "20240229120000Z")), None);
    }

    #[test]
    fn cut_and_spoilt_certificates_do_no_harm() {
        let whole = certificate(true, UTC_TIME, "491231235959Z");
        for length in 0..whole.len() {
            assert_eq!(end(&whole[..length]), None);
        }
        for position in 0..whole.len() {
            for byte in 0..=255 {
                let mut spoilt = whole.clone();
                spoilt[position] = byte;
                let _ = end(&spoilt);
            }
        }
    }
}
