//! Hands out the exercises of the course, checks what the reader has made of them, and proves to
//! the maintainer that they are good ones. Standard library only, so that it is there in seconds.
//!
//! # Map
//! * [`catalogue`]: which exercises there are; [`folder`]: where their files are;
//! * [`trial`]: compiles one file with its tests, and runs them with a time limit;
//! * [`reader`]: the commands for the reader; [`hints`] and [`differences`] are parts of them;
//! * [`prove`]: the maintainer's check; [`wrong`]: solutions that the tests must refuse.

#![forbid(unsafe_code)]

pub mod catalogue;
pub mod differences;
pub mod folder;
pub mod hints;
pub mod prove;
pub mod reader;
pub mod trial;
pub mod wrong;
