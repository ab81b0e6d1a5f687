//! Static or dynamic: a trait that cannot be `dyn`, and one beside it that can.
//!
//! [`Encoder`] is convenient for those who write encoders, and `dyn Encoder` is refused by the
//! compiler (E0038). Why? There are four reasons in it. [`AnyEncoder`] has something in the place
//! of each.
//!
//! * Implement `AnyEncoder` for every `Encoder`, in one `impl`.
//! * Make `Box<dyn AnyEncoder>` implement `Clone`: the copy has the state of the original, and from
//!   then on a state of its own.
//! * Fill in the [`Registry`]. What `find` returns is used and thrown away; what is in the registry
//!   does not change by it.

/// Turns bytes into text, piece by piece. It is convenient, and it cannot be `dyn`.
pub trait Encoder: Clone {
    /// The name of the encoding.
    const NAME: &'static str;

    /// The text for these bytes, as far as it is certain.
    fn encode(&mut self, bytes: impl IntoIterator<Item = u8>) -> String;

    /// The text for what is left.
    fn finish(self) -> String;
}

/// The same, for a pointer.
pub trait AnyEncoder {
    /// The name of the encoding.
    fn name(&self) -> &'static str;

    /// The text for these bytes, as far as it is certain.
    fn encode(&mut self, bytes: &mut dyn Iterator<Item = u8>) -> String;

    /// The text for what is left.
    fn finish(self: Box<Self>) -> String;

    /// An encoder in the same state.
    fn boxed_clone(&self) -> Box<dyn AnyEncoder>;
}

impl<E: Encoder + 'static> AnyEncoder for E {
    fn name(&self) -> &'static str {
        todo!()
    }

    fn encode(&mut self, bytes: &mut dyn Iterator<Item = u8>) -> String {
        todo!()
    }

    fn finish(self: Box<Self>) -> String {
        todo!()
    }

    fn boxed_clone(&self) -> Box<dyn AnyEncoder> {
        todo!()
    }
}

impl Clone for Box<dyn AnyEncoder> {
    fn clone(&self) -> Self {
        todo!()
    }
}

/// Encoders by their names.
#[derive(Clone, Default)]
pub struct Registry {
    encoders: Vec<Box<dyn AnyEncoder>>,
}

impl Registry {
    /// Adds an encoder. One of the same name that was added before is removed.
    pub fn add(&mut self, encoder: impl Encoder + 'static) {
        todo!()
    }

    /// The names, in the order in which the encoders were added.
    pub fn names(&self) -> Vec<&'static str> {
        todo!()
    }

    /// A copy of the encoder with this name, in the state in which it was added.
    pub fn find(&self, name: &str) -> Option<Box<dyn AnyEncoder>> {
        todo!()
    }
}
