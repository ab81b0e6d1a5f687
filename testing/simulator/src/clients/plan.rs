//! The requests of a client, whatever the version of HTTP.

use crate::choices::Choices;
use crate::clients::client::Mishaps;
use crate::stage::{Address, Route};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) address: Address,
    pub(crate) is_head: bool,
    pub(crate) body: Option<Vec<u8>>,
}

/// A few requests, numbered from 0.
pub(crate) fn asks(choices: &mut Choices) -> Vec<Ask> {
    (0..choices.within(1..=8)).map(|id| ask(id, choices)).collect()
}

fn ask(id: usize, choices: &mut Choices) -> Ask {
    let route = choices.of(&Route::ALL);
    // A panic ends what follows it: only now and then.
    let route = if route.panics() && !choices.one_in(4) { Route::Now } else { route };
    let size = match route {
        Route::Later | Route::WorkThenLater => choices.within(0..=500),
        _ => choices.size(60_000),
    };
    let is_head = choices.one_in(10);
    let has_body = !is_head && choices.one_in(2);
    let body = has_body.then(|| {
        // Some are longer than what a sink may have on the way.
        let most = if choices.one_in(8) { 200_000 } else { 40_000 };
        let size = choices.size(most);
        (0..size).map(|at| (at * 7 + id).to_le_bytes()[0]).collect()
    });
    Ask { address: Address { route, id, size }, is_head, body }
}

impl Ask {
    /// Whether this is what has to be answered.
    pub(crate) fn judge(&self, status: u16, body: &[u8], mishaps: &Mishaps) -> Result<(), String> {
        if mishaps.excuse_status(status) {
            return Ok(());
        }
        let (expected, mut content) = self.address.answer(self.body.as_deref().unwrap_or_default());
        if self.is_head {
            content.clear();
        }
        let path = self.address.path();
        if status != expected {
            return Err(format!("{path} is answered with {status}, not with {expected}"));
        }
        if body != content {
            let (is, should) = (body.len(), content.len());
            return Err(format!("{path}: {is} bytes of another content than the {should} due"));
        }
        Ok(())
    }
}
