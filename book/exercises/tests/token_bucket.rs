use exercises::token_bucket::{Bucket, Close, MOST, REFILL};

/// A client with streams that it opens and cancels.
struct Client {
    bucket: Bucket,
    stream: u32,
}

impl Client {
    fn new() -> Self {
        Client { bucket: Bucket::new(0), stream: 1 }
    }

    /// A bucket with so many tokens, at this moment, of which nothing counts for the next token.
    fn with(tokens: u32, now: u64) -> Self {
        let mut client = Client { bucket: Bucket::new(now), stream: 1 };
        for _ in tokens..MOST {
            client.cancel(now).unwrap();
        }
        client
    }

    fn open(&mut self) -> u32 {
        self.stream += 2;
        self.bucket.on_open(self.stream);
        self.stream
    }

    fn cancel(&mut self, now: u64) -> Result<(), Close> {
        let stream = self.open();
        self.bucket.on_reset(stream, now)
    }

    /// How many it can cancel at this moment.
    fn tokens(mut self, now: u64) -> u32 {
        (0..).find(|_| self.cancel(now).is_err()).unwrap()
    }
}

#[test]
fn a_full_bucket_has_so_many_and_no_more() {
    assert_eq!(Client::new().tokens(0), MOST);
    assert_eq!(Client::new().tokens(1_000_000), MOST, "time does not make it fuller");
    assert_eq!(Client::with(3, 50).tokens(50), 3);
}

#[test]
fn time_gives_tokens_back_up_to_a_full_bucket() {
    for (time, tokens) in [(0, 0), (REFILL - 1, 0), (REFILL, 1), (5 * REFILL + 1, 5)] {
        assert_eq!(Client::with(0, 7).tokens(7 + time), tokens, "after {time} ms");
    }
    assert_eq!(Client::with(0, 0).tokens(u64::MAX / 2), MOST);
}

#[test]
fn time_that_is_no_whole_token_counts_for_the_next_one() {
    let mut client = Client::with(10, 0);
    for step in 1..=20 {
        client.cancel(step * REFILL / 2).unwrap();
    }
    assert_eq!(client.tokens(10 * REFILL), 0, "twenty have gone, ten have come");
}

#[test]
fn time_with_a_full_bucket_is_not_saved() {
    let mut client = Client::new();
    client.cancel(REFILL - 1).unwrap();
    assert_eq!(client.tokens(REFILL), MOST - 1, "a token takes its whole time from now on");
    let mut client = Client::new();
    client.cancel(10 * REFILL + 70).unwrap();
    assert_eq!(client.tokens(11 * REFILL + 69), MOST - 1);
    let mut client = Client::new();
    client.cancel(10 * REFILL + 70).unwrap();
    assert_eq!(client.tokens(11 * REFILL + 70), MOST);
}

#[test]
fn an_answer_gives_one_back() {
    let mut client = Client::with(0, 0);
    for _ in 0..5 {
        let stream = client.open();
        client.bucket.on_answer(stream, 0);
    }
    assert_eq!(client.tokens(0), 5);
    let mut client = Client::new();
    let stream = client.open();
    client.bucket.on_answer(stream, 0);
    assert_eq!(client.tokens(0), MOST, "not more than a full bucket");
}

#[test]
fn only_an_open_stream_counts_and_only_once() {
    let mut client = Client::with(2, 0);
    let stream = client.open();
    client.bucket.on_answer(stream, 0);
    client.bucket.on_answer(stream, 0);
    for stream in [stream, 9_999] {
        assert_eq!(client.bucket.on_reset(stream, 0), Ok(()));
        client.bucket.on_answer(stream, 0);
    }
    let stream = client.open();
    client.bucket.on_reset(stream, 0).unwrap();
    client.bucket.on_reset(stream, 0).unwrap();
    client.bucket.on_answer(stream, 0);
    assert_eq!(client.tokens(0), 2, "two, one back, one gone");
}

#[test]
fn a_connection_that_is_to_be_closed_stays_so() {
    let mut client = Client::with(0, 0);
    assert_eq!(client.cancel(0), Err(Close));
    assert_eq!(client.cancel(1000 * REFILL), Err(Close), "time heals nothing");
    let stream = client.open();
    client.bucket.on_answer(stream, 1000 * REFILL);
    assert_eq!(client.cancel(1000 * REFILL), Err(Close));
}
