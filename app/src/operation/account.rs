//! Users and groups, by name or by number.

use std::str::FromStr;

use nix::unistd::{Gid, Group, Uid, User};

/// A user, and the group that goes with it or was named: `USER`, `USER:GROUP`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) user: Uid,
    /// None if only a user was named, by a number that no user has.
    pub(crate) group: Option<Gid>,
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let number = user.parse().ok().map(Uid::from_raw);
        let known = match number {
            Some(number) => User::from_uid(number),
            None => User::from_name(user),
        };
        let known = known.map_err(|error| format!("the user {user} cannot be asked for: {error}"));
        let known = known?;
        let uid = number.or(known.as_ref().map(|it| it.uid));
        Ok(Account {
            text: text.to_owned(),
            user: uid.ok_or_else(|| format!("there is no user {user}"))?,
            group: group.map(gid).transpose()?.or(known.map(|it| it.gid)),
        })
    }
}

fn gid(group: &str) -> Result<Gid, String> {
    if let Ok(number) = group.parse() {
        return Ok(Gid::from_raw(number));
    }
    match Group::from_name(group) {
        Ok(known) => known.map(|it| it.gid).ok_or_else(|| format!("there is no group {group}")),
        Err(error) => Err(format!("the group {group} cannot be asked for: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_known_by_name_and_by_number() {
        let root = |text: &str| {
            let account: Account = text.parse().unwrap();
            assert!(account.user.is_root(), "{text}");
            account.group.map(Gid::as_raw)
        };
        for text in ["root", "0", "root:root", "0:0"] {
            assert_eq!(root(text), Some(0), "{text}");
        }
        assert_eq!(root("root:42"), Some(42));
        assert_eq!("4000000".parse::<Account>().unwrap().group, None);
        for (text, said) in [("no-such-user", "no user no-such"), ("0:no-such", "no group no-such")]
        {
            let error = text.parse::<Account>().unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
