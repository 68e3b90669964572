//! Where the documents stand: one file a number, written once and never again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::document;
use super::number::InvoiceNumber;
use super::store::{self, Invoice};
use crate::failpoints;
use crate::io::{Io, IoError};

/// The folder of the documents; cheap to clone.
#[derive(Clone)]
pub struct Archive {
    io: Io,
    folder: Arc<Path>,
}

/// Why a document is not there.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No invoice has this number.
    #[error("there is no such invoice")]
    NotFound,
    /// The file, or what would be rendered now, is not what was written before. Staff must look;
    /// asking again is in vain.
    #[error("the document of an invoice is not what was written before")]
    Differs,
    /// The document cannot be rendered; asking again is in vain.
    #[error("the document of an invoice cannot be rendered: {0}")]
    Unprintable(&'static str),
    /// The file system refused; ask again.
    #[error("the document of an invoice cannot be kept")]
    Storage(#[from] io::Error),
    /// The database did not answer; ask again.
    #[error("the invoice cannot be read")]
    Database(#[from] IoError),
}

impl From<sea_orm::DbErr> for ArchiveError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl Archive {
    /// The documents under `folder`, which is made when the first one is written.
    #[must_use]
    pub fn new(io: Io, folder: &Path) -> Self {
        Self { io, folder: folder.into() }
    }

    /// The file of an invoice, rendered and written if it was not yet. Any number of callers may
    /// ask at once: all get the same file, whose content never changes.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn ensure_written(&self, number: &InvoiceNumber) -> Result<PathBuf, ArchiveError> {
        let (path, _content) = self.document(number).await?;
        Ok(path)
    }

    /// The file of an invoice and its content, rendered and written if it was not yet.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn document(
        &self,
        number: &InvoiceNumber,
    ) -> Result<(PathBuf, Vec<u8>), ArchiveError> {
        let wanted = number.clone();
        let invoice = self
            .io
            .read(|db| {
                Box::pin(async move { Ok::<_, ArchiveError>(store::read(db, &wanted).await?) })
            })
            .await?
            .ok_or(ArchiveError::NotFound)?;
        let noted = invoice.document_sha256.is_some();
        let folder = Arc::clone(&self.folder);
        // rendering and fsync would hold up everybody else on this thread
        let written = tokio::task::spawn_blocking(move || keep(&folder, &invoice)).await;
        let (path, content, sha256) =
            written.map_err(|_panic| ArchiveError::Unprintable("rendering panicked"))??;
        if !noted {
            let number = number.clone();
            self.io
                .write(move |tx| {
                    Box::pin(async move {
                        Ok::<_, IoError>(store::note_document(tx, &number, sha256).await?)
                    })
                })
                .await?;
        }
        Ok((path, content))
    }
}

/// Finds the document of `invoice` in `folder`, or renders and writes it; answers path, content and
/// SHA-256.
fn keep(folder: &Path, invoice: &Invoice) -> Result<(PathBuf, Vec<u8>, String), ArchiveError> {
    let path = folder.join(format!("{}.pdf", invoice.number));
    let kept = match fs::read(&path) {
        Ok(content) => Some(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    if let (Some(content), Some(noted)) = (&kept, &invoice.document_sha256) {
        let sha256 = hex_sha256(content);
        return if sha256 == *noted {
            Ok((path, content.clone(), sha256))
        } else {
            Err(ArchiveError::Differs)
        };
    }
    let content = document::render(invoice).map_err(ArchiveError::Unprintable)?;
    let sha256 = hex_sha256(&content);
    if invoice.document_sha256.as_ref().is_some_and(|noted| sha256 != *noted) {
        return Err(ArchiveError::Differs);
    }
    let kept = match kept {
        Some(kept) => kept,
        None => write_once(folder, &path, &content)?,
    };
    if kept == content { Ok((path, content, sha256)) } else { Err(ArchiveError::Differs) }
}

/// Writes a file that did not exist; if another was quicker, answers what that one wrote.
fn write_once(folder: &Path, path: &Path, content: &[u8]) -> io::Result<Vec<u8>> {
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{}.draft", Uuid::new_v4()));
    let linked = write_synced(&draft, content).and_then(|()| {
        failpoints::here(|| "document: drafted".to_owned());
        fs::hard_link(&draft, path)
    });
    failpoints::here(|| "document: linked, draft not removed".to_owned());
    let removed = fs::remove_file(&draft);
    match linked {
        Ok(()) => removed?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return fs::read(path),
        Err(error) => return Err(error),
    }
    File::open(folder)?.sync_all()?;
    Ok(content.to_vec())
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn hex_sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
