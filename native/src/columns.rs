//! Many receipts as columns.

use hashbrown::{Equivalent, HashMap};

use crate::receipt::{Head, Line, receipt};
use crate::rules::{Rules, is_name};

/// Tills that are remembered from one call to the next. All of China has 300,000 with three to a store; a sender that
/// names a new one in every receipt must not fill the memory.
const MOST_TILLS: usize = 1 << 19;

/// Who sent a receipt, and from where: sender, store, region, workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Till<'a>(pub [&'a str; 4]);

/// The same for as long as it is remembered.
#[derive(PartialEq, Eq, Hash)]
struct Kept([Box<str>; 4]);

impl Equivalent<Kept> for Till<'_> {
    fn equivalent(&self, kept: &Kept) -> bool {
        self.0.iter().zip(&kept.0).all(|(own, other)| **own == **other)
    }
}

/// Numbers of the tills that were met, in the order in which they were.
#[derive(Default)]
pub struct Tills(HashMap<Kept, i64>);

impl Tills {
    fn number(&mut self, till: Till<'_>) -> Option<i64> {
        let number = i64::try_from(self.0.len()).ok()?;
        self.0.insert(Kept(till.0.map(Into::into)), number);
        Some(number)
    }
}

/// Receipts that are plain and right, in order.
///
/// `till` has numbers of tills: `known` were known before, those of `tills` follow them. `indices` are places in the
/// records read.
#[derive(Default)]
pub struct Columns<'a> {
    pub known: usize,
    pub tills: Vec<Till<'a>>,
    pub event_id: Vec<&'a str>,
    pub indices: Vec<i64>,
    pub counts: Vec<i64>,
    pub till: Vec<i64>,
    pub day: Vec<i64>,
    pub sequence: Vec<i64>,
    pub at: Vec<i64>,
    pub number: Vec<i64>,
    pub good: Vec<i64>,
    pub kind: Vec<i64>,
    pub quantity: Vec<i64>,
    pub amount: Vec<i64>,
    pub priced: Vec<u8>,
    pub cost: Vec<i64>,
    pub costed: Vec<u8>,
}

/// Read `records`; those that are empty, longer than `most` bytes, or not plain are left out.
///
/// Where there are too many `tills` all of them are forgotten first: none is known then.
pub fn read<'a>(records: &[&'a [u8]], rules: &Rules, most: usize, tills: &mut Tills) -> Columns<'a> {
    if tills.0.len() > MOST_TILLS {
        tills.0.clear();
    }
    let mut found = Columns { known: tills.0.len(), ..Columns::default() };
    let mut lines = Vec::new();
    for (index, record) in (0..).zip(records) {
        lines.clear();
        if let Some(head) = one(record, rules, most, &mut lines)
            && let Some(till) = numbered(&head, rules, tills, &mut found.tills)
        {
            found.add(index, till, &head, &lines);
        }
    }
    found
}

fn one<'a>(record: &'a [u8], rules: &Rules, most: usize, lines: &mut Vec<Line>) -> Option<Head<'a>> {
    if record.is_empty() || record.len() > most {
        return None;
    }
    receipt(std::str::from_utf8(record).ok()?, rules, lines)
}

/// Return the number of a receipt's till; what is asked of its names is asked once.
fn numbered<'a>(head: &Head<'a>, rules: &Rules, tills: &mut Tills, fresh: &mut Vec<Till<'a>>) -> Option<i64> {
    let till = Till([head.sender, head.store, head.region, head.workstation]);
    if let Some(&number) = tills.0.get(&till) {
        return Some(number);
    }
    let Till([sender, store, region, workstation]) = till;
    if !(rules.is_county(region) && is_name(sender) && is_name(store) && is_name(workstation)) {
        return None;
    }
    let number = tills.number(till)?;
    fresh.push(till);
    Some(number)
}

impl<'a> Columns<'a> {
    fn add(&mut self, index: i64, till: i64, head: &Head<'a>, lines: &[Line]) {
        self.indices.push(index);
        self.counts.push(i64::try_from(lines.len()).unwrap_or(i64::MAX));
        self.till.push(till);
        self.event_id.push(head.event_id);
        self.day.push(head.day);
        self.sequence.push(head.sequence);
        self.at.push(head.at);
        for line in lines {
            self.number.push(line.number);
            self.good.push(i64::from(line.good));
            self.kind.push(line.kind as i64);
            self.quantity.push(line.quantity);
            self.amount.push(line.amount.unwrap_or(0));
            self.priced.push(u8::from(line.amount.is_some()));
            self.cost.push(line.cost.unwrap_or(0));
            self.costed.push(u8::from(line.cost.is_some()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_TILLS, Till, Tills, read};
    use crate::rules::Rules;

    fn record(store: &str, region: &str) -> Vec<u8> {
        format!(
            r#"{{"event_id":"r","sender":"a","store":"{store}","region":"{region}","workstation":"1",
            "business_date":"2024-08-08","sequence":1,"time":"2024-08-08T10:02:11+08:00",
            "lines":[{{"line":1,"good":"potato","quantity":2,"unit":"kg"}}]}}"#
        )
        .into_bytes()
    }

    fn rules() -> Rules {
        let units = vec![("kg".into(), "kg".into(), 1.0)];
        Rules::new(vec!["540402".into()], vec![("potato".into(), "kg".into())], units)
    }

    #[test]
    fn records_that_are_not_plain_leave_no_trace() {
        let records = [
            record("s", "540402"),
            record("s", "540499"),
            record("", "540402"),
            Vec::new(),
            b"\xff".to_vec(),
            record("t", "540402"),
            record("s", "540402"),
        ];
        let rules = rules();
        let values: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let mut tills = Tills::default();
        let found = read(&values, &rules, 1000, &mut tills);
        assert_eq!(found.indices, [0, 5, 6]);
        assert_eq!(found.till, [0, 1, 0]);
        assert_eq!(found.tills, [Till(["a", "s", "540402", "1"]), Till(["a", "t", "540402", "1"])]);
        assert_eq!((found.quantity, found.priced), (vec![2000; 3], vec![0; 3]));
        assert!(read(&values, &rules, 100, &mut tills).indices.is_empty());
    }

    #[test]
    fn tills_keep_their_numbers_until_there_are_too_many() {
        let (rules, mut tills) = (rules(), Tills::default());
        let mut taken = |stores: &[&str]| {
            let records: Vec<_> = stores.iter().map(|store| record(store, "540402")).collect();
            let values: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
            let found = read(&values, &rules, 1000, &mut tills);
            (found.known, found.till, found.tills.len())
        };
        assert_eq!(taken(&["a", "b", "a"]), (0, vec![0, 1, 0], 2));
        assert_eq!(taken(&["c", "b"]), (2, vec![2, 1], 1));
        let many: Vec<_> = (0..MOST_TILLS).map(|number| format!("s{number}")).collect();
        taken(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(taken(&["b"]), (0, vec![0], 1));
    }
}
