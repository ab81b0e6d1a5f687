//! Users and groups, by name or by number.

use std::str::FromStr;

use nix::unistd::{Gid, Group, Uid, User, getegid, geteuid, getuid, setgid, setuid};

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

impl Account {
    /// Has this process be of this user, without further groups. With functions of the C library
    /// all of its threads change, not only the one that calls (nptl(7)).
    ///
    /// # Errors
    /// If it is not root's, in a sentence.
    pub(crate) fn assume(&self) -> Result<(), String> {
        let none = || format!("--user {}: name a group as well, USER:GROUP", self.text);
        let (user, group) = (self.user, self.group.ok_or_else(none)?);
        if (getuid(), geteuid(), getegid()) == (user, user, group) && !user.is_root() {
            return Ok(()); // a server that takes over is started by one that has become it
        }
        if !geteuid().is_root() {
            return Err(format!("--user {}: only root can become another user", self.text));
        }
        let told = |error| format!("--user {}: {error}", self.text);
        drop_groups(group).and_then(|()| setgid(group)).and_then(|()| setuid(user)).map_err(told)
    }
}

#[cfg(not(target_vendor = "apple"))]
fn drop_groups(group: Gid) -> nix::Result<()> {
    nix::unistd::setgroups(&[group])
}

/// There, groups are not for programs to set.
#[cfg(target_vendor = "apple")]
fn drop_groups(_: Gid) -> nix::Result<()> {
    Err(nix::errno::Errno::ENOTSUP)
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
