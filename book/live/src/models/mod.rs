//! Small models of what the kernel and a pool of threads do, for the figures of the course. They
//! are no simulation: each shows one rule and leaves everything else away.
//!
//! | `speak` | steps | `show` |
//! |---|---|---|
//! | `poller edge`, `poller level` | `arrive N`, `eof`, `wait`, `read N`, `drain N` | `event`, `read`, `left`, `stuck`, `calls` |
//! | `ring BUFFERS SIZE` | `receive`, `enter`, `arrive N`, `take`, `return`, `cancel` | `completion`, `completions`, `owners`, `calls`, `socket`, `armed` |
//! | `pool THREADS` | `connect`, `request C`, `leave C`, `timeout C` | `served`, `queue`, `idle`, `waits C` |
//! | `asking select`, `asking poll`, `asking epoll` | `add N`, `ready N`, `wait` | `calls`, `kernel`, `program` |

pub(crate) mod asking;
pub(crate) mod poller;
pub(crate) mod pool;
pub(crate) mod ring;
