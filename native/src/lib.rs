//! Record batches as a broker sends them, and plain receipts of topic `pos.sales` from JSON to columns, without
//! Python's interpreter lock.
//!
//! This is a second, narrower reader beside the one in Python, which stays the reference. It takes a batch or a
//! record only if that is plain and right in every respect that it knows of; of any other it says nothing, and Python
//! judges it: whether it is right, and if not, why. `tests/streams/test_native.py` and `test_unpack.py` hold the two
//! equal.

mod background;
mod batch;
mod columns;
mod python;
mod receipt;
mod records;
mod rules;
mod scan;
mod time;
mod values;
