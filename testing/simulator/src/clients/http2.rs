//! A client of HTTP/2: all requests at once, or a few at a time.

use harness::http2::{Answer, Client as Inner, request};

use crate::choices::Choices;
use crate::clients::client::{Client, Mishaps};
use crate::clients::plan::{Ask, asks};
use crate::stage::{Entries, Route};

pub(crate) struct Http2 {
    inner: Inner,
    asks: Vec<Ask>,
    /// Requests that have been made, and how many may be under way at once.
    said: usize,
    at_once: usize,
    has_ended: bool,
}

impl Http2 {
    pub(crate) fn new(choices: &mut Choices) -> Self {
        let asks = asks(choices);
        let mut settings = h2::client::Builder::new();
        settings.enable_push(false).initial_window_size(choices.of(&[65_535, 1000, 1 << 20]));
        let at_once = choices.within(1..=asks.len());
        Http2 { inner: Inner::with(&settings), asks, said: 0, at_once, has_ended: false }
    }

    fn finished(&self) -> usize {
        self.inner.answers().into_iter().filter(|it| is_finished(it)).count()
    }
}

fn is_finished(answer: &Answer) -> bool {
    answer.is_whole || answer.reset.is_some()
}

impl Client for Http2 {
    fn say(&mut self) -> Vec<u8> {
        while !self.inner.is_over
            && self.said < self.asks.len()
            && self.said < self.finished() + self.at_once
        {
            let ask = &self.asks[self.said];
            let method = match ask.body {
                _ if ask.is_head => "HEAD",
                Some(_) => "POST",
                None => "GET",
            };
            // None are begun once the server says that it goes.
            if !self.inner.send(request(method, &ask.address.path()), ask.body.clone()) {
                break;
            }
            self.said += 1;
        }
        self.inner.said()
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.inner.hear(bytes);
        Ok(())
    }

    fn hear_end(&mut self) -> Result<(), String> {
        self.has_ended = true;
        self.inner.hear_end();
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.has_ended || self.inner.is_over || self.finished() == self.asks.len()
    }

    fn judge(&self, entries: &Entries, mishaps: &Mishaps) -> Result<usize, String> {
        let mut answered = 0;
        let answers = self.inner.answers();
        for (ask, answer) in self.asks.iter().zip(&answers) {
            let accepted = entries.accepted.iter().filter(|&&id| id == ask.address.id).count();
            if accepted > 1 {
                return Err(format!("{} was accepted {accepted} times", ask.address.path()));
            }
            let may_be_cut = mishaps.excuse_silence() || ask.address.route == Route::PanicInSource;
            // It may have asked for more at once than the server had yet said it takes.
            let is_refused = answer.reset == Some(h2::Reason::REFUSED_STREAM.into());
            let is_unheard = accepted == 0 && (is_refused || mishaps.excuse_deafness());
            if answer.is_whole {
                ask.judge(answer.status, &answer.body, mishaps)?;
                answered += 1;
            } else if !may_be_cut && !is_unheard {
                let Answer { status, reset, .. } = answer;
                let (path, length) = (ask.address.path(), answer.body.len());
                return Err(format!("{path} got {status}, {length} bytes and the end {reset:?}"));
            }
        }
        if answers.len() < self.asks.len() && !mishaps.excuse_deafness() {
            return Err(format!("{} of {} requests were made", answers.len(), self.asks.len()));
        }
        Ok(answered)
    }
}
