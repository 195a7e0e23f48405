//! The receivers over real sockets and a real store.

#![allow(clippy::unwrap_used, reason = "the steps that the tests share")]

use peak_alloc::PeakAlloc;

mod conversion;
mod details;
mod grpc;
mod half_open;
mod http;
mod intake_budget;
mod json;
mod random_bytes;
mod receiver;
mod remote_write;
mod repeated_requests;
mod wire_fuzz;
mod write_requests;

/// Counts the memory in use, which [`wire_fuzz`] and [`intake_budget`] limit.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
