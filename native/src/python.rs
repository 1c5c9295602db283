//! The module that Python imports.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyList};

use crate::background;
use crate::columns::{self, Columns, Tills};
use crate::rules::Rules;
use crate::values::Values;

/// Fewer bytes are read in less than a tenth of a millisecond: handing the interpreter lock to and fro takes longer.
const WORTH_RELEASING: usize = 64 << 10;

/// Tills by number, and which table of the decoder that is.
type Table = Arc<(u64, Mutex<Tills>)>;

/// Reads plain receipts of one partition. `counties` are its codes, `goods` pairs of code and dimension, `units`
/// of dimension, name and base units in one.
///
/// It numbers tills, and remembers their numbers from one call to the next; where there are too many it begins a new
/// table.
#[pyclass(frozen)]
struct Decoder(Arc<Reader>);

struct Reader {
    rules: Rules,
    table: Mutex<Table>,
}

impl Reader {
    fn read(&self, records: &Source, most: usize) -> (Columns, Tabled) {
        let records: Vec<&[u8]> = match records {
            Source::Values(values) => values.iter().collect(),
            Source::Bytes(values) => values.iter().map(|value| value.as_deref().unwrap_or_default()).collect(),
        };
        let table = self.table();
        let mut tills = held(&table.1);
        let before = tills.count();
        let found = columns::read(&records, &self.rules, most, &mut tills);
        let new = named(&tills, before);
        drop(tills);
        (found, Tabled { table, before, new })
    }

    fn table(&self) -> Table {
        let mut table = held(&self.table);
        if held(&table.1).is_full() {
            *table = Arc::new((table.0 + 1, Mutex::default()));
        }
        Arc::clone(&table)
    }
}

/// Records to read: as they were unpacked here, or as objects of Python.
enum Source {
    Values(Values),
    Bytes(Vec<Option<PyBackedBytes>>),
}

impl Source {
    fn of(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(values) = values.cast::<Values>() {
            return Ok(Self::Values(values.get().clone()));
        }
        let bytes = |value: PyResult<Bound<'_, PyAny>>| Ok(value?.cast_into::<PyBytes>().ok().map(PyBackedBytes::from));
        values.try_iter()?.map(bytes).collect::<PyResult<_>>().map(Self::Bytes)
    }

    fn size(&self) -> usize {
        match self {
            Self::Values(values) => values.iter().map(<[u8]>::len).sum(),
            Self::Bytes(values) => values.iter().flatten().map(|value| value.len()).sum(),
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Columns of what was read, as bytes of int64 or, `priced` and `costed`, of bool; see `streams/native.py`.
#[pyclass(frozen, get_all)]
struct Found {
    table: Py<Tabled>,
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

fn named(tills: &Tills, first: usize) -> Vec<[String; 4]> {
    tills.since(first).map(|names| names.map(String::from)).collect()
}

/// The table that `till` refers to, how many tills it had before, and those that came with these records: the table
/// itself is held by whoever reads the next ones, for milliseconds.
#[pyclass(frozen)]
struct Tabled {
    table: Table,
    before: usize,
    new: Vec<[String; 4]>,
}

#[pymethods]
impl Tabled {
    /// Return which table of its decoder this is.
    #[getter]
    fn number(&self) -> u64 {
        self.table.0
    }

    /// Return the tills from number `first` on: sender, store, region, workstation.
    fn since(&self, py: Python<'_>, first: usize) -> Vec<[String; 4]> {
        match first.checked_sub(self.before) {
            Some(known) => self.new.get(known..).unwrap_or_default().to_vec(),
            None => py.detach(|| named(&held(&self.table.1), first)), // what was read in between was not taken
        }
    }
}

#[pymethods]
impl Decoder {
    #[new]
    fn new(counties: Vec<String>, goods: Vec<(String, String)>, units: Vec<(String, String, f64)>) -> Self {
        Self(Arc::new(Reader { rules: Rules::new(counties, goods, units), table: Mutex::default() }))
    }

    /// Read records; those that are no bytes, longer than `most`, or not plain are left out.
    fn decode(&self, py: Python<'_>, values: &Bound<'_, PyAny>, most: usize) -> PyResult<Found> {
        let records = Source::of(values)?;
        let read = || self.0.read(&records, most);
        let (found, table) = if records.size() < WORTH_RELEASING { read() } else { py.detach(read) };
        Found::of(py, &found, table)
    }

    /// Begin to do so in a thread that needs no interpreter.
    fn begin(&self, values: &Bound<'_, PyAny>, most: usize) -> PyResult<Pending> {
        let (reader, records, (send, receive)) = (Arc::clone(&self.0), Source::of(values)?, channel());
        background::run(move || {
            // Whoever wanted it may be gone by now.
            let _ = send.send(reader.read(&records, most));
        });
        Ok(Pending(Mutex::new(receive)))
    }
}

/// What is being read.
#[pyclass(frozen)]
struct Pending(Mutex<Receiver<(Columns, Tabled)>>);

#[pymethods]
impl Pending {
    /// Wait for it and return it, once.
    fn take(&self, py: Python<'_>) -> PyResult<Found> {
        let (found, table) = py
            .detach(|| held(&self.0).recv())
            .map_err(|_| PyRuntimeError::new_err("the records could not be read, or were taken before"))?;
        Found::of(py, &found, table)
    }
}

impl Found {
    fn of(py: Python<'_>, found: &Columns, table: Tabled) -> PyResult<Self> {
        let whole = |column: &[i64]| PyBytes::new(py, bytemuck::cast_slice(column)).unbind();
        let flags = |column: &[u8]| PyBytes::new(py, column).unbind();
        Ok(Self {
            table: Py::new(py, table)?,
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
    use super::{Decoder, Found, Pending, Tabled};
    #[pymodule_export]
    use crate::batch::{Batch, unpack};
    #[pymodule_export]
    use crate::values::Values;

    /// Of what `Decoder` takes and returns: `streams/native.py` works with this one only.
    #[pymodule_export]
    const VERSION: u32 = 3;
}
