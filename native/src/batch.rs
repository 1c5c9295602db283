//! Records of a batch as Python takes them.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyRange, PyTuple};

use crate::records::{self, Record, Records};
use crate::values::Values;

/// Records of a batch as columns; see `streams/fetch.py`.
#[pyclass(frozen, get_all)]
pub struct Batch {
    offsets: Py<PyAny>,
    /// Bytes of int64.
    times: Py<PyBytes>,
    keys: Py<PyList>,
    values: Py<Values>,
    headers: Py<PyList>,
}

/// Return the records from offset `start` on of each batch of a fetch; `None` for a batch at which Python has to look.
#[pyfunction]
pub fn unpack(py: Python<'_>, data: &Bound<'_, PyBytes>, start: i64) -> PyResult<Vec<Option<Batch>>> {
    let bytes = data.as_bytes();
    let read = || records::batches(bytes).map(|batch| records::read(batch, start)).collect::<Vec<_>>();
    // Once for all of a fetch: each time that the lock is taken back waits for whoever has it.
    py.detach(read).into_iter().map(|found| found.map(|found| Batch::of(py, found)).transpose()).collect()
}

impl Batch {
    fn of(py: Python<'_>, found: Records<'_>) -> PyResult<Self> {
        let times: Vec<i64> = found.records.iter().map(|each| each.time).collect();
        let headers = found.records.iter().map(|each| headers(py, &found, each)).collect::<PyResult<Vec<_>>>()?;
        Ok(Self {
            offsets: offsets(py, &found.records)?,
            times: PyBytes::new(py, bytemuck::cast_slice(&times)).unbind(),
            keys: keys(py, &found)?,
            headers: PyList::new(py, headers)?.unbind(),
            values: Py::new(
                py,
                Values::of(found.bytes.into_owned(), found.records.into_iter().map(|each| each.value).collect()),
            )?,
        })
    }
}

/// Return the keys; neighbours are mostly alike, and share one object.
fn keys(py: Python<'_>, found: &Records<'_>) -> PyResult<Py<PyList>> {
    let mut last: Option<(&[u8], Bound<'_, PyBytes>)> = None;
    let keys = found.records.iter().map(|each| {
        let key = found.part(each.key.as_ref()?);
        match &last {
            Some((before, made)) if *before == key => Some(made.clone()),
            _ => Some(last.insert((key, PyBytes::new(py, key))).1.clone()),
        }
    });
    Ok(PyList::new(py, keys)?.unbind())
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
