//! Scripts: lines are taken apart, and played to what is driven.

use protocol::Limits;

use crate::chunks::Chunks;
use crate::driver::Driver;
use crate::json::{self, Object};
use crate::models::asking::Asking;
use crate::models::poller::Poller;
use crate::models::pool::Pool;
use crate::models::ring::Ring;
use crate::subject::{Subject, number};
use crate::websocket::Frames;

/// What stands between two scripts.
const SEPARATOR: &str = "\n===\n";

/// Plays scripts, which are separated by lines of `===`. Each comes to a line of JSON.
#[must_use]
pub fn run(scripts: &str) -> String {
    let lines: Vec<String> = scripts.split(SEPARATOR).map(|script| play(script).json()).collect();
    lines.join("\n")
}

/// What the `show` lines of a script come to.
///
/// # Errors
/// What is wrong with the script, and where.
pub fn shown(script: &str) -> Result<Vec<String>, String> {
    let played = play(script);
    match played.error {
        Some(error) => Err(error),
        None => Ok(played.shown),
    }
}

/// What a script has come to.
#[derive(Default)]
struct Played {
    steps: Vec<String>,
    shown: Vec<String>,
    error: Option<String>,
}

impl Played {
    fn json(self) -> String {
        let mut object = Object::new();
        object.list("steps", self.steps);
        object.list("shown", self.shown.iter().map(|value| json::text(value)));
        object.raw("error", self.error.map_or_else(|| "null".to_owned(), |it| json::text(&it)));
        object.end()
    }
}

fn play(script: &str) -> Played {
    let mut played = Played::default();
    let mut stage = Stage::default();
    for (at, line) in script.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(what) = stage.line(line, &mut played) {
            played.error = Some(format!("line {}: {what}", at + 1));
            break;
        }
    }
    played
}

/// What is driven, and what it will be before it has begun.
#[derive(Default)]
struct Stage {
    limits: Limits,
    subject: Option<Box<dyn Subject>>,
}

impl Stage {
    fn line(&mut self, line: &str, played: &mut Played) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "limit" if self.subject.is_none() => return limit(&mut self.limits, rest),
            "speak" if self.subject.is_none() => self.subject = Some(self.begin(rest)?),
            "limit" | "speak" => return Err(format!("`{verb}` comes before the first step")),
            _ => {}
        }
        let subject = match &mut self.subject {
            Some(subject) => subject,
            none => none.insert(Box::new(Driver::http1(self.limits.clone()))),
        };
        match verb {
            "speak" => {}
            "show" => {
                played.shown.push(subject.show(rest)?);
                return Ok(());
            }
            _ => subject.step(verb, rest)?,
        }
        let mut object = Object::new();
        object.text("step", line);
        subject.report(&mut object);
        played.steps.push(object.end());
        Ok(())
    }

    fn begin(&self, name: &str) -> Result<Box<dyn Subject>, String> {
        let mut words = name.split(' ');
        Ok(match words.next().unwrap_or_default() {
            "http1" => Box::new(Driver::http1(self.limits.clone())),
            "http2" => Box::new(Driver::http2(self.limits.clone())),
            "chunks" => Box::new(Chunks::default()),
            "frames" => Box::new(Frames::default()),
            "poller" => Box::new(Poller::new(words.next().unwrap_or_default())?),
            "ring" => Box::new(Ring::new(number(words.next())?, number(words.next())?)),
            "asking" => Box::new(Asking::new(words.next().unwrap_or_default())?),
            "pool" => Box::new(Pool::new(number(words.next())?)),
            _ => return Err(format!("nothing speaks `{name}`")),
        })
    }
}

/// Sets a limit: seconds for a time, bytes or a number for everything else.
fn limit(limits: &mut Limits, rest: &str) -> Result<(), String> {
    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
    let value: u32 = number(Some(value))?;
    let time = std::time::Duration::from_secs(value.into());
    match name {
        "idle" => limits.idle_timeout = time,
        "head" => limits.head_timeout = time,
        "body" => limits.body_timeout = time,
        "write" => limits.write_timeout = time,
        "linger" => limits.linger_timeout = time,
        "high_water" => limits.high_water = value as usize,
        "max_head" => limits.max_head = value as usize,
        "max_body" => limits.max_body = value.into(),
        "max_discard" => limits.max_discard = value.into(),
        "max_streams" => limits.max_streams = value,
        _ => return Err(format!("there is no limit `{name}`")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_says_its_line_and_ends_the_script() {
        assert_eq!(shown("# a remark\n\nfly away"), Err("line 3: there is no step `fly`".into()));
        assert!(shown("eof\nlimit head 1").is_err());
        assert!(shown("limit neck 1").is_err());
        assert!(shown("speak latin").is_err());
        assert!(shown("show everything").is_err());
        assert!(run("fly").ends_with(r#""error":"line 1: there is no step `fly`"}"#));
    }

    #[test]
    fn scripts_are_played_apart() {
        let request = r"receive GET /echo/a HTTP/1.1\r\nHost: h\r\n\r\n";
        let both = format!("{request}\n===\n{request}");
        let alone = run(request);
        assert_eq!(run(&both), format!("{alone}\n{alone}"));
    }

    #[test]
    fn a_limit_holds() {
        let script = "limit head 3\nreceive G\npass 3000\nshow statuses";
        assert_eq!(shown(script).unwrap(), ["408"]);
    }
}
