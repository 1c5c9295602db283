//! Many receipts as columns.

use indexmap::{Equivalent, IndexSet};

use crate::receipt::{Head, Line, receipt};
use crate::rules::{Rules, is_name};

/// Tills of one table. All of China has 300,000 with three to a store; a sender that names a new one in every receipt
/// must not fill the memory.
const MOST_TILLS: usize = 1 << 19;

/// Who sent a receipt, and from where: sender, store, region, workstation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Till<'a>([&'a str; 4]);

/// The same for as long as it is remembered.
#[derive(PartialEq, Eq, Hash)]
struct Kept([Box<str>; 4]);

impl Equivalent<Kept> for Till<'_> {
    fn equivalent(&self, kept: &Kept) -> bool {
        self.0.iter().zip(&kept.0).all(|(own, other)| **own == **other)
    }
}

/// The tills that were met, in the order in which they were: a till's place is its number.
#[derive(Default)]
pub struct Tills(IndexSet<Kept>);

impl Tills {
    /// Return whether a new table is to be begun.
    pub fn is_full(&self) -> bool {
        self.0.len() > MOST_TILLS
    }

    /// Return how many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Return the tills from number `first` on.
    pub fn since(&self, first: usize) -> impl Iterator<Item = [&str; 4]> {
        self.0.get_range(first..).into_iter().flatten().map(|Kept(names)| names.each_ref().map(|name| &**name))
    }

    /// Return the number of a till; what is asked of its names is asked once.
    fn number(&mut self, till: Till<'_>, rules: &Rules) -> Option<usize> {
        if let Some(number) = self.0.get_index_of(&till) {
            return Some(number);
        }
        let Till([sender, store, region, workstation]) = till;
        let right = rules.is_county(region) && is_name(sender) && is_name(store) && is_name(workstation);
        right.then(|| self.0.insert_full(Kept(till.0.map(Into::into))).0)
    }
}

/// Receipts that are plain and right, in order.
///
/// `till` has numbers of tills, `indices` are places in the records read.
#[derive(Default)]
pub struct Columns {
    pub event_id: Vec<String>,
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
pub fn read(records: &[&[u8]], rules: &Rules, most: usize, tills: &mut Tills) -> Columns {
    let mut found = Columns::default();
    let mut lines = Vec::new();
    for (index, record) in (0..).zip(records) {
        lines.clear();
        if let Some(head) = one(record, rules, most, &mut lines) {
            let till = Till([head.sender, head.store, head.region, head.workstation]);
            if let Some(number) = tills.number(till, rules).and_then(|number| i64::try_from(number).ok()) {
                found.add(index, number, &head, &lines);
            }
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

impl Columns {
    fn add(&mut self, index: i64, till: i64, head: &Head<'_>, lines: &[Line]) {
        self.indices.push(index);
        self.counts.push(i64::try_from(lines.len()).unwrap_or(i64::MAX));
        self.till.push(till);
        self.event_id.push(head.event_id.into());
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
    use super::{MOST_TILLS, Tills, read};
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
        let known = [["a", "s", "540402", "1"], ["a", "t", "540402", "1"]];
        assert_eq!(tills.since(0).collect::<Vec<_>>(), known);
        assert_eq!(tills.since(1).collect::<Vec<_>>(), known[1..]);
        assert_eq!((tills.since(2).count(), tills.since(3).count()), (0, 0));
        assert_eq!((found.quantity, found.priced), (vec![2000; 3], vec![0; 3]));
        assert!(read(&values, &rules, 100, &mut tills).indices.is_empty());
    }

    #[test]
    fn tills_keep_their_numbers() {
        let (rules, mut tills) = (rules(), Tills::default());
        let mut taken = |stores: &[&str]| {
            let records: Vec<_> = stores.iter().map(|store| record(store, "540402")).collect();
            let values: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
            (read(&values, &rules, 1000, &mut tills).till, tills.is_full())
        };
        assert_eq!(taken(&["a", "b", "a"]), (vec![0, 1, 0], false));
        assert_eq!(taken(&["c", "b"]), (vec![2, 1], false));
        let many: Vec<_> = (0..MOST_TILLS).map(|number| format!("s{number}")).collect();
        assert!(taken(&many.iter().map(String::as_str).collect::<Vec<_>>()).1);
    }
}
