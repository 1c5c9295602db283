//! What a receipt is held against: the counties of one partition, the goods and the names of units.

use hashbrown::{HashMap, HashSet};

/// Results of 1e15 and above are not exact, see `schemas.fixed`.
const LARGEST: f64 = 1e15;
/// Characters that a name may have.
const LONGEST_NAME: usize = 200;

/// What is known beforehand.
pub struct Rules {
    counties: HashSet<String>,
    goods: HashMap<String, (u32, usize)>,
    units: Vec<Units>,
}

/// Units of one dimension; nearly all sales are in the one that it is named by.
struct Units {
    base: String,
    scales: HashMap<String, f64>,
}

impl Units {
    fn scale(&self, unit: &str) -> Option<f64> {
        if unit == self.base { Some(1.0) } else { self.scales.get(unit).copied() }
    }
}

impl Rules {
    /// Know `counties` by their codes, `goods` by code and base unit, and of each base unit how many one unit is.
    ///
    /// The place of a good in `goods` is its code in columns. A good of a base unit that has no `units` is never plain.
    pub fn new(counties: Vec<String>, goods: Vec<(String, String)>, units: Vec<(String, String, f64)>) -> Self {
        let mut known: Vec<Units> = Vec::new();
        for (base, unit, scale) in units {
            let own = known.iter().position(|each| each.base == base).unwrap_or_else(|| {
                known.push(Units { base, scales: HashMap::new() });
                known.len() - 1
            });
            known[own].scales.insert(unit, scale);
        }
        let goods = (0..).zip(goods).filter_map(|(code, (good, base))| {
            let own = known.iter().position(|each| each.base == base)?;
            Some((good, (code, own)))
        });
        Self { counties: counties.into_iter().collect(), goods: goods.collect(), units: known }
    }

    /// Return whether `region` is a county of the partition.
    pub fn is_county(&self, region: &str) -> bool {
        self.counties.contains(region)
    }

    /// Return the code of a good, and how many of its base units one `unit` is.
    pub fn good(&self, good: &str, unit: &str) -> Option<(u32, f64)> {
        let &(code, own) = self.goods.get(good)?;
        Some((code, self.units[own].scale(unit)?))
    }
}

/// Return whether a name is neither empty nor too long.
pub fn is_name(text: &str) -> bool {
    // No character has fewer bytes than one, so that most names need not be counted.
    !text.is_empty() && (text.len() <= LONGEST_NAME || text.chars().count() <= LONGEST_NAME)
}

/// Return `value * scale` rounded half to even, as `schemas.fixed.to_fixed` does.
pub fn fixed(value: f64, scale: f64) -> Option<i64> {
    let scaled = value * scale;
    #[allow(clippy::cast_possible_truncation)] // below 1e15, and whole
    (scaled.abs() < LARGEST).then(|| scaled.round_ties_even() as i64)
}

#[cfg(test)]
mod tests {
    use super::{Rules, fixed, is_name};

    #[test]
    fn halves_are_rounded_to_even() {
        assert_eq!(fixed(0.0005, 1e3), Some(0));
        assert_eq!(fixed(0.0015, 1e3), Some(2));
        assert_eq!(fixed(99_999_999_999.0, 1e4), Some(999_999_999_990_000));
        for value in [1e11, f64::INFINITY, f64::NAN] {
            assert_eq!(fixed(value, 1e4), None);
        }
    }

    #[test]
    fn a_unit_belongs_to_the_base_unit_of_its_good() {
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let goods = vec![("potato".into(), "kg".into()), ("ice".into(), "none".into()), ("milk".into(), "L".into())];
        let units = vec![("kg".into(), "斤".into(), 0.5), ("L".into(), "L".into(), 1.0)];
        let rules = Rules::new(named(&["540402"]), goods, units);
        assert_eq!(rules.good("potato", "斤"), Some((0, 0.5)));
        assert_eq!(rules.good("milk", "L"), Some((2, 1.0)));
        for (good, unit) in [("potato", "L"), ("ice", "kg"), ("sand", "斤")] {
            assert_eq!(rules.good(good, unit), None);
        }
        assert!(rules.is_county("540402") && !rules.is_county("540403"));
    }

    #[test]
    fn names_are_counted_in_characters() {
        assert!(is_name(&"长".repeat(200)) && is_name("x"));
        assert!(!is_name(&"长".repeat(201)) && !is_name(&"x".repeat(201)) && !is_name(""));
    }
}
