//! Why a server could not be bound to its address.

use std::io::{self, ErrorKind};

use thiserror::Error;

/// Why a server could not be bound to its address.
///
/// It becomes an [`io::Error`] where one is wanted, so `?` works in a `main` that returns one:
///
/// ```
/// use backend_common::{Backend, BindError, Server};
///
/// fn bind<B: Backend>() -> std::io::Result<Server<B>> {
///     match Server::bind("127.0.0.1:8080") {
///         Err(BindError::AddressInUse(_)) => Ok(Server::bind("127.0.0.1:0")?), // any port
///         bound => Ok(bound?),
///     }
/// }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another socket is bound to the address.
    #[error(transparent)]
    AddressInUse(io::Error),
    /// The system does not let this process use the address: a port below 1024, for example.
    #[error(transparent)]
    PermissionDenied(io::Error),
    /// The system lacks what the backend needs. The error says in one sentence what it is: see
    /// [`Backend::check_system`](crate::Backend::check_system).
    #[error(transparent)]
    Unsupported(io::Error),
    /// Any other error: the address is not one of this machine's, or its name is not known, or the
    /// system has no further socket.
    #[error(transparent)]
    Other(io::Error),
}

impl From<io::Error> for BindError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::AddrInUse => BindError::AddressInUse(error),
            ErrorKind::PermissionDenied => BindError::PermissionDenied(error),
            ErrorKind::Unsupported => BindError::Unsupported(error),
            _ => BindError::Other(error),
        }
    }
}

impl From<BindError> for io::Error {
    fn from(error: BindError) -> Self {
        let (BindError::AddressInUse(error)
        | BindError::PermissionDenied(error)
        | BindError::Unsupported(error)
        | BindError::Other(error)) = error;
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_told_by_its_kind_and_comes_back_as_it_was() {
        let is = |kind: ErrorKind, expected: fn(&BindError) -> bool| {
            let error = BindError::from(io::Error::new(kind, "the reason"));
            assert!(expected(&error), "{error:?}");
            assert_eq!(error.to_string(), "the reason");
            let error = io::Error::from(error);
            assert_eq!((error.kind(), error.to_string()), (kind, "the reason".into()));
        };
        is(ErrorKind::AddrInUse, |it| matches!(it, BindError::AddressInUse(_)));
        is(ErrorKind::PermissionDenied, |it| matches!(it, BindError::PermissionDenied(_)));
        is(ErrorKind::Unsupported, |it| matches!(it, BindError::Unsupported(_)));
        is(ErrorKind::AddrNotAvailable, |it| matches!(it, BindError::Other(_)));
    }
}
