//! Partitions, or what some services have in them, go for good.

use std::{collections::HashSet, sync::Arc};

use super::Maintenance;
use crate::{
    Changed, StoreError,
    layout::PartitionFile,
    retention::{Piece, delete_unsealed},
    writer::{Change, Work},
};

impl Maintenance {
    /// Takes points out of the heads and out of partitions, and then series that have no point left and resources that
    /// nobody speaks for; `rows` tells that rows of other tables went. How many points went.
    pub(super) fn retain(
        &mut self,
        unsealed: Vec<Piece>,
        going: &[(u64, HashSet<String>)],
        rows: bool,
    ) -> Result<u64, StoreError> {
        self.forgets |= rows || !unsealed.is_empty() || !going.is_empty();
        let mut gone = 0;
        if !unsealed.is_empty() {
            // Nothing is being sealed meanwhile: that is this thread's work too.
            let change: Change = Box::new(move |connection| delete_unsealed(connection, &unsealed));
            let changed = Changed { samples: true, ..Changed::default() };
            gone += self.submit(Work::History { change, changed })?;
        }
        gone += self.retain_sealed(going)?;
        if self.forgets {
            self.forget()?;
            self.forgets = false;
        }
        Ok(gone)
    }

    /// Takes out of each partition what the services named with it have in it: the whole file if nobody else has
    /// anything, else the file is written anew without them. Each rewritten partition is a change of its own; one
    /// that is not there any more is left to the next time. How many points went.
    fn retain_sealed(&mut self, going: &[(u64, HashSet<String>)]) -> Result<u64, StoreError> {
        let mut whole = Vec::new();
        let mut gone = 0;
        for (id, services) in going {
            let layout = self.layouts.current();
            let Some(file) = layout.partitions.iter().find(|file| file.info.id == *id) else { continue };
            if file.info.services.iter().all(|share| services.contains(&share.service)) {
                whole.push(*id);
            } else {
                gone += self.retain_rest(&Arc::clone(file), services)?;
            }
        }
        if !whole.is_empty() {
            gone += self.points(&whole);
            self.publish(Vec::new(), whole, |_| Ok(0))?;
        }
        Ok(gone)
    }

    fn retain_rest(
        &mut self,
        file: &Arc<PartitionFile>,
        services: &HashSet<String>,
    ) -> Result<u64, StoreError> {
        let series = self.dictionary.series_of(services);
        let new = self.rewrite(file, &series)?;
        let new: Vec<_> = new.into_iter().collect();
        let kept = super::points_of(&new);
        self.publish(new, vec![file.info.id], |_| Ok(0))?;
        Ok(self.points_in(file).saturating_sub(kept))
    }
}
