//! Records of a batch as Python takes them.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyRange, PyTuple};

use crate::records::{self, Record, Records, Span};

/// Records of a batch as columns; see `streams/native.py`.
#[pyclass(frozen, get_all)]
pub struct Batch {
    offsets: Py<PyAny>,
    times: Py<PyList>,
    keys: Py<PyList>,
    values: Py<PyList>,
    headers: Py<PyList>,
}

/// Return the records from offset `start` on of the batch that begins at byte `at`; `None` where Python has to look.
#[pyfunction]
pub fn unpack(
    py: Python<'_>,
    data: &Bound<'_, PyBytes>,
    at: usize,
    start: i64,
    checked: bool,
) -> PyResult<Option<Batch>> {
    let bytes = data.as_bytes();
    let read = || records::of(bytes, at).and_then(|batch| records::read(batch, start, checked));
    py.detach(read).map(|found| Batch::of(py, &found)).transpose()
}

impl Batch {
    fn of(py: Python<'_>, found: &Records<'_>) -> PyResult<Self> {
        let records = &found.records;
        let bytes = |span: &Span| span.as_ref().map(|span| PyBytes::new(py, found.part(span)));
        let mut key = Last(None);
        let mut time = Last(None);
        let keys =
            records.iter().map(|each| key.or(each.key.as_ref().map(|span| found.part(span)), || bytes(&each.key)));
        let headers = records.iter().map(|each| headers(py, found, each)).collect::<PyResult<Vec<_>>>()?;
        Ok(Self {
            offsets: offsets(py, records)?,
            times: PyList::new(py, records.iter().map(|each| time.or(each.time, || PyInt::new(py, each.time))))?
                .unbind(),
            keys: PyList::new(py, keys)?.unbind(),
            values: PyList::new(py, records.iter().map(|each| bytes(&each.value)))?.unbind(),
            headers: PyList::new(py, headers)?.unbind(),
        })
    }
}

/// What was made last: neighbours are mostly alike, and share one object.
struct Last<K, V>(Option<(K, V)>);

impl<K: PartialEq, V: Clone> Last<K, V> {
    fn or(&mut self, of: K, made: impl FnOnce() -> V) -> V {
        match &self.0 {
            Some((last, value)) if *last == of => value.clone(),
            _ => self.0.insert((of, made())).1.clone(),
        }
    }
}

/// Return offsets as a range where none is missing (they ascend), as a list otherwise.
fn offsets(py: Python<'_>, records: &[Record]) -> PyResult<Py<PyAny>> {
    let (first, next) = match (records.first(), records.last()) {
        (Some(first), Some(last)) => (first.offset, last.offset.saturating_add(1)),
        _ => (0, 0),
    };
    if usize::try_from(next.saturating_sub(first)) == Ok(records.len()) {
        return Ok(PyRange::new(py, isize::try_from(first)?, isize::try_from(next)?)?.into_any().unbind());
    }
    Ok(PyList::new(py, records.iter().map(|each| each.offset))?.into_any().unbind())
}

fn headers<'py>(py: Python<'py>, found: &Records<'_>, record: &Record) -> PyResult<Bound<'py, PyAny>> {
    if record.headers.is_empty() {
        return Ok(PyTuple::empty(py).into_any());
    }
    let pairs = record.headers.iter().map(|(name, value)| {
        let value = value.as_ref().map(|span| PyBytes::new(py, found.part(span)));
        (String::from_utf8_lossy(found.part(name)), value)
    });
    Ok(PyList::new(py, pairs)?.into_any())
}
