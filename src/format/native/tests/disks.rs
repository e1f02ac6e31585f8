//! Disks that are full when a test wants them to.

use std::io::{self, Write};

use crate::format::native::Disk;

/// A disk in memory, full after so many bytes.
#[derive(Clone)]
pub(super) struct Memory {
    bytes: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    room: usize,
}

impl Memory {
    pub(super) fn with_room(room: usize) -> Self {
        Self {
            bytes: std::sync::Arc::default(),
            room,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.bytes.lock().unwrap();
        let n = bytes.len().min(self.room - all.len());
        if n == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        all.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Memory {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }
}

/// A file on a disk with room for so many bytes more.
pub(super) struct Small(pub(super) std::fs::File, pub(super) usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.1);
        if n == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1 -= n;
        self.0.write(&bytes[..n])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Small {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }

    fn length(&mut self) -> io::Result<u64> {
        self.0.length()
    }
}
