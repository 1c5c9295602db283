//! The module that Python imports.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::columns::{self, Columns, Till, Tills};
use crate::rules::Rules;

/// Fewer bytes are read in less than a tenth of a millisecond: handing the interpreter lock to and fro takes longer.
const WORTH_RELEASING: usize = 64 << 10;

/// Reads plain receipts of one partition. `counties` are its codes, `goods` pairs of code and dimension, `units`
/// of dimension, name and base units in one.
///
/// It numbers tills, and remembers their numbers from one call to the next.
#[pyclass(frozen)]
struct Decoder(Rules, Mutex<Tills>);

/// Columns of what was read, as bytes of int64 or, `priced` and `costed`, of bool; see `streams/native.py`.
#[pyclass(frozen, get_all)]
struct Found {
    known: usize,
    tills: Vec<(String, String, String, String)>,
    event_id: Py<PyList>,
    indices: Py<PyBytes>,
    counts: Py<PyBytes>,
    till: Py<PyBytes>,
    day: Py<PyBytes>,
    sequence: Py<PyBytes>,
    at: Py<PyBytes>,
    number: Py<PyBytes>,
    good: Py<PyBytes>,
    kind: Py<PyBytes>,
    quantity: Py<PyBytes>,
    amount: Py<PyBytes>,
    priced: Py<PyBytes>,
    cost: Py<PyBytes>,
    costed: Py<PyBytes>,
}

#[pymethods]
impl Decoder {
    #[new]
    fn new(counties: Vec<String>, goods: Vec<(String, String)>, units: Vec<(String, String, f64)>) -> Self {
        Self(Rules::new(counties, goods, units), Mutex::default())
    }

    /// Read records; those that are no bytes, longer than `most`, or not plain are left out.
    fn decode(&self, py: Python<'_>, values: &Bound<'_, PyList>, most: usize) -> PyResult<Found> {
        let held: Vec<_> = values.iter().map(|value| value.cast_into::<PyBytes>().ok()).collect();
        let records: Vec<&[u8]> =
            held.iter().map(|value| value.as_ref().map_or(&[][..], |bytes| bytes.as_bytes())).collect();
        let size: usize = records.iter().map(|record| record.len()).sum();
        let read = || {
            let mut tills = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            columns::read(&records, &self.0, most, &mut tills)
        };
        let found = if size < WORTH_RELEASING { read() } else { py.detach(read) };
        Found::of(py, &found)
    }
}

impl Found {
    fn of(py: Python<'_>, found: &Columns<'_>) -> PyResult<Self> {
        let whole = |column: &[i64]| PyBytes::new(py, bytemuck::cast_slice(column)).unbind();
        let flags = |column: &[u8]| PyBytes::new(py, column).unbind();
        let own = |Till([sender, store, region, workstation]): &Till<'_>| {
            ((*sender).into(), (*store).into(), (*region).into(), (*workstation).into())
        };
        Ok(Self {
            known: found.known,
            tills: found.tills.iter().map(own).collect(),
            event_id: PyList::new(py, &found.event_id)?.unbind(),
            indices: whole(&found.indices),
            counts: whole(&found.counts),
            till: whole(&found.till),
            day: whole(&found.day),
            sequence: whole(&found.sequence),
            at: whole(&found.at),
            number: whole(&found.number),
            good: whole(&found.good),
            kind: whole(&found.kind),
            quantity: whole(&found.quantity),
            amount: whole(&found.amount),
            priced: flags(&found.priced),
            cost: whole(&found.cost),
            costed: flags(&found.costed),
        })
    }
}

/// Decoder of plain receipts; `streams/native.py` says how it is used.
#[pymodule]
mod staplewatch_native {
    #[pymodule_export]
    use super::{Decoder, Found};

    /// Of what `Decoder` takes and returns: `streams/native.py` works with this one only.
    #[pymodule_export]
    const VERSION: u32 = 2;
}
