//! Sends conversations' metadata to the user's own Postgres, in the background (spec D2).
//!
//! One task owns the one connection. It listens on channels, takes the outbox of the store in pages, and says how it
//! stands. Whoever tells it of a change never waits; without changes it does not wake; a hub that is away costs
//! nothing but a try now and then (`pace.rs`). A place in the outbox is moved on only after the hub has the page, so a
//! kill at any moment makes a page go twice and none go missing.

mod address;
mod check;
mod hub;
mod pace;
mod table;
mod trouble;

use std::pin::pin;
use std::time::Duration;

use tokio::select;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{Mint, UsageId};
use crate::domain::sync::{SyncPhase, SyncReport, SyncState, whose};
use crate::domain::when::Millis;
use crate::store::Store;
pub use address::Address;
pub use check::check;
use hub::Hub;
use pace::Beat;
use trouble::{Then, Trouble};

/// From the start to the first look, so that a start is not slowed down.
const FIRST: Duration = Duration::from_secs(2);
/// Changes in one page.
const PAGE: u32 = 500;
/// A connection nobody needs is closed after so long.
const IDLE: Duration = Duration::from_secs(30);
/// On leaving, what waits gets so long.
const GRACE: Duration = Duration::from_secs(1);
/// Between two looks whether another salon has finished.
const TURN: Duration = Duration::from_millis(50);
/// Requests to send now that may wait.
const ASKS: usize = 4;

/// What the task is made of.
pub struct Parts {
    pub store: Store,
    pub address: Address,
    /// The user of the settings.
    pub user: Option<String>,
    pub mint: Mint,
    /// Look at once for what waits; else only after a change (the command line).
    pub is_watching: bool,
}

/// Somebody asks to send now.
struct Ask {
    /// As if the hub had nothing.
    everything: bool,
    reply: oneshot::Sender<Result<SyncReport, Failure>>,
}

/// The task, seen from outside. Dropping it ends the task.
pub struct Task {
    pings: mpsc::Sender<()>,
    asks: mpsc::Sender<Ask>,
    state: watch::Receiver<Option<SyncState>>,
    leaving: CancellationToken,
    running: JoinSet<()>,
}

impl Task {
    /// Starts it.
    pub fn start(parts: Parts) -> Task {
        let (pings, pinged) = mpsc::channel(1);
        let (asks, asked) = mpsc::channel(ASKS);
        let (says, state) = watch::channel(None);
        let leaving = CancellationToken::new();
        let sender = Sender {
            parts,
            hub: None,
            used: Instant::now(),
            beat: Beat::default(),
            waiting: 0,
            says,
        };
        let mut running = JoinSet::new();
        running.spawn(sender.run(pinged, asked, leaving.clone()));
        Task {
            pings,
            asks,
            state,
            leaving,
            running,
        }
    }

    /// Something in the store changed. Never waits; several at once are one.
    pub fn changed(&self) {
        // A ping that waits already says the same.
        let _ = self.pings.try_send(());
    }

    /// Has everything that waits sent now; dropping the receiver stops it between two pages or in one.
    pub fn send_now(&self, everything: bool) -> oneshot::Receiver<Result<SyncReport, Failure>> {
        let (reply, answer) = oneshot::channel();
        if let Err(unsent) = self.asks.try_send(Ask { everything, reply }) {
            let ask = match unsent {
                mpsc::error::TrySendError::Full(ask) | mpsc::error::TrySendError::Closed(ask) => {
                    ask
                }
            };
            let _ = ask.reply.send(Err(Trouble::busy().failure));
        }
        answer
    }

    /// The next state it says. Never ends when there will be none.
    pub async fn state(&mut self) -> SyncState {
        loop {
            if self.state.changed().await.is_err() {
                return std::future::pending().await;
            }
            if let Some(state) = self.state.borrow_and_update().clone() {
                return state;
            }
        }
    }

    /// Sends what waits, for at most a second and not beyond the deadline, and ends.
    pub async fn finish(&mut self, deadline: Instant) {
        self.leaving.cancel();
        let _ = timeout_at(deadline, self.running.join_next()).await;
        self.running.abort_all();
    }
}

/// The task's own state.
struct Sender {
    parts: Parts,
    /// Open while it is used.
    hub: Option<Hub>,
    used: Instant,
    beat: Beat,
    waiting: u64,
    says: watch::Sender<Option<SyncState>>,
}

impl Sender {
    async fn run(
        mut self,
        mut pings: mpsc::Receiver<()>,
        mut asks: mpsc::Receiver<Ask>,
        leaving: CancellationToken,
    ) {
        let mut over = pin!(async {
            leaving.cancelled().await;
            sleep(GRACE).await;
        });
        let mut first = self.parts.is_watching.then(|| Instant::now() + FIRST);
        loop {
            let due = self.beat.due();
            let idle = self.hub.as_ref().map(|_| self.used + IDLE);
            select! { biased;
                () = leaving.cancelled() => break,
                Some(ask) = asks.recv() => {
                    first = None;
                    select! {
                        () = &mut over => return,
                        () = self.answer(ask) => {}
                    }
                }
                Some(()) = pings.recv() => self.count(Instant::now()).await,
                () = at(first) => {
                    first = None;
                    self.look().await;
                }
                () = at(due) => select! {
                    () = &mut over => return,
                    _ = self.pass() => {}
                },
                () = at(idle) => self.hang_up().await,
            }
        }
        if pings.try_recv().is_ok() {
            self.count(Instant::now()).await;
        }
        if self.is_worth_a_last_try().await {
            select! {
                () = &mut over => return,
                _ = self.insist() => {}
            }
        }
        self.hang_up().await;
    }

    /// Counts what waits, and lets the beat know.
    async fn count(&mut self, now: Instant) {
        match self.parts.store.waiting(&self.parts.address.name).await {
            Ok(waiting) => {
                self.waiting = waiting;
                if waiting > 0 {
                    self.beat.changed(now);
                }
                self.say(None);
            }
            Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
        }
    }

    /// The first look: what was left from before, and whether this hub was ever reached for this user.
    async fn look(&mut self) {
        if let Err(trouble) = self.known().await {
            self.failed(trouble).await;
        }
        self.count(Instant::now()).await;
        let reached = self.parts.store.has_reached(&self.parts.address.name).await;
        if !reached.unwrap_or(true) {
            self.beat.changed(Instant::now());
        }
    }

    /// The user whose rows go up, and the one whose rows there are taken over.
    async fn known(&self) -> Result<(String, Option<String>), Trouble> {
        let (store, address) = (&self.parts.store, &self.parts.address);
        let user = user_of(store, self.parts.user.as_deref()).await?;
        let former = store.open_hub(&address.name, &user).await?;
        Ok((user, former))
    }

    /// Whether to try once more on the way out: not where the hub was away a moment ago, also for another salon.
    async fn is_worth_a_last_try(&self) -> bool {
        if self.beat.due().is_none() || self.beat.is_failing() {
            return false;
        }
        let (store, hub) = (&self.parts.store, &self.parts.address.name);
        let rests = store.hub_rests_until(hub).await.unwrap_or(None);
        self.hub.is_some() || rests.is_none_or(|until| until <= self.parts.mint.now())
    }

    /// Sends now for somebody who waits for it.
    async fn answer(&mut self, ask: Ask) {
        let Ask {
            everything,
            mut reply,
        } = ask;
        let sending = async {
            if everything {
                let hub = &self.parts.address.name;
                let again = self.parts.store.send_again(hub).await;
                again.map_err(|error| Trouble::from(error).failure)?;
            }
            self.insist().await
        };
        let done = select! { biased;
            () = reply.closed() => return self.count(Instant::now()).await,
            done = sending => done,
        };
        let _ = reply.send(done);
    }

    /// Sends everything that waits, when its turn among the salons of this machine has come.
    async fn insist(&mut self) -> Result<SyncReport, Failure> {
        loop {
            match self.pass().await {
                Err(failure) if failure.kind == FailureKind::Busy => sleep(TURN).await,
                done => return done,
            }
        }
    }

    /// Sends everything that waits.
    async fn pass(&mut self) -> Result<SyncReport, Failure> {
        let began = Instant::now();
        // Taken out: dropped half way, a connection is of no use any more.
        let hub = self.hub.take();
        match self.send_all(hub).await {
            Ok((hub, report)) => {
                self.hub = Some(hub);
                self.used = Instant::now();
                self.beat.sent(began, self.used);
                tracing::info!(
                    sent = report.sent,
                    removed = report.removed,
                    "sent to the hub"
                );
                self.say(None);
                Ok(report)
            }
            Err(trouble) => Err(self.failed(trouble).await),
        }
    }

    async fn send_all(&mut self, hub: Option<Hub>) -> Result<(Hub, SyncReport), Trouble> {
        let store = self.parts.store.clone();
        let name = self.parts.address.name.clone();
        let Some(_alone) = store.alone()? else {
            return Err(Trouble::busy());
        };
        let mut hub = match hub {
            Some(hub) => hub,
            None => self.open().await?,
        };
        self.waiting = store.waiting(&name).await?;
        let mut report = SyncReport {
            hub: name.clone(),
            ..SyncReport::default()
        };
        loop {
            let page = store.outgoing(&name, PAGE).await?;
            let many = u64::try_from(page.rows.len() + page.gone.len()).unwrap_or(0);
            if many > 0 {
                self.say(Some(SyncPhase::Sending));
                let taken = hub.send(page.rows, &page.gone).await?;
                report.sent += taken.sent;
                report.removed += taken.removed;
                report.refused.extend(taken.refused);
            }
            store.sent(&name, page.upto).await?;
            self.waiting = self.waiting.saturating_sub(many);
            if page.is_last {
                break;
            }
        }
        self.waiting = store.waiting(&name).await?;
        report.waiting = self.waiting;
        store.note_hub(&name, Ok(self.parts.mint.now())).await?;
        Ok((hub, report))
    }

    /// Connects for the user this database belongs to. A table that was not there has nothing yet.
    async fn open(&mut self) -> Result<Hub, Trouble> {
        let (user, former) = self.known().await?;
        let address = &self.parts.address;
        let hub = Hub::open(address, &user, former.as_deref()).await?;
        if hub.is_new {
            self.parts.store.send_again(&address.name).await?;
        }
        Ok(hub)
    }

    /// Takes a failure in: when to try again, what to say.
    async fn failed(&mut self, trouble: Trouble) -> Failure {
        let (now, random) = (Instant::now(), self.random());
        let failure = trouble.failure;
        // What waits is known also where the hub was never reached.
        let counted = self.parts.store.waiting(&self.parts.address.name).await;
        self.waiting = counted.unwrap_or(self.waiting);
        let (again, phase) = match trouble.then {
            Then::Wait => {
                self.beat.wait(now);
                self.say(None);
                return failure;
            }
            Then::Later => (
                self.beat.away(now, random),
                SyncPhase::Offline(failure.clone()),
            ),
            Then::Mend | Then::Split => (
                self.beat.broken(now, random),
                SyncPhase::Off(failure.clone()),
            ),
        };
        tracing::warn!(failure = %failure.title, "the hub was not reached");
        self.say(Some(phase));
        let rest = i64::try_from((again - now).as_millis()).unwrap_or(i64::MAX);
        let until = Millis(self.parts.mint.now().0.saturating_add(rest));
        let hub = &self.parts.address.name;
        let noted = self.parts.store.note_hub(hub, Err((until, &failure.title)));
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the hub's state cannot be kept");
        }
        failure
    }

    /// Says how it stands; without a phase a failure that was said stays until a sending succeeds.
    fn say(&self, phase: Option<SyncPhase>) {
        let (waiting, is_failing) = (self.waiting, self.beat.is_failing());
        self.says.send_if_modified(|said| {
            let kept = said
                .as_ref()
                .map(|said| said.phase.clone())
                .filter(|_| is_failing);
            let phase = phase.or(kept).unwrap_or(SyncPhase::Quiet);
            let next = Some(SyncState { waiting, phase });
            let is_other = *said != next;
            *said = next;
            is_other
        });
    }

    async fn hang_up(&mut self) {
        if let Some(hub) = self.hub.take() {
            hub.close().await;
        }
    }

    /// A number from 0 to 1, as random as the end of a fresh id.
    fn random(&self) -> f64 {
        let id: UsageId = self.parts.mint.id();
        let low = id.0.as_u128() & u128::from(u16::MAX);
        f64::from(u16::try_from(low).unwrap_or(0)) / f64::from(u16::MAX)
    }
}

/// The user whose rows this database holds (decisions 2.18); the settings' name is recorded when it is the first.
pub async fn user(store: &Store, named: Option<&str>) -> Result<String, Failure> {
    user_of(store, named)
        .await
        .map_err(|trouble| trouble.failure)
}

async fn user_of(store: &Store, named: Option<&str>) -> Result<String, Trouble> {
    let recorded = store.user_id().await?;
    match whose(named, &recorded) {
        Ok(user) if user == recorded => Ok(recorded),
        Ok(user) => {
            store.set_user_id(user).await?;
            Ok(user.to_owned())
        }
        Err(other) => Err(Trouble::mend(
            format!("This database belongs to the user {other}"),
            "Set user_id to that, or start salon with another --data-dir.",
        )),
    }
}

/// No hub is set up.
pub fn not_set_up() -> Failure {
    Failure::new(
        FailureKind::Input,
        "No hub is set up",
        "Set DATABASE_ENABLED=true and DATABASE_URL, or `enabled` and `url` under [sync] in salon.toml.",
    )
}

/// Sleeps until then; for ever without a moment.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
