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

/// Remembers which fields were there: one that comes twice is not plain.
#[derive(Default)]
struct Fields(u16);

impl Fields {
    fn note(&mut self, number: u16) -> Option<()> {
        let bit = 1 << number;
        let fresh = self.0 & bit == 0;
        self.0 |= bit;
        fresh.then_some(())
    }
}

/// Read `name: value` pairs up to the closing brace.
fn object<'a>(scanner: &mut Scanner<'a>, mut field: impl FnMut(&mut Scanner<'a>, &'a str) -> Option<()>) -> Option<()> {
    scanner.take(b'{')?;
    loop {
        let name = scanner.name()?;
        field(scanner, name)?;
        if !scanner.try_take(b',') {
            return scanner.take(b'}');
        }
    }
}

/// Read a whole document; its lines are appended to `lines`, also if `None` is returned in the end.
pub fn receipt<'a>(text: &'a str, rules: &Rules, lines: &mut Vec<Line>) -> Option<Head<'a>> {
    let mut scanner = Scanner::new(text);
    let (mut event_id, mut sender, mut store, mut region, mut workstation) = (None, None, None, None, None);
    let (mut day, mut sequence, mut at, mut sold) = (None, None, None, None);
    let mut fields = Fields::default();
    object(&mut scanner, |scanner, name| {
        match name {
            "event_id" => event_id = Some(fields.note(0).and_then(|()| scanner.text())?),
            "sender" => sender = Some(fields.note(1).and_then(|()| scanner.text())?),
            "store" => store = Some(fields.note(2).and_then(|()| scanner.text())?),
            "region" => region = Some(fields.note(3).and_then(|()| scanner.text())?),
            "workstation" => workstation = Some(fields.note(4).and_then(|()| scanner.text())?),
            "business_date" => day = Some(fields.note(5).and_then(|()| time::date(scanner.text()?))?),
            "sequence" => sequence = Some(fields.note(6).and_then(|()| scanner.whole())?),
            "time" => at = Some(fields.note(7).and_then(|()| time::moment(scanner.text()?))?),
            "lines" => sold = Some(fields.note(8).and_then(|()| all_lines(scanner, rules, lines))?),
            "status" => fields.note(9).and_then(|()| (scanner.text()? == "normal").then_some(()))?,
            "schema" => fields.note(10).and_then(|()| scanner.whole()).map(|_| ())?,
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    scanner.end()?;
    sold?;
    let event_id = event_id.filter(|name| is_name(name))?;
    let sequence = i64::try_from(sequence?).ok()?;
    Some(Head {
        event_id,
        sender: sender?,
        store: store?,
        region: region?,
        workstation: workstation?,
        day: day?,
        sequence,
        at: at?,
    })
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

fn line(scanner: &mut Scanner<'_>, rules: &Rules) -> Option<Line> {
    let (mut number, mut good, mut unit, mut quantity) = (None, None, None, None);
    let (mut amount, mut cost, mut kind) = (None, None, Kind::Sale);
    let mut fields = Fields::default();
    object(scanner, |scanner, name| {
        match name {
            "line" => number = Some(fields.note(0).and_then(|()| scanner.whole())?),
            "good" => good = Some(fields.note(1).and_then(|()| scanner.text())?),
            "quantity" => quantity = Some(fields.note(2).and_then(|()| scanner.real())?),
            "unit" => unit = Some(fields.note(3).and_then(|()| scanner.text())?),
            "amount" => amount = fields.note(4).and_then(|()| maybe(scanner))?.0,
            "kind" => kind = fields.note(5).and_then(|()| Kind::of(scanner.text()?))?,
            "unit_cost" => cost = fields.note(6).and_then(|()| maybe(scanner))?.0,
            "regular_price" => fields.note(7).and_then(|()| maybe(scanner)).map(|_| ())?,
            "promotion" => fields.note(8).and_then(|()| scanner.flag())?,
            _ => scanner.skip()?,
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
