//! Protobuf as far as exports need it: read without copying, with places for messages of error.
//!
//! By hand, since a file of a million keys is to be read without an allocation for each, and what is odd about it is to
//! be told, both of which a generated reader does not do.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32,
    /// A group, which has been skipped.
    Group,
}

/// A field with where its value begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub number: u32,
    pub value: Value<'a>,
    /// Where the value begins in the whole file.
    pub offset: usize,
}

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub what: &'static str,
    pub offset: usize,
}

/// Deepest nesting of groups that is skipped; no known file has any.
const MOST_GROUPS: usize = 16;

/// Reads the fields of a message.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
    /// Numbers that were written longer than needed.
    pub overlong: u64,
}

impl<'a> Fields<'a> {
    /// The fields of a message that begins at `base` of its file.
    pub fn new(bytes: &'a [u8], base: usize) -> Self {
        Self {
            bytes,
            at: 0,
            base,
            overlong: 0,
        }
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault {
            what,
            offset: self.base + self.at,
        }
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for (idx, &byte) in self.bytes[self.at..].iter().take(10).enumerate() {
            if idx == 9 && byte > 1 {
                return Err(self.fault("a number of more than 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << (7 * idx);
            if byte < 0x80 {
                self.overlong += u64::from(idx > 0 && byte == 0);
                self.at += idx + 1;
                return Ok(value);
            }
        }
        Err(self.fault("a number that does not end"))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| self.fault("a field that is longer than what is left"))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// The next field; `None` at the end of the message.
    pub fn next_field(&mut self) -> Result<Option<Field<'a>>, Fault> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let (number, kind) = self.tag()?;
        if kind == 4 {
            return Err(self.fault("the end of a group that did not begin"));
        }
        let mut field = self.value(number, kind)?;
        if kind == 3 {
            self.skip_group(number)?;
            field.value = Value::Group;
        }
        Ok(Some(field))
    }

    fn tag(&mut self) -> Result<(u32, u8), Fault> {
        let start = self.at;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).unwrap_or(u32::MAX);
        if number == 0 || number >= 1 << 29 {
            self.at = start;
            return Err(self.fault("a field number that cannot be"));
        }
        Ok((number, (tag & 7) as u8))
    }

    fn value(&mut self, number: u32, kind: u8) -> Result<Field<'a>, Fault> {
        let mut offset = self.base + self.at;
        let value = match kind {
            0 => Value::Varint(self.varint()?),
            1 => {
                let mut raw = [0; 8];
                raw.copy_from_slice(self.take(8)?);
                Value::Fixed64(u64::from_le_bytes(raw))
            }
            2 => {
                let count = self.varint()?;
                offset = self.base + self.at;
                Value::Bytes(self.take(count)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed32
            }
            3 | 4 => Value::Group,
            _ => return Err(self.fault("a kind of field that does not exist")),
        };
        Ok(Field { number, value, offset })
    }

    /// Up to the end of a group that has begun, with those in it.
    fn skip_group(&mut self, number: u32) -> Result<(), Fault> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            if self.at == self.bytes.len() {
                return Err(self.fault("a group that does not end"));
            }
            let (number, kind) = self.tag()?;
            match kind {
                3 if open.len() == MOST_GROUPS => return Err(self.fault("groups that are nested too deeply")),
                3 => open.push(number),
                4 if number == innermost => drop(open.pop()),
                4 => return Err(self.fault("the end of a group that did not begin")),
                _ => drop(self.value(number, kind)?),
            }
        }
        Ok(())
    }
}

/// Writes a number.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Writes a field that is a number.
pub(super) fn put_number(out: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(out, u64::from(number) << 3);
    put_varint(out, value);
}

/// Writes a field of eight bytes.
pub(super) fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(out, u64::from(number) << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Writes a field that is text, bytes or a message.
pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Signed numbers of small magnitude as small numbers: 0, -1, 1, -2, ….
pub(super) fn zigzag(value: i8) -> u64 {
    let value = i64::from(value);
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// The reverse of [`zigzag`], for numbers of any magnitude.
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}
