//! What an observer is told of requests.

use std::sync::{Arc, Mutex};

use protocol::{Conclude, Observer, Request, Summary};

/// An observer that keeps what it is told: of each request its path (`-` if its head was refused)
/// and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Vec<(String, Summary)>>>);

impl Told {
    /// What it has been told since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<(String, Summary)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Told {
    fn begin(&self, request: Option<&Request<'_>>) -> Option<Conclude> {
        let path = request.map_or("-", |request| request.path()).to_owned();
        let told = Arc::clone(&self.0);
        Some(Box::new(move |summary| told.lock().unwrap().push((path, *summary))))
    }
}
