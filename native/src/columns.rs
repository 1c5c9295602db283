//! Many receipts as columns.

use hashbrown::HashMap;

use crate::receipt::{Head, Line, receipt};
use crate::rules::{Rules, is_name};

/// Who sent a receipt, and from where: sender, store, region, workstation.
pub type Till<'a> = [&'a str; 4];

/// Receipts that are plain and right, in order. `till` has places in `tills`, `indices` in the records read.
#[derive(Default)]
pub struct Columns<'a> {
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
pub fn read<'a>(records: &[&'a [u8]], rules: &Rules, most: usize) -> Columns<'a> {
    let (mut found, mut tills) = (Columns::default(), HashMap::new());
    let mut lines = Vec::new();
    for (index, record) in (0..).zip(records) {
        lines.clear();
        if let Some(head) = one(record, rules, most, &mut lines)
            && let Some(till) = numbered(&head, rules, &mut tills, &mut found.tills)
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
fn numbered<'a>(
    head: &Head<'a>,
    rules: &Rules,
    known: &mut HashMap<Till<'a>, i64>,
    tills: &mut Vec<Till<'a>>,
) -> Option<i64> {
    let till = [head.sender, head.store, head.region, head.workstation];
    if let Some(&number) = known.get(&till) {
        return Some(number);
    }
    let [sender, store, region, workstation] = till;
    if !(rules.is_county(region) && is_name(sender) && is_name(store) && is_name(workstation)) {
        return None;
    }
    let number = i64::try_from(tills.len()).ok()?;
    known.insert(till, number);
    tills.push(till);
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
    use super::read;
    use crate::rules::Rules;

    fn record(store: &str, region: &str) -> Vec<u8> {
        format!(
            r#"{{"event_id":"r","sender":"a","store":"{store}","region":"{region}","workstation":"1",
            "business_date":"2024-08-08","sequence":1,"time":"2024-08-08T10:02:11+08:00",
            "lines":[{{"line":1,"good":"potato","quantity":2,"unit":"kg"}}]}}"#
        )
        .into_bytes()
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
        let rules = Rules::new(
            vec!["540402".into()],
            vec![("potato".into(), "kg".into())],
            vec![("kg".into(), "kg".into(), 1.0)],
        );
        let values: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let found = read(&values, &rules, 1000);
        assert_eq!(found.indices, [0, 5, 6]);
        assert_eq!(found.till, [0, 1, 0]);
        assert_eq!(found.tills, [["a", "s", "540402", "1"], ["a", "t", "540402", "1"]]);
        assert_eq!((found.quantity, found.priced), (vec![2000; 3], vec![0; 3]));
        assert!(read(&values, &rules, 100).indices.is_empty());
    }
}
