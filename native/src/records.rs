//! A batch of records as brokers send it: message format 2, uncompressed or LZ4, as this system's producers write it.
//! Everything here returns `None` where Python has to look: other formats and codecs, and whatever is not right.
//!
//! Layout: <https://kafka.apache.org/documentation/#recordbatch>.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use lz4_flex::frame::FrameDecoder;

/// Length of what stands before the records.
const HEAD: usize = 61;
/// Length of the base offset and of the length of what follows them.
const BEFORE_LENGTH: usize = 12;
/// The CRC covers what follows it.
const BEFORE_CHECKED: usize = 21;
const FORMAT: u8 = 2;
const CODEC: u16 = 0b111;
const LZ4: u16 = 3;
/// Times of records are then all that of the batch: when the broker took it.
const LOG_APPEND_TIME: u16 = 1 << 3;
/// At least so many bytes is a record long: length, attributes, time, offset, key, value, headers.
const LEAST: usize = 7;

pub type Span = Option<Range<usize>>;

/// A record whose key, value and headers are parts of the bytes it was read from.
#[derive(Debug, PartialEq)]
pub struct Record {
    pub offset: i64,
    pub time: i64,
    pub key: Span,
    pub value: Span,
    pub headers: Vec<(Range<usize>, Span)>,
}

/// Records, and the bytes that they are parts of.
pub struct Records<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub records: Vec<Record>,
}

impl Records<'_> {
    /// Return what a span of these records covers.
    pub fn part(&self, span: &Range<usize>) -> &[u8] {
        &self.bytes[span.clone()]
    }
}

/// Return the batches of a fetch, as far as they are whole.
pub fn batches(fetch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = fetch;
    std::iter::from_fn(move || {
        let length = i32::from_be_bytes(rest.get(8..BEFORE_LENGTH)?.try_into().ok()?);
        let (batch, following) = rest.split_at_checked(usize::try_from(length).ok()?.checked_add(BEFORE_LENGTH)?)?;
        rest = following;
        Some(batch)
    })
}

/// Return the records of a batch whose offset is at least `start`.
pub fn read(batch: &[u8], start: i64) -> Option<Records<'_>> {
    let head = batch.first_chunk::<HEAD>()?;
    let length = usize::try_from(i32::from_be_bytes(part(head, 8))).ok()?;
    if length.checked_add(BEFORE_LENGTH)? != batch.len() || head[16] != FORMAT {
        return None;
    }
    if crc32c::crc32c(&batch[BEFORE_CHECKED..]) != u32::from_be_bytes(part(head, 17)) {
        return None;
    }
    let attributes = u16::from_be_bytes(part(head, 21));
    let bytes = match attributes & CODEC {
        0 => Cow::Borrowed(&batch[HEAD..]),
        LZ4 => Cow::Owned(unpacked(&batch[HEAD..])?),
        _ => return None,
    };
    let count = usize::try_from(i32::from_be_bytes(part(head, 57))).ok()?;
    let first = i64::from_be_bytes(part(head, 0));
    let (earliest, latest) = (i64::from_be_bytes(part(head, 27)), i64::from_be_bytes(part(head, 35)));
    let time = (attributes & LOG_APPEND_TIME != 0).then_some(latest);
    let mut scanner = Scanner { bytes: &bytes, at: 0 };
    let mut records = Vec::with_capacity(count.min(bytes.len() / LEAST));
    for _ in 0..count {
        records.push(scanner.record(first, earliest, time)?);
    }
    if records.first().is_some_and(|record| record.offset < start) {
        records.retain(|record| record.offset >= start);
    }
    let whole = scanner.at == bytes.len();
    whole.then_some(Records { bytes, records })
}

fn part<const N: usize>(head: &[u8; HEAD], at: usize) -> [u8; N] {
    std::array::from_fn(|index| head[at + index])
}

/// Return what one whole frame of LZ4 holds.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(packed.len() * 4);
    let mut decoder = FrameDecoder::new(Input { left: packed, exhausted: false });
    decoder.read_to_end(&mut bytes).ok()?;
    let Input { left, exhausted } = decoder.get_ref();
    (left.is_empty() && !exhausted).then_some(bytes)
}

/// What is left to read, and whether anybody asked for more: the decoder is content with a frame that ends early.
struct Input<'a> {
    left: &'a [u8],
    exhausted: bool,
}

impl Read for Input<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.exhausted |= self.left.is_empty() && !to.is_empty();
        self.left.read(to)
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn record(&mut self, first: i64, earliest: i64, latest: Option<i64>) -> Option<Record> {
        let length = usize::try_from(self.number()?).ok()?;
        let end = self.at.checked_add(length)?;
        // Attributes: none are in use, and aiokafka reads them as a number of one or more bytes.
        let attributes = self.take(1)?;
        (self.bytes[attributes] == [0]).then_some(())?;
        let later = self.number()?;
        let time = latest.or_else(|| earliest.checked_add(later))?;
        let offset = self.number()?.checked_add(first)?;
        let (key, value) = (self.span()?, self.span()?);
        let count = usize::try_from(self.number()?).ok()?;
        let headers = (0..count).map(|_| self.header()).collect::<Option<Vec<_>>>()?;
        (self.at == end).then_some(Record { offset, time, key, value, headers })
    }

    /// Read a header whose name is UTF-8.
    fn header(&mut self) -> Option<(Range<usize>, Span)> {
        let name = self.span()??;
        std::str::from_utf8(&self.bytes[name.clone()]).ok()?;
        Some((name, self.span()?))
    }

    /// Read a length, and skip so many bytes: -1 says that there is nothing.
    fn span(&mut self) -> Option<Span> {
        match self.number()? {
            -1 => Some(None),
            length => self.take(usize::try_from(length).ok()?).map(Some),
        }
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let span = self.at..self.at.checked_add(length)?;
        (span.end <= self.bytes.len()).then(|| self.at = span.end)?;
        Some(span)
    }

    /// Read a number in zig-zag and seven bits a byte.
    fn number(&mut self) -> Option<i64> {
        let mut found = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            found |= u64::from(byte & 0x7f) << shift;
            if shift == 63 && byte > 1 {
                return None;
            }
            if byte & 0x80 == 0 {
                return Some((found >> 1).cast_signed() ^ -(found & 1).cast_signed());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, Scanner, batches, read};
    use std::io::Write;

    fn number(value: i64) -> Vec<u8> {
        let mut left = ((value << 1) ^ (value >> 63)).cast_unsigned();
        let mut found = Vec::new();
        while left > 0x7f {
            found.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
            left >>= 7;
        }
        found.push(u8::try_from(left).unwrap());
        found
    }

    fn text(bytes: Option<&[u8]>) -> Vec<u8> {
        let length = bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap());
        [number(length), bytes.unwrap_or_default().to_vec()].concat()
    }

    fn record(offset: i64, value: Option<&[u8]>, headers: &[(&[u8], Option<&[u8]>)]) -> Vec<u8> {
        let mut found = [vec![0], number(offset * 10), number(offset), text(Some(b"key")), text(value)].concat();
        found.extend(number(i64::try_from(headers.len()).unwrap()));
        for (name, value) in headers {
            found.extend([text(Some(name)), text(*value)].concat());
        }
        [number(i64::try_from(found.len()).unwrap()), found].concat()
    }

    fn batch(records: &[Vec<u8>], codec: u8) -> Vec<u8> {
        let mut body = records.concat();
        if codec == 3 {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&body).unwrap();
            body = encoder.finish().unwrap();
        }
        let mut checked = vec![0, codec];
        checked.extend(7_i32.to_be_bytes());
        checked.extend(1_000_i64.to_be_bytes());
        checked.extend(2_000_i64.to_be_bytes());
        checked.extend([0xff; 14]);
        checked.extend(i32::try_from(records.len()).unwrap().to_be_bytes());
        checked.extend(body);
        let mut found = 100_i64.to_be_bytes().to_vec();
        found.extend(i32::try_from(checked.len() + 9).unwrap().to_be_bytes());
        found.extend([0, 0, 0, 0, 2]);
        found.extend(crc32c::crc32c(&checked).to_be_bytes());
        found.extend(checked);
        found
    }

    /// Leave out the last bytes.
    fn cut(mut batch: Vec<u8>, bytes: usize) -> Vec<u8> {
        batch.truncate(batch.len() - bytes);
        let length = i32::try_from(batch.len() - 12).unwrap();
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        batch
    }

    #[test]
    fn records_are_read_packed_or_not() {
        let records = [record(0, Some(b"a"), &[]), record(2, None, &[(b"h", Some(b"1")), (b"i", None)])];
        for codec in [0, 3] {
            let batch = batch(&records, codec);
            let found = read(&batch, 0).unwrap();
            let seen: Vec<_> = found.records.iter().map(|each| (each.offset, each.time, each.headers.len())).collect();
            assert_eq!(seen, [(100, 1_000, 0), (102, 1_020, 2)]);
            let Record { key: Some(key), value: Some(value), .. } = &found.records[0] else { panic!("has both") };
            assert_eq!((found.part(key), found.part(value)), (&b"key"[..], &b"a"[..]));
            assert_eq!(found.records[1].value, None);
            assert_eq!(read(&batch, 101).unwrap().records, found.records[1..]);
        }
    }

    #[test]
    fn the_time_of_the_broker_is_that_of_all() {
        let records = [record(0, None, &[]), record(1, None, &[])];
        let found = batch(&records, 8);
        let read = read(&found, 0).unwrap();
        assert_eq!(read.records.iter().map(|each| each.time).collect::<Vec<_>>(), [2_000; 2]);
    }

    #[test]
    fn what_is_not_right_is_left_to_python() {
        let good = batch(&[record(0, Some(b"value"), &[(b"h", None)])], 0);
        for place in [8, 16, 17, 22, 60, good.len() - 1] {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert!(read(&bad, 0).is_none(), "byte {place}");
        }
        assert!(read(&good[..good.len() - 1], 0).is_none());
        assert!(read(&good[..40], 0).is_none());
        assert_eq!(batches(&[&good[..], &good, &good[..70]].concat()).collect::<Vec<_>>(), [&good, &good]);
        assert!(read(&batch(&[record(0, None, &[(b"\xd6", None)])], 0), 0).is_none());
        assert!(read(&batch(&[vec![1, 0]], 3), 0).is_none());
        assert!(read(&cut(batch(&[record(0, None, &[])], 3), 1), 0).is_none());
        assert!(read(&cut(batch(&[record(0, None, &[])], 3), 4), 0).is_none());
        assert!(read(&batch(&[vec![20, 0, 0, 0, 1, 1, 200]], 0), 0).is_none());
    }

    #[test]
    fn numbers_of_any_size_are_read() {
        for value in [0, -1, 1, 63, 64, -65, 1 << 40, i64::MAX, i64::MIN] {
            let bytes = number(value);
            let mut scanner = Scanner { bytes: &bytes, at: 0 };
            assert_eq!((scanner.number(), scanner.at), (Some(value), bytes.len()));
        }
        assert_eq!(Scanner { bytes: &[0x80; 11], at: 0 }.number(), None);
        assert_eq!(Scanner { bytes: &[0x80], at: 0 }.number(), None);
    }
}
