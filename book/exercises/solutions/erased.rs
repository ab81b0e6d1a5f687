//! Static or dynamic: a trait that cannot be `dyn`, and one beside it that can.
//!
//! # Explanation
//! The four things that a table of functions cannot hold each become something that it can: a
//! constant becomes a method, a type parameter becomes a pointer (`&mut dyn Iterator`), `self` by
//! value becomes `Box<Self>`, and `Clone`, whose result would have to be of a known size, becomes a
//! method that returns a box. One `impl` for every `Encoder` connects the two traits, so an
//! encoder implements the convenient trait alone.

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
        E::NAME
    }

    fn encode(&mut self, bytes: &mut dyn Iterator<Item = u8>) -> String {
        Encoder::encode(self, bytes)
    }

    fn finish(self: Box<Self>) -> String {
        Encoder::finish(*self)
    }

    fn boxed_clone(&self) -> Box<dyn AnyEncoder> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn AnyEncoder> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
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
        let encoder: Box<dyn AnyEncoder> = Box::new(encoder);
        self.encoders.retain(|other| other.name() != encoder.name());
        self.encoders.push(encoder);
    }

    /// The names, in the order in which the encoders were added.
    pub fn names(&self) -> Vec<&'static str> {
        self.encoders.iter().map(|encoder| encoder.name()).collect()
    }

    /// A copy of the encoder with this name, in the state in which it was added.
    pub fn find(&self, name: &str) -> Option<Box<dyn AnyEncoder>> {
        self.encoders.iter().find(|encoder| encoder.name() == name).cloned()
    }
}
