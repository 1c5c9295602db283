//! Times and dates: RFC 3339 as `streams.fields` reads it, and nothing beyond.

const DAY: i64 = 86_400;
/// Digits of a fraction of a second: with more of them Python rounds in its own way.
const MOST_DECIMALS: usize = 6;

/// Return the number of two digits at `at`.
fn two(text: &[u8], at: usize) -> Option<i64> {
    let (tens, ones) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then_some(i64::from(tens) * 10 + i64::from(ones))
}

/// Return days since 1970-01-01 of a date of the proleptic Gregorian calendar.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day last; 400 of them have 146,097 days.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Return the day number of the `YYYY-MM-DD` that a text begins with.
fn leading_date(text: &[u8]) -> Option<i64> {
    let (year, month, day) = (two(text, 0)? * 100 + two(text, 2)?, two(text, 5)?, two(text, 8)?);
    let right = text[4] == b'-' && text[7] == b'-' && year >= 1 && (1..=12).contains(&month);
    (right && (1..=length(year, month)).contains(&day)).then(|| day_number(year, month, day))
}

/// Return the day number of `YYYY-MM-DD`.
pub fn date(text: &str) -> Option<i64> {
    if text.len() == 10 { leading_date(text.as_bytes()) } else { None }
}

/// Return the epoch second of `YYYY-MM-DDTHH:MM:SS[.ffffff](Z|±HH:MM)`; fractions are cut off.
pub fn moment(text: &str) -> Option<i64> {
    let text = text.as_bytes();
    let (hour, minute, second) = (two(text, 11)?, two(text, 14)?, two(text, 17)?);
    let right = text[10] == b'T' && text[13] == b':' && text[16] == b':';
    if !right || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = leading_date(text)? * DAY + (hour * 60 + minute) * 60 + second;
    Some(local - offset(after_fraction(&text[19..])?)?)
}

fn after_fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(rest) = text.strip_prefix(b".") else { return Some(text) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=MOST_DECIMALS).contains(&digits).then(|| &rest[digits..])
}

fn offset(text: &[u8]) -> Option<i64> {
    if text == b"Z" {
        return Some(0);
    }
    if text.len() != 6 || text[3] != b':' {
        return None;
    }
    let (hours, minutes) = (two(text, 1)?, two(text, 4)?);
    let sign = match text[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
}

#[cfg(test)]
mod tests {
    use super::{date, moment};

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("1969-12-31"), Some(-1));
        assert_eq!(date("2000-02-29"), Some(11_016));
        assert_eq!(date("2024-08-08"), Some(19_943));
        assert_eq!(date("0001-01-01"), Some(-719_162));
        for text in ["1900-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "2024-8-08", "20240808", "0000-01-01", ""]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn times_have_an_offset() {
        assert_eq!(moment("2024-08-08T10:02:11+08:00"), Some(1_723_082_531));
        assert_eq!(moment("2024-08-08T02:02:11Z"), Some(1_723_082_531));
        assert_eq!(moment("2024-08-08T02:02:11.999999Z"), Some(1_723_082_531));
        assert_eq!(moment("2024-08-07T21:32:11-04:30"), Some(1_723_082_531));
        let strange = [
            "2024-08-08T10:02:11",
            "2024-08-08 10:02:11Z",
            "2024-08-08T24:00:00Z",
            "2024-08-08T23:59:60Z",
            "now",
            "2024-08-08T10:02:11+08:60",
            "2024-08-08T10:02:11+24:00",
            "2024-08-08T10:02:11.Z",
            "2024-08-08T10:02:11z",
            "2024-08-08T10:02:11.1234567Z",
            "2024-08-08T10:02:11+0800",
            "２024-08-08T10:02:11Z",
        ];
        for text in strange {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
