//! One receipt. Everything here returns `None` where Python has to look.

use crate::rules::{Rules, fixed, is_name};
use crate::scan::Scanner;
use crate::time;

const QUANTITY: f64 = 1e3;
const AMOUNT: f64 = 1e4;
const PRICE: f64 = 1e4;
/// Line numbers fit their column.
const MOST_LINE: u64 = u32::MAX as u64;

/// What a line was; its number is its code in columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sale = 0,
    Return = 1,
    Void = 2,
}

impl Kind {
    fn of(text: &str) -> Option<Self> {
        match text {
            "sale" => Some(Self::Sale),
            "return" => Some(Self::Return),
            "void" => Some(Self::Void),
            _ => None,
        }
    }

    fn sign(self) -> i64 {
        if self == Self::Sale { 1 } else { -1 }
    }
}

/// A line in fixed-point numbers: 1/1,000 base unit, 1/10,000 CNY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: i64,
    pub good: u32,
    pub kind: Kind,
    pub quantity: i64,
    pub amount: Option<i64>,
    pub cost: Option<i64>,
}

/// A receipt without its lines.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub event_id: &'a str,
    pub sender: &'a str,
    pub store: &'a str,
    pub region: &'a str,
    pub workstation: &'a str,
    pub day: i64,
    pub sequence: i64,
    pub at: i64,
}

/// Read `name: value` pairs up to the closing brace; `field` is told the place of a name in `names`.
fn object<'a>(
    scanner: &mut Scanner<'a>,
    names: &[&str],
    mut field: impl FnMut(&mut Scanner<'a>, usize) -> Option<()>,
) -> Option<()> {
    let (mut seen, mut next) = (0_u32, 0);
    scanner.take(b'{')?;
    loop {
        let place = scanner.name(names, next)?;
        if place < names.len() {
            if seen & 1 << place != 0 {
                return None; // a field that comes twice
            }
            seen |= 1 << place;
            next = place + 1;
            field(scanner, place)?;
        } else {
            scanner.skip()?;
        }
        if !scanner.try_take(b',') {
            return scanner.take(b'}');
        }
    }
}

const RECEIPT: [&str; 11] = [
    "event_id",
    "sender",
    "store",
    "region",
    "workstation",
    "business_date",
    "sequence",
    "time",
    "lines",
    "status",
    "schema",
];

/// Read a whole document; its lines are appended to `lines`, also if `None` is returned in the end.
pub fn receipt<'a>(text: &'a str, rules: &Rules, lines: &mut Vec<Line>) -> Option<Head<'a>> {
    let mut scanner = Scanner::new(text);
    let mut names = [None; 5];
    let (mut day, mut sequence, mut at, mut sold) = (None, None, None, None);
    object(&mut scanner, &RECEIPT, |scanner, place| {
        match place {
            0..5 => names[place] = Some(scanner.text()?),
            5 => day = Some(time::date(scanner.text()?)?),
            6 => sequence = Some(i64::try_from(scanner.whole()?).ok()?),
            7 => at = Some(time::moment(scanner.text()?)?),
            8 => sold = Some(all_lines(scanner, rules, lines)?),
            9 => (scanner.text()? == "normal").then_some(())?,
            _ => scanner.whole().map(|_| ())?,
        }
        Some(())
    })?;
    scanner.end()?;
    sold?;
    let [event_id, sender, store, region, workstation] = names;
    let event_id = event_id.filter(|name| is_name(name))?;
    let (sender, store, region, workstation) = (sender?, store?, region?, workstation?);
    Some(Head { event_id, sender, store, region, workstation, day: day?, sequence: sequence?, at: at? })
}

fn all_lines(scanner: &mut Scanner<'_>, rules: &Rules, lines: &mut Vec<Line>) -> Option<()> {
    scanner.take(b'[')?;
    let mut last = -1;
    loop {
        let found = line(scanner, rules)?;
        // Lines that do not ascend may be the same one twice, which has to be looked at.
        if found.number <= last {
            return None;
        }
        last = found.number;
        lines.push(found);
        if !scanner.try_take(b',') {
            return scanner.take(b']');
        }
    }
}

/// A number that may be null.
struct Maybe(Option<f64>);

fn maybe(scanner: &mut Scanner<'_>) -> Option<Maybe> {
    if scanner.try_null() { Some(Maybe(None)) } else { scanner.real().map(|number| Maybe(Some(number))) }
}

const LINE: [&str; 9] =
    ["line", "good", "quantity", "unit", "amount", "kind", "unit_cost", "regular_price", "promotion"];

fn line(scanner: &mut Scanner<'_>, rules: &Rules) -> Option<Line> {
    let (mut number, mut good, mut unit, mut quantity) = (None, None, None, None);
    let (mut amount, mut cost, mut kind) = (None, None, Kind::Sale);
    object(scanner, &LINE, |scanner, place| {
        match place {
            0 => number = Some(scanner.whole()?),
            1 => good = Some(scanner.text()?),
            2 => quantity = Some(scanner.real()?),
            3 => unit = Some(scanner.text()?),
            4 => amount = maybe(scanner)?.0,
            5 => kind = Kind::of(scanner.text()?)?,
            6 => cost = maybe(scanner)?.0,
            7 => maybe(scanner).map(|_| ())?,
            _ => scanner.flag()?,
        }
        Some(())
    })?;
    let number = number.filter(|&each| each <= MOST_LINE)?;
    let (good, scale) = rules.good(good?, unit?)?;
    let quantity = fixed(quantity? * scale, QUANTITY).filter(|&each| each > 0)?;
    let sign = kind.sign();
    Some(Line {
        number: i64::try_from(number).ok()?,
        good,
        kind,
        quantity: sign * quantity,
        amount: match amount {
            Some(value) => Some(sign * fixed(value, AMOUNT)?),
            None => None,
        },
        cost: match cost {
            Some(value) => Some(fixed(value / scale, PRICE)?),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, Line, receipt};
    use crate::rules::Rules;

    const PLAIN: &str = r#"{"event_id":"r-1","sender":"shop-7","store":"s","region":"540402","workstation":"1",
        "business_date":"2024-08-08","sequence":1,"time":"2024-08-08T10:02:11+08:00","lines":[LINES]}"#;
    const LINE: &str = r#"{"line":1,"good":"potato","quantity":2.5,"unit":"kg","amount":11.25}"#;

    fn read(text: &str) -> Option<Vec<Line>> {
        let units = vec![("kg".into(), "kg".into(), 1.0), ("kg".into(), "斤".into(), 0.5)];
        let rules = Rules::new(vec!["540402".into()], vec![("potato".into(), "kg".into())], units);
        let mut lines = Vec::new();
        receipt(text, &rules, &mut lines).map(|_| lines)
    }

    fn with(lines: &str) -> Option<Vec<Line>> {
        read(&PLAIN.replace("LINES", lines))
    }

    #[test]
    fn a_plain_line() {
        let line = Line { number: 1, good: 0, kind: Kind::Sale, quantity: 2500, amount: Some(112_500), cost: None };
        assert_eq!(with(LINE), Some(vec![line]));
        let returned = LINE.replace('}', r#","kind":"return","unit_cost":3,"promotion":true,"x":[]}"#);
        assert_eq!(with(&returned), None, "what is nested in a field that nobody knows");
        let returned = with(&returned.replace("[]", "null").replace("kg", "斤"));
        let line = Line { kind: Kind::Return, quantity: -1250, amount: Some(-112_500), cost: Some(60_000), ..line };
        assert_eq!(returned, Some(vec![line]));
    }

    #[test]
    fn a_line_without_amount_is_not_one_of_amount_zero() {
        let amount = |text: &str| with(&LINE.replace("11.25", text)).map(|lines| lines[0].amount);
        assert_eq!(amount("null"), Some(None));
        assert_eq!(amount("0"), Some(Some(0)));
        assert_eq!(amount("-1"), None);
    }

    #[test]
    fn what_is_unusual_is_left_alone() {
        assert_eq!(with(""), None);
        assert_eq!(with(&format!("{LINE},{LINE}")), None, "a line number twice");
        for (from, to) in [
            ("2.5", "0"),
            ("2.5", "0.0004"),
            ("2.5", "1e0"),
            ("2.5", "\"2.5\""),
            ("2.5", "1000000000000"),
            ("potato", "sand"),
            ("kg", "L"),
            ("\"line\":1", "\"line\":4294967296"),
            ("}", ",\"line\":1}"),
            ("}", ",}"),
            ("kg", "k\\u0067"),
        ] {
            assert_eq!(with(&LINE.replace(from, to)), None, "{from} -> {to}");
        }
        let whole = PLAIN.replace("LINES", LINE);
        for (from, to) in [
            ("}]}", "}]}x"),
            ("}]}", "}]"),
            ("r-1", ""),
            ("\"sequence\":1", "\"sequence\":-1"),
            ("\"sequence\":1,", ""),
            ("2024-08-08\"", "2024-02-30\""),
            ("}]}", "}],\"status\":\"training\"}"),
            ("}]}", "}],\"sequence\":1}"),
            ("}]}", "}],\"schema\":null}"),
            ("}]}", "}],\"x\":{}}"),
        ] {
            assert_eq!(read(&whole.replace(from, to)), None, "{from} -> {to}");
        }
        assert!(read(&whole.replace("}]}", "}], \"status\": \"normal\", \"schema\" : 2, \"x\": 1.5 } \n")).is_some());
    }
}
