//! The log: one file a day in the state folder, seven kept, nothing of it on the screen.
//!
//! Other crates are logged from `info` up only, whatever the filter says: below that some print headers.

use std::io;
use std::path::Path;

use anyhow::Context;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Lines that may wait to be written; more are dropped.
const WAITING: usize = 1_024;
/// Log files that are kept.
const KEPT: usize = 7;
/// What is logged when nobody says otherwise.
const USUAL: &str = "info";

/// Writes what is still waiting when it is dropped; keep it to the end of `main`.
#[must_use = "without it the last lines are lost"]
pub struct Log(WorkerGuard);

impl Log {
    /// Logs from here on to `salon.log.<day>` in this folder, which is made with mode 0700 if it is not there;
    /// `salon.log` is a link to the newest. `filter` is `SALON_LOG`; one that cannot be read is told in the log and
    /// replaced by `info`.
    pub fn start(folder: &Path, filter: Option<&str>) -> anyhow::Result<Log> {
        let (subscriber, log, mistake) = Self::at(folder, filter)?;
        subscriber.try_init().context("a log was started before")?;
        if let Some(mistake) = mistake {
            tracing::warn!("SALON_LOG cannot be read: {mistake}");
        }
        Ok(log)
    }

    /// A subscriber that writes there, its guard, and what is wrong with the filter.
    fn at(
        folder: &Path,
        filter: Option<&str>,
    ) -> anyhow::Result<(impl Subscriber + Send + Sync, Log, Option<String>)> {
        make(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let file = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("salon.log")
            .latest_symlink("salon.log")
            .max_log_files(KEPT)
            .build(folder)
            .with_context(|| format!("no log can be written in {}", folder.display()))?;
        // The usual room for 128,000 lines costs 4 MB that are touched at every start.
        let (writer, guard) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING)
            .finish(file);
        let (filter, mistake) = match EnvFilter::try_new(filter.unwrap_or(USUAL)) {
            Ok(filter) => (filter, None),
            Err(error) => (EnvFilter::new(USUAL), Some(error.to_string())),
        };
        let is_ours = filter_fn(|line| {
            *line.level() <= Level::INFO
                || line.target() == "salon"
                || line.target().starts_with("salon::")
        })
        .with_max_level_hint(LevelFilter::TRACE);
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(writer)
            .with_filter(is_ours);
        let subscriber = tracing_subscriber::registry().with(filter).with(lines);
        Ok((subscriber, Log(guard), mistake))
    }

    /// Ends the log, as dropping it does: all lines are on disk afterwards.
    pub fn end(self) {
        drop(self.0);
    }
}

/// Makes a folder and those above it that are missing, for this user only.
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// What the log holds after these lines were said under this filter.
    fn logged(filter: Option<&str>) -> (String, Option<String>) {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/salon");
        let (subscriber, log, mistake) = Log::at(&folder, filter).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("ours at info");
            tracing::debug!("ours at debug");
            tracing::info!(target: "h2::codec", "theirs at info");
            tracing::debug!(target: "h2::codec", "theirs at debug");
        });
        log.end();
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let link = folder.join("salon.log");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        (fs::read_to_string(link).unwrap(), mistake)
    }

    #[test]
    fn lines_go_to_a_file_that_only_the_user_can_reach() {
        let (text, mistake) = logged(None);
        assert!(text.contains("ours at info") && text.contains("theirs at info"));
        assert!(!text.contains("debug") && mistake.is_none(), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn only_our_own_lines_go_below_info() {
        for filter in ["debug", "trace", "salon=debug,h2=trace"] {
            let (text, _) = logged(Some(filter));
            assert!(text.contains("ours at debug"), "{filter}: {text}");
            assert!(!text.contains("theirs at debug"), "{filter}: {text}");
        }
        let (text, _) = logged(Some("off"));
        assert_eq!(text, "");
    }

    #[test]
    fn a_wrong_filter_is_told_and_the_usual_one_holds() {
        let (text, mistake) = logged(Some("salon=loud"));
        assert!(text.contains("ours at info") && mistake.is_some());
    }

    #[test]
    fn a_place_that_cannot_be_made_is_an_error_with_its_name() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Log::at(&file.join("salon"), None).err().unwrap();
        assert!(error.to_string().contains("file/salon"), "{error}");
    }
}
