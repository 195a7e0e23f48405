//! A copy of the database's headers and metadata blocks, for repair.
//!
//! Without its metadata no row of a database can be found. They are a few blocks of many, and
//! change only at checkpoints.

use std::{collections::BTreeMap, fs::File, io::Read, path::Path};

use duckdb::Connection;
use xxhash_rust::xxh3::xxh3_128;

use super::database_file::{HEADER, HEADERS, Layout, is_valid, layout, read_at};
use crate::{
    StoreError,
    database::paths::{DATABASE, file_error},
};

/// The file with the copy, in the data folder.
pub(crate) const METADATA_COPY: &str = "binnacle.metadata";
/// The first bytes of the file: its format.
const FORMAT: &[u8; 8] = b"BINMETA1";
/// Length of the checksum at the end of the file.
const CHECKSUM: usize = 16;

/// The headers and metadata blocks as of one checkpoint.
#[derive(Debug)]
pub(crate) struct MetadataCopy {
    pub(crate) layout: Layout,
    /// The sections by number.
    pub(crate) sections: BTreeMap<u64, Vec<u8>>,
}

impl MetadataCopy {
    /// Reads the copy of a data folder. Returns none if there is none or it is damaged.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        File::open(folder.join(METADATA_COPY)).and_then(|mut file| file.read_to_end(&mut bytes)).ok()?;
        let (content, stored) = bytes.split_last_chunk::<CHECKSUM>()?;
        let mut content = content.strip_prefix(FORMAT)?;
        if xxh3_128(content).to_le_bytes() != *stored {
            return None;
        }
        let mut sections = BTreeMap::new();
        while let Some((head, rest)) = content.split_first_chunk::<16>() {
            let (number, length) = head.split_at(8);
            let number = u64::from_le_bytes(number.try_into().ok()?);
            let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
            sections.insert(number, rest.get(..length)?.to_vec());
            content = rest.get(length..)?;
        }
        let headers: Vec<Vec<u8>> =
            (0..HEADERS).map(|number| sections.get(&number).cloned()).collect::<Option<_>>()?;
        Some(Self { layout: layout(&headers)?, sections })
    }
}

/// Writes the copy of an opened database of a data folder, as of its last checkpoint.
pub(crate) fn write(connection: &Connection, folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(DATABASE);
    let mut file = File::open(&path).map_err(|error| file_error(&path, &error))?;
    let mut read = |position, length| {
        read_at(&mut file, position, length)
            .filter(|section| is_valid(section))
            .ok_or_else(|| StoreError::Database("a section of the metadata cannot be read".to_owned()))
    };
    let headers = (0..HEADERS).map(|number| read(number * HEADER, HEADER)).collect::<Result<Vec<_>, _>>()?;
    let layout = layout(&headers)
        .ok_or_else(|| StoreError::Database("the headers of the database are not known".to_owned()))?;
    let mut statement = connection.prepare("SELECT block_id FROM pragma_metadata_info()")?;
    let blocks: Vec<u64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut bytes = FORMAT.to_vec();
    let mut add = |number: u64, section: &[u8]| {
        bytes.extend(number.to_le_bytes());
        bytes.extend((section.len() as u64).to_le_bytes());
        bytes.extend(section);
    };
    for (number, header) in (0..).zip(&headers) {
        add(number, header);
    }
    for block in blocks {
        let number = HEADERS + block;
        let (position, length) = layout.section(number);
        // A block that the next checkpoint will write for the first time is not in the file yet.
        if let Ok(section) = read(position, length) {
            add(number, &section);
        }
    }
    bytes.extend(xxh3_128(&bytes[FORMAT.len()..]).to_le_bytes());
    let path = folder.join(METADATA_COPY);
    runtime::replace_private_file_unsynced(&path, &bytes).map_err(|error| file_error(&path, &error))
}
