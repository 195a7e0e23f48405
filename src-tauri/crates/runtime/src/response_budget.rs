//! The budget of memory for the responses of all servers that the engine queries.
//!
//! A response takes its memory in steps: at its first byte the smallest, and the next larger one
//! before it outgrows a step. A step has a number of permits. Who waits for a permit holds those of
//! smaller steps only, and the largest step waits for none, so that all make progress. One client
//! holds half of the permits of a step at most: slow or huge responses of its servers leave the
//! rest to other clients.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The default size of the budget.
const DEFAULT_BYTES: usize = 128 << 20;
/// The sizes of responses, and the share (1/n) of the budget that each has.
const STEPS: [(usize, usize); 4] = [(256 << 10, 4), (2 << 20, 8), (8 << 20, 8), (64 << 20, 2)];

/// A budget of bytes. Clones share it.
#[derive(Clone)]
pub struct ResponseBudget(Arc<Mutex<Steps>>);

#[derive(Clone)]
struct Steps {
    /// The size of the budget.
    size: usize,
    all: Arc<[Step]>,
}

struct Step {
    bytes: usize,
    permits: Arc<Semaphore>,
    /// The number of permits of one client.
    of_client: usize,
}

impl Steps {
    fn new(bytes: usize) -> Self {
        let step = |(size, share): (usize, usize)| {
            let permits = (bytes / share / size).max(1);
            Step { bytes: size, permits: Arc::new(Semaphore::new(permits)), of_client: permits.div_ceil(2) }
        };
        Self { size: bytes, all: STEPS.map(step).into() }
    }
}

impl Default for ResponseBudget {
    /// 128 MiB.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Steps::new(DEFAULT_BYTES))))
    }
}

impl fmt::Debug for ResponseBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.0.lock().clone();
        let free = steps.all.iter().map(|step| (step.bytes, step.permits.available_permits()));
        formatter.debug_map().entries(free).finish()
    }
}

impl ResponseBudget {
    /// Sets the size. Memory that responses hold is not counted in the new size.
    pub fn set_limit(&self, bytes: usize) {
        let mut steps = self.0.lock();
        if steps.size != bytes {
            *steps = Steps::new(bytes);
        }
    }

    /// Returns the share of one client, such as a scrape job.
    pub fn client(&self) -> ResponseShare {
        ResponseShare { budget: self.clone(), steps: Arc::new(Mutex::new(None)) }
    }
}

/// The part of the budget that the responses of one client may take. Clones share it.
#[derive(Debug, Clone)]
pub struct ResponseShare {
    budget: ResponseBudget,
    steps: Arc<Mutex<Option<ShareSteps>>>,
}

/// The steps of the budget, with the permits of the client.
#[derive(Clone)]
struct ShareSteps {
    all: Arc<[Step]>,
    own: Arc<[Arc<Semaphore>]>,
}

impl fmt::Debug for ShareSteps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.own.iter().map(|own| own.available_permits())).finish()
    }
}

impl ResponseShare {
    /// Begins a response, which holds nothing yet.
    pub fn response(&self) -> ResponseMemory {
        let all = Arc::clone(&self.budget.0.lock().all);
        let mut steps = self.steps.lock();
        // The limit may have changed.
        let current = match steps.take().filter(|steps| Arc::ptr_eq(&steps.all, &all)) {
            Some(current) => current,
            None => {
                let own = all.iter().map(|step| Arc::new(Semaphore::new(step.of_client))).collect();
                ShareSteps { all, own }
            }
        };
        *steps = Some(current.clone());
        ResponseMemory { steps: current, held: Vec::new(), is_waiting: false }
    }
}

/// The memory of one response. It is given back when dropped.
#[derive(Debug)]
pub struct ResponseMemory {
    steps: ShareSteps,
    held: Vec<[OwnedSemaphorePermit; 2]>,
    is_waiting: bool,
}

impl ResponseMemory {
    /// Waits until the response may have a length in bytes. Returns the length that it may have
    /// then. A response that is larger than the largest step may have any length.
    pub async fn grow_to(&mut self, length: usize) -> usize {
        // Stays set if the caller gives up.
        self.is_waiting = true;
        let granted = self.take_steps(length).await;
        self.is_waiting = false;
        granted
    }

    /// Returns whether the last wait was given up.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    async fn take_steps(&mut self, length: usize) -> usize {
        let (all, own) = (Arc::clone(&self.steps.all), Arc::clone(&self.steps.own));
        for (step, own) in all.iter().zip(own.iter()).skip(self.held.len()) {
            let before = self.held.len().checked_sub(1).and_then(|held| all.get(held));
            if let Some(before) = before.filter(|before| length <= before.bytes) {
                return before.bytes;
            }
            // The client's own permit first: who waits for it takes nothing from other clients.
            let own = Arc::clone(own).acquire_owned().await;
            let shared = Arc::clone(&step.permits).acquire_owned().await;
            // The semaphores are never closed.
            let (Ok(own), Ok(shared)) = (own, shared) else { break };
            self.held.push([own, shared]);
        }
        length.max(all.last().map_or(0, |step| step.bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    /// Returns whether a response may have a length without a wait.
    fn grows(response: &mut ResponseMemory, length: usize) -> bool {
        let polled = pin!(response.grow_to(length)).poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(granted) => {
                assert!(granted >= length);
                true
            }
            Poll::Pending => {
                assert!(response.is_waiting());
                false
            }
        }
    }

    #[test]
    fn a_response_takes_the_steps_that_it_needs() {
        let budget = ResponseBudget::default();
        let client = budget.client();
        let mut response = client.response();
        assert!(grows(&mut response, 0) && response.held.len() == 1);
        assert!(grows(&mut response, 256 << 10) && response.held.len() == 1);
        assert!(grows(&mut response, (256 << 10) + 1) && response.held.len() == 2);
        assert!(grows(&mut response, 60 << 20) && response.held.len() == 4);
        assert!(grows(&mut response, usize::MAX) && response.held.len() == 4);
        let mut other = budget.client().response();
        assert!(grows(&mut other, 8 << 20));
        assert!(!grows(&mut other, 9 << 20), "one response of the largest step");
        drop(response);
        assert!(grows(&mut other, 9 << 20));
    }

    #[test]
    fn one_client_leaves_half_of_each_step_to_others() {
        let budget = ResponseBudget::default();
        let (greedy, modest) = (budget.client(), budget.client());
        let mut held = Vec::new();
        loop {
            let mut response = greedy.response();
            if !grows(&mut response, 1) {
                break;
            }
            held.push(response);
        }
        assert_eq!(held.len(), 64);
        let granted = held.iter_mut().filter_map(|response| grows(response, 5 << 20).then_some(()));
        assert_eq!(granted.count(), 1, "of two");
        let mut response = modest.response();
        assert!(grows(&mut response, 5 << 20));
    }

    #[test]
    fn a_new_limit_holds_for_new_responses() {
        let budget = ResponseBudget::default();
        let client = budget.client();
        let mut before = client.response();
        assert!(grows(&mut before, 64 << 20));
        budget.set_limit(256 << 20);
        let mut more: Vec<_> = (0..2).map(|_| client.response()).collect();
        assert!(grows(&mut more[0], 64 << 20));
        assert!(!grows(&mut more[1], 64 << 20), "the client has one of two");
        assert!(grows(&mut budget.client().response(), 64 << 20));
    }
}
