//! Bonded interfaces: `/sys/class/net` (the kernel's `Documentation/networking/bonding.rst`).

use model::Attributes;

use super::{
    file_metrics::{FileMetric, ValueFormat},
    kernel_files::{self, KernelFiles},
};

/// Finds the files that say which interfaces of a bond carry traffic.
pub(crate) fn discover(kernel: &KernelFiles, found: &mut Vec<FileMetric>) {
    let masters = kernel_files::line(&kernel.sys("class/net/bonding_masters")).unwrap_or_default();
    for master in masters.split_ascii_whitespace().filter(|name| !name.contains(['/', '.'])) {
        let folder = kernel.sys("class/net").join(master);
        for interface in
            kernel_files::line(&folder.join("bonding/slaves")).unwrap_or_default().split_ascii_whitespace()
        {
            let path = folder.join(format!("lower_{interface}/bonding_slave/mii_status"));
            found.push(FileMetric {
                path,
                metric: "system.linux.bonding.up",
                unit: "1",
                attributes: Attributes::new()
                    .with("network.interface.name", interface)
                    .with("system.linux.bonding.master", master),
                format: ValueFormat::Equals("up"),
                counts: false,
            });
        }
    }
}
