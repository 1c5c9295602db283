//! Values of records, which become objects of Python only where one is asked for: of 600,000 receipts hardly any is.

use std::ops::Range;
use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice};

use crate::records::Span;

/// Bytes, and where the value of each record is in them.
struct Piece {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl Piece {
    fn value(&self, index: usize) -> Option<&[u8]> {
        self.spans[index].clone().map(|span| &self.bytes[span])
    }
}

/// Some records of a piece.
#[derive(Clone)]
struct Part {
    piece: Arc<Piece>,
    records: Range<usize>,
}

/// A sequence of bytes or `None`.
#[pyclass(frozen)]
#[derive(Clone)]
pub struct Values(Vec<Part>);

impl Values {
    pub fn of(bytes: Vec<u8>, spans: Vec<Span>) -> Self {
        let records = 0..spans.len();
        Self(vec![Part { piece: Arc::new(Piece { bytes, spans }), records }])
    }

    /// Return every value, an empty one where there is none.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().flat_map(|part| part.records.clone().map(|index| part.piece.value(index).unwrap_or_default()))
    }

    /// Return where a record is.
    fn place(&self, mut index: usize) -> Option<(&Piece, usize)> {
        for Part { piece, records } in &self.0 {
            if index < records.len() {
                return Some((piece, records.start + index));
            }
            index -= records.len();
        }
        None
    }

    fn part(&self, wanted: &Range<usize>) -> Self {
        let mut first = 0;
        let cut = |part: &Part| {
            let (begin, end) = (first, first + part.records.len());
            first = end;
            let (from, to) = (wanted.start.max(begin), wanted.end.min(end));
            let start = part.records.start;
            (from < to)
                .then(|| Part { piece: Arc::clone(&part.piece), records: start + from - begin..start + to - begin })
        };
        Self(self.0.iter().filter_map(cut).collect())
    }
}

#[pymethods]
impl Values {
    fn __len__(&self) -> usize {
        self.0.iter().map(|part| part.records.len()).sum()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            return Ok(Bound::new(py, self.sliced(slice)?)?.into_any());
        }
        let asked: isize = index.extract()?;
        let place = if asked < 0 { self.__len__().checked_add_signed(asked) } else { usize::try_from(asked).ok() };
        let (piece, index) =
            place.and_then(|place| self.place(place)).ok_or_else(|| PyIndexError::new_err("no such record"))?;
        Ok(piece.value(index).map(|value| PyBytes::new(py, value)).into_pyobject(py)?)
    }

    fn __add__(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }
}

impl Values {
    fn sliced(&self, slice: &Bound<'_, PySlice>) -> PyResult<Self> {
        let found = slice.indices(isize::try_from(self.__len__())?)?;
        if found.step != 1 {
            return Err(PyValueError::new_err("records are taken one after another"));
        }
        Ok(self.part(&(usize::try_from(found.start)?..usize::try_from(found.stop)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::Values;

    fn seen(values: &Values) -> Vec<&[u8]> {
        values.iter().collect()
    }

    #[test]
    fn parts_are_taken_across_pieces() {
        let one = Values::of(b"abc".to_vec(), vec![Some(0..1), None, Some(1..3)]);
        let two = Values::of(b"xyz".to_vec(), vec![Some(0..2), Some(2..3)]);
        let all = one.__add__(&two).part(&(0..5));
        assert_eq!(seen(&all), [&b"a"[..], b"", b"bc", b"xy", b"z"]);
        assert_eq!(seen(&all.part(&(2..4))), [&b"bc"[..], b"xy"]);
        assert_eq!(seen(&all.part(&(2..4)).part(&(1..2))), [b"xy"]);
        assert!(seen(&all.part(&(5..9))).is_empty() && seen(&all.part(&(3..3))).is_empty());
        let value = |index| all.place(index).map(|(piece, index)| piece.value(index));
        assert_eq!([1, 4, 5].map(value), [Some(None), Some(Some(&b"z"[..])), None]);
    }
}
