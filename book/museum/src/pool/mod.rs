//! A fixed number of threads, in three stages. Each stage is a file; `diff` shows what it adds.

pub mod stage1_channel;
pub mod stage2_join;
pub mod stage3_panic;
