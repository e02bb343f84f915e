//! The terminal: entering, leaving exactly once, suspending, and what the terminal can do.
//!
//! Whoever comes first leaves: the ordinary way out, `Drop`, the panic hook of the screen's own thread, or the
//! signal path. What was not switched on is not switched off (architecture 10).

use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::ThreadId;

use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};

/// Whether the screen is salon's at the moment.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// What is on beside the screen itself, to be switched off on leaving.
static EXTRAS: AtomicU8 = AtomicU8::new(0);
const KITTY: u8 = 1;

/// Keeps the wheel from being turned into arrow keys while salon does not listen to the mouse, and gives it back.
const WHEEL_KEPT: &str = "\x1b[?1007s\x1b[?1007l";
const WHEEL_BACK: &str = "\x1b[?1007r";

/// What this terminal can do, asked once on entering (decisions 2.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// The kitty keyboard protocol: Shift+Enter arrives as itself.
    pub kitty: bool,
    /// Synchronized updates: a frame appears whole.
    pub synchronized: bool,
}

/// The screen while salon has it.
pub struct Screen {
    /// Never dropped: its own way out complains on stderr, which panics where the terminal is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    abilities: Abilities,
}

impl Screen {
    /// Takes the screen: raw mode, the alternate screen, bracketed paste.
    pub fn enter() -> io::Result<Screen> {
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout());
        take(&mut out)?;
        let terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(out))?);
        Ok(Screen {
            terminal,
            abilities: Abilities::default(),
        })
    }

    /// What the terminal said it can do; switches on what helps.
    pub fn use_abilities(&mut self, abilities: Abilities) -> io::Result<()> {
        if abilities.kitty && EXTRAS.fetch_or(KITTY, Ordering::SeqCst) & KITTY == 0 {
            execute!(
                self.terminal.backend_mut(),
                PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES)
            )?;
        }
        self.abilities = abilities;
        Ok(())
    }

    /// What the terminal said it can do.
    pub fn abilities(&self) -> Abilities {
        self.abilities
    }

    /// Takes the screen again after `leave`, with what the terminal can do switched on as before. A new `Screen`
    /// would do it too, but then the old one would leave on its way out.
    pub fn enter_again(&mut self) -> io::Result<()> {
        take(self.terminal.backend_mut())?;
        self.redraw()?;
        self.use_abilities(self.abilities)
    }

    /// Draws a frame, whole where the terminal can do that.
    pub fn draw(&mut self, paint: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if self.abilities.synchronized {
            queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        }
        self.terminal.draw(paint)?;
        if self.abilities.synchronized {
            execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        }
        Ok(())
    }

    /// The size in cells.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Forgets what the terminal shows, so that the next frame draws every cell.
    pub fn redraw(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal for its cursor and wait for the answer.
        let size = self.terminal.size()?;
        self.terminal
            .resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Writes a sequence of salon's own between two frames.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(bytes)?;
        Write::flush(out)
    }
}

/// Raw mode, the alternate screen, bracketed paste, the wheel.
fn take(out: &mut impl Write) -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    queue!(
        out,
        EnterAlternateScreen,
        EnableBracketedPaste,
        Clear(ClearType::All)
    )?;
    out.write_all(WHEEL_KEPT.as_bytes())?;
    out.flush()
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the screen back as it was found; a second call does nothing. Writes past all buffers.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let extras = EXTRAS.swap(0, Ordering::SeqCst);
    // Nothing can be done about a terminal that is gone, and raw mode must be left all the same.
    let _ = queue!(out, EndSynchronizedUpdate);
    if extras & KITTY != 0 {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
    let _ = out.write_all(WHEEL_BACK.as_bytes());
    let _ = queue!(
        out,
        DisableBracketedPaste,
        cursor::Show,
        LeaveAlternateScreen
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// A panic on the screen's own thread leaves the screen before the former hook speaks; one on another thread is the
/// engine's to report and touches nothing here.
pub fn guard_panics(screen_thread: ThreadId) {
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == screen_thread {
            leave();
            former(info);
        } else {
            tracing::error!(
                "a job panicked at {}",
                info.location()
                    .map_or_else(String::new, ToString::to_string)
            );
        }
    }));
}

/// Stops this process as Ctrl+Z does in a shell; returns when it is continued.
pub fn stop_oneself() -> io::Result<()> {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
    Ok(())
}
