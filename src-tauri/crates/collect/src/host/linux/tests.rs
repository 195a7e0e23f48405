//! Tests with a recorded machine: devices that the test machine may lack, and garbage.

use std::{fs, path::Path};

use super::*;
use crate::host::recorded::recorded;

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn machine(root: &Path) -> Machine {
    Machine::with_kernel(KernelFiles::recorded(root), &HostCollectors::default(), 3, &[])
}

#[test]
fn devices_are_found_and_read() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("sys/class/hwmon/hwmon0/name", "coretemp\n"),
            ("sys/class/hwmon/hwmon0/temp1_input", "45500\n"),
            ("sys/class/hwmon/hwmon0/temp1_label", "Package id 0\n"),
            ("sys/class/hwmon/hwmon0/temp1_crit", "100000\n"),
            ("sys/class/hwmon/hwmon0/fan2_input", "1200\n"),
            ("sys/class/hwmon/hwmon0/intrusion0_input", "1\n"),
            ("sys/class/hwmon/hwmon1/device/name", "old\n"),
            ("sys/class/hwmon/hwmon1/device/in1_input", "12000\n"),
            ("sys/class/thermal/thermal_zone3/type", "acpitz\n"),
            ("sys/class/thermal/thermal_zone3/temp", "-5000\n"),
            ("sys/class/thermal/cooling_device0/temp", "1\n"),
            ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
            ("sys/class/powercap/intel-rapl:0/energy_uj", "2500000\n"),
            ("sys/devices/system/edac/mc/mc0/ce_count", "3\n"),
            ("sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "2400000\n"),
            ("sys/devices/system/cpu/cpufreq/x", ""),
            ("sys/class/power_supply/BAT0/type", "Battery\n"),
            ("sys/class/power_supply/BAT0/status", "Discharging\n"),
            ("sys/class/power_supply/BAT0/capacity", "81\n"),
            ("sys/class/power_supply/AC/type", "Mains\n"),
            ("sys/class/power_supply/AC/online", "0\n"),
            ("sys/class/net/eth0/operstate", "up\n"),
            ("sys/class/net/eth0/speed", "1000\n"),
            ("sys/class/net/eth0/mtu", "1500\n"),
            ("sys/class/net/eth1/speed", "-1\n"),
            ("sys/class/net/bonding_masters", "bond0 ../etc\n"),
            ("sys/class/net/bond0/bonding/slaves", "eth0 eth1\n"),
            ("sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n"),
            ("sys/class/net/bond0/lower_eth1/bonding_slave/mii_status", "down\n"),
            ("sys/fs/btrfs/abc/allocation/data/bytes_used", "777\n"),
        ],
    );
    let mut machine = machine(folder.path());
    let (_, values) = recorded(|builder| machine.record(builder, Timestamp(1)));
    for (series, value) in [
        ("hw.temperature{hw.id=hwmon0_temp1,hw.name=Package id 0,hw.parent=coretemp}", 45.5),
        (
            "hw.temperature.limit{hw.id=hwmon0_temp1,hw.limit_type=high.critical,hw.name=Package id 0,hw.parent=coretemp}",
            100.0,
        ),
        ("hw.fan.speed{hw.id=hwmon0_fan2,hw.name=fan2,hw.parent=coretemp}", 1200.0),
        ("hw.voltage{hw.id=hwmon1_in1,hw.name=in1,hw.parent=old}", 12.0),
        ("hw.temperature{hw.id=thermal_zone3,hw.name=acpitz}", -5.0),
        ("hw.energy{hw.id=intel-rapl:0,hw.name=package-0}", 2.5),
        ("hw.errors{error.type=corrected,hw.id=mc0,hw.type=memory}", 3.0),
        ("system.cpu.frequency{cpu.logical_number=1}", 2.4e9),
        ("hw.battery.charge{hw.id=BAT0,hw.type=battery}", 0.81),
        ("hw.status{hw.id=BAT0,hw.state=discharging,hw.type=battery}", 1.0),
        ("hw.status{hw.id=BAT0,hw.state=charging,hw.type=battery}", 0.0),
        ("hw.power_supply.online{hw.id=AC,hw.type=mains}", 0.0),
        ("hw.network.up{network.interface.name=eth0}", 1.0),
        ("hw.network.bandwidth.limit{network.interface.name=eth0}", 125e6),
        ("system.linux.network.mtu{network.interface.name=eth0}", 1500.0),
        ("system.linux.bonding.up{network.interface.name=eth1,system.linux.bonding.master=bond0}", 0.0),
        ("system.linux.btrfs.usage{system.linux.btrfs.id=abc,system.linux.btrfs.purpose=data}", 777.0),
    ] {
        let recorded_value = values.get(series).unwrap_or_else(|| panic!("{series} in {values:#?}"));
        assert!((recorded_value - value).abs() < 1e-9 * value.abs().max(1.0), "{series} is {recorded_value}");
    }
    assert!(!values.keys().any(|series| series.contains("bandwidth") && series.contains("eth1")));
    assert!(!values.keys().any(|series| series.contains("intrusion") || series.contains("cooling")));
    // A removed device has no series; a new one is found within a minute.
    fs::remove_dir_all(folder.path().join("sys/class/hwmon/hwmon0")).unwrap();
    write(
        folder.path(),
        &[("sys/class/hwmon/hwmon7/name", "new"), ("sys/class/hwmon/hwmon7/temp1_input", "1")],
    );
    let (names, values) = recorded(|builder| machine.record(builder, Timestamp(2)));
    assert!(!names.iter().any(|name| name == "hw.fan.speed"));
    assert!(!values.keys().any(|series| series.contains("hwmon7")));
    let (_, values) = recorded(|builder| machine.record(builder, Timestamp(61_000_000_000)));
    assert!(values.keys().any(|series| series.contains("hwmon7")));
}

#[test]
fn an_empty_machine_has_only_counts_of_processes() {
    let folder = tempfile::tempdir().unwrap();
    let mut machine = machine(folder.path());
    let (names, _) = recorded(|builder| machine.record(builder, Timestamp(1)));
    assert!(names.iter().all(|name| name.ends_with("count")), "{names:?}");
}

#[test]
fn a_machine_with_garbage_in_its_files_causes_no_panic() {
    const FILES: &[&str] = &[
        "stat",
        "loadavg",
        "meminfo",
        "vmstat",
        "diskstats",
        "self/mountinfo",
        "net/dev",
        "net/snmp",
        "net/netstat",
        "net/snmp6",
        "net/sockstat",
        "net/sockstat6",
        "net/softnet_stat",
        "net/udp",
        "net/udp6",
        "net/arp",
        "net/stat/nf_conntrack",
        "pressure/cpu",
        "pressure/io",
        "mdstat",
        "net/rpc/nfs",
        "net/rpc/nfsd",
        "uptime",
        "self/cgroup",
        "sys/fs/file-nr",
        "1/stat",
    ];
    let folder = tempfile::tempdir().unwrap();
    let recorded: Vec<Vec<u8>> =
        FILES.iter().map(|file| fs::read(Path::new("/proc").join(file)).unwrap_or_default()).collect();
    let mut machine = machine(folder.path());
    let mut state = 7_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for round in 0..60 {
        for (file, text) in FILES.iter().zip(&recorded) {
            let mut text = text.clone();
            for _ in 0..(text.len() / 40).min(200) {
                let position = random() % text.len();
                match random() % 4 {
                    0 => text.truncate(position.max(1)),
                    1 => text[position] = random() as u8,
                    2 => text[position] = b"9 -:\n\t("[random() % 7],
                    _ => text.insert(position, b"\xff90 :("[random() % 6]),
                }
            }
            let path = folder.path().join("proc").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut builder = MetricsBuilder::new(
            std::sync::Arc::new(model::Resource::service_named("host")),
            Timestamp(round),
        );
        machine.record(&mut builder, Timestamp(round * 5_000_000_000));
        assert!(builder.batch.samples.iter().all(|sample| sample.value.is_finite()));
    }
}
