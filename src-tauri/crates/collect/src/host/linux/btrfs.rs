//! Space of Btrfs pools: `/sys/fs/btrfs` (the kernel's `Documentation/filesystems/btrfs.rst`).

use model::Attributes;

use super::{
    file_metrics::{FileMetric, add},
    kernel_files::{self, KernelFiles},
};

/// Finds the files of used and total space by purpose.
pub(crate) fn discover(kernel: &KernelFiles, found: &mut Vec<FileMetric>) {
    for (id, path) in kernel_files::entries(&kernel.sys("fs/btrfs")) {
        for purpose in ["data", "metadata", "system"] {
            let folder = path.join("allocation").join(purpose);
            for (file, metric) in
                [("bytes_used", "system.linux.btrfs.usage"), ("total_bytes", "system.linux.btrfs.limit")]
            {
                add(found, folder.join(file), |path| {
                    let attributes = Attributes::new()
                        .with("system.linux.btrfs.id", id.as_str())
                        .with("system.linux.btrfs.purpose", purpose);
                    FileMetric::gauge(path, metric, "By", 1.0, attributes)
                });
            }
        }
    }
}
