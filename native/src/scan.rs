//! The tokens of JSON that plain receipts are made of. `None` always means "not plain", never "wrong".

/// Digits that a number may have: one more, and it could lie between two doubles in a way that nobody tries here.
const MOST_DIGITS: usize = 17;
/// Below it a whole number is a double, and so is the power of ten that it is divided by: one rounding, the right one.
const EXACT: u64 = 1 << 53;
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads one document from its beginning to its end.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Take `byte`, blanks before it left out.
    pub fn take(&mut self, byte: u8) -> Option<()> {
        self.try_take(byte).then_some(())
    }

    /// Take `byte` if it comes next.
    pub fn try_take(&mut self, byte: u8) -> bool {
        if self.peek() != Some(byte) {
            self.blanks();
            if self.peek() != Some(byte) {
                return false;
            }
        }
        self.at += 1;
        true
    }

    /// Take the end of the document.
    pub fn end(&mut self) -> Option<()> {
        self.blanks();
        (self.at == self.text.len()).then_some(())
    }

    /// Take a string in which nothing is escaped.
    pub fn text(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        let length = plain(&self.text.as_bytes()[start..])?;
        self.at = start + length + 1;
        if self.text.as_bytes()[start + length] != b'"' {
            return None;
        }
        self.text.get(start..start + length)
    }

    /// Take the name of a field and the colon after it; return its place in `names`, or what is beyond them.
    ///
    /// `next` is the place at which it is looked for first: senders write fields in one order.
    pub fn name(&mut self, names: &[&str], next: usize) -> Option<usize> {
        if let Some(length) = names.get(next).and_then(|name| self.is_next(name)) {
            self.at += length;
            return Some(next);
        }
        let found = self.text()?;
        self.take(b':')?;
        Some(names.iter().position(|name| *name == found).unwrap_or(names.len()))
    }

    /// Return how many bytes `"name":` takes if it comes next, written without blanks.
    fn is_next(&self, name: &str) -> Option<usize> {
        let rest = self.text.as_bytes()[self.at..].strip_prefix(b"\"")?.strip_prefix(name.as_bytes())?;
        rest.starts_with(b"\":").then_some(name.len() + 3)
    }

    /// Take a whole number from 0 to 2^53 - 1.
    pub fn whole(&mut self) -> Option<u64> {
        self.blanks();
        let (number, digits) = self.digits(0)?;
        self.leading(digits)?;
        self.ended()?;
        (number < EXACT).then_some(number)
    }

    /// Take a number of at least 0 without an exponent, as the double nearest to it.
    pub fn real(&mut self) -> Option<f64> {
        self.blanks();
        let start = self.at;
        let (mut number, mut digits) = self.digits(0)?;
        self.leading(digits)?;
        let mut decimals = 0;
        if self.peek() == Some(b'.') {
            self.at += 1;
            (number, decimals) = self.digits(number)?;
            digits += decimals;
        }
        self.ended()?;
        if digits > MOST_DIGITS {
            return None;
        }
        if number < EXACT {
            #[allow(clippy::cast_precision_loss)] // it was just made sure that none is lost
            return Some(number as f64 / POWERS[decimals]);
        }
        self.text[start..self.at].parse().ok()
    }

    /// Take one digit or more; return the number that they continue, and how many there were.
    fn digits(&mut self, before: u64) -> Option<(u64, usize)> {
        let (mut number, start) = (before, self.at);
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            // What overflows has too many digits, which is asked afterwards.
            number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        let digits = self.at - start;
        (1..=MOST_DIGITS).contains(&digits).then_some((number, digits))
    }

    /// Refuse a whole part of several `digits`, just taken, that begins with 0.
    fn leading(&self, digits: usize) -> Option<()> {
        (digits == 1 || self.text.as_bytes()[self.at - digits] != b'0').then_some(())
    }

    /// Refuse a number that goes on.
    fn ended(&self) -> Option<()> {
        matches!(self.peek(), Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')).then_some(())
    }

    /// Take `word` if it comes next.
    fn try_word(&mut self, word: &str) -> bool {
        self.blanks();
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    /// Take null if it comes next.
    pub fn try_null(&mut self) -> bool {
        self.try_word("null")
    }

    /// Take true or false.
    pub fn flag(&mut self) -> Option<()> {
        (self.try_word("true") || self.try_word("false")).then_some(())
    }

    /// Take a string, number, true, false or null that nobody asks for.
    pub fn skip(&mut self) -> Option<()> {
        self.blanks();
        match self.peek()? {
            b'"' => self.text().map(|_| ()),
            b'0'..=b'9' => self.real().map(|_| ()),
            b'n' => self.try_null().then_some(()),
            _ => self.flag(),
        }
    }
}

/// Return how many bytes come before the first quote, backslash or control character.
fn plain(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in (0..).zip(words) {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let last = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
    Some(words.len() * 8 + last)
}

/// Return a word of which the lowest bit that is set is in the first byte that is a quote, backslash or below blank.
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Set in the lowest byte of `bytes` that is below `least`, at most 128; above it borrows make bits that mean nothing.
    let below = |bytes: u64, least: u8| bytes.wrapping_sub(ONES * u64::from(least)) & !bytes & HIGH;
    below(word, b' ') | below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1)
}

#[cfg(test)]
mod tests {
    use super::Scanner;

    fn real(text: &str) -> Option<f64> {
        let mut scanner = Scanner::new(text);
        let found = scanner.real()?;
        scanner.take(b',')?;
        scanner.end()?;
        Some(found)
    }

    #[test]
    fn numbers_are_the_nearest_doubles() {
        for text in ["0", "2.5", "11.25", "0.001", "1234567.8901", "2.4000000000000004", "9007199254740993", "0.1"] {
            assert_eq!(real(&format!("{text},")), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_number_is_left_alone() {
        for text in ["", "-1", "-0", "01", "1.", ".5", "1e3", "1E3", "NaN", "+1", "0x1", "123456789012345678", "1.0x"] {
            assert_eq!(real(&format!("{text},")), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_end_below_two_to_the_53() {
        let whole = |text: &str| Scanner::new(text).whole();
        assert_eq!(whole("9007199254740991,"), Some(9_007_199_254_740_991));
        for text in ["9007199254740992,", "1.0,", "-1,", "007,", "1"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn strings_are_taken_as_they_stand() {
        assert_eq!(Scanner::new(" \"巴宜\"").text(), Some("巴宜"));
        assert_eq!(Scanner::new("\"巴宜区八一镇\x7f and 12345\"").text(), Some("巴宜区八一镇\x7f and 12345"));
        for place in 0..20 {
            let name = format!("{}\"{}", "长x".repeat(place), "y".repeat(20 - place));
            assert_eq!(Scanner::new(&format!("\"{name}")).text(), Some(&*"长x".repeat(place)));
        }
        for text in ["\"a\\u0041\"", "\"twelve bytes\\n\"", "\"twelve bytes\tand more\"", "\"a\nb\"", "\"open", "bare"]
        {
            assert_eq!(Scanner::new(text).text(), None, "{text}");
        }
    }
}
